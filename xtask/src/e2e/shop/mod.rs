//! The shop: three services, a database, and one trace, one request id and one count for each request through them.
//!
//! The checks are files by signal. Each takes what was sent and asks the three services one thing.

mod counters;
mod drains;
mod exemplars;
mod held;
mod hop;
mod lines;
mod orders;
mod spans;
mod traffic;

use std::path::Path;

use super::books;
use super::eventually::eventually;
use super::install::Programs;
use super::postgres::Postgres;
use super::prometheus::Prometheus;
use super::redis::Redis;
use super::report::Report;
use super::restarts::{self, Rolling};
use super::rotel::Rotel;
use crate::service::{Addresses, Inherited, Service};
use crate::shop::{Binaries, Part, Rates, Settings, Shop};
use crate::{Result, ports};
use traffic::Sent;

/// What a check looks at.
struct Seen<'a> {
    sent: Vec<Sent>,
    fates: Fates,
    shop: Shop,
    prometheus: Prometheus,
    rotel: &'a Rotel,
    postgres: &'a Postgres,
    redis: Redis<'a>,
    /// The URL of the database with the orders.
    database: String,
    programs: &'a Programs,
}

/// How many payments met with what, by the rates the service was told.
#[derive(Clone, Copy, Debug)]
struct Fates {
    begun: usize,
    failed: usize,
    slow: usize,
    panicked: usize,
}

impl Fates {
    /// A payment that is to fail and to panic panics.
    fn of(payments: usize) -> Self {
        let every = |n: u32| payments / n as usize;
        let panicked = every(traffic::PANIC_EVERY);
        let both = (1..=payments)
            .filter(|n| n.is_multiple_of(traffic::PANIC_EVERY as usize))
            .filter(|n| n.is_multiple_of(traffic::FAIL_EVERY as usize))
            .count();
        let failed = every(traffic::FAIL_EVERY) - both;
        Self { begun: payments, failed, slow: every(traffic::SLOW_EVERY), panicked }
    }
}

impl Seen<'_> {
    fn services(&self) -> [(Part, &Service); 3] {
        let [gateway, orders, payments] = self.shop.services();
        [(Part::Gateway, gateway), (Part::Orders, orders), (Part::Payments, payments)]
    }
}

