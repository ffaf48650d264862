//! Which traces are recorded beside what a sampler says of all: by their end, and by a header.

use super::super::{Key, Kind, Reload, Value};
use super::forms::{SOME_TIME, same};
use super::macros::field;

pub(super) const KEYS: &[Key] = &[
    field!(
        "traces.tail.keep_errors",
        Kind::Flag,
        "`false`",
        [],
        "trace_tail",
        Yes,
        "Whether traces are kept whose request, or other root in this process, ends in an error, a panic or a time-out. With anything chosen under `tail` every span waits in memory until its root has ended, unless the head of its trace is recorded.",
        Flag at traces.tail.keep_errors
    ),
    Key {
        path: "traces.tail.slow",
        kind: SOME_TIME,
        default: "",
        variables: &[],
        setter: "trace_tail",
        reload: Reload::Yes,
        doc: "Traces are kept whose root takes at least this long; without it none is for its time alone.",
        get: |config| config.traces.tail.slow.map_or(Value::None, Value::Time),
        set: |config, value| {
            config.traces.tail.slow = if let Value::Time(time) = value { Some(time) } else { None };
        },
    },
    field!(
        "traces.tail.slow_p99",
        Kind::Flag,
        "`false`",
        [],
        "trace_tail",
        Yes,
        "Whether traces are kept whose request takes longer than 99 of 100 of its route.",
        Flag at traces.tail.slow_p99
    ),
    field!(
        "traces.tail.ratio",
        Kind::Number(0.0, 1.0),
        "`0`",
        [],
        "trace_tail",
        Yes,
        "The share of all other traces that is kept.",
        Number at traces.tail.ratio
    ),
    Key {
        path: "traces.tail.trace_bytes",
        kind: Kind::Bytes(4_096, 1 << 30),
        default: "`256KiB`",
        variables: &[],
        setter: "trace_tail",
        reload: Reload::Yes,
        doc: "The most bytes in which the spans of one trace wait; beyond it the oldest go.",
        get: |config| Value::from_whole(config.traces.tail.trace_bytes),
        set: |config, value| {
            if let Some(bytes) = value.whole() {
                config.traces.tail.trace_bytes = bytes;
            }
        },
    },
    Key {
        path: "traces.tail.process_bytes",
        kind: Kind::Bytes(65_536, 1 << 40),
        default: "`16MiB`",
        variables: &[],
        setter: "trace_tail",
        reload: Reload::Yes,
        doc: "The most bytes in which the spans of all traces together wait.",
        get: |config| Value::from_whole(config.traces.tail.process_bytes),
        set: |config, value| {
            if let Some(bytes) = value.whole() {
                config.traces.tail.process_bytes = bytes;
            }
        },
    },
    field!(
        "traces.tail.wait",
        SOME_TIME,
        "`10s`",
        [],
        "trace_tail",
        Yes,
        "How long spans wait for sure. Where `process_bytes` are full, those go whose root has had some waiting for longer, such as a stream.",
        Time at traces.tail.wait
    ),
    Key {
        path: "traces.debug_key",
        kind: Kind::Text,
        default: "",
        variables: &[same("OBS_DEBUG_KEY")],
        setter: "debug_key",
        reload: Reload::No,
        doc: "A secret of 16 bytes at least: a request whose `debug_header` is signed with it is recorded whatever else decides. `obs debug-header` prints such a header. With the feature `traces-debug`.",
        get: |config| Value::from_text(config.traces.debug_key.as_deref()),
        set: |config, value| {
            if let Value::Text(key) = value {
                config.traces.debug_key = Some(key);
            }
        },
    },
    field!(
        "traces.debug_header",
        Kind::Text,
        "`x-obs-debug`",
        [],
        "debug_header",
        No,
        "The name of that header.",
        Text at traces.debug_header
    ),
];
