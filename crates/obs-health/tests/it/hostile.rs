//! Texts that want to break out, and probes without end.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use http::Method;
use obs_health::{CheckError, Settings, Status, admin};

use super::rig::{Count, Rig, SECOND, ask, settle};

async fn error_of(text: String) -> (String, String) {
    let rig = Rig::new();
    rig.health.check("db", move || std::future::ready(Err::<(), _>(text.clone()))).unwrap();
    settle().await;
    let (status, body) = rig.get("/readyz?verbose");
    assert_eq!((status, rig.status("db")), (503, Status::Failed));
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    (json["checks"][0]["error"].as_str().unwrap().to_owned(), body)
}

#[tokio::test(start_paused = true)]
async fn texts_with_signs_of_json_and_of_terminals_come_back_as_they_were() {
    for text in
        ["say \"hi\"\\", "a\nb\r\tc\0", "\u{1b}[31mred\u{7f}\u{9b}", "\u{202e}\u{2028}", "}],\"x\":[{", "é🦀"]
    {
        let (error, body) = error_of(text.to_owned()).await;
        assert_eq!(error, text);
        assert!(!body.contains(|char: char| char.is_control() || char == '\u{202e}'), "{body:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn megabytes_are_cut() {
    for unit in ["x", "é", "\u{1b}", "a b:c@d ", "password=x "] {
        let (error, body) = error_of(unit.repeat(1_000_000)).await;
        assert!(error.len() <= 256 && error.ends_with('…'), "{error}");
        assert!(body.len() < 2_000);
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_do_not_show() {
    for text in [
        "cannot reach postgres://shop:hunter2@db/shop",
        "dsn shop:hunter2@tcp(db:3306)",
        "401 for Authorization: Bearer hunter2.hunter2",
        "Config { password: \"hunter2\" }",
    ] {
        let (error, body) = error_of(text.to_owned()).await;
        assert!(!body.contains("hunter2") && error.contains("[redacted]"), "{body}");
    }
}

struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half a ")?;
        panic!("in Display")
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_whose_display_panics_is_told_as_far_as_it_goes() {
    let rig = Rig::new();
    rig.health.check("db", || async { Err(Panics) }).unwrap();
    settle().await;
    assert_eq!(rig.error("db"), "half a [panicked]");
    assert_eq!(CheckError::new(Panics).as_str(), "half a [panicked]");
}

/// What a check says that nobody runs.
const WAITS: &str = "waits for a runtime: serve, or call run_on()";

#[test]
fn thousands_of_probes_and_scrapes_while_checks_run_see_whole_answers() {
    let rig = Rig::new();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    rig.health.run_on(runtime.handle());
    let runs = Count::default();
    for number in 0..8 {
        let counted = runs.clone();
        let check = move || {
            let run = counted.add();
            async move {
                tokio::task::yield_now().await;
                if run % 2 == 0 { Ok(()) } else { Err("every other time, \"quoted\"") }
            }
        };
        let often = Settings::new().interval(SECOND / 1_000).stale_after(60 * SECOND);
        rig.health.check_with(format!("c{number}"), often, check).unwrap();
    }
    assert!(rig.health.checks().iter().all(|check| check.error.as_deref() != Some(WAITS)));
    let done = AtomicBool::new(false);
    let asked = Count::default();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let verbose = ask(&rig.health, &Method::GET, "/readyz?verbose");
                    let json: serde_json::Value = serde_json::from_slice(verbose.body()).unwrap();
                    let checks = json["checks"].as_array().unwrap();
                    let all_pass = checks.iter().all(|check| check["status"] == "passed");
                    assert_eq!((verbose.status() == 200, checks.len()), (all_pass, 8), "{json}");
                    for check in checks {
                        assert_eq!(check["error"].is_string(), check["status"] != "passed", "{check}");
                    }
                    for path in admin::PATHS {
                        assert_ne!(ask(&rig.health, &Method::GET, path).body().len(), 0);
                    }
                    super::numbers::collect(&rig.base);
                    asked.add();
                }
            });
        }
        while asked.get() < 3_000 || runs.get() < 500 {
            thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
    });
}
