//! Which names the Elastic Common Schema leaves to others: in an index a name is a value or an object, never both.

use obs_core::keys::ecs;

use crate::format::hash;

/// The objects of the schema that may stand at the top, by its field reference (9.x).
const OBJECTS: [&str; 45] = [
    "agent",
    "base",
    "client",
    "cloud",
    "container",
    "data_stream",
    "destination",
    "device",
    "dll",
    "dns",
    "ecs",
    "email",
    "error",
    "event",
    "faas",
    "file",
    "gen_ai",
    "group",
    "host",
    "http",
    "labels",
    "log",
    "network",
    "observer",
    "orchestrator",
    "organization",
    "package",
    "process",
    "registry",
    "related",
    "risk",
    "rule",
    "server",
    "service",
    "source",
    "span",
    "threat",
    "tls",
    "trace",
    "transaction",
    "url",
    "user",
    "user_agent",
    "volume",
    "vulnerability",
];

/// Values at the top that others must not make objects of.
const VALUES: [&str; 3] = [ecs::TIMESTAMP, ecs::MESSAGE, "tags"];

/// Whether a value of this name would be in the way of the schema's own.
pub(super) fn clashes(name: &str) -> bool {
    let below = |name: &str, above: &str| name.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'));
    // Labels have no objects among them.
    let is_deep_label = name.strip_prefix("labels.").is_some_and(|label| label.contains('.'));
    is_deep_label
        || OBJECTS.contains(&name)
        || VALUES.iter().any(|value| below(name, value))
        || ecs::ALL.iter().any(|own| below(own, name) || *own != ecs::LABELS && below(name, own))
}

/// Appends the name under `labels` that stands for one that cannot be. Labels are flat, so dots go.
pub(super) fn push_label(out: &mut String, name: &str) {
    out.push_str(ecs::LABELS);
    out.push('.');
    out.extend(name.chars().map(|c| if c == '.' { '_' } else { c }));
}

/// The names of one line as an index sees them, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Paths {
    values: Vec<u64>,
    objects: Vec<u64>,
}

impl Paths {
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.objects.clear();
    }

    /// The same as `other`, in the memory there is.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.clear();
        self.values.extend_from_slice(&other.values);
        self.objects.extend_from_slice(&other.objects);
    }

    /// Takes up a name, or says that it is a value where there is an object, or the other way round.
    pub(super) fn take(&mut self, name: &str) -> bool {
        let whole = hash::of([name, ""]);
        let above = || name.match_indices('.').map(|(dot, _)| hash::of([&name[..dot], ""]));
        if self.objects.contains(&whole) || above().any(|object| self.values.contains(&object)) {
            return false;
        }
        self.values.push(whole);
        for object in above() {
            if !self.objects.contains(&object) {
                self.objects.push(object);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_do_not_stand_where_the_schema_has_objects_or_below_its_values() {
        for name in [
            "user",
            "log",
            "log.origin.file",
            "http.request",
            "labels.a.b",
            "message.text",
            "log.level.name",
            "error",
        ] {
            assert!(clashes(name), "{name}");
        }
        for name in [
            "order",
            "user.id",
            "http.request.method",
            "message",
            "users",
            "log_level",
            "labels.a",
            "tags",
            "a.b",
        ] {
            assert!(!clashes(name), "{name}");
        }
    }

    #[test]
    fn a_name_is_a_value_or_an_object_and_the_first_wins() {
        let mut paths = Paths::default();
        for (name, taken) in [
            ("a", true),
            ("a", true),
            ("a.b", false),
            ("x.y.z", true),
            ("x.y", false),
            ("x", false),
            ("x.z", true),
        ] {
            assert_eq!(paths.take(name), taken, "{name}");
        }
    }
}
