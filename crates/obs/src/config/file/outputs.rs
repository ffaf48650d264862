//! Named outputs of lines as operators choose them.

use std::path::PathBuf;

use super::super::draft::{At, shown};
use super::super::key::{Kind, Value};
use super::super::logs::{LogDestination, LogFormat, LogPlace, LogSync, OUTPUT_KEYS, OutputKey, WhenFull};
use super::read::{Reader, shown_path, unknown};
use super::scalar::{self, Read};
use super::tree::{Entry, Node, Tree};

/// Where outputs are chosen, in mistakes.
const PATH: &str = "logs.outputs";
/// How many there may be.
const MOST: usize = 32;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 64;

/// A part of a value.
pub(super) struct Part {
    /// Its path within the value, by which it is looked for.
    pub(super) name: String,
    /// Where it stands.
    pub(super) at: At,
    /// Whether it is kept from being shown.
    pub(super) concealed: bool,
    /// Its path within the value as mistakes tell it, where that is another.
    pub(super) told: Option<String>,
}

impl Part {
    pub(super) fn new(name: impl Into<String>, at: At, concealed: bool) -> Self {
        Self { name: name.into(), at, concealed, told: None }
    }
}

/// Where lines cannot be sent from here, though one would look for it.
const ELSEWHERE: [&str; 3] = ["kafka", "fluentd", "http"];
/// Other names of what there is.
const ELASTIC: [&str; 2] = ["elk", "opensearch"];

impl Reader<'_, '_> {
    /// Outputs by name, and where each of their keys stands; none where one of them is wrong.
    pub(super) fn outputs(&mut self, node: &Node) -> Option<(Vec<LogDestination>, Vec<Part>)> {
        let Tree::Map(entries) = &node.value else {
            return self.refuse(node.at, PATH, scalar::mismatch(node, Kind::Outputs));
        };
        if entries.len() > MOST {
            return self.refuse(node.at, PATH, Some(format!("has more than {MOST} outputs")));
        }
        let (mut outputs, mut parts, mut whole) = (Vec::new(), Vec::new(), true);
        for Entry { key: name, at, node } in self.unique(PATH, entries.clone()) {
            let path = shown_path(PATH, &name);
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            if name.len() > LONGEST_NAME || !name.bytes().all(is_name) {
                let what = format!("a name has letters, digits, `_` and `-`, {LONGEST_NAME} at most");
                self.fault(at, &path, what);
                whole = false;
                continue;
            }
            parts.push(Part::new(&name, at, false));
            match self.output(&path, &name, &node, &mut parts) {
                Some(output) => outputs.push(output),
                None => whole = false,
            }
        }
        if whole && outputs.is_empty() {
            return self.refuse(node.at, PATH, Some(String::from("is empty, expected one output at least")));
        }
        whole.then_some((outputs, parts))
    }

    fn output(
        &mut self,
        path: &str,
        name: &str,
        node: &Node,
        parts: &mut Vec<Part>,
    ) -> Option<LogDestination> {
        let Tree::Map(entries) = &node.value else {
            let told = matches!(node.value, Tree::Broken);
            let what = "expected an output such as { type: stdout, format: json }";
            return self.refuse(node.at, path, (!told).then(|| String::from(what)));
        };
        let known: Vec<_> = OUTPUT_KEYS.iter().map(|key| key.name).collect();
        let mut output = LogDestination::new(name, LogPlace::Stdout);
        let (mut whole, mut chosen) = (true, Vec::new());
        let entries = self.unique(path, entries.clone());
        if let Some(fault) = entries.iter().find_map(sent_elsewhere) {
            // Its other keys would be those of a kind that is not there.
            return self.refuse(fault.0, &shown_path(path, "type"), Some(fault.1));
        }
        for Entry { key: word, at, node } in entries {
            let here = shown_path(path, &word);
            let Some(key) = OUTPUT_KEYS.iter().find(|key| key.name == word) else {
                self.fault(at, &here, unknown(&word, &known));
                whole = false;
                continue;
            };
            self.expanded = false;
            let value = match key.kind {
                Kind::Pairs => self.texts_by_name((&here, &format!("{name}.{word}")), &node, parts),
                // None is a mistake that is told below.
                Kind::Urls => self.texts(&here, &node, "a URL or a list of URLs").map(Value::Names),
                Kind::Names => self.fields(&here, &node),
                kind => match self.scalar(&node, kind) {
                    Ok(Read { value, .. }) => Some(value),
                    Err(what) => self.refuse(node.at, &here, what),
                },
            };
            parts.push(Part::new(format!("{name}.{word}"), at, self.expanded && key.kind != Kind::Pairs));
            match value {
                Some(value) => chosen.push((key, at, value)),
                None => whole = false,
            }
        }
        if !whole {
            return None;
        }
        // In the order of the table: what a path is depends on the type.
        for known in OUTPUT_KEYS {
            if let Some((key, _, value)) = chosen.iter().find(|(key, ..)| key.name == known.name) {
                (key.set)(&mut output, value.clone());
            }
        }
        let has = |word: &str| chosen.iter().any(|(key, ..)| key.name == word);
        if !has("type") {
            return self.refuse(node.at, path, Some(String::from("has no `type`")));
        }
        if output.to == LogPlace::File(PathBuf::new()) {
            return self.refuse(node.at, path, Some(String::from("a `file` has a `path`")));
        }
        // A collector may be named by a variable.
        if output.to.is_far() && output.to != LogPlace::Otlp && output.ship.urls.is_empty() {
            return self.refuse(node.at, path, Some(String::from("has no `url`")));
        }
        let void: Vec<_> =
            chosen.iter().filter_map(|(key, at, _)| Some((key.name, *at, void(key, &output)?))).collect();
        for (word, at, why) in &void {
            self.fault(*at, &shown_path(path, word), format!("has no effect: {why}"));
        }
        void.is_empty().then_some(output)
    }

