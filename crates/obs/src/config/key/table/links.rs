//! Where traces and lines are looked at.

use super::super::{Key, Kind, Reload, Value};

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "links.to",
        kind: Kind::Pairs,
        default: "",
        variables: &[],
        setter: "link",
        reload: Reload::No,
        doc: "Where traces and lines are looked at: an address for `jaeger`, `tempo`, `loki`, `kibana` and `console`, or a template such as `https://wiki/{trace_id}` under any name.",
        get: |config| Value::Pairs(config.links.to.clone()),
        set: |config, value| {
            if let Value::Pairs(pairs) = value {
                config.links.to = pairs;
            }
        },
    },
    Key {
        path: "links.on_line",
        kind: Kind::Text,
        default: "",
        variables: &[],
        setter: "link_on_line",
        reload: Reload::No,
        doc: "Which of `to` is on the access line of a request that failed, as `trace_url`.",
        get: |config| Value::from_text(config.links.on_line.as_deref()),
        set: |config, value| {
            if let Value::Text(name) = value {
                config.links.on_line = Some(name);
            }
        },
    },
];
