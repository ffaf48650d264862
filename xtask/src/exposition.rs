//! Reads what `/metrics` answers, text 0.0.4 and OpenMetrics 1.0 alike: types, samples and exemplars.

use crate::Result;

/// Label names and values, in the order they were written.
pub(crate) type Labels = Vec<(String, String)>;

/// A whole scrape.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Scrape {
    /// Family name and type, by the `# TYPE` lines.
    pub(crate) types: Vec<(String, String)>,
    pub(crate) samples: Vec<Sample>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) value: f64,
    pub(crate) exemplar: Option<Exemplar>,
    /// The line as it was written.
    pub(crate) line: String,
}

/// What stands behind the `#` of an OpenMetrics bucket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) labels: Labels,
    pub(crate) value: f64,
}

/// The value of the label called `name`, or nothing.
pub(crate) fn label<'a>(labels: &'a Labels, name: &str) -> &'a str {
    labels.iter().find(|(label, _)| label == name).map_or("", |(_, value)| value)
}

/// The sum of some samples; of none it is zero, which for floats is not what `sum` starts from.
pub(crate) fn total<'a>(samples: impl Iterator<Item = &'a Sample>) -> f64 {
    samples.fold(0.0, |total, sample| total + sample.value)
}

impl Scrape {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut scrape = Self::default();
        for (at, line) in text.lines().enumerate() {
            let read = if let Some(declared) = line.strip_prefix("# TYPE ") {
                declared
                    .split_once(' ')
                    .map(|(name, kind)| scrape.types.push((name.to_owned(), kind.to_owned())))
            } else if line.is_empty() || line.starts_with('#') {
                Some(())
            } else {
                sample(line).map(|sample| scrape.samples.push(sample))
            };
            read.ok_or_else(|| format!("line {} of the scrape cannot be read: {line}", at + 1))?;
        }
        Ok(scrape)
    }

    /// The samples called `name`.
    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| sample.name == name)
    }

    /// The sum over all series of `name`.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        total(self.named(name))
    }
}

fn sample(line: &str) -> Option<Sample> {
    let name_end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(name_end);
    let (labels, rest) = labels(rest)?;
    let (numbers, exemplar) = match rest.split_once(" # ") {
        Some((numbers, exemplar)) => (numbers, Some(exemplar)),
        None => (rest, None),
    };
    let value = numbers.split_whitespace().next()?.parse().ok()?;
    let exemplar = match exemplar {
        Some(text) => {
            let (labels, rest) = self::labels(text)?;
            Some(Exemplar { labels, value: rest.split_whitespace().next()?.parse().ok()? })
        }
        None => None,
    };
    Some(Sample { name: name.to_owned(), labels, value, exemplar, line: line.to_owned() })
}

/// The labels in braces at the start of `text`, if there are any, and what follows them.
fn labels(text: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    let Some(mut rest) = text.strip_prefix('{') else { return Some((labels, text)) };
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => match chars.next()?.1 {
                    'n' => value.push('\n'),
                    escaped => value.push(escaped),
                },
                (_, plain) => value.push(plain),
            }
        };
        labels.push((name.to_owned(), value));
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_types_and_exemplars_are_read() {
        let text = concat!(
            "# HELP a text with {braces}\n# TYPE a counter\n",
            "a_total 3\n",
            "a_total{route=\"/x/{id}\",note=\"q\\\" b\\\\ n\\n\"} 4.5 1700000000\n",
            "h_bucket{le=\"+Inf\"} 1 # {trace_id=\"ab\",span_id=\"cd\"} 0.25 17.5\n# EOF\n",
        );
        let scrape = Scrape::parse(text).unwrap();
        assert_eq!(scrape.types, [("a".to_owned(), "counter".to_owned())]);
        assert_eq!(scrape.sum("a_total"), 7.5);
        let labels = &scrape.named("a_total").nth(1).unwrap().labels;
        assert_eq!((label(labels, "route"), label(labels, "note")), ("/x/{id}", "q\" b\\ n\n"));
        let exemplar = scrape.named("h_bucket").next().unwrap().exemplar.as_ref().unwrap();
        assert_eq!((label(&exemplar.labels, "trace_id"), exemplar.value), ("ab", 0.25));
        assert_eq!(label(&exemplar.labels, "absent"), "");
    }

    #[test]
    fn a_line_that_is_no_sample_is_named() {
        for line in ["a", "a{b=\"c} 1", "a{b} 1", "a x", "a{b=\"c\"} 1 # {d=\"e\"}"] {
            assert!(Scrape::parse(line).unwrap_err().contains("line 1"), "{line}");
        }
    }
}
