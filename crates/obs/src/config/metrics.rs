//! What is measured, and in which series.

use std::time::Duration;

use obs_core::keys::{Kind, resource};
use obs_core::{Declaration, Resource};

/// The parts of a service that a label may carry, beside its attributes: what they are called, and as an attribute.
pub(super) const PARTS: [(&str, &str); 6] = [
    ("name", resource::SERVICE_NAME),
    ("version", resource::SERVICE_VERSION),
    ("namespace", resource::SERVICE_NAMESPACE),
    ("env", resource::DEPLOYMENT_ENVIRONMENT_NAME),
    ("region", resource::CLOUD_REGION),
    ("cluster", resource::K8S_CLUSTER_NAME),
];

/// What is measured, and in which series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metrics {
    /// The upper bounds of histograms that no rule matches, ascending, in the unit of the observations; default 0.01,
    /// 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, fit for seconds of a request.
    pub default_buckets: Vec<f64>,
    /// Bounds of certain histograms; the first rule that matches counts. Default none.
    pub buckets: Vec<BucketRule>,
    /// How many series a family holds before further ones are counted together; default 2,000.
    pub series_cap: usize,
    /// How many series all families together hold before further ones are counted in the overflow series of their
    /// families; default 100,000.
    pub total_series_cap: usize,
    /// After how long a series goes in which nothing was recorded and that nobody holds a handle of, at least a second;
    /// default none, all stay.
    pub idle_timeout: Option<Duration>,
    /// Histograms that have native buckets too: names, which may begin or end in `*`; default none.
    pub native_histograms: Vec<String>,
    /// Whether OpenMetrics has a `_created` sample for each counter and histogram; default no.
    pub created_samples: bool,
    /// Which parts of the service every sample carries as a label: `name`, `version`, `namespace`, `env`, `region`,
    /// `cluster`, or the key of one of its attributes. One that is not known for this service is left out. Default
    /// none.
    pub labels: Vec<String>,
    /// Families that are there from the beginning, beside those of obs's own; default none.
    pub declared: Vec<Declaration>,
    /// A file with a list of more of them, read at the start; default none.
    pub file: Option<String>,
    /// What was in that file.
    pub(crate) in_file: Vec<Declaration>,
    /// Whether the process's memory, processor time and file descriptors are measured; default yes.
    pub process: bool,
    /// Whether the tokio runtimes that the service is installed and served in are measured; default yes.
    pub runtime: bool,
}

/// The types of families, by their words.
pub(super) const KINDS: [(&str, Kind); 3] =
    [("counter", Kind::Counter), ("gauge", Kind::Gauge), ("histogram", Kind::Histogram)];

/// The word of a type.
pub(super) fn kind_word(kind: Kind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("", |(word, _)| word)
}

/// The bounds of some histograms.
#[derive(Clone, Debug, PartialEq)]
pub struct BucketRule {
    /// Which histograms.
    pub of: BucketMatch,
    /// Their upper bounds, ascending, without the infinite one.
    pub bounds: Vec<f64>,
}

/// Which histograms a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BucketMatch {
    /// The one of this name.
    Metric(String),
    /// Those whose names begin so.
    Prefix(String),
    /// Those whose names end so.
    Suffix(String),
}

impl Metrics {
    /// Every family that was declared.
    pub fn families(&self) -> impl Iterator<Item = &Declaration> {
        self.declared.iter().chain(&self.in_file)
    }

    /// Takes declarations in the place of those that have their names.
    pub(crate) fn declare(&mut self, families: Vec<Declaration>) {
        self.declared.retain(|known| families.iter().all(|family| family.name != known.name));
        self.declared.extend(families);
    }

    /// The labels every sample carries, with the service's values; those that are not known for it are left out.
    pub fn labels_of<'a>(&'a self, resource: &'a Resource) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.labels.iter().filter_map(|label| {
            let part = PARTS.iter().find(|(name, _)| name == label).map_or(label.as_str(), |(_, key)| key);
            resource.iter().find(|(key, _)| *key == part).map(|(_, value)| (label.as_str(), value))
        })
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            default_buckets: vec![0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0],
            buckets: Vec::new(),
            series_cap: 2_000,
            total_series_cap: 100_000,
            idle_timeout: None,
            native_histograms: Vec::new(),
            created_samples: false,
            labels: Vec::new(),
            declared: Vec::new(),
            file: None,
            in_file: Vec::new(),
            process: true,
            runtime: true,
        }
    }
}
