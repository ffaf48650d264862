//! What is logged.

use std::path::PathBuf;

use super::super::{Key, Kind, Reload, Value};
use super::forms::{same, special};
use super::macros::{choice, field};
use crate::config::{LogFormat, LogOutput, Rotation};

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
        kind: Kind::Word(&["json", "pretty", "logfmt"]),
        default: "`pretty` on a terminal, else `json`",
        variables: &[same("OBS_LOG_FORMAT")],
        setter: "log_format",
        reload: Reload::No,
        doc: "The form of lines.",
        get: |config| match config.logs.format {
            None => Value::None,
            Some(LogFormat::Json) => Value::Word("json"),
            Some(LogFormat::Pretty) => Value::Word("pretty"),
            Some(LogFormat::Logfmt) => Value::Word("logfmt"),
        },
        set: |config, value| match value {
            Value::Word("json") => config.logs.format = Some(LogFormat::Json),
            Value::Word("pretty") => config.logs.format = Some(LogFormat::Pretty),
            Value::Word("logfmt") => config.logs.format = Some(LogFormat::Logfmt),
            _ => {}
        },
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
];
