//! Messages through a real RabbitMQ from one process of ours to another, with pika at either end where ours is not.

mod broker;
mod judge;
mod program;
mod spans;

use std::path::Path;

use super::eventually::eventually;
use super::install::{self, Programs};
use super::report::Report;
use super::rotel::Rotel;
use crate::ids::Ids;
use crate::json::Json;
use crate::{Result, cargo, ports};
use broker::Broker;
use judge::Judge;
use program::{Place, Program};
use spans::Printed;

const EXCHANGE: &str = "shop";

/// Queues and the keys they are bound by. Of `held` nobody of ours takes.
const QUEUES: [(&str, &str); 3] =
    [("orders", "orders.placed"), ("held", "orders.held"), ("batches", "orders.batch")];

/// How many messages are taken at once from the last.
const BATCH: usize = 3;

struct Scene<'a> {
    judge: Judge<'a>,
    rotel: Rotel,
    sender: Program,
    taker: Program,
    batches: Program,
    ids: Ids,
}

type Check = fn(&mut Scene<'_>) -> Result<String>;

const CHECKS: [(&str, Check); 8] = [
    (
        "queue: what is sent has the span that sent it in its headers, as pika and OpenTelemetry read them",
        sent,
    ),
    ("queue: what is taken is a part of the sender's trace, to the last attribute", taken),
    ("queue: a message whose work fails is an error of its own kind", failed),
    ("queue: a trace that pika began goes on, under its decision", continued),
    ("queue: headers that are none, of every type, begin a trace and stop nothing", odd),
    ("queue: a batch is a trace of its own, linked to each message", batch),
    (
        "queue: a message that comes back, an exchange that is not there and a closed channel are told apart",
        refused,
    ),
    ("queue: what each has counted is what was asked of it", counted),
];

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let features = ["client-lapin", "lapin/tokio"];
    let binary = cargo::build_example_with("obs", &features, "queue")?;
    let mut broker = Broker::start(&install::rabbitmq()?, folder)?;
    let [grpc, http] = ports::free()?;
    let rotel = Rotel::start(&programs.rotel, grpc, http, folder)?;
    broker.ready()?;
    let judge = Judge { python: &programs.python, broker: broker.address };
    judge.declare(EXCHANGE, &QUEUES)?;
    let place = Place { binary: &binary, broker: broker.address, otlp: http, folder };
    let sender = Program::start(&place, "sender", &["send"])?;
    let mut taker = Program::start(&place, "taker", &["take", "orders"])?;
    let mut batches = Program::start(&place, "batches", &["take", "batches", &BATCH.to_string()])?;
    taker.says("ready", 1)?;
    batches.says("ready", 1)?;
    let mut scene = Scene { judge, rotel, sender, taker, batches, ids: Ids::new() };
    for (name, check) in CHECKS {
        report.check(name, check(&mut scene));
    }
    let ended = ends(&mut scene.batches);
    report.check("queue: who takes ends with its input", ended);
    report.check("queue: a broker that ends is told", gone(&mut scene, &mut broker));
    Ok(())
}

impl Scene<'_> {
    /// The one span that is it, once it has come.
    fn span(&self, what: &str, is_it: impl Fn(&Printed) -> bool) -> Result<Printed> {
        eventually(|| {
            // The last may still be being printed.
            let spans = spans::parse(&self.rotel.output());
            let mut found =
                spans.into_iter().filter(|span| is_it(span) && !span.attribute("obs.outcome").is_empty());
            match (found.next(), found.next()) {
                (Some(span), None) => Ok(span),
                (None, _) => Err(format!("no span of {what}")),
                (Some(one), Some(other)) => Err(format!("two spans of {what}: {one:?}, {other:?}")),
            }
        })
    }

    /// Sends a message, and gives what is said to that and the span of it.
    fn send(&mut self, line: &str) -> Result<(String, Printed)> {
        let known: Vec<_> = spans::parse(&self.rotel.output()).into_iter().map(|span| span.span_id).collect();
        let answer = self.sender.ask(line)?;
        let is_new = |span: &Printed| span.kind == "PRODUCER" && !known.contains(&span.span_id);
        Ok((answer, self.span(line, is_new)?))
    }

    /// What was made of the message that a span has sent.
    fn processed(&self, by: &Printed) -> Result<Printed> {
        let what = format!("the processing of {}", by.span_id);
        self.span(&what, |span| span.kind == "CONSUMER" && span.parent_id == by.span_id)
    }
}

