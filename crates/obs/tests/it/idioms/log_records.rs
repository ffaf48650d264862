//! Records of the `log` crate are lines like any other.

use axum::Router;
use axum::routing::get;
use log::{Level, LevelFilter};

use crate::process::alone;
use crate::service::{Service, TempFile};

#[test]
fn records_carry_ids_and_their_own_target_level_and_place() {
    alone(module_path!(), "records_carry_ids_and_their_own_target_level_and_place", &[], || {
        let file = TempFile::new("records.log");
        let builder = obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).log_caller();
        let obs = builder.log_filter("info,noisy=warn,chatty=debug").trace_filter("off").install().unwrap();
        assert_eq!(log::max_level(), LevelFilter::Debug);
        let (info_line, warn_line) = (line!() + 2, line!() + 3);
        let handler = async || {
            log::info!("plain {}", 42);
            log::warn!(target: "noisy", "loud");
            log::info!(target: "noisy", "too quiet");
            log::info!(target: "noisy::inner", "too quiet as well");
            log::debug!(target: "chatty::inner", "wanted");
            log::debug!("not wanted");
            for _ in 0..3 {
                log::error!("again and again");
            }
            "done"
        };
        assert!(log::log_enabled!(target: "chatty", Level::Debug));
        assert!(!log::log_enabled!(target: "noisy", Level::Info));
        let service = Service::start(Router::new().route("/", get(handler)).layer(obs.layer()));
        let response = service.get("/");
        drop((service, obs));
        let lines = file.lines();
        let seen: Vec<_> = lines
            .iter()
            .map(|line| {
                let text = |key: &str| line[key].as_str().unwrap();
                (text("target"), text("level"), text("message"))
            })
            .collect();
        let here = module_path!();
        let again = (here, "ERROR", "again and again");
        assert_eq!(
            seen,
            [
                (here, "INFO", "plain 42"),
                ("noisy", "WARN", "loud"),
                ("chatty::inner", "DEBUG", "wanted"),
                again,
                again,
                again,
                ("obs::access", "INFO", "request"),
            ]
        );
        for line in &lines[..6] {
            assert_eq!(line["request_id"], response.header("x-request-id"));
            assert_eq!(line["trace_id"], response.header("x-trace-id"));
        }
        for (line, number) in [(&lines[0], info_line), (&lines[1], warn_line)] {
            let caller = line["caller"].as_str().unwrap();
            assert!(caller.ends_with(&format!("log_records.rs:{number}")), "{caller} {number}");
        }
    });
}

#[test]
fn targets_that_are_made_up_while_running_are_bounded() {
    alone(module_path!(), "targets_that_are_made_up_while_running_are_bounded", &[], || {
        let file = TempFile::new("made-up.log");
        let obs = obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).install().unwrap();
        for n in 0..5_000 {
            log::info!(target: &format!("made_up_{n}"), "{n}");
        }
        log::warn!(target: "one_more", "warned");
        drop(obs);
        let lines = file.lines();
        assert_eq!(lines.len(), 5_001);
        assert_eq!(lines[0]["target"], "made_up_0");
        assert_eq!((&lines[4_999]["target"], &lines[4_999]["message"]), (&"log".into(), &"4999".into()));
        assert_eq!((&lines[5_000]["target"], &lines[5_000]["level"]), (&"log".into(), &"WARN".into()));
        assert_eq!(lines.iter().filter(|line| line["target"] != "log").count(), 4_096);
    });
}

struct Theirs;

impl log::Log for Theirs {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        false
    }
    fn log(&self, _: &log::Record<'_>) {}
    fn flush(&self) {}
}

#[test]
fn a_logger_that_was_set_before_is_a_clear_error_and_nothing_else_is_set() {
    alone(
        module_path!(),
        "a_logger_that_was_set_before_is_a_clear_error_and_nothing_else_is_set",
        &[],
        || {
            log::set_logger(&Theirs).unwrap();
            let error = obs::builder("shop").admin(obs::Admin::Off).install().unwrap_err();
            assert_eq!(
                error.to_string(),
                "a global log logger was installed before obs; install only one of them"
            );
            assert!(!tracing::dispatcher::has_been_set());
        },
    );
}

#[test]
fn levels_that_change_while_running_reach_the_log_crate() {
    alone(module_path!(), "levels_that_change_while_running_reach_the_log_crate", &[], || {
        let builder = obs::builder("shop").admin(obs::Admin::Off).log_output(obs::config::LogOutput::Off);
        let obs = builder.trace_filter("warn").install().unwrap();
        assert_eq!(log::max_level(), LevelFilter::Warn);
        obs.set_trace_filter("info,deep=trace").unwrap();
        assert_eq!(log::max_level(), LevelFilter::Trace);
        assert!(log::log_enabled!(target: "deep::er", Level::Trace));
        assert!(!log::log_enabled!(target: "flat", Level::Debug));
    });
}
