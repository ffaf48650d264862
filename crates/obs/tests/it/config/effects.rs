//! What the file chooses comes to pass, at the start and while the service runs.

use std::time::Duration;

use axum::Router;
use obs::Obs;
use obs::metrics::Format;

use super::file::Yaml;
use crate::collector::{Answer, Collector};
use crate::process::alone;
use crate::scrape::Scrape;
use crate::service::{Service, TempFile, exchange, request, until};

fn scrape(obs: &Obs) -> Scrape {
    Scrape::of(obs.recorder())
}

/// The bounds of a histogram as a scrape shows them.
fn bounds(obs: &Obs, family: &str) -> Vec<String> {
    let scrape = scrape(obs);
    let buckets = scrape.samples.iter().filter(|sample| sample.name == format!("{family}_bucket"));
    buckets.map(|sample| sample.label("le").unwrap().to_owned()).collect()
}

/// Waits until as many changes have been taken up.
#[track_caller]
fn applied(obs: &Obs, count: f64) {
    until("the change is taken up", || {
        scrape(obs).sum("obs_config_reloads_total", &[("result", "applied")]) >= count
    });
}

#[test]
fn series_histograms_and_beginnings_are_as_the_file_says() {
    alone(module_path!(), "series_histograms_and_beginnings_are_as_the_file_says", &[], || {
        let text = "
metrics:
  total_series_cap: 4
  idle_timeout: 30m
  native_histograms: [work_*, '*_bytes', exact_seconds]
  created_samples: true
";
        let file = Yaml::new("series", text);
        let obs = file.build().unwrap();
        let recorder = obs.recorder();
        for family in ["work_time", "sent_bytes", "exact_seconds", "other_seconds"] {
            recorder.histogram(family, &[]).unwrap().record(1.0);
        }
        for n in 0..9 {
            recorder.counter("orders", &[("n", &n.to_string())]).unwrap().increment(1);
        }
        let scrape = scrape(&obs);
        assert_eq!(scrape.sum("orders_total", &[("n", "_overflow")]), 9.0);
        assert_eq!(scrape.sum("obs_metric_expired_total", &[]), 0.0);
        let open = String::from_utf8(recorder.render(Format::OpenMetrics)).unwrap();
        assert!(open.contains("\nother_seconds_created "), "{open}");
        // Which have native buckets is told by the size of the messages: schema, threshold and a span.
        let protobuf = recorder.render(Format::Protobuf);
        let threshold = (1.0 / f64::from(1 << 30)).to_le_bytes();
        assert_eq!(protobuf.windows(8).filter(|bytes| *bytes == threshold).count(), 3);
    });
}

#[test]
fn metrics_are_as_the_file_says() {
    alone(module_path!(), "metrics_are_as_the_file_says", &[], || {
        let text = "
service: { env: prod, attributes: { team: core } }
metrics:
  default_buckets: [1, 2]
  buckets:
    - { prefix: db_, bounds: [3] }
    - { suffix: _bytes, bounds: [4] }
    - { metric: exact, bounds: [5] }
  series_cap: 3
  labels: [env, team, region]
  process: false
  runtime: false
";
        let file = Yaml::new("metrics", text);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _inside = runtime.enter();
        let obs = file.build().unwrap();
        let recorder = obs.recorder();
        for (family, expected) in [
            ("other", ["1", "2", "+Inf"].as_slice()),
            ("db_bytes", &["3", "+Inf"]),
            ("exact", &["5", "+Inf"]),
        ] {
            recorder.histogram(family, &[]).unwrap().observe(1.0, None);
            assert_eq!(bounds(&obs, family), expected, "{family}");
        }
        for n in 0..9 {
            recorder.counter("orders", &[("n", &n.to_string())]).unwrap().increment(1);
        }
        let scrape = scrape(&obs);
        assert_eq!(scrape.of_family("orders_total").len(), 3);
        for sample in &scrape.samples {
            assert_eq!(sample.label("env").zip(sample.label("team")), Some(("prod", "core")), "{sample:?}");
            assert_eq!(sample.label("region"), None, "what is not known is left out");
        }
        let left_out = |family: &String| family.starts_with("process_") || family.starts_with("tokio_");
        assert!(!scrape.families.keys().any(left_out));

        file.write(
            "metrics: { default_buckets: [7], series_cap: 3, process: false, runtime: false }\nservice: { env: prod }",
        );
        applied(&obs, 1.0);
        recorder.histogram("late", &[]).unwrap().observe(1.0, None);
        recorder.histogram("other", &[]).unwrap().observe(1.0, None);
        assert_eq!(bounds(&obs, "late"), ["7", "+Inf"]);
        assert_eq!(bounds(&obs, "other"), ["1", "2", "+Inf"], "what is there stays");
    });
}