/// That what is found is what is expected.
fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}

/// That a span has these attributes and no others, in whatever order.
fn has_all(span: &Printed, expected: &[(&str, &str)]) -> Result {
    let sorted = |mut pairs: Vec<(String, String)>| {
        pairs.sort();
        pairs
    };
    let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    expect(&span.name, sorted(span.attributes.clone()), sorted(expected))
}

fn sent(scene: &mut Scene<'_>) -> Result<String> {
    let (answer, span) = scene.send("shop orders.{what}=orders.held held")?;
    expect("the answer", answer.as_str(), "ok")?;
    let found = scene.judge.get("held")?;
    expect("body and id", (found.body.as_str(), found.message_id.as_str()), ("held", "m-1"))?;
    expect("headers", found.headers.join(" "), "traceparent x-kind".to_owned())?;
    expect("x-kind", found.kind.as_str(), "order")?;
    expect("valid and sampled", (found.valid, found.sampled), (true, true))?;
    let ids = (found.trace_id.as_str(), found.span_id.as_str());
    expect("what pika reads", ids, (span.trace_id.as_str(), span.span_id.as_str()))?;
    expect("its name", span.name.as_str(), "publish shop:orders.{what}")?;
    has_all(
        &span,
        &[
            ("messaging.system", "Str(rabbitmq)"),
            ("messaging.destination.name", "Str(shop:orders.held)"),
            ("messaging.destination.template", "Str(shop:orders.{what})"),
            ("messaging.operation.name", "Str(publish)"),
            ("messaging.operation.type", "Str(send)"),
            ("messaging.rabbitmq.destination.routing_key", "Str(orders.held)"),
            ("messaging.message.id", "Str(m-1)"),
            ("messaging.message.conversation_id", "Str(c-1)"),
            ("messaging.message.body.size", "Int(4)"),
            ("server.address", "Str(127.0.0.1)"),
            ("obs.outcome", "Str(success)"),
        ],
    )?;
    let job = scene.span("the job", |job| job.span_id == span.parent_id)?;
    expect("what it hangs on", (job.name.as_str(), &job.trace_id), ("order", &span.trace_id))?;
    Ok(found.traceparent)
}

fn taken(scene: &mut Scene<'_>) -> Result<String> {
    let (answer, sent) = scene.send("shop orders.placed hello")?;
    expect("the answer", answer.as_str(), "ok")?;
    scene.taker.says("done", 1)?;
    let span = scene.processed(&sent)?;
    expect("services", (sent.service.as_str(), span.service.as_str()), ("sender", "taker"))?;
    expect(
        "names",
        (sent.name.as_str(), span.name.as_str()),
        ("publish shop:orders.placed", "process orders"),
    )?;
    expect("the trace", &span.trace_id, &sent.trace_id)?;
    expect("links", span.links.clone(), vec![(sent.trace_id.clone(), sent.span_id.clone())])?;
    has_all(
        &span,
        &[
            ("messaging.system", "Str(rabbitmq)"),
            ("messaging.destination.name", "Str(shop:orders.placed:orders)"),
            ("messaging.destination.template", "Str(orders)"),
            ("messaging.operation.name", "Str(process)"),
            ("messaging.operation.type", "Str(process)"),
            ("messaging.rabbitmq.destination.routing_key", "Str(orders.placed)"),
            ("messaging.rabbitmq.message.delivery_tag", "Int(1)"),
            ("messaging.message.id", "Str(m-1)"),
            ("messaging.message.conversation_id", "Str(c-1)"),
            ("messaging.message.body.size", "Int(5)"),
            ("server.address", "Str(127.0.0.1)"),
            ("obs.outcome", "Str(success)"),
        ],
    )?;
    let lines = scene.taker.lines();
    let line = lines.iter().find(|line| line.contains("\"taken\"")).ok_or("no line of the taker")?;
    let line = Json::parse(line)?;
    let of = |name: &str| line.at(&[name]).and_then(Json::text).unwrap_or_default().to_owned();
    expect("its line", (of("trace_id"), of("span_id")), (span.trace_id.clone(), span.span_id.clone()))?;

    // By the exchange without a name the key is the queue.
    let (answer, direct) = scene.send("- orders hello")?;
    expect("the answer", answer.as_str(), "ok")?;
    scene.taker.says("done", 1)?;
    let span = scene.processed(&direct)?;
    expect("names", (direct.name.as_str(), span.name.as_str()), ("publish orders", "process orders"))?;
    expect("its destination", span.attribute("messaging.destination.name"), "Str(orders)")?;
    expect("its template", span.attribute("messaging.destination.template"), "")?;
    Ok(format!("{} over two processes", sent.trace_id))
}