/// A check says what it saw, or what was wrong.
type Check = fn(&Seen<'_>) -> Result<String>;

/// All that look at a shop under no load.
const ALL: &[(&str, Check)] = &[
    ("answers: as many orders are unpaid as payments failed or panicked", counters::unpaid),
    (
        "/metrics of three: requests and calls by route, method and status are what was sent",
        counters::scraped,
    ),
    ("/metrics of three: duration counts are the counters, slow payments are slow", counters::durations),
    (
        "/metrics of three: errors by kind are what went wrong, nothing in flight or cancelled",
        counters::errors,
    ),
    ("/metrics of three: promtool finds no fault in text 0.0.4", exemplars::promtool),
    (
        "/metrics of three: the strict parser accepts OpenMetrics, exemplars are of what was sent",
        exemplars::openmetrics,
    ),
    ("Prometheus: requests and calls of three jobs are what was sent", counters::queried),
    ("orders: app_order_created_total is the orders placed, with its help and label", orders::counted),
    ("PostgreSQL: the rows are the orders placed, each in its state", orders::kept),
    ("orders: queries, commands and looks are counted to the unit, as Redis has them", orders::asked),
    ("orders: the pool tells of its connections and of waits for them", orders::pool),
    ("lines of three: one access line for each request, its ids on every line", lines::access),
    ("lines of three: what handlers say is said as often as it happened, with the cause", lines::said),
    ("lines of three: those that failed have what was held of them, and no others have", held::recorded),
    (
        "errors of three: what is severe, and what was held of what failed; all is on the console",
        held::routed,
    ),
    ("files of three: the card is in none of them", held::without_cards),
    ("sink: each request is one chain of spans through its services", spans::linked),
    ("sink: a span for each call of an instrumented function", spans::functions),
    ("sink: a span for each query and each look of orders, where it was asked", spans::asked),
    ("sink: no span of another trace", spans::no_others),
    (
        "Prometheus: exemplars of requests and of calls lead to what was sent and its line",
        exemplars::followed,
    ),
    ("/metrics of three: produced = delivered + dropped + pending, and nothing dropped", balanced),
];

fn balanced(seen: &Seen<'_>) -> Result<String> {
    let payments = seen.fates.begun;
    let said: Result<Vec<_>> =
        seen.shop.services().into_iter().map(|service| books::balanced(service, payments)).collect();
    said.map(|said| said.join("; "))
}

/// Starts the services and the servers, and runs the checks in the order in which a fault would explain the next.
pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let binaries = Binaries::build()?;
    let [otlp_grpc, otlp_http, prometheus, postgres, redis] = ports::free()?;
    let rotel = Rotel::start(&programs.rotel, otlp_grpc, otlp_http, folder)?;
    let postgres = Postgres::start(&programs.postgres, postgres, folder)?;
    let database = postgres.create("orders")?;
    let redis = Redis::start(programs, redis, folder)?;
    let cache = redis.url();
    let settings = Settings {
        addresses: addresses()?,
        otlp: otlp_http,
        protocol: None,
        database_url: Some(&database),
        redis_url: Some(&cache),
        configuration: "",
        rates: Rates {
            fail: Some(traffic::FAIL_EVERY),
            slow: Some(traffic::SLOW_EVERY),
            panic: Some(traffic::PANIC_EVERY),
        },
        folder,
        is_shared: false,
        inherited: Inherited::Nothing,
    };
    let shop = Shop::start(&binaries, &settings)?;
    let targets = Part::ALL.map(|part| (part.name(), settings.addresses[part as usize].admin));
    let prometheus = Prometheus::start(&programs.prometheus, prometheus, &targets, folder)?;

    report.check("Prometheus: the three targets are up", up(&prometheus));
    let sent = traffic::send(shop.gateway.service)?;
    let fates = Fates::of(sent.iter().filter(|sent| sent.placed.is_some()).count());
    let (rotel, postgres) = (&rotel, &postgres);
    let database = database.clone();
    let seen = Seen { sent, fates, shop, prometheus, rotel, postgres, redis, database, programs };
    for (name, check) in ALL {
        report.check(name, check(&seen));
    }
    let mut ended = Vec::new();
    let end = seen.shop.stop(|service, status| ended.push(format!("{} {status}", service.name)));
    report.check("the three end with success", end.map(|()| ended.join(", ")));

    for part in Part::ALL {
        let name =
            format!("drain: SIGTERM of {} under load loses no request, line, span or order", part.name());
        let settings = drains::Setting { binaries: &binaries, folder, otlp: otlp_http, rotel, postgres };
        report.check(&name, drains::under_load(part, &settings));
    }
    let database = postgres.create("rolling")?;
    let rolling = Rolling { programs, binaries: &binaries, otlp: otlp_http, database: &database };
    report.check(
        "rolling restarts: wrk and a client of gRPC in Python lose nothing while each of the three is replaced",
        restarts::of_the_shop(&rolling, &folder.join("rolling")),
    );
    Ok(())
}

fn addresses() -> Result<[Addresses; 3]> {
    let [a, b, c, d, e, f] = ports::free()?;
    Ok([(a, b), (c, d), (e, f)].map(|(service, admin)| Addresses { service, admin }))
}

fn up(prometheus: &Prometheus) -> Result<String> {
    eventually(|| match prometheus.query("sum(up)")?.as_slice() {
        [(_, 3.0)] => Ok(String::new()),
        other => Err(format!("the sum of up is {other:?}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fates_of_payments_are_counted_by_their_numbers() {
        let Fates { begun, failed, slow, panicked } = Fates::of(200);
        assert_eq!((begun, failed, slow, panicked), (200, 16, 28, 4));
    }
}
