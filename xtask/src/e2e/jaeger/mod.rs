//! The shop's traces in a real Jaeger: found by an id alone, and there as they have to be, to the last attribute.

mod links;
mod server;
mod trace;

use std::path::{Path, PathBuf};

use super::built;
use super::eventually::eventually;
use super::install::Programs;
use super::lines::{self, ACCESS, field};
use super::postgres::Postgres;
use super::redis::Redis;
use super::report::Report;
use super::requests::{self, Request};
use super::victoria::server::Victoria;
use crate::ids::Ids;
use crate::json::Json;
use crate::service::{Addresses, Inherited, Service};
use crate::shop::{Binaries, Part, Rates, Settings, Shop};
use crate::{Result, ports};
use server::Jaeger;

/// What is ordered, one after the other: what is answered, and the trace of it.
const ORDERS: [(&str, u16, &str); 3] = [
    ("a paid order", 201, include_str!("paid.txt")),
    ("an order whose payment fails", 502, include_str!("failed.txt")),
    ("an order whose payment panics", 502, include_str!("panicked.txt")),
];

/// Every second payment fails, and the third one panics.
const RATES: Rates = Rates { fail: Some(2), slow: Some(0), panic: Some(3) };

/// A wait for a connection is told where it was long, which depends on the machine.
const WAIT: &str = "acquire orders";

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let [postgres, redis] = ports::free()?;
    let postgres = Postgres::start(&programs.postgres, postgres, folder)?;
    let redis = Redis::start(programs, redis, folder)?;
    let (jaeger, binaries) = (built::jaeger()?, Binaries::build()?);
    let victoria = Victoria::start(&built::victoria_logs()?, folder)?;
    let scene = Scene { jaeger, binaries, folder, postgres: &postgres, redis, victoria };
    for protocol in ["http/protobuf", "grpc"] {
        scene.check(protocol, report)?;
    }
    Ok(())
}

struct Scene<'a> {
    jaeger: PathBuf,
    binaries: Binaries,
    folder: &'a Path,
    postgres: &'a Postgres,
    redis: Redis<'a>,
    /// Where lines are looked at.
    victoria: Victoria,
}

/// What was ordered, and what came of it.
struct Ordered {
    request: Request,
    /// Its number, which the service chose.
    id: u64,
}

impl Scene<'_> {
    fn check(&self, protocol: &'static str, report: &mut Report) -> Result {
        let folder = self.folder.join(protocol.replace('/', "-"));
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let jaeger = Jaeger::start(&self.jaeger, &folder, &links::ui(self.victoria.at, &folder)?)?;
        let database = self.postgres.create(&protocol.replace('/', "_"))?;
        // The price is not in the cache, and is put there.
        self.redis.empty()?;
        let cache = self.redis.url();
        let [a, b, c, d, e, f] = ports::free()?;
        let settings = Settings {
            addresses: [(a, b), (c, d), (e, f)].map(|(service, admin)| Addresses { service, admin }),
            otlp: if protocol == "grpc" { jaeger.grpc } else { jaeger.http },
            protocol: Some(protocol),
            database_url: Some(&database),
            redis_url: Some(&cache),
            rates: RATES,
            configuration: &links::configuration(jaeger.query),
            folder: &folder,
            is_shared: false,
            inherited: Inherited::Nothing,
        };
        let shop = Shop::start(&self.binaries, &settings)?;
        let mut ids = Ids::new();
        for (what, status, expected) in ORDERS {
            let ordered = order(&shop, &mut ids, status)?;
            let compared = eventually(|| {
                let trace_id = &ordered.request.trace_id;
                compare(&jaeger, trace_id, &ordered, &shop, expected)
            });
            let name = format!(
                "jaeger: {what} is one trace of three services, a database and a cache by {protocol}, to the last attribute"
            );
            report.check(&name, compared);
            for service in shop.services() {
                let found = eventually(|| {
                    let trace_id = said(service, &ordered.request.request_id)?;
                    compare(&jaeger, &trace_id, &ordered, &shop, expected)
                });
                let name = format!(
                    "jaeger: {what} is found by the id that {} has printed on its line",
                    service.name
                );
                report.check(&name, found);
            }
            let linked =
                links::there_and_back(&jaeger, &self.victoria, &shop, &ordered.request, status >= 500);
            let name =
                format!("jaeger: of {what}, links lead from a line to the trace and back, by {protocol}");
            report.check(&name, linked);
        }
        report.check(&format!("jaeger: it knows the three by {protocol}, and nobody else"), known(&jaeger));
        shop.stop(|_, _| {})
    }
}