fn failed(scene: &mut Scene<'_>) -> Result<String> {
    let (answer, sent) = scene.send("shop orders.placed bad")?;
    expect("the answer", answer.as_str(), "ok")?;
    scene.taker.says("failed", 1)?;
    let span = scene.processed(&sent)?;
    expect("of the sender", sent.error, None)?;
    expect("of the taker", span.error.as_deref(), Some("a bad message"))?;
    expect("its kind", span.attribute("error.type"), "Str(bad_message)")?;
    Ok(String::new())
}

fn continued(scene: &mut Scene<'_>) -> Result<String> {
    let (trace_id, silent) = (scene.ids.trace_id(), scene.ids.trace_id());
    let (span_id, other) = (scene.ids.span_id(), scene.ids.span_id());
    let all = [
        vec![("traceparent", "text", format!("00-{silent}-{other}-00"))],
        vec![("traceparent", "text", format!("00-{trace_id}-{span_id}-01"))],
        vec![("traceparent", "bytes", format!("00-{trace_id}-{other}-01"))],
    ];
    scene.judge.publish(EXCHANGE, "orders.placed", &all)?;
    scene.taker.says("done", all.len())?;
    for parent in [&span_id, &other] {
        let span = scene.span("what pika began", |span| &span.parent_id == parent)?;
        expect("name and kind", (span.name.as_str(), span.kind.as_str()), ("process orders", "CONSUMER"))?;
        expect("the trace", &span.trace_id, &trace_id)?;
        expect("links", span.links, vec![(trace_id.clone(), parent.clone())])?;
    }
    // It came first, so that it would be there by now.
    if spans::parse(&scene.rotel.output()).iter().any(|span| span.trace_id == silent) {
        return Err("a span of a trace that its sender did not record".to_owned());
    }
    let silent = format!("\"{silent}\"");
    let lines = scene.taker.lines().into_iter().filter(|line| line.contains(&silent)).count();
    expect("lines under the ids that are not recorded", lines, 1)?;
    Ok(format!("{trace_id} goes on twice; one that is not recorded is on its line alone"))
}

fn odd(scene: &mut Scene<'_>) -> Result<String> {
    let (trace_id, span_id) = (scene.ids.trace_id(), scene.ids.span_id());
    let good = format!("00-{trace_id}-{span_id}-01");
    let of = |kind, value: &str| vec![("traceparent", kind, value.to_owned())];
    let all = [
        Vec::new(),
        of("text", ""),
        of("text", "00-zz"),
        of("text", &good.to_uppercase()),
        of("bytes", "\u{ff}\u{fe}\u{0}"),
        of("number", "17"),
        // 70,000 bytes and more, which a frame just has room for.
        of("long", "traces!"),
        of("list", &good),
        of("table", &good),
        vec![("Traceparent", "text", good.clone())],
    ];
    let before = scene.taker.lines().len();
    scene.judge.publish(EXCHANGE, "orders.placed", &all)?;
    scene.taker.says("done", all.len())?;
    let lines = scene.taker.lines().split_off(before);
    expect("lines", lines.len(), all.len())?;
    for line in &lines {
        let line = Json::parse(line)?;
        let id = line.at(&["span_id"]).and_then(Json::text).unwrap_or_default();
        let span = scene.span("an odd message", |span| span.span_id == id)?;
        let begins = span.parent_id.is_empty() && span.links.is_empty() && span.trace_id != trace_id;
        if !begins || span.error.is_some() {
            return Err(format!("it goes on from nowhere: {span:?}"));
        }
    }
    Ok(format!("{} messages", all.len()))
}

fn batch(scene: &mut Scene<'_>) -> Result<String> {
    let from: Vec<_> = (0..BATCH).map(|_| (scene.ids.trace_id(), scene.ids.span_id())).collect();
    let all: Vec<_> = from
        .iter()
        .map(|(trace_id, span_id)| vec![("traceparent", "text", format!("00-{trace_id}-{span_id}-01"))])
        .collect();
    scene.judge.publish(EXCHANGE, "orders.batch", &all)?;
    scene.batches.says("done", 1)?;
    let span = scene.span("the batch", |span| span.name == "process batches")?;
    expect("its parent", span.parent_id.as_str(), "")?;
    expect("its links", span.links.clone(), from)?;
    expect("its size", span.attribute("messaging.batch.message_count"), "Int(3)")?;
    Ok(format!("{} links", span.links.len()))
}

