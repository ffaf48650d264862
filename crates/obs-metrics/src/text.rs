//! Names and labels as they are written: sanitised, escaped and in the family's order, rendered once.

use std::borrow::Cow;

use metrics_exporter_prometheus::formatting::{
    sanitize_label_key, sanitize_label_value, sanitize_metric_name,
};
use obs_core::keys::{Kind, label::REFUSED};

use crate::RegisterError;

/// The ending of every counter's sample.
pub(crate) const TOTAL: &str = "_total";

/// What a series past its family's cap has as the value of each label.
pub(crate) const OVERFLOW: &str = "_overflow";

/// A registration in canonical form.
///
/// The sanitisers are those of `metrics-exporter-prometheus`, so that a service that moves here keeps its series.
/// They take two backslashes in a label value for one that is escaped already.
#[derive(Debug)]
pub(crate) struct Canonical {
    /// The sanitised name as the caller spelt it, with or without `_total`.
    pub(crate) spelling: String,
    pub(crate) kind: Kind,
    /// Sanitised names and escaped values, in the caller's order.
    pub(crate) labels: Vec<(String, String)>,
}

impl Canonical {
    pub(crate) fn new<'a>(
        kind: Kind,
        name: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, RegisterError> {
        let spelling = sanitize_metric_name(name);
        if spelling.is_empty() {
            return Err(RegisterError::EmptyName);
        }
        let mut canonical = Self { spelling, kind, labels: Vec::with_capacity(labels.size_hint().0) };
        for (key, value) in labels {
            let key = sanitize_label_key(key);
            canonical.check(&key)?;
            canonical.labels.push((key, sanitize_label_value(value)));
        }
        Ok(canonical)
    }

    fn check(&self, label: &str) -> Result<(), RegisterError> {
        let (family, owned) = (self.family().to_owned(), label.to_owned());
        if REFUSED.contains(&label) {
            return Err(RegisterError::IdLabel { family, label: owned });
        }
        let taken = self.kind == Kind::Histogram && matches!(label, "le" | "quantile");
        if taken || label.is_empty() || label.starts_with("__") {
            return Err(RegisterError::ReservedLabel { family, label: owned });
        }
        if self.labels.iter().any(|(key, _)| key == label) {
            return Err(RegisterError::RepeatedLabel { family, label: owned });
        }
        Ok(())
    }

    /// The family's name: a counter's has no `_total`.
    pub(crate) fn family(&self) -> &str {
        family_name(self.kind, &self.spelling)
    }

    pub(crate) fn label_names(&self) -> Vec<String> {
        self.labels.iter().map(|(key, _)| key.clone()).collect()
    }

    /// The other name under which the same series may be asked for.
    pub(crate) fn other_spelling(&self) -> Option<String> {
        (self.kind == Kind::Counter).then(|| {
            let family = self.family();
            if family.len() == self.spelling.len() { format!("{family}{TOTAL}") } else { family.to_owned() }
        })
    }

    /// Whether the labels are `names`, in whatever order.
    pub(crate) fn has_labels(&self, names: &[Box<str>]) -> bool {
        // No name stands twice on either side, so that one direction and the length are enough.
        self.labels.len() == names.len()
            && self.labels.iter().all(|(key, _)| names.iter().any(|name| **name == **key))
    }

    /// `a="x",b="y"` in the order of `names`, which must be this registration's own.
    pub(crate) fn text(&self, names: &[Box<str>]) -> String {
        render(names.iter().map(|name| {
            let value =
                self.labels.iter().find(|(key, _)| **key == **name).map_or("", |(_, value)| value.as_str());
            (&**name, value)
        }))
    }
}

/// The name of the family that `name` belongs to: a counter's has no `_total`.
pub(crate) fn family_name(kind: Kind, name: &str) -> &str {
    match name.strip_suffix(TOTAL) {
        Some(base) if kind == Kind::Counter && !base.is_empty() => base,
        _ => name,
    }
}

