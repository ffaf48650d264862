//! Queries, looks, messages and jobs as their users write them: span, metric and error of each from one call.

mod ends;
mod jobs;
mod messages;
mod old_names;
mod spans;

use std::fmt;

use obs::testing::{FinishedSpan, Scalar, Testing};

/// An error with a secret in its text.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no entry with password=hunter2")
    }
}

fn attributes(span: &FinishedSpan) -> Vec<(&str, String)> {
    let text = |scalar: &Scalar| match scalar {
        Scalar::Str(text) => text.clone(),
        Scalar::I64(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    span.attributes.iter().map(|(key, value)| (key.as_str(), text(value))).collect()
}

#[track_caller]
fn check(span: &FinishedSpan, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    assert_eq!(attributes(span), expected);
}

#[track_caller]
fn counted(obs: &Testing, name: &str, labels: &[(&str, &str)], expected: f64) {
    assert_eq!(obs.value(name, labels), Some(expected), "{}", obs.exposition());
}
