//! The page against a live run, both ways: nothing is written that it does not name, and it names nothing that is
//! not written.

use std::collections::BTreeSet;

use obs_core::keys::attribute;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::live::{self, Run};
use super::page;
use crate::process::alone;

const WITH_BACKTRACES: &[(&str, &str)] = &[("RUST_BACKTRACE", "1")];

fn check(name: &str, claim: impl FnOnce(Run)) {
    alone(module_path!(), name, WITH_BACKTRACES, || claim(live::run()));
}

#[test]
fn every_family_of_a_scrape_is_on_the_page_and_back() {
    check("every_family_of_a_scrape_is_on_the_page_and_back", |run| {
        let here = |metric: &page::Metric| cfg!(tokio_unstable) || !metric.unstable;
        let page: Vec<_> = page::metrics().into_iter().filter(here).collect();
        let ours = |name: &&String| !live::USER_FAMILIES.contains(&name.as_str());
        let scraped: BTreeSet<_> = run.scrape.families.keys().filter(ours).map(String::as_str).collect();
        let named: BTreeSet<_> = page.iter().map(|metric| metric.name).collect();
        assert_eq!(scraped, named);
        for metric in page {
            let family = &run.scrape.families[metric.name];
            assert_eq!(
                (family.kind.as_str(), family.help.as_str()),
                (metric.kind, metric.meaning.as_str()),
                "{}",
                metric.name
            );
            let samples = run.scrape.of_family(metric.name);
            assert!(!samples.is_empty(), "{} has no sample", metric.name);
            for sample in samples {
                let labels = sample.labels.iter().map(|(label, _)| label.as_str());
                let labels: Vec<_> = labels.filter(|label| *label != "le").collect();
                assert_eq!(labels, metric.labels, "{sample:?}");
            }
            let starts = [format!("{}_bucket{{", metric.name), format!("{}{{", metric.name)];
            let exemplar = |line: &str| {
                starts.iter().any(|start| line.starts_with(start)) && line.contains("# {trace_id=\"")
            };
            assert_eq!(
                run.openmetrics.lines().any(exemplar),
                metric.exemplars,
                "exemplars of {}",
                metric.name
            );
        }
    });
}

#[test]
fn every_attribute_of_the_resource_is_on_the_page_and_back() {
    check("every_attribute_of_the_resource_is_on_the_page_and_back", |run| {
        let sent: BTreeSet<_> = run.resource.iter().map(|attribute| attribute.key.as_str()).collect();
        let named: BTreeSet<_> = page::names("Resource attributes").into_iter().map(|row| row.name).collect();
        assert_eq!(sent, named);
    });
}

#[test]
fn every_attribute_of_a_span_is_on_the_page_and_back() {
    check("every_attribute_of_a_span_is_on_the_page_and_back", |run| {
        let mut sent = BTreeSet::new();
        let mut add = |on, attributes: &[KeyValue]| {
            for attribute in attributes {
                if !live::USER_ATTRIBUTES.contains(&attribute.key.as_str()) {
                    sent.insert((attribute.key.clone(), on));
                }
            }
        };
        for span in &run.spans {
            let has = |key: &str| span.attributes.iter().any(|attribute| attribute.key == key);
            let on = match span.kind() {
                _ if has(attribute::POOL_NAME) => "wait span",
                _ if has(attribute::CACHE_KEY) => "cache span",
                _ if has(attribute::DB_SYSTEM_NAME) => "query span",
                _ if has(attribute::MESSAGING_SYSTEM) => "message span",
                _ if has(attribute::JOB_NAME) => "job span",
                SpanKind::Server if has(attribute::RPC_SYSTEM_NAME) => "rpc server span",
                SpanKind::Internal if has(attribute::SERVICE_PEER_NAME) => "call span",
                SpanKind::Client if has(attribute::RPC_SYSTEM_NAME) => "rpc client span",
                SpanKind::Server => "server span",
                SpanKind::Client => "client span",
                _ => "user spans",
            };
            add(on, &span.attributes);
            span.events.iter().for_each(|event| add("events", &event.attributes));
        }
        let mut named = BTreeSet::new();
        for row in page::names("Span attributes") {
            named.extend(row.on.split(", ").map(|on| (row.name.to_owned(), on)));
        }
        assert_eq!(sent, named);
    });
}

