//! Where what is to survive the process is kept.

use std::path::PathBuf;

use super::super::{Key, Kind, Reload, Value};
use super::forms::same;
use super::macros::whole;

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "journal.directory",
        kind: Kind::Text,
        default: "none: nothing can be durable",
        variables: &[same("OBS_JOURNAL")],
        setter: "journal",
        reload: Reload::No,
        doc: "Where what is `durable` is kept until it is delivered, each output in a directory of its own; one process at a time.",
        get: |config| {
            let directory = config.journal.directory.as_ref();
            directory.map_or(Value::None, |path| Value::Text(path.to_string_lossy().into_owned()))
        },
        set: |config, value| {
            if let Value::Text(path) = value {
                config.journal.directory = Some(PathBuf::from(path));
            }
        },
    },
    whole!(
        "journal.max",
        Kind::Bytes(1 << 20, 1 << 50),
        "`256MiB`",
        [],
        "journal",
        "The most bytes on the disk of one journal, unless an output chooses others by `spill`.",
        journal.max
    ),
];
