//! One of the three is told to end while customers order, and started again: nothing that was taken is lost.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use super::super::counts::counts;
use super::super::eventually::{LIMIT, eventually};
use super::super::lines::{self, field};
use super::super::postgres::Postgres;
use super::super::requests::stays_open;
use super::super::rotel::Rotel;
use super::hop::{self, NO_ANSWER, ORDERS};
use super::lines::{Lines, told};
use super::traffic::{Kind, Planned, SLOW_EVERY, Sent};
use super::{addresses, orders, spans};
use crate::Result;
use crate::http::{Connection, Response};
use crate::ids::Ids;
use crate::process::{GRACE, Stop};
use crate::service::{Inherited, Service, TEXT};
use crate::shop::{Binaries, Part, Rates, Settings, Shop};

/// How long each client thinks between its orders: busy ones, and some whose connections are idle most of the time.
const PAUSES: [Duration; 6] = [
    // Not zero: one that finds nobody there would only be in the way.
    Duration::from_micros(100),
    Duration::from_millis(1),
    Duration::from_millis(7),
    Duration::from_millis(23),
    Duration::from_millis(41),
    Duration::from_millis(190),
];

/// How many answers there are before the service is told to end, and again once it is back.
const ANSWERS: usize = 100;

/// What the three drains share.
pub(super) struct Setting<'a> {
    pub(super) binaries: &'a Binaries,
    pub(super) folder: &'a Path,
    pub(super) otlp: SocketAddr,
    pub(super) rotel: &'a Rotel,
    pub(super) postgres: &'a Postgres,
}

