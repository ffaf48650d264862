//! What is asked, and through which processes it goes.

use crate::grpc;
use crate::service;
use crate::stack::Caller;
use axum::Router;
use std::io::Write as _;

/// One kind of load. Every process of it runs the same stack.
pub(crate) struct Scenario {
    /// For titles.
    pub(crate) name: &'static str,
    /// In the order in which a request comes to them.
    pub(crate) roles: &'static [Role],
    /// Whether the gates of rows hold for it.
    pub(crate) is_gated: bool,
    /// How it is asked.
    pub(crate) asked: Asked,
}

/// How a service is asked.
#[derive(Clone, Copy)]
pub(crate) enum Asked {
    /// Over HTTP/1.
    Http1 {
        /// Writes the request line of a request.
        request_line: fn(&mut Vec<u8>, u64),
        /// What every request has as its body, JSON; empty for none.
        body: &'static str,
    },
    /// By gRPC over HTTP/2: this method.
    Grpc(&'static str),
}

/// One process.
pub(crate) struct Role {
    /// Also the name of its service.
    pub(crate) name: &'static str,
    /// Its one route.
    pub(crate) route: &'static str,
    /// What its requests are counted by, where that is not the route: a family and the value of a label.
    pub(crate) counted: Option<(&'static str, &'static str)>,
    /// What it calls for each request.
    pub(crate) calls: Option<Called>,
    /// The service without telemetry, which makes its calls by the caller.
    pub(crate) router: fn(Caller) -> Router,
}

/// A service that is called.
#[derive(Clone, Copy)]
pub(crate) struct Called {
    pub(crate) target: &'static str,
    pub(crate) route: &'static str,
}

const PAY: &str = "/v2/pay";
const ORDERS: &str = "/v1/orders";

/// One service that answers by itself.
pub(crate) const USERS: Scenario = Scenario {
    name: "Whole request",
    roles: &[Role {
        name: "users",
        route: "/users/{id}",
        counted: None,
        calls: None,
        router: |_| service::users(),
    }],
    is_gated: true,
    asked: Asked::Http1 {
        request_line: |text, id| {
            // Writing to a vector cannot fail.
            let _ = write!(text, "GET /users/{} HTTP/1.1\r\n", id % 100_000 + 100_000);
        },
        body: "",
    },
};

/// The same by gRPC, one unary method of tonic's.
pub(crate) const USERS_BY_GRPC: Scenario = Scenario {
    name: "Whole call of gRPC",
    roles: &[Role {
        name: "users-grpc",
        route: grpc::METHOD,
        counted: Some(("rpc_server_requests_total", "Get")),
        calls: None,
        router: |_| grpc::users(),
    }],
    is_gated: false,
    asked: Asked::Grpc(grpc::METHOD),
};

/// Three services, each of which asks the next.
pub(crate) const SHOP: Scenario = Scenario {
    name: "Shop",
    roles: &[
        Role {
            name: "gateway",
            route: ORDERS,
            counted: None,
            calls: Some(Called { target: "orders", route: ORDERS }),
            router: service::gateway,
        },
        Role {
            name: "orders",
            route: ORDERS,
            counted: None,
            calls: Some(Called { target: "payments", route: PAY }),
            router: service::orders,
        },
        Role { name: "payments", route: PAY, counted: None, calls: None, router: |_| service::payments() },
    ],
    is_gated: false,
    asked: Asked::Http1 {
        request_line: |text, _| text.extend_from_slice(b"POST /v1/orders HTTP/1.1\r\n"),
        body: r#"{"user":"ada","item":"teapot","quantity":2}"#,
    },
};

/// The role of that name.
pub(crate) fn role(name: &str) -> Option<&'static Role> {
    USERS.roles.iter().chain(USERS_BY_GRPC.roles).chain(SHOP.roles).find(|role| role.name == name)
}
