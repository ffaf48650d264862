//! Labels of metrics.

use super::macros::names;

names! {
    /// The route template, `unmatched`, or `_overflow`.
    ROUTE = "route";
    /// The method out of the closed set, or `_OTHER`; of a remote procedure call the method of its service.
    METHOD = "method";
    /// The response's status.
    STATUS_CODE = "status_code";
    /// How a remote procedure call ended.
    CODE = "code";
    /// Of a call the service that is called, by the name the caller has for it; of a line its target.
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
    /// The group of health checks, by the name it was given.
    GROUP = "group";
    /// The step of the start-up, by the name it was given.
    STEP = "step";
    /// The pool, by the name it was given.
    POOL = "pool";
    /// The cache, by the name it was given.
    CACHE = "cache";
    /// The product that is asked: a database, or one that carries messages.
    SYSTEM = "system";
    /// The database within it.
    DATABASE = "database";
    /// What is done: of a query its first word.
    OPERATION = "operation";
    /// The table that is asked, where it is known and only one.
    COLLECTION = "collection";
    /// The topic or queue of messages.
    DESTINATION = "destination";
    /// The job's name.
    JOB_NAME = "job_name";
    /// How a query, a message or a job ended, a run of a health check, a reload of the configuration, a look into a cache, a push of metrics, or the way of a batch.
    RESULT = "result";
    /// The level of a line, as the line has it.
    LEVEL = "level";
    /// The service's name; of a remote procedure call the service it is for, or `_OTHER`.
    SERVICE = "service";
    /// The service's version.
    VERSION = "version";
    /// The revision of the service's code.
    REVISION = "revision";
    /// Where the service runs, such as `prod`.
    ENV = "env";
    /// The version of obs.
    OBS_VERSION = "obs_version";
    /// The operating system the service was built for.
    OS = "os";
    /// The kind of processor the service was built for.
    ARCH = "arch";
    /// The name of a tokio runtime.
    RUNTIME = "runtime";
    /// The number of a runtime's worker.
    WORKER = "worker";
    /// The name of an allocator.
    ALLOCATOR = "allocator";
    /// A phase in the life of the service.
    PHASE = "phase";
}

/// Labels no metric may have: ids make a series of each request.
pub const REFUSED: &[&str] = &["trace_id", "span_id", "request_id"];

/// Those that say what the whole process is. They stand in `build_info`, so that every other sample may carry one of the same name; a
/// `service` gives way in the families of remote procedure calls, whose own it is.
pub const OF_PROCESS: &[&str] = &[SERVICE, VERSION, REVISION, ENV, OBS_VERSION, OS, ARCH];

/// Stands in the place of a status where no answer came, and is the result of what failed.
pub const NO_ANSWER: &str = "error";

/// The result of what did not fail.
pub const DONE: &str = "success";
