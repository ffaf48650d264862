//! What the client sees.

use super::super::traffic::Sent;
use super::Seen;
use crate::Result;
use crate::http::Response;
use crate::json::Json;

pub(super) fn statuses(seen: &Seen) -> Result<String> {
    each(seen, |sent, response| {
        let expected = sent.planned.series.status;
        if response.status == expected { Ok(()) } else { Err(format!("{}, not {expected}", response.status)) }
    })
}

pub(super) fn request_ids(seen: &Seen) -> Result<String> {
    each(seen, |sent, response| header(response, "x-request-id", &sent.planned.request_id))
}

pub(super) fn trace_ids(seen: &Seen) -> Result<String> {
    each(seen, |sent, response| header(response, "x-trace-id", &sent.planned.trace_id))
}

pub(super) fn message(seen: &Seen) -> Result<String> {
    let hellos = seen.sent.iter().filter(|sent| sent.planned.series.route == "/api/hello");
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

fn each(seen: &Seen, check: impl Fn(&Sent, &Response) -> Result) -> Result<String> {
    for sent in &seen.sent {
        let response = sent.response.as_ref().map_err(Clone::clone)?;
        check(sent, response).map_err(|error| format!("{}: {error}", sent.planned.target))?;
    }
    Ok(format!("{} of them", seen.sent.len()))
}

fn header(response: &Response, name: &str, expected: &str) -> Result {
    match (response.head.count(name), response.header(name)) {
        (1, value) if value == expected => Ok(()),
        (count, value) => Err(format!("{count} {name}, `{value}`, not `{expected}`")),
    }
}
