//! An exposition in the text format, read line by line: families, samples, labels.

use std::collections::BTreeMap;

/// What `# HELP` and `# TYPE` say of one family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: f64,
}

/// A whole scrape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scrape {
    pub(crate) families: BTreeMap<String, Family>,
    pub(crate) samples: Vec<Sample>,
}

impl Scrape {
    pub(crate) fn of(obs: &obs_metrics::Recorder) -> Self {
        Self::parse(&String::from_utf8(obs.render(obs_metrics::Format::Text)).unwrap())
    }

    #[track_caller]
    pub(crate) fn parse(text: &str) -> Self {
        let mut scrape = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect(line);
                scrape.families.entry(name.to_owned()).or_default().help = help.to_owned();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect(line);
                scrape.families.entry(name.to_owned()).or_default().kind = kind.to_owned();
            } else {
                assert!(!line.starts_with('#'), "{line}");
                scrape.samples.push(Sample::parse(line));
            }
        }
        scrape
    }

    /// The sum over the samples of this name whose labels include all of `labels`.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |sample: &&Sample| {
            sample.name == name && labels.iter().all(|&(label, value)| sample.label(label) == Some(value))
        };
        self.samples.iter().filter(fits).map(|sample| sample.value).sum()
    }

    /// The samples of a family, those of a histogram's parts included.
    pub(crate) fn of_family(&self, family: &str) -> Vec<&Sample> {
        let histogram = self.families.get(family).is_some_and(|family| family.kind == "histogram");
        let parts: &[&str] = if histogram { &["_bucket", "_sum", "_count"] } else { &[""] };
        let fits =
            |sample: &&Sample| sample.name.strip_prefix(family).is_some_and(|rest| parts.contains(&rest));
        self.samples.iter().filter(fits).collect()
    }
}

impl Sample {
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    fn parse(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').expect(line);
        let (name, mut rest) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').expect(line)),
            None => (series, ""),
        };
        let mut labels = Vec::new();
        while let Some((label, quoted)) = rest.split_once("=\"") {
            let mut value = String::new();
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next().expect(line) {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().expect(line).1 {
                        'n' => '\n',
                        other => other,
                    }),
                    (_, other) => value.push(other),
                }
            };
            labels.push((label.to_owned(), value));
            rest = quoted[end + 1..].trim_start_matches(',');
        }
        Self { name: name.to_owned(), labels, value: value.parse().expect(line) }
    }
}
