//! What is measured.

use super::super::{Key, Kind, Reload, Value};
use super::forms::IDLE_TIME;
use super::macros::{field, whole};

pub(super) const KEYS: &[Key] = &[
    field!(
        "metrics.default_buckets",
        Kind::Bounds,
        "`[0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]`",
        [],
        "default_buckets",
        NewHistograms,
        "Upper bounds of histograms that no rule matches, in the unit of the observations.",
        Bounds at metrics.default_buckets
    ),
    field!(
        "metrics.buckets",
        Kind::Rules,
        "",
        [],
        "buckets",
        NewHistograms,
        "Bounds of certain histograms by `metric`, `prefix` or `suffix`; the first rule that matches counts.",
        Rules at metrics.buckets
    ),
    whole!(
        "metrics.series_cap",
        Kind::Whole(1, 1_000_000),
        "`2000`",
        [],
        "series_cap",
        "How many series a family holds before further ones are counted together.",
        metrics.series_cap
    ),
    whole!(
        "metrics.total_series_cap",
        Kind::Whole(1, 10_000_000),
        "`100000`",
        [],
        "total_series_cap",
        "How many series all families hold before further ones are counted together, each with those of its family.",
        metrics.total_series_cap
    ),
    Key {
        path: "metrics.idle_timeout",
        kind: IDLE_TIME,
        default: "",
        variables: &[],
        setter: "idle_timeout",
        reload: Reload::No,
        doc: "After how long a series goes in which nothing was recorded and that nobody holds a handle of; without it all stay.",
        get: |config| config.metrics.idle_timeout.map_or(Value::None, Value::Time),
        set: |config, value| {
            if let Value::Time(time) = value {
                config.metrics.idle_timeout = Some(time);
            }
        },
    },
    field!(
        "metrics.native_histograms",
        Kind::Names,
        "",
        [],
        "native_histograms",
        No,
        "Histograms that have native buckets too, for scrapes in protobuf: names, which may begin or end in `*`.",
        Names at metrics.native_histograms
    ),
    field!(
        "metrics.created_samples",
        Kind::Flag,
        "`false`",
        [],
        "created_samples",
        No,
        "Whether OpenMetrics has a `_created` sample for each counter and histogram.",
        Flag at metrics.created_samples
    ),
    field!(
        "metrics.labels",
        Kind::Names,
        "",
        [],
        "metric_label",
        No,
        "Parts of `service` that every sample carries as a label: `name`, `version`, `namespace`, `env`, `region`, `cluster`, or the key of an attribute.",
        Names at metrics.labels
    ),
    Key {
        path: "metrics.declare",
        kind: Kind::Families,
        default: "",
        variables: &[],
        setter: "declare",
        reload: Reload::No,
        doc: "Metrics that are there from the first scrape, each with `name`, `type`, `help`, `unit`, `labels` and `buckets`; one that the code declares too is as it is here.",
        get: |config| Value::Families(config.metrics.declared.clone()),
        set: |config, value| {
            if let Value::Families(families) = value {
                config.metrics.declare(families);
            }
        },
    },
    field!(
        "metrics.process",
        Kind::Flag,
        "`true`",
        [],
        "no_process_metrics",
        No,
        "Whether the process's memory, processor time and file descriptors are measured.",
        Flag at metrics.process
    ),
    field!(
        "metrics.runtime",
        Kind::Flag,
        "`true`",
        [],
        "no_runtime_metrics",
        No,
        "Whether the tokio runtimes that the service is installed and served in are measured.",
        Flag at metrics.runtime
    ),
];

/// What is read beside the file.
pub(super) const BESIDE: &[Key] = &[Key {
    path: "metrics_file",
    kind: Kind::Text,
    default: "",
    variables: &[],
    setter: "metrics_file",
    reload: Reload::No,
    doc: "A file with a list as under `metrics.declare` and nothing else, by its path from this file; read at the start.",
    get: |config| Value::from_text(config.metrics.file.as_deref()),
    set: |config, value| {
        if let Value::Text(path) = value {
            config.metrics.file = Some(path);
        }
    },
}];