#[test]
fn server_spans_are_named_and_judged_as_the_page_says() {
    check("server_spans_are_named_and_judged_as_the_page_says", |run| {
        let server = run.spans.iter().filter(|span| span.kind() == SpanKind::Server);
        let mut seen: Vec<_> = server
            .map(|span| (span.name.as_str(), span.status.as_ref().map_or(0, |status| status.code)))
            .collect();
        seen.sort_unstable();
        let (unset, error) = (0, 2);
        assert_eq!(
            seen,
            [
                ("GET", unset),
                ("GET /fail", error),
                ("GET /fill", error),
                ("GET /look", unset),
                ("GET /orders/{id}", unset),
                ("GET /orders/{id}", unset),
                ("GET /panic", error),
                ("GET /take", unset),
                ("GET /upgrade", unset),
                ("GET /wait", unset),
                ("HTTP /orders/{id}", unset),
                ("grpc", error),
                ("shop.Orders/Place", unset),
            ]
        );
    });
}

#[test]
fn wait_spans_are_named_and_judged_as_the_page_says() {
    check("wait_spans_are_named_and_judged_as_the_page_says", |run| {
        let [wait] = run.spans.iter().filter(|span| span.name.starts_with("acquire")).collect::<Vec<_>>()[..]
        else {
            panic!("one wait");
        };
        let around = run.spans.iter().find(|span| span.name == "GET /take").unwrap();
        assert_eq!((wait.name.as_str(), wait.kind()), ("acquire orders", SpanKind::Internal));
        assert_eq!((&wait.parent_span_id, &wait.trace_id), (&around.span_id, &around.trace_id));
        assert_eq!(wait.status.as_ref().unwrap().code, 2);
    });
}

#[test]
fn client_spans_are_named_and_judged_as_the_page_says() {
    check("client_spans_are_named_and_judged_as_the_page_says", |run| {
        let is_call = |span: &&Span| span.attributes.iter().any(|attribute| attribute.key == "url.full");
        let client: Vec<_> = run.spans.iter().filter(is_call).collect();
        let judged = client.iter().map(|span| {
            let status = span.status.as_ref();
            (span.name.as_str(), status.map_or(0, |status| status.code))
        });
        let mut seen: Vec<_> = judged.collect();
        seen.sort_unstable();
        let (unset, error) = (0, 2);
        assert_eq!(
            seen,
            [
                ("GET /v2/pay/{order}", unset),
                ("HTTP /v2/pay/{order}", unset),
                ("POST", unset),
                ("POST", unset),
                ("POST", error),
                ("POST", error),
                ("POST /v2/pay/{order}", unset),
                ("POST /v2/pay/{order}", error),
                ("POST /v2/pay/{order}", error),
                ("POST /v2/pay/{order}", error),
            ]
        );
        for span in client {
            let url = span.attributes.iter().find(|attribute| attribute.key == "url.full").unwrap();
            let url = format!("{url:?}");
            assert!(url.contains("http://payments.test/v2/pay/7\""), "neither credentials nor query: {url}");
        }
    });
}

#[test]
fn other_spans_are_named_and_judged_as_the_page_says() {
    check("other_spans_are_named_and_judged_as_the_page_says", |run| {
        let has = |span: &Span, key: &str| span.attributes.iter().any(|attribute| attribute.key == key);
        let is_work = |span: &&Span| {
            ["db.system.name", "messaging.system", "job.name", "obs.client.attempts"]
                .iter()
                .any(|key| has(span, key))
        };
        let mut seen: Vec<_> = run
            .spans
            .iter()
            .filter(is_work)
            .map(|span| {
                let is_error = span.status.as_ref().is_some_and(|status| status.code == 2);
                (span.name.as_str(), span.kind().as_str_name(), is_error, has(span, "error.type"))
            })
            .collect();
        seen.sort_unstable();
        let (ok, error) = ((false, false), (true, true));
        let mut expected = Vec::new();
        for (name, kind) in [
            ("GET redis", "SPAN_KIND_CLIENT"),
            ("SELECT orders", "SPAN_KIND_CLIENT"),
            ("nightly", "SPAN_KIND_INTERNAL"),
            ("process placed", "SPAN_KIND_CONSUMER"),
        ] {
            expected.extend([ok, ok, error].map(|(is_error, typed)| (name, kind, is_error, typed)));
        }
        expected.extend([
            ("publish placed", "SPAN_KIND_CLIENT", false, false),
            ("publish placed", "SPAN_KIND_CLIENT", true, true),
            ("publish placed", "SPAN_KIND_PRODUCER", false, false),
            ("POST", "SPAN_KIND_INTERNAL", false, false),
            ("POST", "SPAN_KIND_INTERNAL", true, true),
            ("shop.Payments/Pay", "SPAN_KIND_INTERNAL", false, false),
        ]);
        expected.sort_unstable();
        assert_eq!(seen, expected);
        let producer = run.spans.iter().find(|span| span.kind() == SpanKind::Producer).unwrap();
        for consumer in run.spans.iter().filter(|span| span.kind() == SpanKind::Consumer) {
            assert_eq!(
                (&consumer.parent_span_id, &consumer.trace_id),
                (&producer.span_id, &producer.trace_id)
            );
            assert_eq!(consumer.links[0].span_id, producer.span_id);
        }
    });
}

