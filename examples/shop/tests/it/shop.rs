//! The three services together, and their customer.

use std::path::{Path, PathBuf};

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::service::Service;

pub(crate) const GATEWAY: &str = env!("CARGO_BIN_EXE_shop-gateway");
pub(crate) const ORDERS: &str = env!("CARGO_BIN_EXE_shop-orders");
pub(crate) const PAYMENTS: &str = env!("CARGO_BIN_EXE_shop-payments");

/// The shop, open for one test.
pub(crate) struct Shop {
    customer: Client,
    gateway: Service,
    orders: Service,
    payments: Service,
}

/// What the three have logged, in the order in which a request comes to them.
pub(crate) type Logged = [Vec<Value>; 3];

impl Shop {
    /// Opens it for the test called `name`, with payments that do as `rates` says: fail, be slow, panic.
    pub(crate) async fn open(name: &str, rates: [&str; 3]) -> Self {
        let folder = folder(name);
        let config = |service: &str| source(&format!("{service}/obs.yaml"));
        let [fail, slow, panic] = rates;
        let variables = [
            ("PAYMENTS_ADDR", "127.0.0.1:0"),
            ("PAYMENTS_FAIL_EVERY", fail),
            ("PAYMENTS_SLOW_EVERY", slow),
            ("PAYMENTS_PANIC_EVERY", panic),
        ];
        let payments = Service::start(PAYMENTS, &config("payments"), &folder, &variables).await;
        let next = format!("http://{}", payments.addr);
        let database = database(&folder);
        let variables =
            [("ORDERS_ADDR", "127.0.0.1:0"), ("PAYMENTS_URL", &next), ("DATABASE_URL", &database)];
        let orders = Service::start(ORDERS, &config("orders"), &folder, &variables).await;
        let next = format!("http://{}", orders.addr);
        let variables = [("GATEWAY_ADDR", "127.0.0.1:0"), ("ORDERS_URL", &next)];
        let gateway = Service::start(GATEWAY, &config("gateway"), &folder, &variables).await;
        let customer = Client::builder().no_proxy().build().unwrap();
        Self { customer, gateway, orders, payments }
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.customer.post(format!("http://{}{path}", self.gateway.addr)).json(body)
    }

    pub(crate) fn order(&self, quantity: u32) -> RequestBuilder {
        self.post("/v1/orders", &json!({ "user": "ada", "item": "teapot", "quantity": quantity }))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.customer.get(format!("http://{}{path}", self.gateway.addr))
    }

    /// What `/metrics` of orders says now.
    pub(crate) async fn numbers(&self) -> String {
        let url = format!("http://{}/metrics", self.orders.admin);
        self.customer.get(url).send().await.unwrap().text().await.unwrap()
    }

    /// Closes it from the front, so that none calls a service that is gone.
    pub(crate) async fn close(self) -> Logged {
        [self.gateway.end().await, self.orders.end().await, self.payments.end().await]
    }
}

/// Sends it, and compares the whole answer.
#[track_caller]
pub(crate) fn check(request: RequestBuilder, status: u16, body: Value) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let answer = request.send().await.unwrap();
        let seen: (StatusCode, Value) = (answer.status(), answer.json().await.unwrap());
        assert_eq!(seen, (StatusCode::from_u16(status).unwrap(), body), "{place}");
    }
}

/// A file of this package.
pub(crate) fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// An empty folder for the test called `name`.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A SQLite file in it.
pub(crate) fn database(folder: &Path) -> String {
    format!("sqlite://{}?mode=rwc", folder.join("orders.db").display())
}
