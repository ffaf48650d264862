//! What an output asks of its lines beyond their format: other names, fewer fields, shorter lines.

use crate::format::{Format, MAX_LINE_BYTES};

/// The least that a line may be bounded to.
pub(crate) const MIN_LINE_BYTES: usize = 1_024;

/// The options of one output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) renames: Vec<(String, String)>,
    pub(crate) drops: Vec<String>,
    pub(crate) max_line_bytes: usize,
    pub(crate) max_field_bytes: Option<usize>,
}

impl Default for Spec {
    fn default() -> Self {
        Self { renames: Vec::new(), drops: Vec::new(), max_line_bytes: MAX_LINE_BYTES, max_field_bytes: None }
    }
}

impl Spec {
    /// Whether lines in this format are those that are written by code of their own.
    pub(crate) fn is_plain(&self, format: Format) -> bool {
        *self == Self::default() && !matches!(format, Format::Ecs | Format::Otlp)
    }

    /// The first option that makes no sense, in words.
    pub(crate) fn fault(&self) -> Option<String> {
        let max = self.max_line_bytes;
        if !(MIN_LINE_BYTES..=MAX_LINE_BYTES).contains(&max) {
            return Some(format!(
                "a line of {max} bytes: between {MIN_LINE_BYTES} and {MAX_LINE_BYTES} are possible"
            ));
        }
        if self.max_field_bytes == Some(0) {
            return Some("fields of 0 bytes; to leave one out, drop it".to_owned());
        }
        for (index, (from, to)) in self.renames.iter().enumerate() {
            let earlier = &self.renames[..index];
            if from.is_empty() || to.is_empty() {
                return Some(format!("the rename of `{from}` to `{to}` lacks a name"));
            }
            if from == to {
                return Some(format!("`{from}` is renamed to itself"));
            }
            if earlier.iter().any(|(known, _)| known == from) {
                return Some(format!("`{from}` is renamed twice"));
            }
            if let Some((other, _)) = earlier.iter().find(|(_, known)| known == to) {
                return Some(format!("`{other}` and `{from}` are both renamed to `{to}`"));
            }
            if self.drops.contains(from) {
                return Some(format!("`{from}` is both renamed and dropped"));
            }
        }
        self.drops.iter().any(String::is_empty).then(|| "a field without a name is dropped".to_owned())
    }

    pub(super) fn is_dropped(&self, name: &str) -> bool {
        self.drops.iter().any(|dropped| dropped == name)
    }

    pub(super) fn renamed<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.renames.iter().find(|(from, _)| from == name).map(|(_, to)| to.as_str())
    }
}
