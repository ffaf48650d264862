//! Each other machine is asked once at the start whether it is there; what is wrong is told, and nothing else happens.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::config::file::Yaml;
use crate::process::alone;
use crate::receiver::Receiver;
use crate::service::until;

/// The lines of the output `main` that a question has left.
pub(crate) fn told(obs: &obs::Obs) -> Vec<Value> {
    let lines = obs.lines_in("main").unwrap();
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["target"] == "obs::export").collect()
}

/// What it says: which way out, where to, what is wrong.
pub(crate) fn said(line: &Value) -> [&str; 3] {
    assert_eq!((&line["level"], &line["message"]), (&json!("WARN"), &json!("does not answer as it should")));
    ["output", "url", "error"].map(|field| line[field].as_str().unwrap())
}

fn file(name: &str, elastic: &Receiver) -> Yaml {
    let text = format!(
        "
logs:
  outputs:
    main: {{ type: memory, format: json }}
    loki: {{ type: loki, url: 'http://127.0.0.1:1', token: hunter2 }}
    elk: {{ type: elasticsearch, url: ['{}', 'http://nowhere.invalid'], user: ada, password: hunter2 }}
    quiet: {{ type: loki, url: 'http://127.0.0.1:2', probe: false }}
  routes: [{{ default: main }}]
traces: {{ endpoint: 'http://127.0.0.1:1/?key=hunter2' }}
",
        elastic.url()
    );
    Yaml::new(name, &text)
}

fn expected(elastic: &Receiver) -> Vec<[String; 3]> {
    let of = |parts: [&str; 3]| parts.map(str::to_owned);
    vec![
        of(["log output elk", &format!("{}/", elastic.url()), "401 Unauthorized"]),
        of(["log output elk", "http://nowhere.invalid/", "name not known"]),
        of(["log output loki", "http://127.0.0.1:1/loki/api/v1/push", "connection refused"]),
        of(["the collector of spans", "http://127.0.0.1:1/v1/traces", "connection refused"]),
    ]
}

#[test]
fn what_is_not_there_is_told_once_with_its_name_its_place_and_the_cause() {
    let name = "what_is_not_there_is_told_once_with_its_name_its_place_and_the_cause";
    let stderr = alone(module_path!(), name, &[], || {
        let elastic = Receiver::start(401);
        let yaml = file("probes-installed", &elastic);
        let obs = yaml.builder().install().unwrap();
        until("all were asked", || told(&obs).len() >= 4);
        let told = told(&obs);
        let mut found: Vec<_> = told.iter().map(|line| said(line).map(str::to_owned)).collect();
        found.sort();
        assert_eq!(found, expected(&elastic));
        assert!(!format!("{told:?}").contains("hunter2"));
        // As clients of Elastic's own ask, with the credentials that lines will come with.
        let [head] = elastic.heads().try_into().unwrap();
        assert_eq!(head[0], "GET / HTTP/1.1");
        assert!(head.contains(&"authorization: Basic YWRhOmh1bnRlcjI=".to_owned()), "{head:?}");
        eprintln!("elastic is {}", elastic.url());
    });
    let url = stderr.split("elastic is ").nth(1).unwrap().lines().next().unwrap();
    for line in [
        &format!("obs: log output elk ({url}/) does not answer as it should: 401 Unauthorized"),
        "obs: log output elk (http://nowhere.invalid/) does not answer as it should: name not known",
        "obs: log output loki (http://127.0.0.1:1/loki/api/v1/push) does not answer as it should: connection refused",
        "obs: the collector of spans (http://127.0.0.1:1/v1/traces) does not answer as it should: connection refused",
    ] {
        assert_eq!(stderr.matches(line).count(), 1, "{line}\n{stderr}");
    }
    assert!(!stderr.contains("quiet") && !stderr.contains("hunter2"), "{stderr}");
}

#[test]
fn an_installation_of_its_own_has_its_lines_itself() {
    let elastic = Receiver::start(401);
    let yaml = file("probes-apart", &elastic);
    let obs = yaml.builder().build().unwrap();
    until("all were asked", || told(&obs).len() >= 4);
    let mut found: Vec<_> = told(&obs).iter().map(|line| said(line).map(str::to_owned)).collect();
    found.sort();
    assert_eq!(found, expected(&elastic));
}

#[test]
fn who_answers_well_is_asked_once_and_nothing_is_told_or_counted() {
    let (loki, collector) = (Receiver::start(204), Receiver::start(200));
    let text = format!(
        "
logs: {{ outputs: {{ main: {{ type: memory, format: json }}, far: {{ type: loki, url: '{}', tenant: shop }} }} }}
traces: {{ endpoint: '{}' }}
",
        loki.url(),
        collector.url()
    );
    let yaml = Yaml::new("probes-well", &text);
    let obs = yaml.builder().build().unwrap();
    until("both were asked", || loki.lines().len() + collector.lines().len() == 2);
    let [head] = loki.heads().try_into().unwrap();
    assert_eq!(head[0], "POST /loki/api/v1/push HTTP/1.1");
    assert!(head.contains(&"x-scope-orgid: shop".to_owned()), "{head:?}");
    let [head] = collector.heads().try_into().unwrap();
    assert_eq!(head[0], "POST /v1/traces HTTP/1.1");
    assert!(head.contains(&"content-length: 0".to_owned()), "a request without spans: {head:?}");
    drop(obs);
    assert_eq!((loki.lines().len(), collector.lines().len()), (1, 1), "nothing was there to be sent");
}

#[test]
fn a_start_and_an_end_wait_for_no_answer() {
    let silent = Receiver::start(0);
    let text = format!(
        "
logs: {{ outputs: {{ main: {{ type: memory }}, far: {{ type: loki, url: '{}', timeout: 1h }} }}, routes: [{{ default: main }}] }}
traces: {{ endpoint: '{}', timeout: 1h }}
",
        silent.url(),
        silent.url()
    );
    let yaml = Yaml::new("probes-silent", &text);
    let began = Instant::now();
    let obs = yaml.builder().build().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    until("both were asked", || silent.lines().len() == 2);
    let began = Instant::now();
    drop(obs);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn a_question_is_no_traffic() {
    struct Batches(u64);
    impl obs_core::meter::Meter for Batches {
        fn counter(&mut self, metric: &'static obs_core::keys::Metric, _: &[&str], value: u64) {
            self.0 += if metric.name == "obs_pipeline_sent_batches_total" { value } else { 0 };
        }
        fn gauge(&mut self, _: &'static obs_core::keys::Metric, _: &[&str], _: f64) {}
    }
    let collector = Receiver::start(200);
    let yaml = Yaml::new("probes-traffic", &format!("traces: {{ endpoint: '{}' }}", collector.url()));
    let obs = yaml.builder().log_output(obs::config::LogOutput::Off).build().unwrap();
    until("it was asked", || collector.lines().len() == 1);
    let mut batches = Batches(0);
    obs.base().sources.collect(&mut batches);
    assert_eq!(batches.0, 0);
}
