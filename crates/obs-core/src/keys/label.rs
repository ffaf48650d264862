//! Labels of metrics.

use super::macros::names;

names! {
    /// The route template, `unmatched`, or `_overflow`.
    ROUTE = "route";
    /// The method out of the closed set, or `_OTHER`.
    METHOD = "method";
    /// The response's status.
    STATUS_CODE = "status_code";
    /// The service that is called, by the name the caller has for it.
    TARGET = "target";
    /// What kind of error.
    KIND = "kind";
    /// Which way out: `logs_stdout`, `logs_file`, `traces_otlp`, ...
    PIPELINE = "pipeline";
    /// Why something was dropped or refused.
    REASON = "reason";
    /// The family's name.
    METRIC = "metric";
    /// In which form metrics were written: `text`, `openmetrics`, `protobuf`.
    FORMAT = "format";
    /// The name of a service level indicator.
    SLI = "sli";
    /// The health check's name.
    CHECK = "check";
    /// How a run of a health check ended, a reload of the configuration, or a look into a cache.
    RESULT = "result";
    /// The pool, by the name it was given.
    POOL = "pool";
    /// The cache, by the name it was given.
    CACHE = "cache";
}

/// Labels no metric may have: ids make a series of each request.
pub const REFUSED: &[&str] = &["trace_id", "span_id", "request_id"];

/// Stands in the place of a status where no answer came.
pub const NO_ANSWER: &str = "error";