fn refused(scene: &mut Scene<'_>) -> Result<String> {
    let mut kinds = Vec::new();
    for (line, answer, kind, text) in [
        ("must shop nowhere lost", "back NO_ROUTE", "NO_ROUTE", "NO_ROUTE"),
        ("missing key x", "failed protocol error", "NOT_FOUND", "no exchange 'missing'"),
        ("shop orders.placed x", "failed invalid channel state", "closed", "invalid channel state"),
    ] {
        let (said, span) = scene.send(line)?;
        if !said.starts_with(answer) {
            return Err(format!("{line}: the sender says `{said}`"));
        }
        expect(line, span.attribute("error.type"), &format!("Str({kind})"))?;
        let error = span.error.unwrap_or_default();
        if !error.contains(text) {
            return Err(format!("{line}: the span's status says `{error}`"));
        }
        kinds.push(kind);
    }
    expect("another channel", scene.sender.ask("channel")?.as_str(), "ok")?;
    Ok(kinds.join(", "))
}

fn counted(scene: &mut Scene<'_>) -> Result<String> {
    let (sender, taker) = (&scene.sender, &scene.taker);
    let sends = "messaging_client_operations_total";
    for (destination, result, expected) in [
        ("shop:orders.{what}", "success", 1.0),
        ("shop:orders.placed", "success", 2.0),
        ("shop:orders.placed", "error", 1.0),
        ("orders", "success", 1.0),
        ("shop:nowhere", "error", 1.0),
        ("missing:key", "error", 1.0),
    ] {
        let labels = [("system", "rabbitmq"), ("destination", destination), ("result", result)];
        expect(destination, sender.count(sends, &labels)?, expected)?;
    }
    expect("all that was sent", sender.count(sends, &[])?, 7.0)?;
    for (destination, kind) in
        [("shop:nowhere", "NO_ROUTE"), ("missing:key", "NOT_FOUND"), ("shop:orders.placed", "closed")]
    {
        let labels = [("destination", destination), ("operation", "publish"), ("kind", kind)];
        expect(kind, sender.count("messaging_client_operation_errors_total", &labels)?, 1.0)?;
    }
    let processed = |result| {
        let labels = [("system", "rabbitmq"), ("destination", "orders"), ("result", result)];
        taker.count("messaging_processed_total", &labels)
    };
    // Three by the sender, of which one failed, three that pika began, and ten that were odd.
    expect("processed", (processed("success")?, processed("error")?), (15.0, 1.0))?;
    let labels = [("destination", "orders"), ("kind", "bad_message")];
    expect("bad messages", taker.count("messaging_process_errors_total", &labels)?, 1.0)?;
    expect("batches", scene.batches.count("messaging_processed_total", &[("destination", "batches")])?, 1.0)?;
    Ok("7 sent, 16 and a batch processed".to_owned())
}

fn ends(program: &mut Program) -> Result<String> {
    let status = program.end()?;
    if status.success() { Ok(status.to_string()) } else { Err(format!("{status}: {}", program.errors())) }
}

fn gone(scene: &mut Scene<'_>, broker: &mut Broker) -> Result<String> {
    let status = broker.end()?;
    let (said, span) = scene.send("shop orders.placed x")?;
    if !said.starts_with("failed ") {
        return Err(format!("the sender says `{said}`"));
    }
    let kind = span.attribute("error.type").to_owned();
    if !["Str(closed)", "Str(CONNECTION_FORCED)", "Str(reset)"].contains(&kind.as_str())
        || span.error.is_none()
    {
        return Err(format!("it is called {kind}: {span:?}"));
    }
    let status = (status, scene.taker.end()?);
    // What the broker said may be lost with its connection.
    let is_told =
        ["CONNECTION_FORCED", "ConnectionReset"].iter().any(|word| scene.taker.errors().contains(word));
    if status.1.success() || !is_told {
        return Err(format!("the taker ended with {}: {}", status.1, scene.taker.errors()));
    }
    Ok(format!("rabbitmq: {}; {kind}", status.0))
}
