//! What is `durable` by the file alone: outages, the end of the process, and what is refused.

use std::net::TcpListener;

use obs::Error;
use serde_json::Value;

use super::running::{Running, yaml};
use super::shipping::gunzip;
use crate::receiver::Receiver;
use crate::service::LONG;

/// An address at which nobody listens for now.
pub(super) fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// The ids on all lines that Loki has, in its order.
fn pushed(loki: &Receiver) -> Vec<u64> {
    pushed_since(loki, 0)
}

/// The same of all but so many requests.
pub(super) fn pushed_since(loki: &Receiver, requests: usize) -> Vec<u64> {
    let seen = loki.requests().split_off(requests).into_iter();
    let bodies = seen.map(|(_, body)| serde_json::from_str::<Value>(&gunzip(&body)).unwrap());
    let lines = bodies.flat_map(|body| body["streams"][0]["values"].as_array().unwrap().clone());
    let line = |value: Value| serde_json::from_str::<Value>(value[1].as_str().unwrap()).unwrap();
    lines.filter_map(|value| line(value)["id"].as_u64()).collect()
}

fn say(running: &Running, ids: std::ops::Range<u64>) {
    running.within(|| ids.for_each(|id| tracing::info!(target: "shop", id)));
}

#[test]
fn lines_and_spans_of_an_outage_wait_on_the_disk_for_the_next_process() {
    let (loki, collector) = (nobody(), nobody());
    let text = format!(
        "
journal: {{ directory: FOLDER/journal, max: 4MiB }}
logs:
  outputs:
    far: {{ type: loki, url: 'http://{loki}', encoding: json, durable: true, spill: 2MiB, probe: false }}
    near: {{ type: file, path: FOLDER/near.log, format: json, durable: true }}
traces: {{ endpoint: 'http://{collector}', durable: true, linger: 10ms, probe: false }}
"
    );
    let running = Running::build("durable", &text);
    say(&running, 0..500);
    running.within(|| tracing::info_span!("kept").in_scope(|| ()));
    // Beyond the directories of three ways out there is nothing.
    let mut named: Vec<_> = std::fs::read_dir(running.path("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    named.sort();
    assert_eq!(named, ["logs_far", "logs_near", "traces_otlp"]);
    let scrape = running.scrape();
    let of = |metric: &str, pipeline: &str| scrape.sum(metric, &[("pipeline", pipeline)]);
    assert_eq!(of("obs_pipeline_pending", "logs_far"), 500.0);
    assert_eq!(of("obs_pipeline_recovered_total", "logs_far"), 0.0);
    let Running { obs, yaml } = running;
    drop(obs);
    assert_eq!(std::fs::read_to_string(yaml.beside("near.log")).unwrap().lines().count(), 500);

    let (loki, collector) = (Receiver::at(&loki, 200), Receiver::at(&collector, 200));
    let running = Running { obs: yaml.builder().build().unwrap(), yaml };
    say(&running, 500..600);
    assert!(running.obs.flush(LONG));
    assert_eq!(pushed(&loki), (0..600).collect::<Vec<_>>());
    let scrape = running.scrape();
    let of = |metric: &str, pipeline: &str| scrape.sum(metric, &[("pipeline", pipeline)]);
    for (pipeline, before, all) in
        [("logs_far", 500.0, 600.0), ("logs_near", 0.0, 100.0), ("traces_otlp", 1.0, 1.0)]
    {
        assert_eq!(of("obs_pipeline_recovered_total", pipeline), before, "{pipeline}");
        assert_eq!(of("obs_pipeline_produced_total", pipeline), all, "{pipeline}");
        assert_eq!(of("obs_pipeline_delivered_total", pipeline), all, "{pipeline}");
        assert_eq!(of("obs_pipeline_pending", pipeline), 0.0, "{pipeline}");
    }
    let [(head, body)] = collector.requests().try_into().unwrap();
    assert!(head[0].starts_with("POST /v1/traces "), "{head:?}");
    assert!(body.windows(4).any(|bytes| bytes == b"kept"));
    let ids: Vec<_> = running.lines("near.log").iter().map(|line| line["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..600).collect::<Vec<_>>());
}

/// What is said of a file that cannot be built from.
#[track_caller]
fn refused(name: &str, text: &str, expected: &str) {
    let yaml = yaml(name, text);
    let error = yaml.builder().build().unwrap_err();
    let mut said = error.to_string();
    if let Error::Signal { source, .. } = &error {
        said = format!("{said}: {source}");
    }
    assert!(said.contains(expected), "{said}");
}

#[test]
fn what_cannot_be_durable_is_told_with_its_place() {
    let of = |output: &str| format!("logs: {{ outputs: {{ main: {{ {output} }} }} }}\n");
    refused(
        "durable-nowhere",
        &of("type: file, path: FOLDER/a.log, durable: true"),
        "logs.outputs.main: it is `durable`, and no `journal.directory` is chosen",
    );
    refused(
        "durable-traces",
        "traces: { durable: true, endpoint: 'http://127.0.0.1:1' }\n",
        "traces.durable: it is `durable`, and no `journal.directory` is chosen",
    );
    let with = |output: &str| format!("journal: {{ directory: FOLDER/j }}\n{}", of(output));
    refused(
        "durable-stdout",
        &with("type: stdout, durable: true"),
        "logs.outputs.main.durable: has no effect: lines are kept for a file or for whoever they are sent to",
    );
    refused(
        "durable-queue",
        &with("type: file, path: FOLDER/a.log, durable: true, queue: 1MiB"),
        "logs.outputs.main.queue: has no effect: what is `durable` has the bytes of `spill`",
    );
    refused(
        "durable-spill",
        &with("type: file, path: FOLDER/a.log, spill: 2MiB"),
        "logs.outputs.main.spill: has no effect: it is not `durable`",
    );
}

#[test]
fn a_journal_belongs_to_one_process_and_to_one_kind_of_receiver() {
    let url = nobody();
    let text = |output: &str| {
        format!(
            "journal: {{ directory: FOLDER/j }}\nlogs: {{ outputs: {{ main: {{ {output}, durable: true }} }} }}\n"
        )
    };
    let loki = text(&format!("type: loki, url: 'http://{url}'"));
    let running = Running::build("durable-twice", &loki);
    say(&running, 0..1);
    let told = |error: Error| match error {
        Error::Signal { source, .. } => source.to_string(),
        error => error.to_string(),
    };
    let error = told(running.yaml.builder().build().unwrap_err());
    let pid = std::process::id();
    assert!(error.contains(&format!("j/logs_main is in use by process {pid}")), "{error}");
    let Running { obs, yaml } = running;
    drop(obs);
    let elastic = text(&format!("type: elasticsearch, url: 'http://{url}'"));
    let folder = yaml.beside("");
    yaml.write(elastic.replace("FOLDER", folder.to_str().unwrap().trim_end_matches('/')));
    let error = told(yaml.builder().build().unwrap_err());
    assert!(
        error.contains("holds records of loki protobuf that are not delivered, and none of elasticsearch"),
        "{error}"
    );
}
