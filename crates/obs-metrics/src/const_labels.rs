//! The labels that every sample carries, checked once and written before a family's own.

use std::borrow::Cow;

use metrics_exporter_prometheus::formatting::{sanitize_label_key, sanitize_label_value};
use obs_core::keys::label::{self, OF_PROCESS, REFUSED};

use crate::text;

/// Names and escaped values in the order given, and the same as they are written.
#[derive(Debug)]
pub(crate) struct ConstLabels {
    labels: Vec<(String, String)>,
    text: String,
}

impl ConstLabels {
    /// From labels that [`check`] has nothing against.
    pub(crate) fn new(labels: Vec<(String, String)>) -> Self {
        let labels: Vec<_> =
            labels.into_iter().map(|(name, value)| (name, sanitize_label_value(&value))).collect();
        let text = text::render(labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        Self { labels, text }
    }

    /// The text for a family with labels of its own. A name that it has itself is left out: no label may stand in a
    /// sample twice, and what the measuring code says is the more exact.
    pub(crate) fn beside<N: AsRef<str>>(&self, own: &[N]) -> Cow<'_, str> {
        let hidden = |name: &str| own.iter().any(|other| other.as_ref() == name);
        if !self.labels.iter().any(|(name, _)| hidden(name)) {
            return Cow::Borrowed(&self.text);
        }
        let seen = self.labels.iter().filter(|(name, _)| !hidden(name));
        Cow::Owned(text::render(seen.map(|(name, value)| (name.as_str(), value.as_str()))))
    }
}

/// Tells what is wrong with the labels, in the order given.
pub(crate) fn check(labels: &[(String, String)], mistakes: &mut Vec<String>) {
    for (at, (name, _)) in labels.iter().enumerate() {
        let before = &labels[..at];
        if name.is_empty() || sanitize_label_key(name) != *name {
            mistakes.push(format!("const label `{name}`: the name must match [a-zA-Z_][a-zA-Z0-9_]*"));
        } else if REFUSED.contains(&name.as_str())
            || matches!(name.as_str(), "le" | "quantile")
            || name.starts_with("__")
        {
            mistakes.push(format!("const label `{name}`: the name is reserved"));
        } else if label::ALL.contains(&name.as_str()) && !OF_PROCESS.contains(&name.as_str()) {
            mistakes.push(format!("const label `{name}`: metrics of obs itself have a label of that name"));
        } else if before.iter().any(|(other, _)| other == name) {
            mistakes.push(format!("const label `{name}`: it is there twice"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_hides_the_const_labels_that_it_has_itself() {
        let labels = [("b", "x\ny"), ("a", "1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let labels = ConstLabels::new(labels.to_vec());
        assert_eq!(labels.beside::<&str>(&[]), r#"b="x\ny",a="1""#);
        assert_eq!(labels.beside(&["c"]), r#"b="x\ny",a="1""#);
        assert_eq!(labels.beside(&["c", "b"]), r#"a="1""#);
        assert_eq!(labels.beside(&["a", "b"]), "");
    }
}
