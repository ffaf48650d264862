//! Which bounds a histogram gets by its name, checked as a whole.

use metrics_exporter_prometheus::Matcher;
use metrics_exporter_prometheus::formatting::sanitize_metric_name;
use obs_core::keys::{Metric, metric};

use crate::BuildError;

/// The bounds of histograms that no rule matches, in the unit of the observations: fit for seconds of a request.
pub const DEFAULT_BUCKETS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// The bounds of `db_pool_wait_duration_seconds` where no rule matches it, in seconds: from a connection that is at hand to
/// one that is not given within the time-outs that pools come with.
pub const WAIT_BUCKETS: &[f64] =
    &[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The bounds of `db_client_operation_duration_seconds` and `cache_request_duration_seconds` where no rule matches them: those of
/// the OpenTelemetry semantic conventions for `db.client.operation.duration`.
pub const DB_BUCKETS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The bounds of `messaging_client_operation_duration_seconds` and `messaging_process_duration_seconds` where no rule matches
/// them: those of the OpenTelemetry semantic conventions for `messaging.client.operation.duration`.
pub const MESSAGING_BUCKETS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The bounds of `job_execution_duration_seconds` where no rule matches it: from a tenth of a second to six hours.
pub const JOB_BUCKETS: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0];

/// The bounds of `http_request_body_size_bytes` and `http_response_body_size_bytes` where no rule matches them: from a short text
/// to 256 MiB.
pub const SIZE_BUCKETS: &[f64] =
    &[256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 16_777_216.0, 268_435_456.0];

/// The bounds of `http_connection_upgraded_duration_seconds` where no rule matches it: from a second to a day.
pub const CONNECTION_BUCKETS: &[f64] = &[0.1, 1.0, 10.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0];

/// Families whose durations are of another order than those of requests.
const OF_FAMILIES: [(&Metric, &[f64]); 9] = [
    (&metric::DB_POOL_WAIT_DURATION, WAIT_BUCKETS),
    (&metric::DB_CLIENT_OPERATION_DURATION, DB_BUCKETS),
    (&metric::CACHE_REQUEST_DURATION, DB_BUCKETS),
    (&metric::MESSAGING_CLIENT_OPERATION_DURATION, MESSAGING_BUCKETS),
    (&metric::MESSAGING_PROCESS_DURATION, MESSAGING_BUCKETS),
    (&metric::JOB_RUN_DURATION, JOB_BUCKETS),
    (&metric::HTTP_REQUEST_BODY_SIZE, SIZE_BUCKETS),
    (&metric::HTTP_RESPONSE_BODY_SIZE, SIZE_BUCKETS),
    (&metric::HTTP_UPGRADED_DURATION, CONNECTION_BUCKETS),
];

/// The bounds of histograms by name, for a [`Builder`](crate::Builder) or, while the service runs, for
/// [`Recorder::set_buckets`](crate::Recorder::set_buckets).
///
/// Rules are tried in the order they were given and the first that matches decides, whether it names the whole name,
/// its beginning or its end. They see the name as it is written, `http_wait` for `http.wait`, and are themselves
/// taken in that form.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "buckets do nothing until a recorder has them"]
pub struct Buckets {
    default: Vec<f64>,
    rules: Vec<(Matcher, Vec<f64>)>,
}

impl Buckets {
    /// [`DEFAULT_BUCKETS`] for all.
    pub fn new() -> Self {
        Self { default: DEFAULT_BUCKETS.to_vec(), rules: Vec::new() }
    }

    /// The upper bounds where no rule matches, ascending and without `+Inf`. Default: [`DEFAULT_BUCKETS`].
    pub fn default_bounds(mut self, bounds: impl Into<Vec<f64>>) -> Self {
        self.default = bounds.into();
        self
    }

    /// One more rule, tried after those before it: the upper bounds of the histograms that `matcher` matches.
    pub fn rule(mut self, matcher: Matcher, bounds: impl Into<Vec<f64>>) -> Self {
        self.rules.push((matcher, bounds.into()));
        self
    }

    /// Ready to be looked into, or every mistake at once.
    pub(crate) fn checked(self) -> Result<Self, BuildError> {
        let mut mistakes = Vec::new();
        self.check(&mut mistakes);
        if mistakes.is_empty() { Ok(self.sanitized()) } else { Err(BuildError { mistakes }) }
    }

    pub(crate) fn check(&self, mistakes: &mut Vec<String>) {
        check_bounds("the default buckets", &self.default, mistakes);
        for (matcher, bounds) in &self.rules {
            check_bounds(&format!("the buckets of {matcher:?}"), bounds, mistakes);
        }
    }

    pub(crate) fn sanitized(mut self) -> Self {
        self.rules = self.rules.into_iter().map(|(matcher, bounds)| (sanitized(matcher), bounds)).collect();
        self
    }

    /// These bounds for the family of this very name, whatever the rules say.
    pub(crate) fn first(&mut self, name: &str, bounds: &[f64]) {
        self.rules.insert(0, (Matcher::Full(name.to_owned()), bounds.to_vec()));
    }

    /// The bounds of families of our own, unless a rule says others.
    pub(crate) fn of_families(&mut self) {
        for (metric, bounds) in OF_FAMILIES {
            self.rules.push((Matcher::Full(metric.name.to_owned()), bounds.to_vec()));
        }
    }

    /// The bounds of the family of this sanitised name.
    pub(crate) fn of(&self, family: &str) -> &[f64] {
        let found = self.rules.iter().find(|(matcher, _)| matcher.matches(family));
        found.map_or(&self.default, |(_, bounds)| bounds)
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self::new()
    }
}

pub(crate) fn sanitized(matcher: Matcher) -> Matcher {
    match matcher {
        Matcher::Full(name) => Matcher::Full(sanitize_metric_name(&name)),
        Matcher::Prefix(name) => Matcher::Prefix(sanitize_metric_name(&name)),
        // A suffix does not begin a name and may begin with a digit.
        Matcher::Suffix(name) => Matcher::Suffix(sanitize_metric_name(&format!("_{name}"))[1..].to_owned()),
    }
}

pub(crate) fn check_bounds(whose: &str, bounds: &[f64], mistakes: &mut Vec<String>) {
    if bounds.is_empty() {
        mistakes.push(format!("{whose}: there are none"));
    } else if let Some(bad) = bounds.iter().find(|bound| !bound.is_finite()) {
        mistakes.push(format!("{whose}: {bad} is no finite number (`+Inf` is added by itself)"));
    } else if let Some(pair) = bounds.windows(2).find(|pair| pair[0] >= pair[1]) {
        mistakes.push(format!("{whose}: {} is followed by {}, they must ascend", pair[0], pair[1]));
    }
}
