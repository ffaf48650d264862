//! The few places where a rule of the tree does not hold, each with its reason.

/// Which rule an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// State that outlives every value: a `static` that is more than a constant.
    Static,
    /// A call that sets a global of the process or of a facade.
    SetsGlobal,
    /// State of a thread.
    ThreadLocal,
    /// A read of the environment.
    Environment,
}

/// One place; a path that ends in `/` means all files under it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    pub(crate) rule: Rule,
    pub(crate) path: &'static str,
    pub(crate) reason: &'static str,
}

const fn allowed(rule: Rule, path: &'static str, reason: &'static str) -> Allowed {
    Allowed { rule, path, reason }
}

/// All of them.
pub(crate) const ALLOWED: &[Allowed] = &[
    allowed(
        Rule::Static,
        "crates/obs-core/src/context/shared.rs",
        "what stands in for a local root that is gone: nothing is ever set on it",
    ),
    allowed(
        Rule::Static,
        "crates/obs-core/src/context/route.rs",
        "templates are interned for the life of the process",
    ),
    allowed(
        Rule::Static,
        "crates/obs-core/src/observe/operation.rs",
        "names of targets and of tables are interned for the life of the process",
    ),
    allowed(
        Rule::Static,
        "crates/obs-core/src/keys/metric.rs",
        "descriptions of metrics: constants with an address",
    ),
    allowed(
        Rule::Static,
        "crates/obs-core/src/time.rs",
        "the coarse tick, and the instant all monotonic time counts from",
    ),
    allowed(
        Rule::Static,
        "crates/obs-trace/src/opentelemetry/made.rs",
        "open spans of OpenTelemetry's API, whose contexts know ids alone and may be made on any thread",
    ),
    allowed(
        Rule::Static,
        "crates/obs-logs/src/counts.rs",
        "levels and targets are numbered for the life of the process, so that call sites know their counter",
    ),
    allowed(
        Rule::Static,
        "crates/obs-logs/src/plan/live.rs",
        "numbers sets of plans, so that a thread's call sites know whose plan they keep",
    ),
    allowed(
        Rule::Static,
        "crates/obs-logs/src/recorder/replay.rs",
        "the call site of what is said of lines let go: a constant with an address",
    ),
    allowed(
        Rule::Static,
        "crates/obs-metrics/src/recorder.rs",
        "numbers recorders, so that a thread's cache knows its own",
    ),
    allowed(Rule::Static, "crates/obs-metrics/src/near.rs", "has the caches of all threads let go at once"),
    allowed(
        Rule::Static,
        "crates/obs-metrics/src/series/threads.rs",
        "which slots of hot series have an owner among all threads",
    ),
    allowed(
        Rule::Static,
        "crates/obs/src/subscriber/handle.rs",
        "a subscriber that keeps another from being taken for the only one",
    ),
    allowed(
        Rule::Static,
        "crates/obs/src/bridge/",
        "call sites live as long as the process, and what is to be a logger must",
    ),
    allowed(
        Rule::Static,
        "crates/obs/src/entry/recorder.rs",
        "a constant with an address: the facade lends recorders by reference",
    ),
    allowed(
        Rule::Static,
        "crates/obs/src/subscriber/proxy.rs",
        "the call site of native spans: a constant with an address",
    ),
    allowed(
        Rule::Static,
        "crates/obs/src/subscriber/fused.rs",
        "numbers subscribers, so that one knows its own spans",
    ),
    allowed(
        Rule::Static,
        "crates/obs/src/admin/profiling/cpu.rs",
        "a process has one table of signals, and one profiler that is ready for the first of them",
    ),
    allowed(
        Rule::Static,
        "crates/obs/src/install.rs",
        "whether this process has been claimed, and the base of its own installation",
    ),
    allowed(Rule::SetsGlobal, "crates/obs/src/install.rs", "installation is what sets globals"),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-core/src/conventions/db/known.rs",
        "what queries say of themselves, so that none is parsed twice",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-core/src/redact/keys.rs",
        "verdicts on the same few names, found by address",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-core/src/redact/recurring.rs",
        "the last host and user agent without a secret, which are then only compared",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-core/src/context/route.rs",
        "templates near at hand, found without a lock",
    ),
    allowed(Rule::ThreadLocal, "crates/obs-core/src/context/scope.rs", "the one stack of open contexts"),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-core/src/context/scope/plain.rs",
        "spans on top of that stack that nobody has looked at",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-core/src/time.rs",
        "both times of one moment, so that a span reads one clock when it begins",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-core/src/context/shared.rs",
        "memory of local roots used again, so that one needs no allocation",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-core/src/id/source.rs",
        "a generator per thread, so that ids need no lock",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-logs/src/engine/scratch.rs",
        "buffers used again, so that a line needs no allocation",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-metrics/src/near.rs",
        "the series this thread asked for lately, found without a lock",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-metrics/src/red.rs",
        "handles of recent kinds of request, found without a lock",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-metrics/src/operations.rs",
        "handles of recent kinds of operation, found without a lock",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-metrics/src/rpc.rs",
        "handles of recent kinds of remote procedure call, found without a lock",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-metrics/src/series/threads.rs",
        "the slot of hot series this thread owns",
    ),
    allowed(Rule::ThreadLocal, "crates/obs/src/entry.rs", "which installation a thread has entered"),
    allowed(Rule::ThreadLocal, "crates/obs/src/entry/recorder.rs", "which recorder a thread has entered"),
    allowed(
        Rule::ThreadLocal,
        "crates/obs/src/subscriber/",
        "free slots and answers of filters near at hand, and a list of fields used again",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-trace/src/encode/buffer.rs",
        "a buffer used again, so that encoding needs no allocation",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-trace/src/opentelemetry/observer.rs",
        "which contexts of OpenTelemetry are attached to a thread",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-trace/src/span/draft.rs",
        "a buffer used again, so that a span needs no allocation",
    ),
    allowed(
        Rule::ThreadLocal,
        "crates/obs-trace/src/span/recording.rs",
        "recordings used again, so that a span needs no allocation",
    ),
];
