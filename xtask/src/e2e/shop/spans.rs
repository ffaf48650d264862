//! That the sink has the spans of what was sent, each the child of the one before it on the request's way.

use std::collections::{HashMap, HashSet};

use super::super::eventually::eventually;
use super::super::lines::{access_lines, field};
use super::super::rotel::Printed;
use super::Seen;
use super::hop::{Hop, PAY, Side};
use super::lines::{self, Lines};
use super::traffic::Sent;
use crate::Result;
use crate::shop::Part;

const SERVER: &str = "SPAN_KIND_SERVER";
const CLIENT: &str = "SPAN_KIND_CLIENT";

pub(super) fn linked(seen: &Seen<'_>) -> Result<String> {
    eventually(|| chains(&seen.rotel.spans(), &lines::all(seen)?, &seen.sent))
}

/// That each trace is the request's way: its server and client spans and no other, from the span that was sent to the
/// last service; whatever else was open inside of a service hangs on a span of that service; and the access lines name
/// the server spans.
pub(super) fn chains(spans: &[Printed], lines: &Lines, sent: &[Sent]) -> Result<String> {
    let mut by_trace: HashMap<&str, Vec<&Printed>> = HashMap::new();
    for span in spans {
        by_trace.entry(&span.trace_id).or_default().push(span);
    }
    let access: Vec<_> = lines.iter().map(|lines| access_lines(lines)).collect::<Result<_>>()?;
    let mut links = 0;
    for sent in sent {
        let trace_id = sent.request.trace_id.as_str();
        let trace = by_trace.get(trace_id).map(Vec::as_slice).unwrap_or_default();
        let failed = |error| format!("{trace_id}: {error}");
        let chain = chain(trace, sent).map_err(failed)?;
        for (hop, span) in sent.way.iter().zip(&chain).filter(|(hop, _)| hop.side == Side::Server) {
            let line = access[hop.service as usize].get(trace_id);
            let named = line.map(|line| field(line, "span_id")).unwrap_or_default();
            if named != span.span_id {
                let name = hop.service.name();
                return Err(failed(format!("the line of {name} names `{named}`, not `{}`", span.span_id)));
            }
        }
        inner(trace).map_err(failed)?;
        links += chain.len();
    }
    Ok(format!("{links} links of {} traces", sent.len()))
}

/// Of requests and of calls to other services; queries and commands are clients' spans too, whose names have no path.
fn is_edge(span: &Printed) -> bool {
    span.kind == SERVER || (span.kind == CLIENT && (span.name.contains(" /") || PAY.ends_with(&span.name)))
}

/// The spans of the way, in its order.
fn chain<'a>(trace: &[&'a Printed], sent: &Sent) -> Result<Vec<&'a Printed>> {
    let mut parent_id = sent.request.parent_id.as_str();
    let mut chain = Vec::new();
    for hop in &sent.way {
        let of_hop: Vec<_> = trace.iter().copied().filter(|span| is_of(span, hop)).collect();
        let [span] = of_hop[..] else {
            return Err(format!("{} spans of {hop:?}", of_hop.len()));
        };
        if span.parent_id != parent_id {
            return Err(format!("the parent of {hop:?} is `{}`, not `{parent_id}`", span.parent_id));
        }
        parent_id = &span.span_id;
        chain.push(span);
    }
    let edges = trace.iter().filter(|span| is_edge(span)).count();
    if edges == chain.len() { Ok(chain) } else { Err(format!("{edges} spans for {} steps", chain.len())) }
}

fn is_of(span: &Printed, hop: &Hop) -> bool {
    let kind = if hop.side == Side::Server { SERVER } else { CLIENT };
    // A path that no route knows is not in the name, which would be as many names as there are paths.
    let name = if hop.is_rpc() {
        hop.route.trim_start_matches('/').to_owned()
    } else if hop.route == super::hop::UNMATCHED {
        hop.method.to_owned()
    } else {
        format!("{} {}", hop.method, hop.route)
    };
    span.service == hop.service.name() && span.kind == kind && span.name == name
}

/// That every other span hangs on one of its own service.
fn inner(trace: &[&Printed]) -> Result {
    let own: HashSet<_> = trace.iter().map(|span| (span.service.as_str(), span.span_id.as_str())).collect();
    match trace.iter().filter(|span| !is_edge(span)).find(|span| {
        let parent = (span.service.as_str(), span.parent_id.as_str());
        !own.contains(&parent)
    }) {
        None => Ok(()),
        Some(stray) => Err(format!("it hangs on nothing: {stray:?}")),
    }
}

/// What is open inside of services: as many as there were calls of the function.
pub(super) fn functions(seen: &Seen<'_>) -> Result<String> {
    let spans = seen.rotel.spans();
    let to_orders = |method: &str| {
        let own = seen.sent.iter().filter(|sent| sent.request.method == method);
        own.filter(|sent| sent.way.iter().any(|hop| hop.service == Part::Orders)).count()
    };
    let placed = seen.fates.begun;
    for (service, name, expected) in [
        ("orders", "insert", placed),
        ("orders", "set_state", placed),
        ("orders", "find", to_orders("GET")),
        ("payments", "charge", placed),
    ] {
        let count = spans.iter().filter(|span| span.service == service && span.name == name).count();
        if count != expected {
            return Err(format!("{count} spans `{name}` of {service}, not {expected}"));
        }
    }
    Ok(format!("insert, set_state and charge {placed} times"))
}

/// What orders asks of its database and its cache: for each order the price, the row and its state, for each read the row, and
/// each a part of the function that asks, of the order itself in the case of the price.
pub(super) fn asked(seen: &Seen<'_>) -> Result<String> {
    let spans = seen.rotel.spans();
    let names: HashMap<_, _> = spans.iter().map(|span| (&span.span_id, span.name.as_str())).collect();
    let placed = seen.fates.begun;
    let reads = seen.sent.iter().filter(|sent| sent.request.method == "GET");
    let reads = reads.filter(|sent| sent.way.iter().any(|hop| hop.service == Part::Orders)).count();
    for (name, parent, expected) in [
        ("GET prices", "POST /v1/orders", placed),
        ("INSERT orders", "insert", placed),
        ("UPDATE orders", "set_state", placed),
        ("SELECT orders", "find", reads),
    ] {
        let own: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
        let stray = own.iter().find(|span| {
            let is_within = names.get(&span.parent_id).is_some_and(|within| *within == parent);
            span.service != "orders" || span.kind != CLIENT || !is_within
        });
        match stray {
            Some(stray) => return Err(format!("not a CLIENT of orders within {parent}: {stray:?}")),
            None if own.len() != expected => {
                return Err(format!("{} spans {name}, not {expected}", own.len()));
            }
            None => {}
        }
    }
    let commands = spans.iter().filter(|span| span.name == "SETEX prices").count();
    if commands == 0 {
        return Err("no price was put into the cache".to_owned());
    }
    Ok(format!("{placed} orders with a look and two queries each, {reads} reads, {commands} prices put"))
}

pub(super) fn no_others(seen: &Seen<'_>) -> Result<String> {
    seen.rotel.spans_of(seen.sent.iter().map(|sent| sent.request.trace_id.as_str()))
}
