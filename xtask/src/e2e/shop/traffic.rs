//! The requests the checker sends to the shop, and the way each has gone by its answer.

use std::net::SocketAddr;

use super::super::requests::{self, Request};
use super::hop::{self, Hop, LOGIN, ORDER, ORDERS, UNMATCHED};
use crate::Result;
use crate::http::Response;
use crate::ids::Ids;
use crate::json::Json;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Order,
    /// Of no piece at all, which orders refuses.
    OrderOfNothing,
    /// That is no JSON, which the gateway refuses.
    BrokenOrder,
    Login,
    WrongPassword,
    Scan,
    /// Of an order that was placed.
    Read(u64),
    ReadOfNone,
}

/// A request and what came back.
pub(super) struct Sent {
    pub(super) request: Request,
    /// The order it has placed.
    pub(super) placed: Option<Placed>,
    pub(super) way: Vec<Hop>,
}

/// An order as the one who placed it knows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) id: u64,
    pub(super) user: String,
    pub(super) quantity: u64,
    pub(super) is_paid: bool,
}

/// Every n-th payment does so.
pub(super) const FAIL_EVERY: u32 = 10;
pub(super) const SLOW_EVERY: u32 = 7;
pub(super) const PANIC_EVERY: u32 = 50;

/// Rounds of the mix.
const ROUNDS: usize = 25;

const ROUND: [Kind; 14] = [
    Kind::Order,
    Kind::Login,
    Kind::Order,
    Kind::Order,
    Kind::Scan,
    Kind::Order,
    Kind::BrokenOrder,
    Kind::Order,
    Kind::OrderOfNothing,
    Kind::Order,
    Kind::WrongPassword,
    Kind::Order,
    Kind::Scan,
    Kind::Order,
];

/// Sends the mix, and then reads some of what was ordered.
pub(super) fn send(gateway: SocketAddr) -> Result<Vec<Sent>> {
    let mut ids = Ids::new();
    let mut sent = send_all(gateway, &mut ids, &ROUND.repeat(ROUNDS))?;
    let placed = sent.iter().filter_map(|sent| sent.placed.as_ref());
    let reads = placed.step_by(3).flat_map(|placed| [Kind::Read(placed.id), Kind::ReadOfNone]);
    let reads: Vec<_> = reads.collect();
    sent.extend(send_all(gateway, &mut ids, &reads)?);
    Ok(sent)
}

fn send_all(gateway: SocketAddr, ids: &mut Ids, kinds: &[Kind]) -> Result<Vec<Sent>> {
    let plan: Vec<_> = kinds.iter().map(|kind| Planned::new(*kind, ids)).collect();
    let requests: Vec<_> = plan.iter().map(|planned| &planned.request).collect();
    let answers = requests::send(gateway, &requests);
    plan.into_iter().zip(answers).map(|(planned, answer)| planned.answered(&answer?)).collect()
}

/// A request before it is sent.
pub(super) struct Planned {
    kind: Kind,
    pub(super) request: Request,
    user: String,
    quantity: u64,
}

impl Planned {
    pub(super) fn new(kind: Kind, ids: &mut Ids) -> Self {
        let number = ids.number();
        let (user, quantity) = (format!("user-{number:x}"), 1 + number % 3);
        let order = |quantity| format!("{{\"user\":\"{user}\",\"item\":\"teapot\",\"quantity\":{quantity}}}");
        let login = |password| format!("{{\"user\":\"{user}\",\"password\":\"{password}\"}}");
        let (method, target, json) = match kind {
            Kind::Order => ("POST", ORDERS.to_owned(), order(quantity)),
            Kind::OrderOfNothing => ("POST", ORDERS.to_owned(), order(0)),
            Kind::BrokenOrder => ("POST", ORDERS.to_owned(), "{\"user\":".to_owned()),
            Kind::Login => ("POST", LOGIN.to_owned(), login("open sesame")),
            Kind::WrongPassword => ("POST", LOGIN.to_owned(), login("letmein")),
            Kind::Scan => ("GET", format!("/scan/{number:x}/.env"), String::new()),
            Kind::Read(id) => ("GET", format!("{ORDERS}/{id}"), String::new()),
            Kind::ReadOfNone => {
                ("GET", format!("{ORDERS}/{}", 1_000_000_000 + number % 1_000), String::new())
            }
        };
        Self { kind, request: Request::new(ids, method, target, json), user, quantity }
    }

    /// What the answer says of the way; an answer that no such request should have is an error.
    fn answered(self, answer: &Response) -> Result<Sent> {
        let (kind, status) = (self.kind, answer.status);
        let way = match (kind, status) {
            (Kind::Order, 201) => hop::paid(),
            (Kind::Order, 502) => hop::unpaid(),
            (Kind::OrderOfNothing, 422) => hop::to_orders("POST", ORDERS, &["422"], &["422"]),
            (Kind::BrokenOrder, 400) => hop::at_the_gateway("POST", ORDERS, &["400"]),
            (Kind::Login, 200) => hop::at_the_gateway("POST", LOGIN, &["200"]),
            (Kind::WrongPassword, 401) => hop::at_the_gateway("POST", LOGIN, &["401"]),
            (Kind::Scan, 404) => hop::at_the_gateway("GET", UNMATCHED, &["404"]),
            (Kind::Read(_), 200) => hop::to_orders("GET", ORDER, &["200"], &["200"]),
            (Kind::ReadOfNone, 404) => hop::to_orders("GET", ORDER, &["404"], &["404"]),
            _ => return Err(format!("{kind:?} was answered {status}: {}", answer.text())),
        };
        let placed = self.placed(answer)?;
        if kind == Kind::Order && placed.is_none() {
            return Err(format!("an order without an id: {}", answer.text()));
        }
        self.sent(way, placed, answer)
    }

    /// The order the answer tells of, if there is one.
    pub(super) fn placed(&self, answer: &Response) -> Result<Option<Placed>> {
        if self.kind != Kind::Order {
            return Ok(None);
        }
        let json = Json::parse(&answer.text())?;
        let Some(id) = json.at(&["id"]).and_then(Json::number) else { return Ok(None) };
        let state = json.at(&["state"]).and_then(Json::text);
        let (user, quantity) = (self.user.clone(), self.quantity);
        Ok(Some(Placed { id: id as u64, user, quantity, is_paid: state == Some("paid") }))
    }

    /// That the answer carries the ids of the request, as every answer does.
    pub(super) fn sent(self, way: Vec<Hop>, placed: Option<Placed>, answer: &Response) -> Result<Sent> {
        let request = self.request;
        for (name, expected) in [("x-request-id", &request.request_id), ("x-trace-id", &request.trace_id)] {
            let value = answer.header(name);
            if value != *expected {
                return Err(format!("{}: {name} is `{value}`, not `{expected}`", request.target));
            }
        }
        Ok(Sent { request, placed, way })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_payments_of_each_fate() {
        let orders = ROUND.iter().filter(|kind| **kind == Kind::Order).count() * ROUNDS;
        let every = |n: u32| orders / n as usize;
        assert_eq!((orders, every(FAIL_EVERY), every(SLOW_EVERY), every(PANIC_EVERY)), (200, 20, 28, 4));
    }

    #[test]
    fn what_is_planned_has_ids_of_its_own() {
        let mut ids = Ids::new();
        let [a, b] = [Kind::Order; 2].map(|kind| Planned::new(kind, &mut ids));
        assert_ne!(a.user, b.user);
        assert_ne!(a.request.trace_id, b.request.trace_id);
        assert!(Json::parse(&a.request.json).is_ok());
    }
}
