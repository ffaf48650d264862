//! Metric families this project writes.

use super::label;
use crate::observe::Measures;

/// What kind of family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations in buckets.
    Histogram,
}

/// The description of one family.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name samples carry (counters end in `_total`).
    pub name: &'static str,
    /// The help text.
    pub help: &'static str,
    /// What kind.
    pub kind: Kind,
    /// Its labels, in the order they are written.
    pub labels: &'static [&'static str],
}

/// Where calls over HTTP are counted.
pub static HTTP_CLIENT: Measures = Measures {
    count: &HTTP_CLIENT_REQUESTS,
    duration: &HTTP_CLIENT_REQUEST_DURATION,
    errors: &HTTP_CLIENT_REQUEST_ERRORS,
    cancelled: &HTTP_CLIENT_REQUESTS_CANCELLED,
};

/// Where remote procedure calls are counted.
pub static RPC_CLIENT: Measures = Measures {
    count: &RPC_CLIENT_REQUESTS,
    duration: &RPC_CLIENT_REQUEST_DURATION,
    errors: &RPC_CLIENT_REQUEST_ERRORS,
    cancelled: &RPC_CLIENT_REQUESTS_CANCELLED,
};

/// Where calls are counted whose attempts are counted by the families above.
pub static CLIENT_CALLS: Measures = Measures {
    count: &CLIENT_CALL_COUNT,
    duration: &CLIENT_CALL_DURATION,
    errors: &CLIENT_CALL_ERRORS,
    cancelled: &CLIENT_CALLS_CANCELLED,
};

/// Where queries and commands of databases are counted.
pub static DB_CLIENT: Measures = Measures {
    count: &DB_CLIENT_OPERATIONS,
    duration: &DB_CLIENT_OPERATION_DURATION,
    errors: &DB_CLIENT_OPERATION_ERRORS,
    cancelled: &DB_CLIENT_OPERATIONS_CANCELLED,
};

/// Where looks into a cache are counted.
pub static CACHE_LOOKS: Measures = Measures {
    count: &CACHE_REQUESTS,
    duration: &CACHE_REQUEST_DURATION,
    errors: &CACHE_REQUEST_ERRORS,
    cancelled: &CACHE_REQUESTS_CANCELLED,
};

/// Where messages that are sent, asked for or settled are counted.
pub static MESSAGING_CLIENT: Measures = Measures {
    count: &MESSAGING_CLIENT_OPERATIONS,
    duration: &MESSAGING_CLIENT_OPERATION_DURATION,
    errors: &MESSAGING_CLIENT_OPERATION_ERRORS,
    cancelled: &MESSAGING_CLIENT_OPERATIONS_CANCELLED,
};

/// Where the processing of messages is counted.
pub static MESSAGING_PROCESS: Measures = Measures {
    count: &MESSAGING_PROCESSED,
    duration: &MESSAGING_PROCESS_DURATION,
    errors: &MESSAGING_PROCESS_ERRORS,
    cancelled: &MESSAGING_PROCESS_CANCELLED,
};

/// Where runs of jobs are counted.
pub static JOB: Measures = Measures {
    count: &JOB_RUNS,
    duration: &JOB_RUN_DURATION,
    errors: &JOB_RUN_ERRORS,
    cancelled: &JOB_RUNS_CANCELLED,
};

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident = $kind:ident $text:literal [$($label:ident),*] $help:literal;)+) => {
        $($(#[$doc])* pub static $name: Metric =
            Metric { name: $text, help: $help, kind: Kind::$kind, labels: &[$(label::$label),*] };)+
        /// Every family.
        pub static ALL: &[&Metric] = &[$(&$name),+];
    };
}

