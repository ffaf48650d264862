//! Registries made of chance, served by an axum router of the program's own, and told as JSON: what a scraper must find.
//!
//! `registries SEED COUNT` serves registry `n` at `/n/metrics` in the format that is asked for and at `/n/text` always in
//! text 0.0.4, on a free port of the loopback. The first line it prints is the address, each further one a sample that
//! must be there: registry, name, labels and value, and then `end`. It keeps its books by itself, out of what it does and
//! not out of what the recorder says. Ends at the end of its input.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use axum::Router;
use axum::http::header::{ACCEPT, HeaderValue};
use obs_core::context::{Context, Ids, Local, TraceFlags};
use obs_core::{Base, Declaration, IdSource, Resource};
use obs_metrics::admin::MetricsService;
use obs_metrics::{Matcher, Recorder};
use serde_json::json;

/// Values that an encoder might get wrong.
const HOSTILE: [&str; 14] = [
    "plain",
    "with space",
    "quo\"te",
    "back\\slash",
    "line\nbreak",
    "a=\"b\",c",
    "}",
    "{x=\"1\"} 7",
    "# EOF",
    "é",
    "日本語",
    "🦀",
    "\u{feff}\u{202e}",
    "tab\tand\r",
];

/// xorshift64*: as good as is needed here, and the same on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    fn value(&mut self) -> f64 {
        match self.below(8) {
            0 => 0.0,
            1 => -(self.below(1_000) as f64) / 7.0,
            2 => self.below(1 << 40) as f64,
            3 => 2f64.powi(self.below(60) as i32 - 28),
            _ => self.below(1_000_000) as f64 / 65_537.0,
        }
    }
}

/// What a scraper must find: by name and labels.
type Books = BTreeMap<(String, Vec<(String, String)>), f64>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seed: u64 = arguments.next().ok_or("registries SEED COUNT")?.parse()?;
    let count: u64 = arguments.next().ok_or("registries SEED COUNT")?.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let mut router = Router::new();
        let mut told = Vec::new();
        for n in 0..count {
            let (recorder, books) = registry(seed.wrapping_add(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
            for ((name, labels), value) in books {
                let labels: serde_json::Map<_, _> =
                    labels.into_iter().map(|(name, value)| (name, value.into())).collect();
                told.push(
                    json!({"registry": n, "name": name, "labels": labels, "value": format!("{value:?}")}),
                );
            }
            let service = MetricsService::new(&recorder);
            let text = tower::ServiceBuilder::new()
                .map_request(|mut request: axum::extract::Request| {
                    request
                        .headers_mut()
                        .insert(ACCEPT, HeaderValue::from_static("text/plain;version=0.0.4"));
                    request
                })
                .service(service.clone());
            router = router
                .route_service(&format!("/{n}/metrics"), service)
                .route_service(&format!("/{n}/text"), text);
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", listener.local_addr()?)?;
        for line in told {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "end")?;
        out.flush()?;
        let input = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        axum::serve(listener, router).with_graceful_shutdown(async { drop(input.await) }).await?;
        Ok(())
    })
}

fn registry(seed: u64) -> (Recorder, Books) {
    let mut chance = Chance(seed);
    let families: Vec<_> = (0..4 + chance.below(12)).map(|at| Family::new(at, &mut chance)).collect();
    let base = Base::new(Resource::new("registries"));
    let mut builder = Recorder::builder(base).native_histograms(Matcher::Prefix("native_".into()));
    // Prometheus leaves out a label without a value, and so do the books.
    let zone = chance.of(&HOSTILE);
    builder = builder.const_label("zone", zone);
    for family in &families {
        builder = builder.declare(family.declaration());
    }
    let recorder = builder.build().expect("the families are right");
    let mut books = Books::new();
    for family in &families {
        family.measure(&recorder, &mut chance, &mut books, zone);
    }
    (recorder, books)
}

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

