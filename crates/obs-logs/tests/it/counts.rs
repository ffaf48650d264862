//! The count of lines by level and target, held against the lines themselves.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use obs_core::Outcome;
use obs_core::context::Route;
use obs_core::keys::{Metric, metric};
use obs_core::meter::Meter;
use obs_core::observe::{End, Method, Request, conclude};
use obs_logs::{AccessLog, Logs, Memory, Output};
use tracing::{debug, error, info, warn};

use crate::outputs::{Directory, LONG, bench_with};
use crate::{Bench, context, parse};

/// Lines by level and target.
type Counted = BTreeMap<(String, String), u64>;

#[derive(Default)]
struct Told(Counted);

impl Meter for Told {
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        if metric == &metric::LOG_LINES {
            let [level, target] = labels.try_into().unwrap();
            let known = self.0.insert((level.to_owned(), target.to_owned()), value);
            assert_eq!(known, None, "{labels:?} comes again");
        }
    }

    fn gauge(&mut self, _: &'static Metric, _: &[&str], _: f64) {}
}

fn told(logs: &Logs) -> Counted {
    let mut told = Told::default();
    logs.base().sources.collect(&mut told);
    told.0
}

/// Counts lines by what is on them.
fn counted(text: &str) -> Counted {
    let mut counted = Counted::new();
    for line in text.lines() {
        let pairs = parse(line);
        let of =
            |key: &str| pairs.iter().find(|(known, _)| known == key).unwrap().1.as_str().unwrap().to_owned();
        *counted.entry((of("level"), of("target"))).or_default() += 1;
    }
    counted
}

#[test]
fn the_counts_are_those_of_the_lines_in_the_file() {
    let directory = Directory::new("counts");
    let bench = bench_with(Output::file(directory.file()));
    let access = AccessLog::new(bench.logs.clone());
    let request = |outcome, status| {
        let context = context();
        context.local().set_route(Route::from_static("/"));
        let mut end = End::new(outcome, Duration::from_millis(1));
        end.status = Some(status);
        conclude(&access, &context, &Request::new(Method::Get, "/"), &end);
    };
    let work = || {
        for n in 0..50 {
            info!(n, "one");
            // Another call site of the same level and target.
            info!("two");
            warn!(target: "bank", "three");
            debug!("left out by its level");
            if n % 10 == 0 {
                error!(target: "bank", "four");
                request(Outcome::ServerError, 500);
            }
            request(Outcome::Success, 200);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| bench.run(work));
        }
    });
    let _silence = obs_core::context::silence();
    bench.run(|| info!("telemetry's own"));
    bench.logs.flush(LONG).unwrap();

    let counted = counted(&fs::read_to_string(directory.file()).unwrap());
    assert_eq!(told(&bench.logs), counted);
    let of = |level: &str, target: &str| counted[&(level.to_owned(), target.to_owned())];
    assert_eq!((of("INFO", module_path!()), of("WARN", "bank"), of("ERROR", "bank")), (400, 200, 20));
    assert_eq!((of("INFO", AccessLog::TARGET), of("ERROR", AccessLog::TARGET)), (200, 20));
    assert_eq!(counted.len(), 5);
}

#[test]
fn a_line_counts_once_whatever_becomes_of_it() {
    let second = Memory::new();
    let nothing_fits = Output::stdout().capacity_bytes(0);
    let bench = Bench::with("info", |builder| builder.output(Output::memory(&second)).output(nothing_fits));
    bench.run(|| (0..3).for_each(|_| info!(target: "once", "m")));
    assert_eq!(second.lines().len(), 3);
    assert_eq!(told(&bench.logs), Counted::from([(("INFO".to_owned(), "once".to_owned()), 3)]));
}

#[test]
fn each_engine_counts_its_own_lines() {
    let (one, other) = (Bench::new(), Bench::new());
    let line = || info!(target: "shared", "m");
    one.run(line);
    assert!(told(&other.logs).is_empty(), "what has no line is not there");
    other.run(line);
    one.run(line);
    let of = |bench: &Bench| told(&bench.logs).into_values().sum::<u64>();
    assert_eq!((of(&one), of(&other)), (2, 1));
}