/// Runs a shop of its own. No payment fails by itself in it, so that each failure is the drain's.
pub(super) fn under_load(part: Part, setting: &Setting<'_>) -> Result<String> {
    let folder = setting.folder.join(format!("drain-{}", part.name()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let database = setting.postgres.create(&format!("drain_{}", part.name()))?;
    let settings = Settings {
        addresses: addresses()?,
        otlp: setting.otlp,
        protocol: None,
        database_url: Some(&database),
        redis_url: None,
        rates: Rates { fail: Some(0), slow: Some(SLOW_EVERY), panic: Some(0) },
        configuration: "",
        folder: &folder,
        is_shared: false,
        inherited: Inherited::Nothing,
    };
    let mut shop = Shop::start(setting.binaries, &settings)?;
    let gateway = shop.gateway.service;
    let (over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (drained, clients) = scope(|scope| {
        let (over, answered) = (&over, &answered);
        let clients = PAUSES.map(|pause| scope.spawn(move || order(gateway, pause, over, answered)));
        let drained = restart(&mut shop, part, setting.binaries, &settings, answered);
        over.store(true, Ordering::Relaxed);
        (drained, clients.map(|client| client.join().unwrap_or_else(|_| vec![Err("it panicked".to_owned())])))
    });
    let before = drained?;
    let late = after_the_signal(&before)?;
    let sent: Vec<_> = clients.into_iter().flatten().collect::<Result<_>>()?;

    // Whoever was left without an answer had not been connected: a connection that was taken is never cut.
    let cut = cut_calls(&shop, part)?;
    if cut > 0 {
        return Err(format!("{cut} calls were cut"));
    }
    let paths = shop.services().map(|service| service.lines_path().to_owned());
    shop.stop(|_, _| {})?;
    let mut lines = [Vec::new(), Vec::new(), Vec::new()];
    for (own, path) in lines.iter_mut().zip(paths) {
        *own = lines::parse(crate::service::whole_lines(&path))?;
    }
    lines[part as usize].splice(0..0, before);
    judge(&lines, &sent, setting, &database)?;
    let refused =
        sent.iter().filter(|sent| sent.way.last().is_some_and(|hop| hop.statuses == NO_ANSWER)).count();
    Ok(format!("{} orders, {late} of them ended after the signal, {refused} found nobody there", sent.len()))
}

/// Lets a service end and start again, with some answers before and after; the lines it left are what comes back.
fn restart(
    shop: &mut Shop,
    part: Part,
    binaries: &Binaries,
    settings: &Settings<'_>,
    answered: &AtomicUsize,
) -> Result<Vec<lines::Line>> {
    wait(answered)?;
    let service = service(shop, part);
    let before = drain(service)?;
    *service = Shop::start_part(binaries, settings, part)?;
    wait(answered)?;
    Ok(before)
}

fn judge(lines: &Lines, sent: &[Sent], setting: &Setting<'_>, database: &str) -> Result {
    told(lines, sent)?;
    eventually(|| spans::chains(&setting.rotel.spans(), lines, sent))?;
    let rows = setting.postgres.rows(database, "SELECT id, customer, quantity, state FROM orders")?;
    orders::same(&rows, sent).map(drop)
}

fn service(shop: &mut Shop, part: Part) -> &mut Service {
    match part {
        Part::Gateway => &mut shop.gateway,
        Part::Orders => &mut shop.orders,
        Part::Payments => &mut shop.payments,
    }
}

/// Tells it to end, and takes the lines it leaves.
fn drain(service: &mut Service) -> Result<Vec<lines::Line>> {
    service.process.alive()?;
    service.process.tell(Stop::Terminate);
    let status = service.process.wait_for(GRACE)?;
    if !status.success() {
        return Err(format!("{} ended with {status}:\n{}", service.name, service.process.output.tail()));
    }
    lines::parse(service.lines())
}

/// How many requests ended behind the line that says that it was told to end.
fn after_the_signal(lines: &[lines::Line]) -> Result<usize> {
    let draining = lines.iter().position(|(_, line)| field(line, "phase") == "draining");
    let draining = draining.ok_or("it does not say that it drains")?;
    let ended = lines[draining..].iter().filter(|(_, line)| field(line, "target") == lines::ACCESS).count();
    if ended == 0 {
        Err("no request ended behind the signal: there was no load".to_owned())
    } else {
        Ok(ended)
    }
}

/// Calls that ended without an answer although they had reached the service. A connection that is not made, or not in time, has
/// reached nobody; an answer that is not given in time is missed where lines are held against answers.
fn cut_calls(shop: &Shop, part: Part) -> Result<u64> {
    let caller = match part {
        // Its callers are the clients here, which say so themselves.
        Part::Gateway => return Ok(0),
        Part::Orders => &shop.gateway,
        Part::Payments => &shop.orders,
    };
    let scrape = caller.scrape(TEXT)?;
    let families = ["http_client_request_errors_total", "rpc_client_request_errors_total"];
    let errors = families.iter().flat_map(|family| scrape.named(family));
    let kinds = counts(errors.map(|sample| (&sample.labels, sample.value)), &["kind"]);
    let other =
        kinds.iter().filter(|(kind, _)| !["connect", "timeout", "server_error"].contains(&kind[0].as_str()));
    Ok(other.map(|(_, count)| *count as u64).sum())
}

/// Waits for the next answers.
fn wait(answered: &AtomicUsize) -> Result {
    let (begun, until) = (Instant::now(), answered.load(Ordering::Relaxed) + ANSWERS);
    while answered.load(Ordering::Relaxed) < until {
        if begun.elapsed() > LIMIT {
            return Err(format!("not {ANSWERS} answers within {LIMIT:?}"));
        }
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Orders until it is over. A request that was written and has no answer is an error.
fn order(
    gateway: SocketAddr,
    pause: Duration,
    over: &AtomicBool,
    answered: &AtomicUsize,
) -> Vec<Result<Sent>> {
    let mut ids = Ids::new();
    let mut sent = Vec::new();
    let mut kept = None;
    while !over.load(Ordering::Relaxed) {
        // One that cannot be connected to has taken nothing.
        if let Some(connection) = kept.take().or_else(|| Connection::open(gateway).ok()) {
            let planned = Planned::new(Kind::Order, &mut ids);
            let answer = ask(connection, &planned, &mut kept);
            sent.push(answer.map_err(|error| error.to_string()).and_then(|answer| way(planned, &answer)));
            answered.fetch_add(1, Ordering::Relaxed);
        }
        sleep(pause);
    }
    sent
}

fn ask(mut connection: Connection, planned: &Planned, kept: &mut Option<Connection>) -> io::Result<Response> {
    planned.request.write(&mut connection)?;
    let answer = connection.read("POST")?;
    if stays_open(&answer) {
        *kept = Some(connection);
    }
    Ok(answer)
}

/// The way of an order, by an answer that tells how far it came.
fn way(planned: Planned, answer: &Response) -> Result<Sent> {
    let placed = planned.placed(answer)?;
    let way = match (answer.status, &placed) {
        (201, Some(_)) => hop::paid(),
        (502, Some(_)) => hop::without_payments(),
        (502, None) => hop::to_orders("POST", ORDERS, &["502"], NO_ANSWER),
        (status, _) => return Err(format!("an order was answered {status}: {}", answer.text())),
    };
    planned.sent(way, placed, answer)
}
