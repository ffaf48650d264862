//! What the client sees.

use super::Seen;
use super::traffic::Sent;
use crate::Result;
use crate::http::Response;
use crate::json::Json;

pub(super) fn statuses(seen: &Seen<'_>) -> Result<String> {
    each(seen, |sent, response| {
        let expected = sent.series.status;
        if response.status == expected { Ok(()) } else { Err(format!("{}, not {expected}", response.status)) }
    })
}

pub(super) fn request_ids(seen: &Seen<'_>) -> Result<String> {
    each(seen, |sent, response| header(response, "x-request-id", &sent.request.request_id))
}

pub(super) fn trace_ids(seen: &Seen<'_>) -> Result<String> {
    each(seen, |sent, response| header(response, "x-trace-id", &sent.request.trace_id))
}

pub(super) fn message(seen: &Seen<'_>) -> Result<String> {
    let hellos = seen.sent.iter().filter(|sent| sent.series.route == "/api/hello");
    let mut count = 0;
    for sent in hellos {
        let response = sent.response.as_ref().map_err(Clone::clone)?;
        let json = Json::parse(&response.text())?;
        if response.header("content-type") != "application/json" || json.at(&["message"]).is_none() {
            return Err(format!("{:?} {}", response.head, response.text()));
        }
        count += 1;
    }
    Ok(format!("{count} of them"))
}

fn each(seen: &Seen<'_>, check: impl Fn(&Sent, &Response) -> Result) -> Result<String> {
    for sent in &seen.sent {
        let response = sent.response.as_ref().map_err(Clone::clone)?;
        check(sent, response).map_err(|error| format!("{}: {error}", sent.request.target))?;
    }
    Ok(format!("{} of them", seen.sent.len()))
}

fn header(response: &Response, name: &str, expected: &str) -> Result {
    match (response.head.count(name), response.header(name)) {
        (1, value) if value == expected => Ok(()),
        (count, value) => Err(format!("{count} {name}, `{value}`, not `{expected}`")),
    }
}