#[test]
fn declared_metrics_are_there_from_the_first_scrape() {
    alone(module_path!(), "declared_metrics_are_there_from_the_first_scrape", &[], || {
        let families = TempFile::new("families.yaml");
        std::fs::write(
            &families.0,
            "
- { name: shelf_books, type: gauge, help: Books on the shelf. }
- name: http_request_duration_seconds
  type: histogram
  labels: [route, method]
  buckets: [0.3, 3]
",
        )
        .unwrap();
        let text = format!(
            "
metrics_file: {}
metrics:
  - name: orders_total
    type: counter
    help: Orders placed.
    labels: [{{ kind: [book, cup], paid: ['no'] }}]
",
            families.0.display()
        );
        let file = Yaml::new("declared", &text);
        let code = |builder: obs::Builder| {
            let placed = obs::metrics::Declaration::counter("orders_total").help("What the code says.");
            builder
                .declare(placed)
                .declare(obs::metrics::Declaration::histogram("read_seconds").buckets([7.0]))
        };
        let obs = code(file.builder()).build().unwrap();
        let text = String::from_utf8(obs.recorder().render(obs::metrics::Format::Text)).unwrap();
        for expected in [
            "# HELP orders_total Orders placed.\n# TYPE orders_total counter\n",
            "\norders_total{kind=\"book\",paid=\"no\"} 0\norders_total{kind=\"cup\",paid=\"no\"} 0\n",
            "# HELP shelf_books Books on the shelf.\n# TYPE shelf_books gauge\nshelf_books 0.0\n",
            "\nread_seconds_bucket{le=\"7\"} 0\n",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        assert!(obs.recorder().counter("orders_total", &[("kind", "pot"), ("paid", "no")]).is_err());
        let labels = [("route", "/"), ("method", "GET")];
        obs.recorder().histogram("http_request_duration_seconds", &labels).unwrap().observe(1.0, None);
        assert_eq!(bounds(&obs, "http_request_duration_seconds"), ["0.3", "3", "+Inf"]);
    });
}

#[test]
fn a_mistake_in_the_file_of_metrics_names_that_file() {
    let families = TempFile::new("wrong-families.yaml");
    std::fs::write(&families.0, "- { name: http_request_total, type: counter }\n- { name: a, typ: gauge }\n")
        .unwrap();
    let path = families.0.display();
    let file = Yaml::new("beside", &format!("metrics_file: {path}"));
    assert_eq!(file.mistakes(), [format!("{path}:2:14: [1].typ: unknown key; did you mean `type`?")]);
    std::fs::write(&families.0, "- { name: http_request_total, type: counter }\n").unwrap();
    assert_eq!(
        file.mistakes(),
        [format!(
            "{path}:1:3: http_request_total: `http_request_total` is nearly a metric of obs itself; did you mean \
             `http_requests_total`?"
        )]
    );
    std::fs::write(&families.0, "a: b").unwrap();
    assert!(
        file.mistakes()[0].starts_with(&format!("{path}:1:1: expected a list of metrics")),
        "{:?}",
        file.mistakes()
    );
    std::fs::remove_file(&families.0).unwrap();
    let mistakes = file.mistakes();
    assert!(
        mistakes[0].starts_with("obs.yaml:1:1: metrics_file: ") && mistakes[0].contains("No such file"),
        "{mistakes:?}"
    );
}

#[test]
fn a_label_that_no_sample_may_have_is_a_mistake_where_it_stands() {
    let file = Yaml::new(
        "label",
        "service: { attributes: { route: a, 'a.b': c } }\nmetrics: { labels: [route, 'a.b'] }",
    );
    let mistakes = file.mistakes();
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    assert!(mistakes[0].starts_with("obs.yaml:2:21: metrics.labels: const label `route`: "), "{mistakes:?}");
    assert!(mistakes[1].starts_with("obs.yaml:2:28: metrics.labels: const label `a.b`: "), "{mistakes:?}");
}

#[test]
fn levels_of_lines_change_and_change_back() {
    alone(module_path!(), "levels_of_lines_change_and_change_back", &[], || {
        let (file, lines) = (Yaml::new("levels", "logs: { level: info }"), TempFile::new("levels.log"));
        let obs = file.builder().log_file(&lines.0).install().unwrap();
        // One call site for all, so that what it remembers is put to the test.
        let line = |n: u64| tracing::debug!(target: "service", n, "looked at");
        line(1);
        file.write("logs: { level: debug }");
        applied(&obs, 1.0);
        line(2);
        file.write("logs: { level: info }");
        applied(&obs, 2.0);
        line(3);
        assert!(obs.flush(Duration::from_secs(10)));
        let numbers: Vec<_> = lines.lines().iter().filter_map(|line| line["n"].as_u64()).collect();
        assert_eq!(numbers, [2]);
    });
}

#[test]
fn lines_take_the_form_and_the_place_that_the_file_says() {
    alone(module_path!(), "lines_take_the_form_and_the_place_that_the_file_says", &[], || {
        let file = Yaml::new("form", "");
        let path = file.beside("orders.log");
        let line = |text: &str| {
            file.write(text.replace("PATH", path.to_str().unwrap()));
            let obs = file.builder().build().unwrap();
            tracing::dispatcher::with_default(obs.dispatch(), || tracing::info!(sku = "A 1", "placed"));
            drop(obs);
        };
        line("logs: { format: logfmt, file: { path: PATH } }");
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.contains("message=placed sku=\"A 1\""), "{written}");
        line("logs: { file: { path: PATH, rotate: daily, keep: 2 } }");
        let dated = std::fs::read_dir(path.parent().unwrap()).unwrap().filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            (name.starts_with("orders.20") && name.ends_with(".log")).then_some(name)
        });
        let dated: Vec<_> = dated.collect();
        let [name] = dated.as_slice() else { panic!("{dated:?}") };
        let written = std::fs::read_to_string(path.with_file_name(name)).unwrap();
        assert!(written.contains("\"sku\":\"A 1\""), "{written}");
    });
}

