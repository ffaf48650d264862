//! Sends numbered lines to another machine, for those who count there what arrives.
//!
//! Arguments: `to=loki` (in JSON), `to=elasticsearch`, `to=otlp` or `to=syslog`, `url=..` (several), `lines=N`, `pace=..` in lines a second
//! (0, as fast as they are taken), `text=BYTES` of text on each, `queue=BYTES`, `durable=DIR` with `spill=BYTES`, `timeout_ms=..`, `retry_ms=..` (none:
//! for ever), and `settle_ms=..`, which is how long it waits for the fate of all at the end. Then it says on standard output
//! `produced delivered dropped pending`, and does what standard input says, to its end: `write N` says further lines,
//! `settle MS` waits, and each answers with the same books and with those dropped as `io`, how many calls there were, and the
//! microseconds of the longest.

use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use obs_core::{Base, Resource};
use obs_export::http::{ClientSettings, Endpoint, Retry};
use obs_export::queue::Reason;
use obs_export::socket::SocketSettings;
use obs_logs::{Elastic, Logs, Loki, Otlp, Output, Syslog, journal};
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

/// Small, so that there are many requests.
const BATCH: usize = 128 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let all = |name: &'static str| {
        arguments.iter().filter_map(move |argument| argument.strip_prefix(name)?.strip_prefix('='))
    };
    let number = |name: &'static str, otherwise: u64| {
        all(name).next().map_or(Ok(otherwise), |text| text.parse::<u64>())
    };
    let timeout = Duration::from_millis(number("timeout_ms", 10_000)?);
    let patience = match number("retry_ms", 0)? {
        0 => Duration::MAX,
        millis => Duration::from_millis(millis),
    };
    // Quick, so that what takes minutes is tried in seconds.
    let retry = Retry::new().first_pause(Duration::from_millis(20)).longest_pause(Duration::from_secs(1));
    let retry = retry.budget(patience);
    let urls: Vec<&str> = all("url").collect();
    let output = match all("to").next() {
        Some("syslog") => {
            let (first, others) = urls.split_first().ok_or("url=.. is missing")?;
            let syslog = others.iter().copied().try_fold(Syslog::new(first)?, Syslog::or_at)?;
            syslog.settings(SocketSettings::new().timeout(timeout)).retry(retry).into()
        }
        to => by_http(to, &urls, ClientSettings::new().request_timeout(timeout), retry)?,
    };
    let mut output = output.capacity_bytes(usize::try_from(number("queue", 8 * 1024 * 1024)?)?);
    if let Some(directory) = all("durable").next() {
        let spill = number("spill", 256 * 1024 * 1024)?;
        let segment = (spill / 4).clamp(journal::Settings::MIN_SEGMENT_BYTES, 8 * 1024 * 1024);
        output = output.durable(journal::Settings::new(directory).segment_bytes(segment).max_bytes(spill));
    }
    let (logs, mut guard) = Logs::builder(Base::new(Resource::new("lines")))
        .output(output)
        .build()
        .map_err(|error| error.to_string())?;
    let (lines, pace) = (number("lines", 1_000)?, number("pace", 0)?);
    let text = "x".repeat(usize::try_from(number("text", 0)?)?);
    with_default(registry().with(logs.layer()), || say(lines, pace, &text));
    let queue = logs.queues().next().ok_or("no queue")?.clone();
    let _ = queue.flush(Duration::from_millis(number("settle_ms", 10_000)?));
    let books = queue.counts();
    let mut out = io::stdout();
    writeln!(out, "{} {} {} {}", books.produced, books.delivered, books.dropped(), books.pending)?;
    out.flush()?;
    let mut next = lines;
    for command in io::stdin().lock().lines() {
        let (mut calls, mut longest) = (0, Duration::ZERO);
        match command?.split_once(' ') {
            Some(("write", count)) => {
                calls = count.parse::<u64>()?;
                longest =
                    with_default(registry().with(logs.layer()), || longest_of(next..next + calls, &text));
                next += calls;
            }
            Some(("settle", millis)) => drop(queue.flush(Duration::from_millis(millis.parse()?))),
            _ => return Err("no such command".into()),
        }
        let (books, micros) = (queue.counts(), longest.as_micros());
        let (dropped, io) = (books.dropped(), books.dropped_for(Reason::Io));
        writeln!(
            out,
            "{} {} {dropped} {} {io} {calls} {micros}",
            books.produced, books.delivered, books.pending
        )?;
        out.flush()?;
    }
    guard.shutdown(Duration::ZERO);
    Ok(())
}

fn by_http(
    to: Option<&str>,
    urls: &[&str],
    client: ClientSettings,
    retry: Retry,
) -> Result<Output, Box<dyn std::error::Error>> {
    let urls: Vec<_> = urls.iter().copied().map(Endpoint::parse).collect::<Result<_, _>>()?;
    let (first, others) = urls.split_first().ok_or("url=.. is missing")?;
    let (first, others) = (first.clone(), others.iter().cloned());
    Ok(match to {
        Some("elasticsearch") => {
            let elastic = others.fold(Elastic::new(first, "lines"), Elastic::or_at);
            Output::from(elastic.client(client).retry(retry).batch_bytes(BATCH)).format(obs_logs::Format::Ecs)
        }
        Some("otlp") => {
            others.fold(Otlp::new(first), Otlp::or_at).client(client).retry(retry).batch_bytes(BATCH).into()
        }
        _ => {
            let loki = others.fold(Loki::new(first), Loki::or_at).json();
            loki.client(client).retry(retry).batch_bytes(BATCH).into()
        }
    })
}

fn say(lines: u64, pace: u64, text: &str) {
    let begun = Instant::now();
    for id in 0..lines {
        one(id, text);
        // A hundred at a time, as sleeping is no finer.
        if pace > 0 && id % 100 == 99 {
            let due = Duration::from_secs_f64((id + 1) as f64 / pace as f64);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
    }
}

/// Says them as fast as they are taken, and how long the longest call took.
fn longest_of(numbers: std::ops::Range<u64>, text: &str) -> Duration {
    let timed = numbers.map(|id| {
        let begun = Instant::now();
        one(id, text);
        begun.elapsed()
    });
    timed.max().unwrap_or_default()
}

fn one(id: u64, text: &str) {
    tracing::info!(
        id,
        sku = "A-1042",
        customer = 88_123,
        warehouse = "north-7",
        amount = 42.5,
        currency = "EUR",
        text = (!text.is_empty()).then_some(text),
        "order accepted and handed to the warehouse"
    );
}