metrics! {
    /// Responses, and requests that ended without one through a fault of the service.
    HTTP_REQUESTS = Counter "http_requests_total" [ROUTE, METHOD, STATUS_CODE]
        "Requests that ended with a response, an error, a panic or a time-out.";
    /// Durations of the same requests.
    HTTP_REQUEST_DURATION = Histogram "http_request_duration_seconds" [ROUTE, METHOD]
        "Seconds from the request head to the end of the response body; cancelled requests apart.";
    /// Requests between start and finish.
    HTTP_REQUESTS_IN_FLIGHT = Gauge "http_requests_in_flight" []
        "Requests that have begun and not ended.";
    /// The numerator of an error rate.
    HTTP_REQUEST_ERRORS = Counter "http_request_errors_total" [ROUTE, METHOD, KIND]
        "Requests that failed, by kind: server_error, panicked, timed_out.";
    /// Requests whose client went away.
    HTTP_REQUESTS_CANCELLED = Counter "http_requests_cancelled_total" [ROUTE, METHOD]
        "Requests whose client went away before the end.";
    /// Durations of cancelled requests.
    HTTP_REQUEST_CANCELLED_DURATION = Histogram "http_request_cancelled_duration_seconds" [ROUTE, METHOD]
        "Seconds from the request head until the client went away.";
    /// Sizes of what came in requests, where they are measured.
    HTTP_REQUEST_BODY_SIZE = Histogram "http_request_body_size_bytes" [ROUTE, METHOD]
        "Bytes of request body that were read; of requests that were not cancelled.";
    /// Sizes of what was sent, where they are measured.
    HTTP_RESPONSE_BODY_SIZE = Histogram "http_response_body_size_bytes" [ROUTE, METHOD]
        "Bytes of response body that were handed on; of requests that were not cancelled.";
    /// How long the heads of responses took, where it is measured.
    HTTP_RESPONSE_HEAD_DURATION = Histogram "http_response_head_duration_seconds" [ROUTE, METHOD]
        "Seconds from the request head to the response head; of requests that were not cancelled.";
    /// Connections that speak another protocol.
    HTTP_UPGRADED_IN_FLIGHT = Gauge "http_connections_upgraded_in_flight" []
        "Connections in use for another protocol after a request asked for it, such as WebSockets.";
    /// Those that do not any more.
    HTTP_UPGRADED = Counter "http_connections_upgraded_total" [ROUTE, RESULT]
        "Such connections that ended, by how: success, cancelled, panicked.";
    /// How long they did.
    HTTP_UPGRADED_DURATION = Histogram "http_connection_upgraded_duration_seconds" [ROUTE]
        "Seconds for which such connections were in use.";
    /// Remote procedure calls that were answered.
    RPC_SERVER_REQUESTS = Counter "rpc_server_requests_total" [SERVICE, METHOD, CODE]
        "Remote procedure calls that ended, by the code the caller is told.";
    /// Durations of the same.
    RPC_SERVER_REQUEST_DURATION = Histogram "rpc_server_request_duration_seconds" [SERVICE, METHOD, CODE]
        "Seconds from the request head to the end of the response, or until the caller went away.";
    /// Those between start and finish.
    RPC_SERVER_REQUESTS_IN_FLIGHT = Gauge "rpc_server_requests_in_flight" [SERVICE, METHOD]
        "Remote procedure calls that have begun and not ended.";
    /// Messages that came.
    RPC_SERVER_REQUEST_MESSAGES = Counter "rpc_server_request_messages_total" [SERVICE, METHOD]
        "Messages of requests that were read whole, counted when their call ends.";
    /// Messages that were sent.
    RPC_SERVER_RESPONSE_MESSAGES = Counter "rpc_server_response_messages_total" [SERVICE, METHOD]
        "Messages of responses that were handed on whole, counted when their call ends.";
    /// Bytes that came.
    RPC_SERVER_REQUEST_BYTES = Counter "rpc_server_request_bytes_total" [SERVICE, METHOD]
        "Bytes of requests that were read, with the prefixes of their messages.";
    /// Bytes that were sent.
    RPC_SERVER_RESPONSE_BYTES = Counter "rpc_server_response_bytes_total" [SERVICE, METHOD]
        "Bytes of responses that were handed on, with the prefixes of their messages.";
    /// Calls of other services.
    HTTP_CLIENT_REQUESTS = Counter "http_client_requests_total" [TARGET, ROUTE, METHOD, STATUS_CODE]
        "Calls that ended with an answer or an error, by the answer's status, or error where none came.";
    /// Durations of the same calls.
    HTTP_CLIENT_REQUEST_DURATION = Histogram "http_client_request_duration_seconds" [TARGET, ROUTE, METHOD]
        "Seconds from the call to the end of the answer's body; cancelled calls apart.";
    /// The numerator of an error rate of a target.
    HTTP_CLIENT_REQUEST_ERRORS = Counter "http_client_request_errors_total" [TARGET, ROUTE, METHOD, KIND]
        "Calls that failed, by kind: server_error, dns, connect, tls, timeout, reset, panicked, other.";
    /// Calls whose caller lost interest.
    HTTP_CLIENT_REQUESTS_CANCELLED = Counter "http_client_requests_cancelled_total" [TARGET, ROUTE, METHOD]
        "Calls that were given up before an answer came.";
    /// Remote procedure calls of other services.
    RPC_CLIENT_REQUESTS = Counter "rpc_client_requests_total" [TARGET, SERVICE, METHOD, CODE]
        "Remote procedure calls of others that ended with an answer or an error, by the code the caller is told.";
    /// Durations of the same calls.
    RPC_CLIENT_REQUEST_DURATION = Histogram "rpc_client_request_duration_seconds" [TARGET, SERVICE, METHOD]
        "Seconds from the call to the end of its answer; cancelled calls apart.";
    /// Those that failed.
    RPC_CLIENT_REQUEST_ERRORS = Counter "rpc_client_request_errors_total" [TARGET, SERVICE, METHOD, KIND]
        "Remote procedure calls of others that failed, by kind: server_error, dns, connect, tls, timeout, reset, panicked, other.";
    /// Those nobody waited for any more.
    RPC_CLIENT_REQUESTS_CANCELLED = Counter "rpc_client_requests_cancelled_total" [TARGET, SERVICE, METHOD]
        "Remote procedure calls of others that were given up before they ended.";
    /// Calls with all their attempts.
    CLIENT_CALL_COUNT = Counter "client_calls_total" [TARGET, ROUTE, RESULT]
        "Calls with all their attempts that ended with an answer or an error, by what came of them.";
    /// Durations of the same calls.
    CLIENT_CALL_DURATION = Histogram "client_call_duration_seconds" [TARGET, ROUTE]
        "Seconds from the first attempt to the end of the last one's answer; cancelled calls apart.";
    /// Those that failed for good.
    CLIENT_CALL_ERRORS = Counter "client_call_errors_total" [TARGET, ROUTE, KIND]
        "Calls that failed with all their attempts, by kind of the last one: server_error, dns, connect, tls, timeout, reset, panicked, other.";
    /// Those nobody waited for any more.
    CLIENT_CALLS_CANCELLED = Counter "client_calls_cancelled_total" [TARGET, ROUTE]
        "Calls with all their attempts that were given up before an answer came.";
    /// The good events of a service level indicator.
    SLI_GOOD_EVENTS = Counter "sli_good_events_total" [SLI]
        "Events of a service level indicator that were good.";
    /// All that count for it.
    SLI_VALID_EVENTS = Counter "sli_valid_events_total" [SLI]
        "Events of a service level indicator, good and bad.";
    /// What was handed to a way out.
    PIPELINE_PRODUCED = Counter "obs_pipeline_produced_total" [PIPELINE]
        "Records handed to this way out: delivered, dropped or pending.";
    /// What an earlier process left in the journal.
    PIPELINE_RECOVERED = Counter "obs_pipeline_recovered_total" [PIPELINE]
        "Of the records handed over, those that an earlier process left in the journal.";
    /// What arrived.
    PIPELINE_DELIVERED = Counter "obs_pipeline_delivered_total" [PIPELINE]
        "Records the sink has taken.";
    /// What was lost.
    PIPELINE_DROPPED = Counter "obs_pipeline_dropped_total" [PIPELINE, REASON]
        "Records lost, by reason.";
    /// What waits.
    PIPELINE_PENDING = Gauge "obs_pipeline_pending" [PIPELINE]
        "Records waiting or being sent.";
    /// How much memory it waits in.
    PIPELINE_PENDING_BYTES = Gauge "obs_pipeline_pending_bytes" [PIPELINE]
        "Bytes of the records waiting or being sent.";
    /// How long it waits.
    PIPELINE_OLDEST_SECONDS = Gauge "obs_pipeline_oldest_seconds" [PIPELINE]
        "Seconds since the oldest of the records waiting or being sent came; 0 where there is none.";
    /// How often a way out was tried.
    PIPELINE_EXPORTS = Counter "obs_pipeline_exports_total" [PIPELINE, RESULT]
        "Batches that the sink has dealt with, by result: delivered, dropped (in whole or in part).";
    /// How long that took.
    PIPELINE_EXPORT_SECONDS = Counter "obs_pipeline_export_seconds_total" [PIPELINE]
        "Seconds the sink has spent on batches, with retries and the waits between them.";
    /// How long a full queue held up those who fill it.
    PIPELINE_BLOCKED_SECONDS = Counter "obs_pipeline_blocked_seconds_total" [PIPELINE]
        "Seconds that callers have waited for room in the queue, where its policy is to wait.";
    /// How often something was sent.
    PIPELINE_SENT_BATCHES = Counter "obs_pipeline_sent_batches_total" [PIPELINE]
        "Batches sent to another machine, or to a socket, further attempts not counted.";
    /// How much.
    PIPELINE_SENT_BYTES = Counter "obs_pipeline_sent_bytes_total" [PIPELINE]
        "Bytes of bodies sent to another machine, compressed where they are, or written to a socket, those of further attempts included.";
    /// How often once more.
    PIPELINE_RETRIES = Counter "obs_pipeline_retries_total" [PIPELINE]
        "Attempts to send a batch beyond the first, each opening of a socket after a failure among them.";
    /// When another machine last took something.
    PIPELINE_LAST_SUCCESS = Gauge "obs_pipeline_last_success_timestamp_seconds" [PIPELINE]
        "When a batch was last answered well, or a record was last written whole to a socket, in seconds since the Unix epoch.";
    /// When it last did not.
    PIPELINE_LAST_FAILURE = Gauge "obs_pipeline_last_failure_timestamp_seconds" [PIPELINE]
        "When an attempt to send a batch last came to nothing, in seconds since the Unix epoch.";
    /// Lines that were written.
    LOG_LINES = Counter "log_lines_total" [LEVEL, TARGET]
        "Lines that the levels let through, each once, whatever became of it after.";
    /// Lines that were left out by choice.
    LOG_SUPPRESSED = Counter "obs_log_lines_suppressed_total" [REASON]
        "Lines that were let through and left out by sampling, by a rate limit or for their trace's sake.";
    /// Lines the flight recorder has held.
    RECORDER_LINES = Counter "obs_recorder_lines_total" []
        "Lines the flight recorder held until their request had ended, counted at its end.";
    /// Those of them that were written.
    RECORDER_LINES_WRITTEN = Counter "obs_recorder_lines_written_total" []
        "Lines the flight recorder held that were written because their request failed or was slow.";
    /// Those it could not keep.
    RECORDER_LINES_DROPPED = Counter "obs_recorder_lines_dropped_total" [REASON]
        "Lines the flight recorder let go, by reason: request_full, process_full, ended.";
    /// What it holds.
    RECORDER_BYTES = Gauge "obs_recorder_bytes" []
        "Bytes the flight recorder holds for requests that have not ended.";
    /// The requests it wrote lines of.
    RECORDER_REQUESTS = Counter "obs_recorder_requests_total" [REASON]
        "Requests whose held lines were written, by reason: error, panic, timeout, slow, forced.";
    /// Spans that waited for a verdict.
    TAIL_SPANS = Counter "obs_tail_spans_total" []
        "Spans that waited until it was known whether their local root is kept.";
    /// Those of them that were kept.
    TAIL_SPANS_KEPT = Counter "obs_tail_spans_kept_total" []
        "Spans that waited and were handed on, because their local root was kept.";
    /// Those of them that were not.
    TAIL_SPANS_DROPPED = Counter "obs_tail_spans_dropped_total" [REASON]
        "Spans that waited and were let go, by reason: verdict, trace_full, process_full, overdue, unjudged.";
    /// What waits.
    TAIL_BYTES = Gauge "obs_tail_bytes" []
        "Bytes in which spans wait for the end of their local root.";
    /// The local roots that were kept.
    TAIL_ROOTS_KEPT = Counter "obs_tail_roots_kept_total" [REASON]
        "Local roots whose head was not sampled and that were kept, by reason: error, panic, timeout, slow, ratio, asked.";
    /// Those that were not.
    TAIL_ROOTS_DROPPED = Counter "obs_tail_roots_dropped_total" []
        "Local roots whose head was not sampled and that were let go.";
    /// Headers by which somebody wanted a request recorded.
    DEBUG_HEADERS = Counter "obs_debug_headers_total" [RESULT]
        "Requests with a header for debugging, by what it was: accepted, bad, expired.";
    /// `tracing` spans beyond what is kept open at once.
    SPANS_REFUSED = Counter "obs_spans_refused_total" []
        "Spans of tracing that were left out because too many were open.";
    /// How many series a scrape writes.
    METRIC_SERIES = Gauge "obs_metric_series" []
        "Series held by the recorder.";
    /// How many there may be.
    METRIC_SERIES_CAP = Gauge "obs_metric_series_cap" []
        "Series the recorder may hold in all; further ones count in their family's overflow series.";
    /// Series let go of.
    METRIC_EXPIRED = Counter "obs_metric_expired_total" []
        "Series removed because nothing was recorded in them for the idle time-out and nobody held a handle.";
    /// Registrations past a cap.
    METRIC_OVERFLOW = Counter "obs_metric_overflow_total" [METRIC]
        "Registrations that went to the overflow series because the family, or the recorder, is at its cap.";
    /// What the recorder refused.
    METRIC_REJECTED = Counter "obs_metric_rejected_total" [REASON]
        "Registrations, observations and source families refused, by reason.";
    /// How often the metrics were written.
    METRIC_SCRAPES = Counter "obs_metric_scrapes_total" [FORMAT]
        "Expositions written, by format; those that overlap share one.";
    /// What writing them costs.
    METRIC_SCRAPE_SECONDS = Counter "obs_metric_scrape_seconds_total" [FORMAT]
        "Seconds spent writing expositions, without compression.";
    /// How large they are.
    METRIC_SCRAPE_BYTES = Gauge "obs_metric_scrape_bytes" [FORMAT]
        "Bytes of the last exposition, before compression.";
    /// What came of pushes.
    METRIC_PUSHES = Counter "obs_metric_pushes_total" [PIPELINE, RESULT]
        "Pushes of metrics, by what came of them: delivered, rejected, unreachable, timed_out, skipped, internal.";
    /// Whether pushes arrive.
    METRIC_PUSH_LAST_SUCCESS = Gauge "obs_metric_push_last_success_timestamp_seconds" [PIPELINE]
        "When a push was last taken, in seconds since the Unix epoch.";
    /// What the other side did not keep.
    METRIC_PUSH_SAMPLES_LOST = Counter "obs_metric_push_samples_lost_total" [PIPELINE]
        "Samples of pushes that arrived and were not kept.";
    /// What runs.
    BUILD_INFO = Gauge "build_info" [SERVICE, VERSION, REVISION, ENV, OBS_VERSION, OS, ARCH]
        "Always 1; its labels say what is running, and are empty where that is not known.";
    /// Processor time.
    PROCESS_CPU = Counter "process_cpu_seconds_total" []
        "Seconds of processor time the process has used, in user and system mode.";
    /// Memory that is in RAM.
    PROCESS_RESIDENT_MEMORY = Gauge "process_resident_memory_bytes" []
        "Bytes of the process's memory that are in RAM.";
    /// Address space.
    PROCESS_VIRTUAL_MEMORY = Gauge "process_virtual_memory_bytes" []
        "Bytes of address space the process has mapped.";
    /// Open files, sockets and the like.
    PROCESS_OPEN_FDS = Gauge "process_open_fds" []
        "File descriptors the process has open.";
    /// Where opening ends.
    PROCESS_MAX_FDS = Gauge "process_max_fds" []
        "File descriptors the process may have open: the soft limit.";
    /// When it began.
    PROCESS_START_TIME = Gauge "process_start_time_seconds" []
        "When the process began, in seconds since the Unix epoch.";
    /// How many threads.
    PROCESS_THREADS = Gauge "process_threads" []
        "Threads of the process.";
    /// Workers of a runtime.
    TOKIO_WORKERS = Gauge "tokio_workers" [RUNTIME]
        "Worker threads of the runtime.";
    /// Tasks of a runtime.
    TOKIO_ALIVE_TASKS = Gauge "tokio_alive_tasks" [RUNTIME]
        "Tasks that were spawned and have not ended.";
    /// What no worker has taken up.
    TOKIO_GLOBAL_QUEUE_DEPTH = Gauge "tokio_global_queue_depth" [RUNTIME]
        "Tasks that wait in the queue all workers share.";
    /// How busy each worker is.
    TOKIO_WORKER_BUSY = Counter "tokio_worker_busy_seconds_total" [RUNTIME, WORKER]
        "Seconds the worker was busy with tasks.";
    /// A worker that does not come back from its tasks.
    TOKIO_WORKER_STALL = Gauge "tokio_worker_stall_seconds" [RUNTIME]
        "Seconds for which the worker that is away longest has not come back from its tasks.";
    /// How often that was so long that it was told.
    TOKIO_WORKER_STALLS = Counter "tokio_worker_stalls_total" [RUNTIME]
        "Times a worker did not come back from its tasks for as long as is told.";
    /// How often workers had nothing to do.
    TOKIO_PARKS = Counter "tokio_parks_total" [RUNTIME]
        "Times a worker went to sleep for want of work.";
    /// Threads that block.
    TOKIO_BLOCKING_THREADS = Gauge "tokio_blocking_threads" [RUNTIME]
        "Threads for work that blocks.";
    /// Those of them that wait.
    TOKIO_IDLE_BLOCKING_THREADS = Gauge "tokio_idle_blocking_threads" [RUNTIME]
        "Threads for work that blocks which have none.";
    /// Blocking work that no thread has taken up.
    TOKIO_BLOCKING_QUEUE_DEPTH = Gauge "tokio_blocking_queue_depth" [RUNTIME]
        "Pieces of work that blocks which wait for a thread.";
    /// What workers have before them.
    TOKIO_LOCAL_QUEUE_DEPTH = Gauge "tokio_local_queue_depth" [RUNTIME]
        "Tasks that wait in the queues of single workers.";
    /// Tasks ever.
    TOKIO_SPAWNED_TASKS = Counter "tokio_spawned_tasks_total" [RUNTIME]
        "Tasks that were spawned.";
    /// Polls.
    TOKIO_POLLS = Counter "tokio_polls_total" [RUNTIME]
        "Times a task was polled.";
    /// Tasks that changed workers.
    TOKIO_STEALS = Counter "tokio_steals_total" [RUNTIME]
        "Tasks a worker took from another's queue.";
    /// Queues that were full.
    TOKIO_OVERFLOWS = Counter "tokio_overflows_total" [RUNTIME]
        "Times a worker's queue was full and went over to the shared one.";
    /// Work from outside.
    TOKIO_REMOTE_SCHEDULES = Counter "tokio_remote_schedules_total" [RUNTIME]
        "Tasks that were woken or spawned from outside of the runtime.";
    /// Tasks that would not stop.
    TOKIO_FORCED_YIELDS = Counter "tokio_forced_yields_total" [RUNTIME]
        "Times a task had to make way because it had used up its budget.";
    /// Sockets and the like.
    TOKIO_IO_FDS = Gauge "tokio_io_fds" [RUNTIME]
        "File descriptors registered with the runtime's I/O driver.";
    /// Events on them.
    TOKIO_IO_READY = Counter "tokio_io_ready_total" [RUNTIME]
        "Times a file descriptor became ready.";
    /// What a program has asked an allocator for.
    ALLOCATOR_ALLOCATED = Gauge "allocator_allocated_bytes" [ALLOCATOR]
        "Bytes the program has allocated and not freed.";
    /// The pages that is in.
    ALLOCATOR_ACTIVE = Gauge "allocator_active_bytes" [ALLOCATOR]
        "Bytes of the pages that hold what is allocated.";
    /// What of an allocator's memory is in RAM.
    ALLOCATOR_RESIDENT = Gauge "allocator_resident_bytes" [ALLOCATOR]
        "Bytes of the allocator's memory that are in RAM.";
    /// The address space an allocator uses.
    ALLOCATOR_MAPPED = Gauge "allocator_mapped_bytes" [ALLOCATOR]
        "Bytes of address space the allocator has mapped.";
    /// The address space an allocator keeps.
    ALLOCATOR_RETAINED = Gauge "allocator_retained_bytes" [ALLOCATOR]
        "Bytes of address space the allocator keeps for later, of which none are in RAM.";
    /// Whether a check passes.
    HEALTH_CHECK_STATUS = Gauge "health_check_status" [CHECK]
        "1 where the check passed lately, 0 where it failed, is stale or has not run yet.";
    /// How long a check takes.
    HEALTH_CHECK_DURATION = Gauge "health_check_duration_seconds" [CHECK]
        "Seconds the last run of the check took.";
    /// How a check's runs ended.
    HEALTH_CHECK_RUNS = Counter "health_check_runs_total" [CHECK, RESULT]
        "Runs of the check, by how they ended.";
    /// Whether the service takes traffic.
    HEALTH_READY = Gauge "health_ready" []
        "1 while the readiness probe says ready.";
    /// Whether the service takes traffic for the purpose of a group.
    HEALTH_GROUP_READY = Gauge "health_group_ready" [GROUP]
        "1 while all checks of the group have passed and the service is in traffic.";
    /// Whether a check fails open.
    HEALTH_CHECK_EXCUSED = Gauge "health_check_excused" [CHECK]
        "1 while a check that fails open has failed and the service stays ready.";
    /// Whether the process should be left running.
    HEALTH_LIVE = Gauge "health_live" []
        "1 while the liveness probe says ok.";
    /// Whether the start-up has ended.
    HEALTH_STARTED = Gauge "health_started" []
        "1 once the start-up probe says started.";
    /// How far a step of the start-up has come.
    HEALTH_STARTUP_STEP = Gauge "health_startup_step_ratio" [STEP]
        "How much of the step of the start-up is done, from 0 to 1.";
    /// Connections that somebody has.
    DB_POOL_ACTIVE = Gauge "db_pool_connections_active" [POOL]
        "Connections in use.";
    /// Connections that nobody has.
    DB_POOL_IDLE = Gauge "db_pool_connections_idle" [POOL]
        "Connections that are open and not in use.";
    /// Where opening ends.
    DB_POOL_MAX = Gauge "db_pool_connections_max" [POOL]
        "Connections the pool may have open.";
    /// Who stands in line.
    DB_POOL_WAITERS = Gauge "db_pool_waiters" [POOL]
        "Acquires that wait for a connection right now.";
    /// How long one stands in line.
    DB_POOL_WAIT_DURATION = Histogram "db_pool_wait_duration_seconds" [POOL]
        "Seconds from an acquire to a connection or to its end without one.";
    /// Acquires the pool gave up.
    DB_POOL_TIMEOUTS = Counter "db_pool_timeouts_total" [POOL]
        "Acquires that ended because the pool's time was over.";
    /// Acquires that failed for another reason.
    DB_POOL_ERRORS = Counter "db_pool_errors_total" [POOL]
        "Acquires that ended with another error, or panicked.";
    /// Acquires the caller gave up.
    DB_POOL_CANCELLED = Counter "db_pool_cancelled_total" [POOL]
        "Acquires that were given up before they ended.";
    /// How looks into a cache ended.
    CACHE_REQUESTS = Counter "cache_requests_total" [CACHE, RESULT]
        "Looks into the cache, by what came of them: hit, miss, error.";
    /// How long looks into a cache take.
    CACHE_REQUEST_DURATION = Histogram "cache_request_duration_seconds" [CACHE]
        "Seconds a look into the cache took; cancelled looks, and those that were only counted, apart.";
    /// Looks that failed.
    CACHE_REQUEST_ERRORS = Counter "cache_request_errors_total" [CACHE, KIND]
        "Looks into the cache that failed, by the kind of the error.";
    /// Looks nobody waited for any more.
    CACHE_REQUESTS_CANCELLED = Counter "cache_requests_cancelled_total" [CACHE]
        "Looks into the cache that were given up before they ended.";
    /// Queries and commands.
    DB_CLIENT_OPERATIONS = Counter "db_client_operations_total" [SYSTEM, DATABASE, OPERATION, COLLECTION, RESULT]
        "Queries and commands that ended, by what came of them: success, error.";
    /// Durations of the same.
    DB_CLIENT_OPERATION_DURATION = Histogram "db_client_operation_duration_seconds" [SYSTEM, DATABASE, OPERATION, COLLECTION]
        "Seconds a query or command took; cancelled ones apart.";
    /// Those that failed.
    DB_CLIENT_OPERATION_ERRORS = Counter "db_client_operation_errors_total" [SYSTEM, DATABASE, OPERATION, COLLECTION, KIND]
        "Queries and commands that failed, by the kind of the error.";
    /// Those nobody waited for any more.
    DB_CLIENT_OPERATIONS_CANCELLED = Counter "db_client_operations_cancelled_total" [SYSTEM, DATABASE, OPERATION, COLLECTION]
        "Queries and commands that were given up before they ended.";
    /// Messages sent, asked for, settled.
    MESSAGING_CLIENT_OPERATIONS = Counter "messaging_client_operations_total" [SYSTEM, DESTINATION, OPERATION, RESULT]
        "Sendings and other operations on messages that ended, by what came of them: success, error.";
    /// Durations of the same.
    MESSAGING_CLIENT_OPERATION_DURATION = Histogram "messaging_client_operation_duration_seconds" [SYSTEM, DESTINATION, OPERATION]
        "Seconds a sending or another operation on messages took; cancelled ones apart.";
    /// Those that failed.
    MESSAGING_CLIENT_OPERATION_ERRORS = Counter "messaging_client_operation_errors_total" [SYSTEM, DESTINATION, OPERATION, KIND]
        "Sendings and other operations on messages that failed, by the kind of the error.";
    /// Those nobody waited for any more.
    MESSAGING_CLIENT_OPERATIONS_CANCELLED = Counter "messaging_client_operations_cancelled_total" [SYSTEM, DESTINATION, OPERATION]
        "Sendings and other operations on messages that were given up before they ended.";
    /// Messages that were worked through.
    MESSAGING_PROCESSED = Counter "messaging_processed_total" [SYSTEM, DESTINATION, RESULT]
        "Times a message, or a batch of them, was processed, by what came of it: success, error.";
    /// Durations of the same.
    MESSAGING_PROCESS_DURATION = Histogram "messaging_process_duration_seconds" [SYSTEM, DESTINATION]
        "Seconds the processing of a message, or of a batch, took; cancelled ones apart.";
    /// Those that failed.
    MESSAGING_PROCESS_ERRORS = Counter "messaging_process_errors_total" [SYSTEM, DESTINATION, KIND]
        "Times a message, or a batch of them, was not processed to its end, by the kind of the error.";
    /// Those nobody waited for any more.
    MESSAGING_PROCESS_CANCELLED = Counter "messaging_process_cancelled_total" [SYSTEM, DESTINATION]
        "Times the processing of a message, or of a batch, was given up before its end.";
    /// Runs of jobs.
    JOB_RUNS = Counter "job_executions_total" [JOB_NAME, RESULT]
        "Runs of the job that ended, by what came of them: success, error.";
    /// Durations of the same.
    JOB_RUN_DURATION = Histogram "job_execution_duration_seconds" [JOB_NAME]
        "Seconds a run of the job took; cancelled ones apart.";
    /// Those that failed.
    JOB_RUN_ERRORS = Counter "job_execution_errors_total" [JOB_NAME, KIND]
        "Runs of the job that failed, by the kind of the error.";
    /// Those nobody waited for any more.
    JOB_RUNS_CANCELLED = Counter "job_executions_cancelled_total" [JOB_NAME]
        "Runs of the job that were given up before their end.";
    /// Who came to the admin listener.
    ADMIN_CONNECTIONS = Counter "obs_admin_connections_total" []
        "Connections to the admin listener.";
    /// Who went without an answer, or with another one than they asked for.
    ADMIN_REFUSED = Counter "obs_admin_refused_total" [REASON]
        "Connections and requests that the admin listener refused, by reason: busy, slow, malformed, rate, unauthorized, forbidden, tls.";
    /// Whether the web config file that is there is in force.
    ADMIN_WEB_CONFIG_SUCCESS = Gauge "obs_admin_web_config_last_reload_success" []
        "1 unless the web config file of the admin listener was wrong when it was last read.";
    /// How reloads went.
    CONFIG_RELOADS = Counter "obs_config_reloads_total" [RESULT]
        "Looks at a changed configuration file, by what came of them: applied, rejected, unchanged.";
    /// Whether the file that is there is in force.
    CONFIG_LAST_RELOAD_SUCCESS = Gauge "obs_config_last_reload_success" []
        "1 unless the configuration file was wrong when it was last read.";
    /// Which phase the service is in.
    LIFECYCLE_PHASE = Gauge "obs_lifecycle_phase" [PHASE]
        "1 for the phase the service is in, 0 for each other: starting, ready, draining, finishing, flushing.";
    /// How long each phase took.
    LIFECYCLE_PHASE_SECONDS = Gauge "obs_lifecycle_phase_seconds" [PHASE]
        "Seconds each phase that has begun took, or takes by now.";
}
