//! Routes, levels and sampling are exchanged while threads write.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::running::{Running, ids};
use crate::process::alone;
use crate::service::until;

const THREADS: u64 = 3;
/// Each thread and each kind of line has numbers of its own.
const RANGE: u64 = 10_000_000;

fn text(to: &str, level: &str, sampling: &str) -> String {
    format!(
        "
logs:
  level: {level}
  outputs:
    a: {{ type: file, path: FOLDER/a.log, when_full: block, wait: 20s }}
    b: {{ type: file, path: FOLDER/b.log, when_full: block, wait: 20s }}
    told: {{ type: file, path: FOLDER/told.log }}
  routes:
    - {{ match: {{ target: 'obs::*' }}, output: told }}
    - {{ match: {{ target: shop }}, output: {to} }}
    - {{ default: told }}
{sampling}"
    )
}

#[test]
fn no_line_is_lost_or_doubled_while_routes_levels_and_sampling_change() {
    let name = "no_line_is_lost_or_doubled_while_routes_levels_and_sampling_change";
    alone(module_path!(), name, &[], || {
        let running = Running::install("reload", &text("a", "info", ""));
        let (stop, wrote) = (AtomicBool::new(false), AtomicU64::new(0));
        let written: Vec<_> = std::thread::scope(|scope| {
            let write = |thread: u64| {
                let mut lines = 0;
                while !stop.load(Ordering::Relaxed) {
                    let id = thread * RANGE + lines;
                    tracing::warn!(target: "shop", id, "severe");
                    tracing::info!(target: "shop", id = 10 * RANGE + id, "the same");
                    tracing::debug!(target: "shop", id = 20 * RANGE + id, "fine");
                    lines += 1;
                    wrote.fetch_add(1, Ordering::Relaxed);
                    // So many that a reload meets lines, so few that they can be read again.
                    std::thread::sleep(Duration::from_micros(50));
                }
                lines
            };
            let writers: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || write(thread))).collect();
            let sampled = "  sampling: { tick: 50ms, first: 2, thereafter: 7 }\n  rate_limit: { lines: 40, tick: 30ms }\n";
            for round in 0..24_u64 {
                let to = if round % 2 == 0 { "b" } else { "a" };
                let level = if round % 3 == 0 { "debug" } else { "info" };
                let before = wrote.load(Ordering::Relaxed);
                running.rewrite(&text(to, level, if round % 4 < 2 { sampled } else { "" }));
                running.hang_up();
                until("it is taken up", || {
                    let applied = running.sum("obs_config_reloads_total", &[("result", "applied")]);
                    applied == (round + 1) as f64
                });
                until("lines are written since", || wrote.load(Ordering::Relaxed) > before + 50);
            }
            stop.store(true, Ordering::Relaxed);
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let (a, b) = (ids(&running.lines("a.log")), ids(&running.lines("b.log")));
        assert!(a.len() > 100 && b.len() > 100, "{} {}", a.len(), b.len());
        let mut all = [a, b].concat();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "none is doubled");
        let severe: Vec<_> = all.iter().copied().filter(|id| *id < 10 * RANGE).collect();
        let expected: Vec<_> = written
            .iter()
            .zip(0..)
            .flat_map(|(lines, thread)| (0..*lines).map(move |n| thread * RANGE + n))
            .collect();
        assert_eq!(severe, expected, "what is severe is neither sampled nor limited");
        let total: u64 = written.iter().sum();
        let scrape = running.scrape();
        // A line about lines is one of their target and level.
        let about = |level: &str| {
            let lines = ["a.log", "b.log"].map(|name| running.lines(name)).concat();
            lines.iter().filter(|line| line.get("suppressed").is_some() && line["level"] == level).count()
        };
        let passed = |level| {
            scrape.sum("log_lines_total", &[("target", "shop"), ("level", level)]) as u64
                - about(level) as u64
        };
        assert_eq!((passed("WARN"), passed("INFO")), (total, total));
        assert!(passed("DEBUG") > 0 && passed("DEBUG") < total);
        let suppressed = scrape.sum("obs_log_lines_suppressed_total", &[]) as u64;
        assert!(suppressed > 0);
        let below = all.len() as u64 - total;
        assert_eq!(below + suppressed, passed("INFO") + passed("DEBUG"), "written or counted");
        for pipeline in ["logs_a", "logs_b"] {
            assert_eq!(scrape.sum("obs_pipeline_dropped_total", &[("pipeline", pipeline)]), 0.0);
        }
        // In the end all that was left out has been told, where the lines would be.
        let Running { obs, yaml } = running;
        drop(obs);
        let both =
            ["a.log", "b.log"].map(|name| std::fs::read_to_string(yaml.beside(name)).unwrap()).concat();
        let lines = super::running::parsed(both.lines());
        assert_eq!(lines.iter().filter_map(|line| line["suppressed"].as_u64()).sum::<u64>(), suppressed);
    });
}