/// `a="x",b="y"` out of names and values that need no more work.
pub(crate) fn render<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (key, value) in labels {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(key);
        out.push_str("=\"");
        out.push_str(value);
        out.push('"');
    }
    out
}

/// The names and values of what [`render`] wrote, without the escapes.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once("=\"")?;
        // A quote of the value itself has a backslash before it, and a backslash another one.
        let mut escaped = false;
        let end = after.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        let (value, after) = (&after[..end], &after[end + 1..]);
        rest = after.strip_prefix(',').unwrap_or(after);
        Some((name, unescaped(value)))
    })
}

fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            char => out.push(char),
        }
    }
    Cow::Owned(out)
}

/// The names that samples of such a family, and the family itself, occupy.
pub(crate) fn occupied(kind: Kind, family: &str) -> impl Iterator<Item = String> + '_ {
    let suffixes: &[&str] = match kind {
        Kind::Counter => &["", TOTAL, "_created"],
        Kind::Gauge => &[""],
        Kind::Histogram => &["", "_bucket", "_sum", "_count", "_created"],
    };
    suffixes.iter().map(move |suffix| format!("{family}{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(kind: Kind, name: &str, labels: &[(&str, &str)]) -> Result<Canonical, RegisterError> {
        Canonical::new(kind, name, labels.iter().copied())
    }

    #[test]
    fn names_and_values_are_sanitised_and_put_in_the_family_order() {
        let made =
            canonical(Kind::Counter, "http.requests_total", &[("b-c", "x\"\n\\"), ("a", "é")]).unwrap();
        assert_eq!(made.family(), "http_requests");
        assert_eq!(made.other_spelling().as_deref(), Some("http_requests"));
        let names = ["a".into(), "b_c".into()];
        assert!(made.has_labels(&names));
        assert_eq!(made.text(&names), r#"a="é",b_c="x\"\n\\""#);
        assert_eq!(family_name(Kind::Gauge, "x_total"), "x_total");
        assert_eq!(family_name(Kind::Counter, "_total"), "_total");
    }

    #[test]
    fn what_was_rendered_is_taken_apart_again() {
        let values = ["", "plain", "a\"b", "c\nd", "e\\n", "f,g=\"h\"", "\\", "é"];
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let made = canonical(Kind::Gauge, "x", &names.into_iter().zip(values).collect::<Vec<_>>()).unwrap();
        let text = made.text(&names.map(Into::into));
        let read: Vec<_> = pairs(&text).map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
        // The sanitiser takes two backslashes for one that is escaped already, and one before an `n` for a line break.
        let expected = ["", "plain", "a\"b", "c\nd", "e\\n", "f,g=\"h\"", "\\", "é"];
        for ((name, value), (known, expected)) in read.iter().zip(names.into_iter().zip(expected)) {
            assert_eq!((name.as_str(), value.as_str()), (known, expected));
        }
        assert_eq!(read.len(), names.len());
        assert_eq!(pairs("").count(), 0);
    }

    #[test]
    fn labels_that_would_mislead_are_refused() {
        let reason = |kind, labels: &[_]| canonical(kind, "x", labels).map_err(|error| error.reason()).err();
        assert_eq!(reason(Kind::Counter, &[("trace-id", "")]), Some("id_label"));
        assert_eq!(reason(Kind::Histogram, &[("le", "")]), Some("reserved_label"));
        assert_eq!(reason(Kind::Gauge, &[("le", "")]), None);
        assert_eq!(reason(Kind::Gauge, &[("__name__", "")]), Some("reserved_label"));
        assert_eq!(reason(Kind::Gauge, &[("", "")]), Some("reserved_label"));
        assert_eq!(reason(Kind::Gauge, &[("a.b", ""), ("a-b", "")]), Some("repeated_label"));
        assert_eq!(canonical(Kind::Gauge, "", &[]).unwrap_err(), RegisterError::EmptyName);
    }
}
