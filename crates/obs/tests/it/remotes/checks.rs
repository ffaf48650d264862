//! A way out that asks for it has a check of health, which never takes the service out of traffic.

use std::time::Duration;

use obs::health::{CheckReport, Importance, Status};

use crate::config::file::Yaml;
use crate::receiver::Receiver;
use crate::scrape::Scrape;
use crate::service::{exchange, request, until};

pub(crate) struct Checked {
    pub(crate) obs: obs::Obs,
    runtime: tokio::runtime::Runtime,
    _yaml: Yaml,
}

impl Checked {
    pub(crate) fn start(name: &str, text: &str) -> Self {
        let yaml = Yaml::new(
            name,
            &format!("{text}\nhealth: {{ timeout: 5ms, interval: 5ms }}\nadmin: {{ addr: '127.0.0.1:0' }}"),
        );
        let obs = yaml.builder().build().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        obs.health().run_on(runtime.handle());
        obs.ready();
        Self { obs, runtime, _yaml: yaml }
    }

    pub(crate) fn check(&self, name: &str) -> CheckReport {
        self.obs.health().checks().into_iter().find(|check| check.name == name).expect("the check")
    }

    pub(crate) fn say(&self) {
        tracing::dispatcher::with_default(self.obs.dispatch(), || tracing::info!("said"));
        self.obs.flush(Duration::from_secs(10));
    }

    pub(crate) fn readyz(&self) -> u16 {
        exchange(self.obs.admin_addr().unwrap(), &request("GET", "/readyz", "")).unwrap().status
    }
}

#[test]
fn an_output_that_does_not_get_through_degrades_the_service_until_it_does_again() {
    let loki = Receiver::start(401);
    let far =
        format!("far: {{ type: loki, url: '{}', health: true, probe: false, token: hunter2 }}", loki.url());
    let checked = Checked::start("checks-far", &format!("logs: {{ outputs: {{ {far} }} }}"));
    until("nothing was sent, and nothing is wrong", || checked.check("logs_far").status == Status::Passed);
    assert_eq!(checked.check("logs_far").importance, Importance::Degraded);

    checked.say();
    until("that is found", || checked.check("logs_far").status == Status::Failed);
    until("the loss is told once, the last answer as long as it is the last", || {
        checked.check("logs_far").error.as_deref() == Some("401 Unauthorized, 0 s ago")
    });
    assert_eq!(checked.readyz(), 200, "it is not critical");
    let scrape = Scrape::of(checked.obs.recorder());
    assert_eq!(scrape.sum("health_check_status", &[("check", "logs_far")]), 0.0);
    let lost = [("pipeline", "logs_far"), ("reason", "rejected")];
    assert_eq!(scrape.sum("obs_pipeline_dropped_total", &lost), 1.0);

    loki.answer(204);
    checked.say();
    until("it is well again", || checked.check("logs_far").status == Status::Passed);
    drop(checked.runtime);
}

#[test]
fn spans_have_a_check_where_they_ask_for_it() {
    let collector = Receiver::start(404);
    let text = format!(
        "logs: {{ output: off }}\ntraces: {{ endpoint: '{}', probe: false, health: true }}",
        collector.url()
    );
    let checked = Checked::start("checks-spans", &text);
    tracing::dispatcher::with_default(checked.obs.dispatch(), || drop(tracing::info_span!("step").entered()));
    checked.obs.flush(Duration::from_secs(10));
    until("that is found", || {
        let check = checked.check("traces_otlp");
        check.status == Status::Failed
            && check.error.is_some_and(|error| error.starts_with("404 Not Found, "))
    });
    assert_eq!(checked.readyz(), 200);
}

#[test]
fn lines_that_are_dropped_are_told_although_the_receiver_answers() {
    let loki = Receiver::start(0);
    let far = format!(
        "far: {{ type: loki, url: '{}', health: true, probe: false, queue: 4KiB, timeout: 1h }}",
        loki.url()
    );
    let checked = Checked::start("checks-drops", &format!("logs: {{ outputs: {{ {far} }} }}"));
    until("nothing is wrong", || checked.check("logs_far").status == Status::Passed);
    let mut seen = None;
    until("drops are found", || {
        tracing::dispatcher::with_default(checked.obs.dispatch(), || tracing::info!("{}", "x".repeat(2_000)));
        seen = checked.check("logs_far").error;
        seen.is_some()
    });
    let error = seen.unwrap();
    assert!(error.ends_with(" records dropped since the last look"), "{error}");
}

#[test]
fn nothing_has_a_check_that_asks_for_none_and_a_name_that_no_check_has_is_told() {
    let yaml = Yaml::new(
        "checks-none",
        "logs: { outputs: { far: { type: loki, url: 'http://127.0.0.1:1', probe: false } } }",
    );
    assert!(yaml.builder().build().unwrap().health().checks().is_empty());
    let name = "n".repeat(60);
    let output = format!("{name}: {{ type: loki, url: 'http://127.0.0.1:1', health: true }}");
    let yaml = Yaml::new("checks-long", &format!("logs: {{ outputs: {{ {output} }} }}"));
    let error = yaml.builder().build().unwrap_err().to_string();
    assert!(error.contains("its `health`") && error.contains("longer than 64 bytes"), "{error}");
}