#[test]
fn a_bad_file_keeps_the_routes_and_says_why() {
    alone(module_path!(), "a_bad_file_keeps_the_routes_and_says_why", &[], || {
        let running = Running::install("reload-bad", &text("a", "info", ""));
        let told = || {
            let lines = running.lines("told.log");
            let told = lines.iter().filter(|line| line["target"] == "obs::config");
            let text = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap_or("").to_owned();
            told.map(|line| (text(line, "message"), text(line, "error") + &text(line, "keys")))
                .collect::<Vec<_>>()
        };
        let path = running.yaml.path.to_str().unwrap().to_owned();
        let mut seen = 0;
        let mut next = |text: &str| {
            running.rewrite(text);
            running.hang_up();
            seen += 1;
            until("it is told", || told().len() == seen);
            let (message, said) = told().pop().unwrap();
            (message, said.replace(&path, "obs.yaml"))
        };
        let kept = |said: &str| ("configuration kept".to_owned(), said.to_owned());
        tracing::info!(target: "shop", id = 1);
        let unknown = "obs.yaml:10:7: logs.routes[1]: there is no output `loki` in `logs.outputs`, which has `a`, `b`, `told`";
        assert_eq!(next(&text("loki", "debug", "")), kept(unknown));
        tracing::info!(target: "shop", id = 2);
        tracing::debug!(target: "shop", id = 3);
        let hidden =
            "obs.yaml:11:7: logs.routes[2]: no line comes this far: route 2 takes every line that it would";
        assert_eq!(
            next(&text("b", "debug", "").replace("{ target: shop }", "{ target: '*' }")),
            kept(hidden)
        );
        tracing::info!(target: "shop", id = 4);
        let wrong = "obs.yaml:12:22: logs.sampling.first: `none` is wrong, expected a whole number from 1 to 1000000000";
        assert_eq!(next(&text("b", "info", "  sampling: { first: none }")), kept(wrong));
        tracing::info!(target: "shop", id = 5);
        assert_eq!(ids(&running.lines("a.log")), [1, 2, 4, 5]);
        assert_eq!(running.text("b.log"), "");
        let (message, keys) = next(&text("b", "debug", ""));
        assert_eq!((message.as_str(), keys.as_str()), ("configuration reloaded", "logs.level, logs.routes"));
        tracing::debug!(target: "shop", id = 6);
        assert_eq!(ids(&running.lines("b.log")), [6]);
        let more = text("b", "debug", "").replace("wait: 20s", "wait: 10s");
        assert_eq!(next(&more), ("changes need a restart".to_owned(), "logs.outputs".to_owned()));
    });
}

#[test]
fn ticks_go_on_where_a_reload_leaves_them_alone_and_begin_anew_where_it_does_not() {
    let name = "ticks_go_on_where_a_reload_leaves_them_alone_and_begin_anew_where_it_does_not";
    alone(module_path!(), name, &[], || {
        let text = |level: &str, first: u64, lines: u64| {
            format!(
                "
logs:
  level: {level}
  outputs: {{ main: {{ type: file, path: FOLDER/main.log }} }}
  sampling: {{ tick: 1h, first: {first}, thereafter: 0 }}
  rate_limit: {{ tick: 1h, lines: {lines} }}
"
            )
        };
        let running = Running::install("reload-ticks", &text("info", 2, 4));
        let mut round = 0;
        // The lines that are written of ten that are the same, and of ten that are said in one place.
        let mut written = || {
            let from = round * 1_000;
            round += 1;
            for id in from..from + 10 {
                tracing::info!(target: "shop", id, "the same");
                tracing::info!(target: "shop", id = 100 + id, "number {id}");
            }
            let ids = ids(&running.lines("main.log"));
            let of = |from: u64| ids.iter().filter(|id| (from..from + 10).contains(id)).count();
            (of(from), of(from + 100))
        };
        let mut applied = 0.0;
        let mut reload = |text: &str| {
            running.rewrite(text);
            running.hang_up();
            applied += 1.0;
            until("it is taken up", || {
                running.sum("obs_config_reloads_total", &[("result", "applied")]) == applied
            });
        };
        assert_eq!(written(), (2, 4));
        for level in ["debug", "info"] {
            reload(&text(level, 2, 4));
            assert_eq!(written(), (0, 0), "the level alone is another, {level}");
        }
        reload(&text("info", 3, 4));
        assert_eq!(written(), (3, 4));
        reload(&text("info", 3, 5));
        assert_eq!(written(), (3, 5));
    });
}
