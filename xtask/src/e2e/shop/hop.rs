//! The way of a request through the shop, as it has to be seen in every signal.

use crate::shop::Part;

/// One service's work on a request, or its call of the next service.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hop {
    pub(super) service: Part,
    pub(super) side: Side,
    pub(super) method: &'static str,
    pub(super) route: &'static str,
    /// The status as metrics have it, or the code of gRPC. More than one where it depends on what the bank did, of which the answer says nothing.
    pub(super) statuses: &'static [&'static str],
}

impl Hop {
    /// Whether it is one of gRPC.
    pub(super) fn is_rpc(&self) -> bool {
        self.route == PAY
    }
}

/// Whether the service answers or asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    /// With the service that is called.
    Client(Part),
}

pub(super) const ORDERS: &str = "/v1/orders";
pub(super) const ORDER: &str = "/v1/orders/{id}";
pub(super) const LOGIN: &str = "/v1/login";
/// The one that is asked by gRPC.
pub(super) const PAY: &str = "/shop.v2.Payments/Pay";
/// Its service and its method.
pub(super) const PAY_PARTS: [&str; 2] = ["shop.v2.Payments", "Pay"];
pub(super) const UNMATCHED: &str = "unmatched";

/// No answer came.
pub(super) const NO_ANSWER: &[&str] = &["error"];
/// A payment that panicked, whose caller sees its stream reset, or one whose bank was not reachable.
const UNPAID: &[&str] = &[PANICKED, "UNAVAILABLE"];
/// The code of a payment that panicked.
pub(super) const PANICKED: &str = "INTERNAL";
/// A call that had no answer has this code, as one whose answer it is.
const UNPAID_CALL: &[&str] = &["UNAVAILABLE"];

type Statuses = &'static [&'static str];

/// The gateway answers by itself.
pub(super) fn at_the_gateway(method: &'static str, route: &'static str, statuses: Statuses) -> Vec<Hop> {
    vec![Hop { service: Part::Gateway, side: Side::Server, method, route, statuses }]
}

/// The gateway has called orders, and passes on what that answered or says that it did not.
pub(super) fn to_orders(
    method: &'static str,
    route: &'static str,
    statuses: Statuses,
    called: Statuses,
) -> Vec<Hop> {
    let mut way = at_the_gateway(method, route, statuses);
    way.push(Hop {
        service: Part::Gateway,
        side: Side::Client(Part::Orders),
        method,
        route,
        statuses: called,
    });
    if called != NO_ANSWER {
        way.push(Hop { service: Part::Orders, side: Side::Server, method, route, statuses: called });
    }
    way
}

/// An order that was paid.
pub(super) fn paid() -> Vec<Hop> {
    to_payments(&["201"], &["OK"], Some(&["OK"]))
}

/// An order whose payment went wrong in one of two ways.
pub(super) fn unpaid() -> Vec<Hop> {
    to_payments(&["502"], UNPAID_CALL, Some(UNPAID))
}

/// An order whose payment nobody was there to take.
pub(super) fn without_payments() -> Vec<Hop> {
    to_payments(&["502"], NO_ANSWER, None)
}

fn to_payments(statuses: Statuses, called: Statuses, answered: Option<Statuses>) -> Vec<Hop> {
    let mut way = to_orders("POST", ORDERS, statuses, statuses);
    let (method, route) = ("POST", PAY);
    let side = Side::Client(Part::Payments);
    way.push(Hop { service: Part::Orders, side, method, route, statuses: called });
    let server = |statuses| Hop { service: Part::Payments, side: Side::Server, method, route, statuses };
    way.extend(answered.map(server));
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_goes_through_three_services_and_ends_where_none_answers() {
        let sides = |way: &[Hop]| way.iter().map(|hop| (hop.service, hop.side)).collect::<Vec<_>>();
        let whole = [
            (Part::Gateway, Side::Server),
            (Part::Gateway, Side::Client(Part::Orders)),
            (Part::Orders, Side::Server),
            (Part::Orders, Side::Client(Part::Payments)),
            (Part::Payments, Side::Server),
        ];
        assert_eq!(sides(&paid()), whole);
        assert_eq!(sides(&unpaid()), whole);
        assert_eq!(sides(&without_payments()), whole[..4]);
        assert_eq!(sides(&to_orders("POST", ORDERS, &["502"], NO_ANSWER)), whole[..2]);
        assert_eq!(sides(&at_the_gateway("POST", LOGIN, &["200"])), whole[..1]);
    }
}
