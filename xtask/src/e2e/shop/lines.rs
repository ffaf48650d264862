//! That the lines of all three have what was sent, once, and with the right ids.

use std::collections::HashMap;

use super::super::eventually::eventually;
use super::super::lines::{self, Line, access_lines, field};
use super::hop::{Hop, Side};
use super::traffic::Sent;
use super::{Fates, Seen};
use crate::Result;
use crate::json::Json;
use crate::shop::Part;

/// The lines of each service, in the order of [`Part::ALL`].
pub(super) type Lines = [Vec<Line>; 3];

pub(super) fn all(seen: &Seen<'_>) -> Result<Lines> {
    let [gateway, orders, payments] = seen.shop.services();
    Ok([lines::parse(gateway.lines())?, lines::parse(orders.lines())?, lines::parse(payments.lines())?])
}

pub(super) fn access(seen: &Seen<'_>) -> Result<String> {
    eventually(|| told(&all(seen)?, &seen.sent))
}

/// That each service has one access line for each request that came to it, none else, and the request's ids on all
/// that it wrote meanwhile.
pub(super) fn told(lines: &Lines, sent: &[Sent]) -> Result<String> {
    let ids = sent.iter().map(|sent| (sent.request.trace_id.as_str(), sent.request.request_id.as_str()));
    let ids = HashMap::from_iter(ids);
    let mut said = Vec::new();
    for (part, lines) in Part::ALL.into_iter().zip(lines) {
        let told = told_by(part, lines, sent, &ids);
        said.push(told.map_err(|error| format!("{}: {error}", part.name()))?);
    }
    Ok(said.join(", "))
}

fn told_by(part: Part, lines: &[Line], sent: &[Sent], ids: &HashMap<&str, &str>) -> Result<String> {
    lines::well_formed(lines)?;
    lines::request_ids_match(lines, ids)?;
    let access = access_lines(lines)?;
    let mut expected = 0;
    for sent in sent {
        let came = |hop: &&Hop| hop.service == part && hop.side == Side::Server;
        let Some(hop) = sent.way.iter().find(came) else { continue };
        let trace_id = sent.request.trace_id.as_str();
        let line = access.get(trace_id).ok_or_else(|| format!("no access line of {trace_id}"))?;
        describes(line, hop, sent).map_err(|error| format!("the access line of {trace_id}: {error}"))?;
        expected += 1;
    }
    match access.len() {
        count if count == expected => Ok(format!("{} {count}", part.name())),
        count => Err(format!("{count} access lines for {expected} requests")),
    }
}

fn describes(line: &Json, hop: &Hop, sent: &Sent) -> Result {
    let texts =
        [("request_id", sent.request.request_id.as_str()), ("route", hop.route), ("method", hop.method)];
    for (name, expected) in texts {
        let value = field(line, name);
        if value != expected {
            return Err(format!("{name} is `{value}`, not `{expected}`"));
        }
    }
    let status = if hop.is_rpc() {
        field(line, "rpc_code").to_owned()
    } else {
        let status = line.at(&["status_code"]).and_then(Json::number);
        status.map_or_else(|| "none".to_owned(), |status| status.to_string())
    };
    if hop.statuses.contains(&status.as_str()) {
        Ok(())
    } else {
        Err(format!("its status is {status}, not {}", hop.statuses.join(" or ")))
    }
}

/// What handlers say, as often as it has happened.
pub(super) fn said(seen: &Seen<'_>) -> Result<String> {
    let Fates { begun, failed, panicked, .. } = seen.fates;
    let expected = [
        (Part::Orders, "placed an order", begun),
        (Part::Orders, "the order is not paid", failed + panicked),
        (Part::Payments, "took a payment", begun - failed - panicked),
        (Part::Payments, "cannot take a payment", failed),
        (Part::Payments, "the ledger is out of balance", panicked),
    ];
    let lines = all(seen)?;
    for (part, message, expected) in expected {
        let own = lines[part as usize].iter().filter(|(_, line)| field(line, "message") == message);
        let (count, without) = own.fold((0, 0), |(count, without), (_, line)| {
            let has_ids = ["trace_id", "span_id", "request_id"].iter().all(|id| !field(line, id).is_empty());
            (count + 1, without + usize::from(!has_ids))
        });
        if (count, without) != (expected, 0) {
            return Err(format!("{count} times `{message}`, not {expected}; {without} without ids"));
        }
    }
    let cause =
        "cannot charge the card: the bank refused the connection: connection refused by 192.0.2.7:443";
    let told =
        lines[Part::Payments as usize].iter().filter(|(_, line)| field(line, "error") == cause).count();
    if told == failed {
        Ok(format!("{failed} name the cause to its end"))
    } else {
        Err(format!("{told} of {failed} lines name the cause to its end"))
    }
}
