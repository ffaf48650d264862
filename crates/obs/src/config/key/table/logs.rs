//! What is logged.

use std::path::PathBuf;
use std::time::Duration;

use super::super::{Key, Kind, Reload, Value};
use super::forms::{SOME_TIME, same, special};
use super::macros::{choice, field, whole};
use crate::config::logs::{LEVELS, choice_of, word_of};
use crate::config::{LONGEST, LogFormat, LogOutput, Rotation};

pub(super) const KEYS: &[Key] = &[
    field!(
        "logs.level",
        Kind::Text,
        "`info`",
        [same("OBS_LOG")],
        "log_filter",
        Yes,
        "Levels by target, such as `info,hyper=warn`.",
        Text at logs.filter
    ),
    Key {
        path: "logs.format",
        kind: Kind::Word(&["json", "pretty", "logfmt", "ecs", "otlp"]),
        default: "`pretty` on a terminal, else `json`",
        variables: &[same("OBS_LOG_FORMAT")],
        setter: "log_format",
        reload: Reload::No,
        doc: "The form of lines.",
        get: |config| config.logs.format.map_or(Value::None, |format| word_of(&FORMATS, &format)),
        set: |config, value| config.logs.format = choice_of(&FORMATS, &value).or(config.logs.format),
    },
    Key {
        path: "logs.output",
        kind: Kind::Word(&["stdout", "stderr", "file", "off"]),
        default: "`stdout`, or `file` where `logs.file.path` is given",
        variables: &[special("OBS_LOG_FILE")],
        setter: "log_output",
        reload: Reload::No,
        doc: "Where lines go.",
        get: |config| match &config.logs.output {
            LogOutput::Stdout => Value::Word("stdout"),
            LogOutput::Stderr => Value::Word("stderr"),
            LogOutput::File(_) => Value::Word("file"),
            LogOutput::Off => Value::Word("off"),
        },
        set: |config, value| match value {
            Value::Word("stdout") => config.logs.output = LogOutput::Stdout,
            Value::Word("stderr") => config.logs.output = LogOutput::Stderr,
            Value::Word("off") => config.logs.output = LogOutput::Off,
            // The path comes with its own key; without one there is a mistake.
            Value::Word("file") if !matches!(config.logs.output, LogOutput::File(_)) => {
                config.logs.output = LogOutput::File(PathBuf::new());
            }
            _ => {}
        },
    },
    Key {
        path: "logs.file.path",
        kind: Kind::Text,
        default: "",
        variables: &[special("OBS_LOG_FILE")],
        setter: "log_file",
        reload: Reload::No,
        doc: "The file that lines are appended to; `OBS_LOG_FILE=off` turns lines off.",
        get: |config| match &config.logs.output {
            LogOutput::File(path) => Value::Text(path.to_string_lossy().into_owned()),
            _ => Value::None,
        },
        set: |config, value| {
            if let Value::Text(path) = value {
                config.logs.output = LogOutput::File(PathBuf::from(path));
            }
        },
    },
    choice!(
        "logs.file.rotate",
        "`never`",
        [same("OBS_LOG_ROTATE")],
        "log_rotation",
        "How often a new file is begun, in UTC; its date is put into the name.",
        logs.rotate,
        "never" = Rotation::Never,
        "hourly" = Rotation::Hourly,
        "daily" = Rotation::Daily
    ),
    Key {
        path: "logs.file.keep",
        kind: Kind::Whole(1, 10_000),
        default: "all",
        variables: &[same("OBS_LOG_KEEP")],
        setter: "log_keep",
        reload: Reload::No,
        doc: "How many files are kept where they rotate.",
        get: |config| config.logs.keep.map_or(Value::None, Value::from_whole),
        set: |config, value| config.logs.keep = value.whole(),
    },
    field!(
        "logs.caller",
        Kind::Flag,
        "`false`",
        [same("OBS_LOG_CALLER")],
        "log_caller",
        No,
        "Whether lines carry `file:line`.",
        Flag at logs.caller
    ),
    Key {
        path: "logs.colour",
        kind: Kind::Word(&["auto", "on", "off"]),
        default: "`auto`",
        variables: &[special("NO_COLOR")],
        setter: "log_colours",
        reload: Reload::No,
        doc: "Whether pretty lines are coloured; `auto` does so on a terminal.",
        get: |config| match config.logs.colour {
            None => Value::Word("auto"),
            Some(true) => Value::Word("on"),
            Some(false) => Value::Word("off"),
        },
        set: |config, value| match value {
            Value::Word("auto") => config.logs.colour = None,
            Value::Word("on") => config.logs.colour = Some(true),
            Value::Word("off") => config.logs.colour = Some(false),
            _ => {}
        },
    },
    Key {
        path: "logs.outputs",
        kind: Kind::Outputs,
        default: "",
        variables: &[special("OTEL_LOGS_EXPORTER"), special("OTEL_SDK_DISABLED")],
        setter: "log_output_named",
        reload: Reload::No,
        doc: "Outputs by the names that routes call them, in the place of `logs.output`; their keys are below.",
        get: |config| Value::Outputs(config.logs.outputs.clone()),
        set: |config, value| {
            if let Value::Outputs(outputs) = value {
                config.logs.outputs = outputs;
            }
        },
    },
    Key {
        path: "logs.routes",
        kind: Kind::Routes,
        default: "every line to every output",
        variables: &[],
        setter: "log_route",
        reload: Reload::Yes,
        doc: "Which lines go to which of `logs.outputs`; the first route that a line matches counts.",
        get: |config| Value::Routes(config.logs.routes.clone()),
        set: |config, value| {
            if let Value::Routes(routes) = value {
                config.logs.routes = routes;
            }
        },
    },
    field!(
        "logs.sampling.tick",
        TICK,
        "`1s`",
        [],
        "log_sampling",
        Yes,
        "How long lines of one level and message are counted together.",
        Time at logs.sampling.tick
    ),
    Key {
        path: "logs.sampling.first",
        kind: Kind::Whole(1, 1_000_000_000),
        default: "all",
        variables: &[],
        setter: "log_sampling",
        reload: Reload::Yes,
        doc: "How many equal lines below WARN are written in a tick.",
        get: |config| config.logs.sampling.first.map_or(Value::None, Value::Whole),
        set: |config, value| config.logs.sampling.first = value.whole(),
    },
    Key {
        path: "logs.sampling.thereafter",
        kind: Kind::Whole(0, 1_000_000_000),
        default: "`100`",
        variables: &[],
        setter: "log_sampling",
        reload: Reload::Yes,
        doc: "Each how many-th of those that follow is written; 0 for none.",
        get: |config| Value::Whole(config.logs.sampling.thereafter),
        set: |config, value| {
            if let Some(number) = value.whole() {
                config.logs.sampling.thereafter = number;
            }
        },
    },
    field!(
        "logs.sampling.follow_trace",
        Kind::Flag,
        "`false`",
        [],
        "log_sampling",
        Yes,
        "Whether lines below WARN are left out where their trace is not recorded.",
        Flag at logs.sampling.follow_trace
    ),
    Key {
        path: "logs.rate_limit.lines",
        kind: Kind::Whole(1, 1_000_000_000),
        default: "all",
        variables: &[],
        setter: "log_rate_limit",
        reload: Reload::Yes,
        doc: "How many lines each call site may write in a tick.",
        get: |config| config.logs.rate_limit.lines.map_or(Value::None, Value::Whole),
        set: |config, value| config.logs.rate_limit.lines = value.whole(),
    },
    field!(
        "logs.rate_limit.tick",
        TICK,
        "`1s`",
        [],
        "log_rate_limit",
        Yes,
        "How long the lines of a call site are counted together.",
        Time at logs.rate_limit.tick
    ),
    Key {
        path: "logs.rate_limit.up_to",
        kind: Kind::Word(LEVEL_WORDS),
        default: "`info`",
        variables: &[],
        setter: "log_rate_limit",
        reload: Reload::Yes,
        doc: "The most severe level that is limited.",
        get: |config| word_of(&LEVELS, &config.logs.rate_limit.up_to),
        set: |config, value| {
            if let Some(level) = choice_of(&LEVELS, &value) {
                config.logs.rate_limit.up_to = level;
            }
        },
    },
    Key {
        path: "logs.flight_recorder.level",
        kind: Kind::Text,
        default: "",
        variables: &[same("OBS_FLIGHT_RECORDER")],
        setter: "flight_recorder",
        reload: Reload::No,
        doc: "Levels by target that are held of each request, such as `debug,h2=off`, to be written where it fails or is slow; without them nothing is.",
        get: |config| Value::from_text(config.logs.flight_recorder.level.as_deref()),
        set: |config, value| {
            if let Value::Text(level) = value {
                config.logs.flight_recorder.level = Some(level);
            }
        },
    },
    field!(
        "logs.flight_recorder.errors",
        Kind::Flag,
        "`true`",
        [],
        "flight_recorder",
        No,
        "Whether a request that fails is written out.",
        Flag at logs.flight_recorder.errors
    ),
    Key {
        path: "logs.flight_recorder.slow",
        kind: SOME_TIME,
        default: "",
        variables: &[],
        setter: "flight_recorder",
        reload: Reload::No,
        doc: "A request that takes so long is written out; without it none is for its time alone.",
        get: |config| config.logs.flight_recorder.slow.map_or(Value::None, Value::Time),
        set: |config, value| {
            if let Value::Time(time) = value {
                config.logs.flight_recorder.slow = Some(time);
            }
        },
    },
    field!(
        "logs.flight_recorder.slow_quantile",
        Kind::Flag,
        "`false`",
        [],
        "flight_recorder",
        No,
        "Whether a request that takes longer than 99 of 100 of its route is written out.",
        Flag at logs.flight_recorder.slow_quantile
    ),
    whole!(
        "logs.flight_recorder.request_bytes",
        Kind::Bytes(1_024, 1 << 30),
        "`256KiB`",
        [],
        "flight_recorder",
        "The most bytes held of one request.",
        logs.flight_recorder.request_bytes
    ),
    whole!(
        "logs.flight_recorder.process_bytes",
        Kind::Bytes(65_536, 1 << 40),
        "`16MiB`",
        [],
        "flight_recorder",
        "The most bytes held of all requests together.",
        logs.flight_recorder.process_bytes
    ),
];

/// Shorter ones would be over before anything is counted.
const TICK: Kind = Kind::Time(Duration::from_millis(10), LONGEST);
const LEVEL_WORDS: &[&str] = &["error", "warn", "info", "debug", "trace"];
const FORMATS: [(&str, LogFormat); 5] = [
    ("json", LogFormat::Json),
    ("pretty", LogFormat::Pretty),
    ("logfmt", LogFormat::Logfmt),
    ("ecs", LogFormat::Ecs),
    ("otlp", LogFormat::Otlp),
];