#[test]
fn lines_go_to_standard_error_when_the_file_says_so() {
    let name = "lines_go_to_standard_error_when_the_file_says_so";
    let told = alone(module_path!(), name, &[], || {
        let file = Yaml::new("stderr", "logs: { output: stderr, format: json }");
        let obs = file.builder().build().unwrap();
        tracing::dispatcher::with_default(obs.dispatch(), || tracing::info!("over here"));
        drop(obs);
    });
    assert!(told.contains("\"message\":\"over here\""), "{told}");
}

#[test]
fn spans_are_as_many_and_as_large_as_the_file_says() {
    alone(module_path!(), "spans_are_as_many_and_as_large_as_the_file_says", &[], || {
        let collector = Collector::start(Answer::Ok);
        let rest = format!(
            "  endpoint: {}\n  headers: {{ x-tenant: shop }}\n  linger: 0s\n  limits: {{ attributes: 2, attribute_length: 3 }}\n",
            collector.url()
        );
        let text = |ratio: f64, level: &str| {
            format!("logs: {{ output: off }}\ntraces:\n  ratio: {ratio}\n  level: {level}\n{rest}")
        };
        let file = Yaml::new("spans", &text(0.0, "info"));
        let obs = file.builder().install().unwrap();
        let names = || {
            assert!(obs.flush(Duration::from_secs(10)));
            collector.spans().into_iter().map(|span| span.name).collect::<Vec<_>>()
        };
        let both = |n: u64| {
            drop(tracing::info_span!(target: "service", "coarse", n, text = "abcdef").entered());
            drop(tracing::debug_span!(target: "service", "fine", n).entered());
        };
        both(1);
        assert_eq!(names(), [""; 0], "none of them");
        file.write(text(1.0, "info"));
        applied(&obs, 1.0);
        both(2);
        assert_eq!(names(), ["coarse"]);
        file.write(text(1.0, "debug"));
        applied(&obs, 2.0);
        both(3);
        assert_eq!(names(), ["coarse", "coarse", "fine"]);
        file.write(text(0.0, "debug"));
        applied(&obs, 3.0);
        both(4);
        assert_eq!(names().len(), 3);
        let span = &collector.spans()[0];
        assert_eq!(span.attributes.len(), 2, "{span:?}");
        assert!(span.dropped_attributes_count > 0, "{span:?}");
    });
}

