//! The first installation: the ecosystem's macros reach it, a panic leaves a line, and its end delivers what waits.

use axum::Router;
use axum::routing::get;
use serde_json::Value;

use crate::collector::{Answer, Collector};
use crate::process::alone;
use crate::scrape::Scrape;
use crate::service::{Service, TempFile, exchange, request, until};

const ADMIN: &str = "127.0.0.1:0";

#[tracing::instrument]
async fn inner() {
    tracing::info!(answer = 42, "inside");
    metrics::counter!("answers").increment(3);
}

fn router() -> Router {
    let hello = async || {
        inner().await;
        "hello"
    };
    let panicking = async || -> &'static str { panic!("oh no") };
    Router::new().route("/hello", get(hello)).route("/panic", get(panicking))
}

fn with<'a>(lines: &'a [Value], key: &str, value: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line[key] == value).collect()
}

#[test]
fn macros_of_the_ecosystem_reach_the_installation() {
    alone(module_path!(), "macros_of_the_ecosystem_reach_the_installation", &[], || {
        let file = TempFile::new("macros.log");
        let admin = obs::Admin::At(ADMIN.parse().unwrap());
        let obs = obs::builder("orders").admin(admin).log_file(&file.0).install().unwrap();
        let service = Service::start(router().layer(obs.layer()));
        let response = service.get("/hello");
        assert_eq!((response.status, response.body.as_str()), (200, "hello"));
        until("the lines are out", || {
            obs.flush(std::time::Duration::from_secs(10));
            file.lines().len() == 2
        });
        let lines = file.lines();
        let [inside] = with(&lines, "message", "inside")[..] else { panic!("{lines:?}") };
        let [access] = with(&lines, "message", "request")[..] else { panic!("{lines:?}") };
        assert_eq!((&inside["answer"], &inside["service"]), (&Value::from(42), &Value::from("orders")));
        for line in [inside, access] {
            assert_eq!(line["trace_id"], response.header("x-trace-id"));
            assert_eq!(line["request_id"], response.header("x-request-id"));
        }
        assert_ne!(inside["span_id"], access["span_id"], "the line stands in the span of its function");

        let scraped = exchange(obs.admin_addr().unwrap(), &request("GET", "/metrics", "")).unwrap();
        assert_eq!(Scrape::parse(&scraped.body).sum("answers_total", &[]), 3.0);
    });
}

#[test]
fn a_subscriber_of_the_calling_thread_is_no_global_one() {
    alone(module_path!(), "a_subscriber_of_the_calling_thread_is_no_global_one", &[], || {
        let file = TempFile::new("scoped.log");
        let scoped = tracing::subscriber::set_default(tracing_subscriber::registry());
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0).install().unwrap();
        tracing::info!("to the scoped one");
        drop(scoped);
        tracing::info!("to the global one");
        drop(obs);
        let lines = file.lines();
        assert_eq!((lines.len(), &lines[0]["message"]), (1, &Value::from("to the global one")));
    });
}

#[test]
fn a_panic_in_a_handler_leaves_one_line_and_the_service_lives() {
    alone(module_path!(), "a_panic_in_a_handler_leaves_one_line_and_the_service_lives", &[], || {
        let file = TempFile::new("panic.log");
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0).install().unwrap();
        let service = Service::start(router().layer(obs.layer()));
        let id = "x-request-id: ORD-1\r\n";
        assert!(exchange(service.addr, &request("GET", "/panic", id)).is_none(), "no head was made");
        assert_eq!(service.get("/hello").status, 200, "the service lives");
        drop(obs);
        let lines = file.lines();
        let [panic] = with(&lines, "target", "obs::panic")[..] else { panic!("{lines:?}") };
        assert_eq!((&panic["level"], &panic["message"]), (&Value::from("ERROR"), &Value::from("oh no")));
        assert_eq!(panic["request_id"], "ORD-1");
        assert!(panic["location"].as_str().unwrap().contains("globals.rs:"), "{panic}");
        let [access] = with(&lines, "outcome", "panicked")[..] else { panic!("{lines:?}") };
        assert_eq!(access["trace_id"], panic["trace_id"]);
    });
}

#[test]
fn dropping_the_installation_delivers_what_waits() {
    alone(module_path!(), "dropping_the_installation_delivers_what_waits", &[], || {
        let file = TempFile::new("drop.log");
        let collector = Collector::start(Answer::Ok);
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0);
        // So long that only the end can be what sends them.
        let hour = std::time::Duration::from_secs(3_600);
        let obs = obs.otlp_endpoint(collector.url()).no_otlp_probe().otlp_linger(hour).install().unwrap();
        for n in 0..1_000 {
            let _span = tracing::info_span!("step", n).entered();
            tracing::info!(n, "waits");
        }
        assert_eq!(collector.requests(), 0);
        drop(obs);
        let numbers = |line: &Value| line["n"].as_u64().unwrap();
        assert_eq!(file.lines().iter().map(numbers).collect::<Vec<_>>(), (0..1_000).collect::<Vec<_>>());
        assert_eq!(collector.spans().len(), 1_000);
        // Nobody is left to take what comes now, and nothing breaks by it.
        tracing::info!("too late");
        assert_eq!(file.lines().len(), 1_000);
    });
}

#[test]
fn a_panic_that_no_output_takes_is_told_by_the_hook_before() {
    let name = "a_panic_that_no_output_takes_is_told_by_the_hook_before";
    let told = alone(module_path!(), name, &[], || {
        let file = TempFile::new("late.log");
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0).install().unwrap();
        let panicked = |text: &'static str| std::thread::spawn(move || panic!("{text}")).join().is_err();
        assert!(panicked("while lines are taken"));
        drop(obs);
        assert!(panicked("after the end"));
        let lines = file.lines();
        assert_eq!(with(&lines, "message", "while lines are taken").len(), 1, "{lines:?}");
    });
    assert!(told.contains("after the end") && !told.contains("while lines are taken"), "{told}");
}