/// Which of the page's kinds of line this one is.
fn kind_of(line: &serde_json::Value) -> &'static str {
    match line["target"].as_str().unwrap() {
        _ if line["message"].as_str().unwrap().starts_with("suppressed ") => "suppressed line",
        "obs::logs" => "level line",
        "obs::access" => "access line",
        "obs::panic" => "panic line",
        _ => "event line",
    }
}

#[test]
fn every_field_of_a_line_is_on_the_page_and_back() {
    check("every_field_of_a_line_is_on_the_page_and_back", |run| {
        let page = page::names("Fields of a line");
        let mut seen = BTreeSet::new();
        for (text, line) in &run.lines {
            let kind = kind_of(line);
            for key in line.as_object().unwrap().keys() {
                if kind == "event line" && live::USER_FIELDS.contains(&key.as_str()) {
                    continue;
                }
                let row =
                    page.iter().find(|row| row.name == key).unwrap_or_else(|| panic!("{key} in {text}"));
                let here = match row.on {
                    "every line" | "lines in a span" | "lines in a request" => true,
                    "event line, by option" => kind == "event line",
                    "held line" => line["level"] == "DEBUG",
                    "lines that a failure has written, by option" => {
                        line["recorded"] == true || kind == "access line" && line["level"] == "ERROR"
                    }
                    "a line that was cut" => text.len() > 10_000,
                    on => on == kind,
                };
                assert!(here, "{key} is on {}, not on the {kind} {text}", row.on);
                seen.insert(row.name);
            }
            for row in page.iter().filter(|row| row.on == "every line") {
                assert!(line.get(row.name).is_some(), "{} is not on {text}", row.name);
            }
        }
        let named: BTreeSet<_> = page.iter().map(|row| row.name).collect();
        assert_eq!(seen, named);
    });
}

#[test]
fn lines_keep_the_order_that_the_page_says() {
    check("lines_keep_the_order_that_the_page_says", |run| {
        let page = page::names("Fields of a line");
        let on =
            |kind: &str| page.iter().filter(|row| row.on == kind).map(|row| row.name).collect::<Vec<_>>();
        let head = ["timestamp", "level", "target", "message"];
        let ids = ["service", "trace_id", "span_id", "request_id"];
        for (text, line) in &run.lines {
            let own: &[&str] = match kind_of(line) {
                "event line" => &["sku", "field.service", "recorded"],
                kind => &on(kind),
            };
            let all = [&head, own, &ids, &["order_id", "trace_url", "caller", "truncated"]].concat();
            let starts =
                |key: &&str| ['{', ','].iter().find_map(|sign| text.find(&format!("{sign}\"{key}\":")));
            let places: Vec<_> = all.iter().filter_map(starts).collect();
            assert_eq!(places.len(), line.as_object().unwrap().len(), "{text}");
            assert!(places.is_sorted(), "{text}");
        }
    });
}

#[test]
fn levels_of_access_lines_are_as_the_page_says() {
    check("levels_of_access_lines_are_as_the_page_says", |run| {
        let access = run.lines.iter().map(|(_, line)| line).filter(|line| kind_of(line) == "access line");
        let seen: BTreeSet<_> = access
            .map(|line| {
                let message = line["message"].as_str().unwrap();
                assert!(["request", "upgraded connection"].contains(&message), "{message}");
                (line["outcome"].as_str().unwrap(), line["level"].as_str().unwrap())
            })
            .collect();
        let expected = [
            ("cancelled", "INFO"),
            ("client_error", "INFO"),
            ("panicked", "ERROR"),
            ("server_error", "ERROR"),
            ("success", "INFO"),
        ];
        assert_eq!(seen, BTreeSet::from(expected));
    });
}