#[test]
fn trees_are_printed_when_the_file_says_so() {
    alone(module_path!(), "trees_are_printed_when_the_file_says_so", &[], || {
        let file = Yaml::new("trees", "traces: { exporter: stdout }\nlogs: { output: off }");
        let obs = file.builder().build().unwrap();
        tracing::dispatcher::with_default(obs.dispatch(), || drop(tracing::info_span!("root").entered()));
        assert!(obs.flush(Duration::from_secs(10)));
        let delivered = scrape(&obs).sum("obs_pipeline_delivered_total", &[("pipeline", "traces_stdout")]);
        assert_eq!(delivered, 1.0);
    });
}

#[test]
fn a_check_goes_stale_no_sooner_than_it_may_run() {
    let file = Yaml::new("stale", "health: { interval: 10s, stale_after: 10s }");
    let mistakes = file.mistakes();
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].starts_with("obs.yaml:1:26: health.stale_after: "), "{mistakes:?}");
}

#[test]
fn at_the_edge_only_trusted_peers_go_on_with_a_trace() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let headers = format!("traceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n");
    for (peers, believed) in [("127.0.0.0/8", true), ("10.0.0.0/8, \"::1\"", false)] {
        let text = format!("traces: {{ trust: edge, trusted_peers: [{peers}] }}");
        let file = Yaml::new("peers", &text);
        let obs = file.build().unwrap();
        let service = Service::start(Router::new().layer(obs.layer()));
        let answer = exchange(service.addr, &request("GET", "/", &headers)).unwrap();
        assert_eq!(answer.header("x-trace-id") == TRACE, believed, "{peers}");
    }
}

#[test]
fn traces_come_and_go_in_the_formats_of_the_file() {
    const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
    let b3 = format!("b3: {TRACE}-e457b5a2e4d86bd1-1\r\n");
    for (text, believed) in
        [("", false), ("traces: { extract: [tracecontext, b3], inject: [b3multi] }", true)]
    {
        let file = Yaml::new("formats", text);
        let obs = file.build().unwrap();
        let (client, told) = (obs.client("next"), std::sync::Arc::new(std::sync::Mutex::new(None)));
        let seen = std::sync::Arc::clone(&told);
        let handler = move || {
            let seen = std::sync::Arc::clone(&seen);
            let next = tower::Layer::layer(
                &client,
                tower::service_fn(move |call: axum::http::Request<String>| {
                    *seen.lock().unwrap() = call.headers().get("x-b3-traceid").cloned();
                    async { Ok::<_, std::convert::Infallible>(axum::http::Response::new(String::new())) }
                }),
            );
            async move {
                tower::ServiceExt::oneshot(next, axum::http::Request::new(String::new())).await.unwrap();
            }
        };
        let router = Router::new().route("/", axum::routing::get(handler)).layer(obs.layer());
        let answer = exchange(Service::start(router).addr, &request("GET", "/", &b3)).unwrap();
        assert_eq!(answer.header("x-trace-id") == TRACE, believed, "{text}");
        let told = told.lock().unwrap().take();
        assert_eq!(told.is_some_and(|told| told == TRACE), believed, "{text}");
    }
}