/// Places an order, with ids that nobody has had before.
fn order(shop: &Shop, ids: &mut Ids, status: u16) -> Result<Ordered> {
    let json = r#"{"user":"ada","item":"teapot","quantity":2}"#;
    let request = Request::new(ids, "POST", "/v1/orders".to_owned(), json.to_owned());
    let answer = requests::send(shop.gateway.service, &[&request]).remove(0)?;
    if answer.status != status {
        return Err(format!("an order was answered {}, not {status}: {}", answer.status, answer.text()));
    }
    let id = Json::parse(&answer.text())?.at(&["id"]).and_then(Json::number);
    let id = id.ok_or_else(|| format!("an order without an id: {}", answer.text()))?;
    Ok(Ordered { request, id: id as u64 })
}

/// That Jaeger has the trace, and that it is what is expected.
fn compare(
    jaeger: &Jaeger,
    trace_id: &str,
    ordered: &Ordered,
    shop: &Shop,
    expected: &str,
) -> Result<String> {
    let mut spans = jaeger.trace(trace_id)?;
    spans.retain(|span| span.name != WAIT);
    if let Some(other) = spans.iter().find(|span| span.trace_id != ordered.request.trace_id) {
        return Err(format!("a span of another trace: {other:?}"));
    }
    let seen = trace::tree(&spans, &ordered.request.parent_id)?;
    let mut expected = expected.replace("{order}", &ordered.id.to_string());
    expected = expected.replace("{request_id}", &ordered.request.request_id);
    expected = expected.replace("{jaeger}", &jaeger.query.to_string()).replace("{trace_id}", trace_id);
    for service in shop.services() {
        let port = service.service.port().to_string();
        expected = expected.replace(&format!("{{{}}}", service.name), &port);
    }
    // Of the caller's side of a connection the system chooses the port.
    let told: Vec<_> =
        seen.lines().map(|line| line.split_once("client.port = ").map_or(line, |(head, _)| head)).collect();
    let wanted: Vec<_> = expected.lines().map(|line| line.trim_end_matches("client.port = *")).collect();
    match told.iter().zip(&wanted).position(|(told, wanted)| told != wanted) {
        None if told.len() == wanted.len() => {
            Ok(format!("{} spans, {} lines of them", spans.len(), told.len()))
        }
        at => {
            let at = at.unwrap_or(told.len().min(wanted.len()));
            let line = |lines: &[&str]| lines.get(at).map_or("nothing", |line| line).trim().to_owned();
            Err(format!("line {}: `{}`, not `{}`, in\n{seen}", at + 1, line(&told), line(&wanted)))
        }
    }
}

/// The trace id on the access line of the request.
fn said(service: &Service, request_id: &str) -> Result<String> {
    let lines = lines::parse(service.lines())?;
    let of_request = lines
        .iter()
        .find(|(_, line)| field(line, "target") == ACCESS && field(line, "request_id") == request_id);
    let (_, line) = of_request.ok_or_else(|| format!("{} has no line of {request_id}", service.name))?;
    Ok(field(line, "trace_id").to_owned())
}

fn known(jaeger: &Jaeger) -> Result<String> {
    let mut services = jaeger.services()?;
    services.sort();
    let mut expected = Part::ALL.map(Part::name);
    expected.sort_unstable();
    if services == expected { Ok(services.join(", ")) } else { Err(format!("it knows {services:?}")) }
}
