//! Receivers that are there and will not have it: a tenant, labels beyond limits, a template that conflicts. Lines are
//! lost at once, counted by their reason, and told with what the receiver says.

use crate::config::file::Yaml;
use crate::process::alone;
use crate::receiver::Receiver;
use crate::scrape::Scrape;
use crate::service::{LONG, until};

/// One document that finds its field mapped to another type, and one whose data stream no template makes.
const CONFLICT: &str = r#"{"errors":true,"items":[{"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"failed to parse field [order] of type [long]: hunter2"}}}]}"#;
const NO_TEMPLATE: &str = r#"{"errors":true,"items":[{"create":{"status":404,"error":{"type":"index_not_found_exception","reason":"no such index"}}}]}"#;

#[test]
fn what_a_receiver_refuses_is_lost_at_once_counted_as_rejected_and_told() {
    let name = "what_a_receiver_refuses_is_lost_at_once_counted_as_rejected_and_told";
    // The place, its status, and what is said of it.
    let stderr = alone(module_path!(), name, &[], || {
        let loki = [401, 404, 400].map(Receiver::start);
        let elastic = [CONFLICT, NO_TEMPLATE].map(|says| Receiver::saying(200, says));
        let unwell = Receiver::start(401);
        let url = |receiver: &Receiver| receiver.url();
        let text = format!(
            "
logs:
  outputs:
    main: {{ type: memory }}
    no_tenant: {{ type: loki, url: '{}', tenant: nobody, probe: false, token: hunter2 }}
    no_path: {{ type: loki, url: '{}', probe: false }}
    labels: {{ type: loki, url: '{}', labels: {{ a: b }}, probe: false }}
    conflict: {{ type: elasticsearch, url: '{}', probe: false }}
    template: {{ type: elasticsearch, url: '{}', probe: false }}
traces: {{ endpoint: '{}', token: hunter2, probe: false }}
",
            url(&loki[0]),
            url(&loki[1]),
            url(&loki[2]),
            url(&elastic[0]),
            url(&elastic[1]),
            url(&unwell)
        );
        let yaml = Yaml::new("refused", &text);
        let obs = yaml.builder().build().unwrap();
        tracing::dispatcher::with_default(obs.dispatch(), || {
            tracing::info_span!("checkout").in_scope(|| tracing::info!(order = "x", "refused"));
        });
        assert!(obs.flush(LONG), "nothing is tried again");
        let scrape = Scrape::of(obs.recorder());
        for pipeline in
            ["logs_no_tenant", "logs_no_path", "logs_labels", "logs_conflict", "logs_template", "traces_otlp"]
        {
            let dropped = |reason| {
                scrape.sum("obs_pipeline_dropped_total", &[("pipeline", pipeline), ("reason", reason)])
            };
            assert_eq!(dropped("rejected"), 1.0, "{pipeline}");
            let delivered = scrape.sum("obs_pipeline_delivered_total", &[("pipeline", pipeline)]);
            assert_eq!(delivered, 0.0, "{pipeline}");
        }
        for (receiver, path) in [(&loki[0], "/loki/api/v1/push"), (&unwell, "/v1/traces")] {
            assert_eq!(receiver.lines(), [format!("POST {path} HTTP/1.1")], "asked once");
        }
        assert!(loki[0].heads()[0].contains(&String::from("x-scope-orgid: nobody")));
    });
    for (output, status) in [
        ("no_tenant", "401"),
        ("no_path", "404"),
        ("labels", "400"),
        ("conflict", "200: document_parsing_exception"),
        ("template", "200: index_not_found_exception"),
    ] {
        let line =
            stderr.lines().find(|line| line.starts_with(&format!("obs: log output {output} (http://")));
        let line = line.unwrap_or_else(|| panic!("{output}: {stderr}"));
        let end = format!(": 1 lines lost: 1 records lost (rejected) after 1 attempts: status {status}");
        assert!(line.ends_with(&end), "{line}");
    }
    let spans = "obs: spans are lost: 1 records lost (rejected) after 1 attempts: status 401";
    assert!(stderr.contains(spans), "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
}

#[test]
fn what_is_durable_waits_where_it_is_not_let_in_and_is_delivered_once_it_is() {
    let (loki, collector) = (Receiver::start(401), Receiver::start(403));
    let text = format!(
        "
journal: {{ directory: FOLDER/j }}
logs: {{ outputs: {{ far: {{ type: loki, url: '{}', durable: true, probe: false, token: expired }} }} }}
traces: {{ endpoint: '{}', durable: true, probe: false, linger: 1ms }}
",
        loki.url(),
        collector.url()
    );
    let yaml = Yaml::new("let-in", "");
    yaml.write(text.replace("FOLDER", yaml.beside("").to_str().unwrap().trim_end_matches('/')));
    let obs = yaml.builder().build().unwrap();
    tracing::dispatcher::with_default(obs.dispatch(), || {
        tracing::info_span!("checkout").in_scope(|| tracing::info!("kept"));
    });
    until("both were asked twice", || loki.lines().len() > 1 && collector.lines().len() > 1);
    let scrape = Scrape::of(obs.recorder());
    for pipeline in ["logs_far", "traces_otlp"] {
        let of = |metric| scrape.sum(metric, &[("pipeline", pipeline)]);
        assert_eq!((of("obs_pipeline_pending"), of("obs_pipeline_dropped_total")), (1.0, 0.0), "{pipeline}");
    }
    loki.answer(204);
    collector.answer(200);
    assert!(obs.flush(LONG));
    let scrape = Scrape::of(obs.recorder());
    for pipeline in ["logs_far", "traces_otlp"] {
        assert_eq!(scrape.sum("obs_pipeline_delivered_total", &[("pipeline", pipeline)]), 1.0, "{pipeline}");
    }
}
