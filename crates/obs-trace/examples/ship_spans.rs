//! Sends numbered spans to a collector, for those who count there what arrives.
//!
//! Arguments: `url=..`, `protocol=grpc` where it is not http/protobuf, `lines=N` spans, `pace=..` in spans a second, `queue=BYTES`, `durable=DIR` with `spill=BYTES`,
//! `timeout_ms=..`, and `settle_ms=..`, which is how long it waits for the fate of all at the end. Then it says on standard
//! output `produced delivered dropped pending`, and ends once its standard input does.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use obs_core::{Base, Resource};
use obs_export::http::{ClientSettings, Encoding, Endpoint, Retry};
use obs_export::{journal, queue};
use obs_trace::layer::TraceLayer;
use obs_trace::otlp::{Otlp, PIPELINE, Settings};
use obs_trace::{Sampler, Tracer};
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

/// Small, so that there are many requests.
const BATCH: usize = 128 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let one =
        |name: &str| arguments.iter().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='));
    let number = |name: &str, otherwise: u64| one(name).map_or(Ok(otherwise), str::parse::<u64>);
    let endpoint = Endpoint::parse(one("url").ok_or("url=.. is missing")?)?;
    let timeout = Duration::from_millis(number("timeout_ms", 10_000)?);
    // Quick, so that what takes minutes is tried in seconds.
    let retry = Retry::new().first_pause(Duration::from_millis(20)).longest_pause(Duration::from_secs(1));
    let queue = queue::Settings::new(PIPELINE).batch_bytes(BATCH).linger(Duration::from_secs(1));
    let queue = queue.capacity_bytes(usize::try_from(number("queue", 8 * 1024 * 1024)?)?);
    let mut settings =
        Settings::new().queue(queue).retry(retry.budget(Duration::MAX)).encoding(Encoding::Gzip);
    settings = settings.client(ClientSettings::new().request_timeout(timeout));
    if one("protocol") == Some("grpc") {
        settings = settings.grpc();
    }
    if let Some(directory) = one("durable") {
        let spill = number("spill", 256 * 1024 * 1024)?;
        let segment = (spill / 4).clamp(journal::Settings::MIN_SEGMENT_BYTES, 8 * 1024 * 1024);
        let journal = journal::Settings::new(directory).segment_bytes(segment).max_bytes(spill);
        settings = settings.durable(journal, |error| eprintln!("the journal: {error}"));
    }
    let base = Base::new(Resource::new("spans"));
    let (otlp, mut worker) = Otlp::spawn(&base, endpoint, settings)?;
    let queue = otlp.queue().clone();
    let tracer = Tracer::builder(base).sampler(Sampler::always_on()).sink(otlp).build();
    let (spans, pace) = (number("lines", 1_000)?, number("pace", 0)?);
    with_default(registry().with(TraceLayer::new(&tracer)), || say(spans, pace));
    let _ = queue.flush(Duration::from_millis(number("settle_ms", 10_000)?));
    let books = queue.counts();
    let mut out = io::stdout();
    writeln!(out, "{} {} {} {}", books.produced, books.delivered, books.dropped(), books.pending)?;
    out.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    worker.shutdown(Duration::ZERO);
    Ok(())
}

fn say(spans: u64, pace: u64) {
    let begun = Instant::now();
    for id in 0..spans {
        drop(
            tracing::info_span!("accept an order", id, sku = "A-1042", warehouse = "north-7", amount = 42.5)
                .entered(),
        );
        // A hundred at a time, as sleeping is no finer.
        if pace > 0 && id % 100 == 99 {
            let due = Duration::from_secs_f64((id + 1) as f64 / pace as f64);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
    }
}
