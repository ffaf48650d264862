//! Health checks, the admin listener, and the end of the service.

use super::super::{Key, Kind, Reload, Value};
use super::forms::{ANY_TIME, SOME_TIME, same};
use super::macros::{field, whole};

pub(super) const KEYS: &[Key] = &[
    field!(
        "health.timeout",
        SOME_TIME,
        "`1s`",
        [],
        "health",
        No,
        "How long one run of a check may take.",
        Time at health.timeout
    ),
    field!(
        "health.interval",
        SOME_TIME,
        "`10s`",
        [],
        "health",
        No,
        "How long after one run of a check the next begins.",
        Time at health.interval
    ),
    Key {
        path: "health.stale_after",
        kind: SOME_TIME,
        default: "three intervals and a time-out",
        variables: &[],
        setter: "health",
        reload: Reload::No,
        doc: "How old a result may be before it counts as unknown.",
        get: |config| config.health.stale_after.map_or(Value::None, Value::Time),
        set: |config, value| {
            if let Value::Time(time) = value {
                config.health.stale_after = Some(time);
            }
        },
    },
    whole!(
        "health.failure_threshold",
        Kind::Whole(1, 100),
        "`1`",
        [],
        "health",
        "How many runs of a check in a row have to fail until it counts as failed.",
        health.failure_threshold
    ),
    whole!(
        "health.success_threshold",
        Kind::Whole(1, 100),
        "`1`",
        [],
        "health",
        "How many runs in a row of a check that has failed have to pass until it counts as passed.",
        health.success_threshold
    ),
    field!(
        "health.stall",
        ANY_TIME,
        "`60s`",
        [],
        "stall",
        No,
        "For how long a worker of the service's runtime may be blocked in its tasks until `/healthz` says so; `0s`: never.",
        Time at health.stall
    ),
    field!(
        "health.stall_warning",
        ANY_TIME,
        "`5s`",
        [],
        "stall",
        No,
        "After how long a blocked worker is told in a line; `0s`: never.",
        Time at health.stall_warning
    ),
    Key {
        path: "health.max_tasks",
        kind: Kind::Whole(1, 1_000_000_000),
        default: "as many as there are",
        variables: &[],
        setter: "max_tasks",
        reload: Reload::No,
        doc: "How many tasks the service's runtime may have for half a minute until `/healthz` says so.",
        get: |config| config.health.max_tasks.map_or(Value::None, Value::Whole),
        set: |config, value| {
            if let Value::Whole(tasks) = value {
                config.health.max_tasks = Some(tasks);
            }
        },
    },
    Key {
        path: "admin.addr",
        kind: Kind::Address,
        default: "`127.0.0.1:9464`",
        variables: &[same("OBS_ADMIN_ADDR")],
        setter: "admin",
        reload: Reload::No,
        doc: "Where `/metrics` and the rest of the admin listener is; `admin: off` turns it off as well.",
        get: |config| Value::Address(config.admin.clone()),
        set: |config, value| {
            if let Value::Address(admin) = value {
                config.admin = admin;
            }
        },
    },
    Key {
        path: "admin.token",
        kind: Kind::Text,
        default: "",
        variables: &[same("OBS_ADMIN_TOKEN")],
        setter: "admin_token",
        reload: Reload::No,
        doc: "What `/loglevel`, `/config` and others that show or change much ask for as a bearer token; without one they are for this machine alone.",
        get: |config| Value::from_text(config.admin_token.as_deref()),
        set: |config, value| {
            if let Value::Text(token) = value {
                config.admin_token = Some(token);
            }
        },
    },
    Key {
        path: "admin.web_config",
        kind: Kind::Text,
        default: "",
        variables: &[same("OBS_ADMIN_WEB_CONFIG")],
        setter: "admin_web_config",
        reload: Reload::No,
        doc: "A file with TLS, headers and users of the listener, in the format that exporters of Prometheus share, by its path from this file; looked at again while the service runs.",
        get: |config| Value::from_text(config.admin_web_config.as_deref()),
        set: |config, value| {
            if let Value::Text(path) = value {
                config.admin_web_config = Some(path);
            }
        },
    },
    field!(
        "admin.insecure",
        Kind::Flag,
        "`false`",
        [],
        "admin_insecure",
        No,
        "Whether tokens and passwords may come without TLS to an address that other machines reach: where a mesh or a proxy has the TLS.",
        Flag at admin_insecure
    ),
    field!(
        "admin.requests",
        Kind::Flag,
        "`false`",
        [same("OBS_ADMIN_REQUESTS")],
        "admin_requests",
        No,
        "Whether `/debug/requests` shows what is in flight, which costs each request a little.",
        Flag at admin_requests
    ),
    field!(
        "drain.delay",
        ANY_TIME,
        "`2s`",
        [same("OBS_DRAIN_DELAY")],
        "drain",
        No,
        "How long the service goes on serving, unready, after it was asked to end.",
        Time at drain.delay
    ),
    field!(
        "drain.timeout",
        SOME_TIME,
        "`25s`",
        [same("OBS_DRAIN_TIMEOUT")],
        "drain",
        No,
        "How long the whole end may take, the delay and the last flush included.",
        Time at drain.timeout
    ),
    Key {
        path: "flush.timeout",
        kind: SOME_TIME,
        default: "a fifth of `drain.timeout`, at most 5s",
        variables: &[same("OBS_FLUSH_TIMEOUT")],
        setter: "flush_timeout",
        reload: Reload::No,
        doc: "How much of `drain.timeout` is kept for delivering what was recorded.",
        get: |config| config.flush.timeout.map_or(Value::None, Value::Time),
        set: |config, value| {
            if let Value::Time(time) = value {
                config.flush.timeout = Some(time);
            }
        },
    },
];