struct Family {
    name: String,
    kind: Kind,
    labels: Vec<&'static str>,
    bounds: Vec<f64>,
}

impl Family {
    fn new(at: u64, chance: &mut Chance) -> Self {
        let kind = chance.of(&[Kind::Counter, Kind::Gauge, Kind::Histogram]);
        let native = if chance.below(2) == 0 { "native_" } else { "" };
        let name = match kind {
            Kind::Counter => format!("family_{at}_things_total"),
            Kind::Gauge => format!("family_{at}_level"),
            Kind::Histogram => format!("{native}family_{at}_size"),
        };
        let labels = ["alpha", "beta", "gamma"].into_iter().take(chance.below(4) as usize).collect();
        let mut bounds: Vec<f64> = (0..1 + chance.below(9)).map(|_| chance.value().abs()).collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        Self { name, kind, labels, bounds }
    }

    fn declaration(&self) -> Declaration {
        let begun = match self.kind {
            Kind::Counter => Declaration::counter(&self.name),
            Kind::Gauge => Declaration::gauge(&self.name),
            Kind::Histogram => Declaration::histogram(&self.name).buckets(self.bounds.clone()),
        };
        let begun =
            begun.help(format!("A family with \"quotes\",\nlines and \\ of {} labels.", self.labels.len()));
        self.labels.iter().fold(begun, |declaration, label| declaration.label(*label))
    }

    /// Makes some series and records in them, now and then inside of a sampled span.
    fn measure(&self, recorder: &Recorder, chance: &mut Chance, books: &mut Books, zone: &str) {
        for _ in 0..1 + chance.below(6) {
            let values: Vec<_> = self.labels.iter().map(|_| chance.of(&HOSTILE)).collect();
            let labels: Vec<_> = self.labels.iter().copied().zip(values).collect();
            let mut told: Vec<_> =
                labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            told.push(("zone".to_owned(), zone.to_owned()));
            told.sort();
            let mut note = |suffix: &str, more: Option<(&str, String)>, change: &dyn Fn(f64) -> f64| {
                let mut labels = told.clone();
                labels.extend(more.map(|(name, value)| (name.to_owned(), value)));
                labels.sort();
                let known = books.entry((format!("{}{suffix}", self.name), labels)).or_default();
                *known = change(*known);
            };
            let ids = (chance.below(2) == 0).then(sampled);
            for _ in 0..chance.below(2_500) {
                match self.kind {
                    Kind::Counter => {
                        let by = chance.below(1_000);
                        recorder.counter(&self.name, &labels).expect("it was declared").add(by, ids);
                        note("", None, &|known| known + by as f64);
                    }
                    Kind::Gauge => {
                        let value = if chance.below(50) == 0 {
                            chance.of(&[f64::INFINITY, f64::NAN])
                        } else {
                            chance.value()
                        };
                        recorder.gauge(&self.name, &labels).expect("it was declared").set(value);
                        note("", None, &|_| value);
                    }
                    Kind::Histogram => {
                        // A sum that falls below zero is none in OpenMetrics: what is negative has its counterpart.
                        let value = chance.value();
                        let all =
                            if value < 0.0 { [Some(value), Some(1.0 - value)] } else { [Some(value), None] };
                        for value in all.into_iter().flatten() {
                            let histogram = recorder.histogram(&self.name, &labels).expect("it was declared");
                            histogram.observe(value, ids);
                            note("_count", None, &|known| known + 1.0);
                            note("_sum", None, &|known| known + value);
                            for bound in self.bounds.iter().copied().chain([f64::INFINITY]) {
                                let more = f64::from(value <= bound);
                                note("_bucket", Some(("le", format!("{bound:?}"))), &|known| known + more);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn sampled() -> Ids {
    let ids = IdSource::random();
    let flags = TraceFlags::default().sampled(true);
    let context =
        Context::root(Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags }, Local::task());
    context.ids()
}
