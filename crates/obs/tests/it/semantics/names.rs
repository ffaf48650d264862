//! The page against `obs_core::keys`: the same names, in the same order, with the same meaning.

use obs_core::Outcome;
use obs_core::context::Route;
use obs_core::keys::{Kind, attribute, ecs, field, label, log_attribute, loss, metric, resource};
use obs_core::observe::Method;
use obs_export::queue::Reason;
use obs_middleware::Fault;

use super::page;

/// The modules themselves: the meaning of a name is its documentation.
const ATTRIBUTES: &str = include_str!("../../../../obs-core/src/keys/attribute.rs");
const RESOURCES: &str = include_str!("../../../../obs-core/src/keys/resource.rs");
const FIELDS: &str = include_str!("../../../../obs-core/src/keys/field.rs");
const ECS: &str = include_str!("../../../../obs-core/src/keys/ecs.rs");
const LOG_ATTRIBUTES: &str = include_str!("../../../../obs-core/src/keys/log_attribute.rs");
const LOSSES: &str = include_str!("../../../../obs-core/src/keys/loss.rs");

/// What a module says of each name, in one line.
fn documented(module: &'static str) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let mut meaning = String::new();
    for line in module.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            meaning = if meaning.is_empty() { text.to_owned() } else { format!("{meaning} {text}") };
        } else if let Some((_, value)) = line.split_once(" = \"") {
            all.push((value.trim_end_matches("\";"), std::mem::take(&mut meaning)));
        }
    }
    all
}

/// Lines of one kind, as the code calls them and as the page does.
const KINDS: [(&str, &str); 4] = [
    ("Access", "access line"),
    ("Panic", "panic line"),
    ("Line about lines that were left out", "suppressed line"),
    ("Line about a change of levels", "level line"),
];

/// `The method` of `Access line: the method`, and `access line`.
fn split(meaning: &str) -> (String, &'static str) {
    let kind = KINDS.iter().find_map(|(code, page)| {
        let rest = meaning.strip_prefix(code)?;
        Some((rest.strip_prefix(" line").unwrap_or(rest).strip_prefix(": ")?, *page))
    });
    let Some((text, on)) = kind else { return (meaning.to_owned(), "") };
    let first = text.chars().next().map_or(String::new(), |first| first.to_uppercase().to_string());
    let upper = format!("{first}{}", &text[first.len()..]);
    // A name in code keeps its case.
    (if text.starts_with('`') { text.to_owned() } else { upper }, on)
}

#[test]
fn the_table_of_metrics_is_that_of_the_code() {
    let page = page::metrics();
    let written: Vec<_> = page
        .iter()
        .map(|metric| (metric.name, metric.kind, metric.labels.as_slice(), metric.meaning.as_str()))
        .collect();
    let kind = |kind| match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let known: Vec<_> = metric::ALL
        .iter()
        .map(|metric| (metric.name, kind(metric.kind), metric.labels, metric.help))
        .collect();
    assert_eq!(written, known);
}

#[test]
fn every_label_is_explained_once() {
    assert_eq!(page::labels(), label::ALL);
}

#[test]
fn the_values_of_closed_labels_are_those_of_the_code() {
    assert_eq!(page::values("reason"), Reason::ALL.map(Reason::as_str));
    let methods = page::values("method");
    let (other, known) = methods.split_last().unwrap();
    assert_eq!((*other, known.len()), (Method::Other.as_str(), 9));
    for method in known {
        assert!(
            Method::parse(method) != Method::Other && Method::parse(method).as_str() == *method,
            "{method}"
        );
    }
    let errors = [Outcome::ServerError, Outcome::Panicked, Outcome::TimedOut];
    assert!(errors.into_iter().all(Outcome::is_error));
    let answered = [Outcome::ServerError.as_str()];
    let calls = Fault::ALL.iter().map(|fault| fault.as_str());
    let calls = answered.into_iter().chain(calls).chain([Outcome::Panicked.as_str()]);
    let mut kinds: Vec<_> = errors.map(Outcome::as_str).into_iter().chain(calls).collect();
    let mut written = page::values("kind");
    kinds.sort_unstable();
    written.sort_unstable();
    assert_eq!(written, kinds);
    assert!(page::values("route").contains(&Route::UNMATCHED.as_str()));
    assert!(page::values("route").contains(&Route::OVERFLOW.as_str()));
}

#[track_caller]
fn check(heading: &str, all: &[&str], module: &'static str) {
    let known = documented(module);
    let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, all, "the module is read as it is compiled");
    let page = page::names(heading);
    let written: Vec<_> = page.iter().map(|row| (row.name, row.meaning.to_owned())).collect();
    let known_meanings: Vec<_> = known.iter().map(|(name, meaning)| (*name, split(meaning).0)).collect();
    assert_eq!(written, known_meanings);
    for (row, (name, meaning)) in page.iter().zip(&known) {
        let one_kind = |on: &str| KINDS.iter().any(|(_, page)| *page == on);
        let on = split(meaning).1;
        assert!(if on.is_empty() { !one_kind(row.on) } else { row.on == on }, "{name} is on {on}");
    }
}

#[test]
fn the_table_of_resource_attributes_is_that_of_the_code() {
    check("Resource attributes", resource::ALL, RESOURCES);
}

#[test]
fn the_table_of_span_attributes_is_that_of_the_code() {
    check("Span attributes", attribute::ALL, ATTRIBUTES);
}

#[test]
fn the_table_of_fields_is_that_of_the_code() {
    check("Fields of a line", field::ALL, FIELDS);
}

#[test]
fn the_tables_of_other_formats_are_those_of_the_code() {
    check("Fields by the Elastic Common Schema", ecs::ALL, ECS);
    check("Attributes of a log record", log_attribute::ALL, LOG_ATTRIBUTES);
}

#[test]
fn the_table_of_the_loss_line_is_that_of_the_code() {
    check("The loss line", loss::ALL, LOSSES);
}