    /// Texts by name; each is concealed by itself.
    fn texts_by_name(
        &mut self,
        (path, part): (&str, &str),
        node: &Node,
        parts: &mut Vec<Part>,
    ) -> Option<Value> {
        let Tree::Map(entries) = &node.value else {
            return self.refuse(node.at, path, scalar::mismatch(node, Kind::Pairs));
        };
        let (mut pairs, mut whole) = (Vec::new(), true);
        for Entry { key: from, at, node } in self.unique(path, entries.clone()) {
            match self.text(&node) {
                Ok((to, concealed)) => {
                    parts.push(Part::new(format!("{part}.{from}"), at, concealed));
                    pairs.push((from, to));
                }
                Err(what) => {
                    self.refuse::<()>(node.at, &shown_path(path, &from), what);
                    whole = false;
                }
            }
        }
        whole.then_some(Value::Pairs(pairs))
    }

    fn fields(&mut self, path: &str, node: &Node) -> Option<Value> {
        let names = self.texts(path, node, "a list of fields such as [caller, span_id]")?;
        let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
        if let Some((_, name)) = twice {
            let what = format!("{} stands here a second time", shown(name));
            return self.refuse(node.at, path, Some(what));
        }
        Some(Value::Names(names))
    }

    /// A list of texts, or one alone.
    pub(super) fn texts(&mut self, path: &str, node: &Node, expected: &str) -> Option<Vec<String>> {
        let items = match &node.value {
            Tree::List(items) => items.as_slice(),
            Tree::Text(_) => std::slice::from_ref(node),
            Tree::Broken => return None,
            Tree::Null | Tree::Map(_) => {
                return self.refuse(node.at, path, Some(format!("expected {expected}")));
            }
        };
        let texts: Vec<_> = items
            .iter()
            .map(|item| match self.text(item) {
                Ok((text, _)) => Some(text),
                Err(what) => self.refuse(item.at, path, what),
            })
            .collect();
        texts.into_iter().collect()
    }
}

/// What is said of an output that is not there but looked for.
fn sent_elsewhere(entry: &Entry) -> Option<(At, String)> {
    let Tree::Text(word) = &entry.node.value else { return None };
    let is_known = entry.key == "type" && ELSEWHERE.iter().any(|known| word.eq_ignore_ascii_case(known));
    if entry.key == "type" && ELASTIC.iter().any(|known| word.eq_ignore_ascii_case(known)) {
        return Some((entry.node.at, format!("{} is `elasticsearch` here", shown(word))));
    }
    let what = || {
        format!(
            "lines are not sent to {} from here; write a `file`, or `stdout`, and have an agent such as Alloy, Vector \
             or the OpenTelemetry Collector send them on",
            shown(word)
        )
    };
    is_known.then(|| (entry.node.at, what()))
}

/// Why a key of an output comes to nothing, where it does.
fn void(key: &OutputKey, output: &LogDestination) -> Option<&'static str> {
    match key.name {
        _ if key.of.void(&output.to).is_some() => key.of.void(&output.to),
        "format" if output.to == LogPlace::Elastic && output.format != Some(LogFormat::Ecs) => {
            Some("documents are in the names of ECS")
        }
        "queue" if output.durable => Some("what is `durable` has the bytes of `spill`"),
        "spill" if !output.durable => Some("it is not `durable`"),
        "disk_full_wait" if output.durable => Some("what is `durable` waits as long as it takes"),
        "ca_file" | "certificate" if output.to == LogPlace::Syslog && !has_url(output, "tls://") => {
            Some("no `url` is `tls://`")
        }
        "max_datagram" if !has_url(output, "udp://") => Some("no `url` is `udp://`"),
        "format" | "colour" if output.to == LogPlace::Otlp => Some("records have types and no form"),
        "password" if output.ship.credentials.user.is_none() => Some("there is no `user`"),
        "key_file" if output.ship.credentials.certificate.is_none() => Some("there is no `certificate`"),
        "keep_level" if output.when_full != WhenFull::DropBelow => Some("`when_full` is not `drop_below`"),
        "wait" if output.when_full != WhenFull::Block => Some("`when_full` is not `block`"),
        "sync_every" if output.file.sync != LogSync::Interval => Some("`sync` is not `interval`"),
        _ => None,
    }
}

fn has_url(output: &LogDestination, scheme: &str) -> bool {
    output.ship.urls.iter().any(|url| url.starts_with(scheme))
}
