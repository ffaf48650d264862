//! Families that are told beforehand: what the first scrape has of them, and what they refuse.

use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};
use obs_metrics::{Declaration, Format, Recorder};

use super::{base, text, value};

fn recorder(declarations: impl IntoIterator<Item = Declaration>) -> Recorder {
    let builder = Recorder::builder(base());
    declarations.into_iter().fold(builder, obs_metrics::Builder::declare).build().unwrap()
}

/// The lines about one family.
fn about(recorder: &Recorder, family: &str) -> Vec<String> {
    let own = text(recorder);
    let own = own.lines().filter(|line| line.split(['{', ' ']).any(|word| word.starts_with(family)));
    own.map(str::to_owned).collect()
}

#[test]
fn the_first_scrape_has_each_series_at_zero_or_the_family_by_its_help_and_type() {
    let recorder = recorder([
        Declaration::counter("orders_total")
            .help("Orders placed.")
            .label_of("kind", ["book", "a \"cup\""])
            .label_of("paid", ["no", "yes"]),
        Declaration::gauge("shelf_books"),
        Declaration::histogram("read_seconds").help("Time to read.").label("shelf"),
    ]);
    assert_eq!(
        about(&recorder, "orders"),
        [
            "# HELP orders_total Orders placed.",
            "# TYPE orders_total counter",
            r#"orders_total{kind="book",paid="no"} 0"#,
            r#"orders_total{kind="book",paid="yes"} 0"#,
            r#"orders_total{kind="a \"cup\"",paid="no"} 0"#,
            r#"orders_total{kind="a \"cup\"",paid="yes"} 0"#,
        ]
    );
    assert_eq!(about(&recorder, "shelf_books"), ["# TYPE shelf_books gauge", "shelf_books 0.0"]);
    assert_eq!(
        about(&recorder, "read_seconds"),
        ["# HELP read_seconds Time to read.", "# TYPE read_seconds histogram"]
    );
    with_local_recorder(&recorder, || {
        counter!("orders", "paid" => "yes", "kind" => "a \"cup\"").increment(2);
        histogram!("read_seconds", "shelf" => "7").record(0.02);
    });
    assert_eq!(value(&recorder, r#"orders_total{kind="a \"cup\"",paid="yes"}"#), Some(2.0));
    assert_eq!(value(&recorder, r#"read_seconds_count{shelf="7"}"#), Some(1.0));
}

#[test]
fn another_type_another_label_and_another_value_are_refused_counted_and_named_once() {
    let recorder = recorder([Declaration::counter("orders_total").label_of("kind", ["book", "cup"])]);
    with_local_recorder(&recorder, || {
        for _ in 0..3 {
            counter!("orders_total", "kind" => "pot").increment(1);
            counter!("orders_total", "sort" => "book").increment(1);
            gauge!("orders", "kind" => "book").set(1.0);
        }
    });
    for reason in ["value", "labels", "type"] {
        let name = format!("obs_metric_rejected_total{{reason=\"{reason}\"}}");
        assert_eq!(value(&recorder, &name), Some(3.0), "{name}");
    }
    let told: Vec<_> = recorder.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "metric `orders` was declared with `kind` as one of book, cup, now it is `pot`",
            "metric `orders` was first registered with the labels kind, now with the labels sort",
            "metric `orders` was first registered as a counter, now as a gauge",
        ]
    );
    assert_eq!(value(&recorder, r#"orders_total{kind="book"}"#), Some(0.0));
    assert_eq!(value(&recorder, r#"orders_total{kind="pot"}"#), None);
}

#[test]
fn a_family_of_obs_itself_takes_its_help_and_bounds_from_a_declaration() {
    let recorder = recorder([Declaration::histogram("http_request_duration_seconds")
        .help("How long customers wait.")
        .label("route")
        .label("method")
        .buckets([0.2, 0.4])]);
    let before = about(&recorder, "http_request_duration");
    assert!(before.is_empty(), "as without a declaration, it is there once it is used: {before:?}");
    let labels = [("route", "/"), ("method", "GET")];
    recorder.histogram("http_request_duration_seconds", &labels).unwrap().observe(0.3, None);
    let lines = about(&recorder, "http_request_duration");
    assert_eq!(lines[0], "# HELP http_request_duration_seconds How long customers wait.");
    let bounds = lines.iter().filter_map(|line| line.split("le=\"").nth(1)?.split('"').next());
    assert_eq!(bounds.collect::<Vec<_>>(), ["0.2", "0.4", "+Inf"]);
}

#[test]
fn a_unit_without_help_leaves_the_help_to_the_macros() {
    let recorder = recorder([Declaration::counter("sent_bytes_total").unit("bytes")]);
    assert!(!text(&recorder).contains("# HELP sent_bytes"), "nothing was said");
    with_local_recorder(&recorder, || describe_counter!("sent_bytes_total", "What was sent."));
    let text = String::from_utf8(recorder.render(Format::OpenMetrics)).unwrap();
    assert!(text.contains("# UNIT sent_bytes bytes\n"), "{text}");
    assert!(text.contains("# HELP sent_bytes What was sent.\n"), "{text}");
}

#[test]
fn a_recorder_is_not_made_with_a_declaration_that_is_wrong() {
    let builder = Recorder::builder(base()).declare(Declaration::counter("http_request_total"));
    let error = builder.declare(Declaration::gauge("x").buckets([1.0])).build().unwrap_err();
    assert_eq!(error.mistakes().len(), 2, "{error}");
}
