//! Reads the tree by the table of keys, and gathers every mistake on the way.

use super::super::draft::{At, Draft, Place, shown};
use super::super::environment::Lookup;
use super::super::key::{self, Key, Kind, Value, keys};
use super::super::near::nearest;
use super::super::{BucketMatch, BucketRule};
use super::outputs::Part;
use super::scalar::{self, Read};
use super::tree::{self, Entry, Node, Tree};

/// Lays what the file says over what is there.
pub(in crate::config) fn lay_over(draft: &mut Draft, bytes: &[u8], lookup: Lookup<'_>) {
    let mut reader = Reader::new(draft, lookup, None);
    let Some(root) = reader.tree(bytes) else { return };
    reader.section("", root, None);
    // In the order of the table: a key may lean on one before it.
    let mut values = reader.values;
    values.sort_by_key(|(key, _, _)| keys().position(|known| known.path == key.path));
    for (key, at, Found { value, parts, concealed }) in values {
        draft.choose(key, value, Place::File(at, key.path.to_owned()));
        if concealed {
            draft.conceal(key.path.to_owned());
        }
        for Part { name, at, concealed, told } in parts {
            // The parts of a list are told by their number.
            let dot = if name.starts_with('[') { "" } else { "." };
            let path = format!("{}{dot}{name}", key.path);
            if concealed {
                draft.conceal(path.clone());
            }
            // A name in a list is a value; what is given by name is a key.
            let told = match key.kind {
                _ if told.is_some() => format!("{}{dot}{}", key.path, told.unwrap_or_default()),
                Kind::Names => key.path.to_owned(),
                // Their names were looked at already.
                Kind::Outputs | Kind::Routes | Kind::Shares | Kind::Policies => path.clone(),
                _ => shown_path(key.path, &name),
            };
            draft.locate(path, Place::File(at, told));
        }
    }
}

/// The place right behind some text.
fn end_of(bytes: &[u8]) -> At {
    let line_start = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    At { line, column: String::from_utf8_lossy(&bytes[line_start..]).chars().count() + 1 }
}

/// The value of a key, and where its parts stand.
struct Found {
    value: Value,
    parts: Vec<Part>,
    concealed: bool,
}

pub(super) struct Reader<'a, 'l> {
    draft: &'a mut Draft,
    /// The file that is read, where it is not the one with the keys.
    beside: Option<&'a str>,
    lookup: Lookup<'l>,
    values: Vec<(&'static Key, At, Found)>,
    /// Whether anything was put in by `${..}` since this was last cleared.
    pub(super) expanded: bool,
}

impl<'a, 'l> Reader<'a, 'l> {
    pub(super) fn new(draft: &'a mut Draft, lookup: Lookup<'l>, beside: Option<&'a str>) -> Self {
        Self { draft, beside, lookup, values: Vec::new(), expanded: false }
    }
}

impl Reader<'_, '_> {
    /// The one document of a file, where there is one.
    pub(super) fn tree(&mut self, bytes: &[u8]) -> Option<Node> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                self.fault(end_of(&bytes[..error.valid_up_to()]), "", "is not UTF-8");
                return None;
            }
        };
        let (root, flaws) = tree::parse(text);
        flaws.into_iter().for_each(|(at, what)| self.fault(at, "", what));
        root
    }

    pub(super) fn draft(&mut self) -> &mut Draft {
        self.draft
    }

    pub(super) fn place(&self, at: At, path: &str) -> Place {
        match self.beside {
            None => Place::File(at, path.to_owned()),
            Some(file) => Place::Beside(file.to_owned(), at, path.to_owned()),
        }
    }

    pub(super) fn fault(&mut self, at: At, path: &str, what: impl Into<String>) {
        self.draft.fault(self.place(at, path), what);
    }

    /// Reads the keys under a section; `at` is where its own key stands.
    fn section(&mut self, section: &str, node: Node, at: Option<At>) {
        let known = key::names_under(section);
        let entries = match node.value {
            Tree::Map(entries) => entries,
            // All keys of it may be commented out.
            Tree::Null | Tree::Broken => return,
            Tree::Text(word) if section == "admin" && word == "off" => {
                let node = Node { at: node.at, value: Tree::Text(word) };
                return self.value(Key::at("admin.addr"), at.unwrap_or(node.at), &node);
            }
            // As a list of metrics stands in a file of its own.
            Tree::List(items) if section == "metrics" => {
                let node = Node { at: node.at, value: Tree::List(items) };
                return self.value(Key::at("metrics.declare"), at.unwrap_or(node.at), &node);
            }
            Tree::Text(_) | Tree::List(_) => {
                let what =
                    format!("expected keys such as {}", key::list(known.iter().take(3).copied(), "or"));
                return self.fault(node.at, section, what);
            }
        };
        for Entry { key: name, at, node } in self.unique(section, entries) {
            let path = join(section, &name);
            // A path in one word is no key.
            if !known.contains(&name.as_str()) {
                self.fault(at, &shown_path(section, &name), unknown(&name, &known));
            } else if let Some(key) = Key::at(&path) {
                self.value(Some(key), at, &node);
            } else {
                self.section(&path, node, Some(at));
            }
        }
    }

    /// The first of each key; the others are mistakes. What was no key has been told.
    pub(super) fn unique(&mut self, section: &str, entries: Vec<Entry>) -> Vec<Entry> {
        let mut unique: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut seen = std::collections::HashMap::new();
        for entry in entries.into_iter().filter(|entry| !entry.key.is_empty()) {
            match seen.get(&entry.key) {
                Some(line) => {
                    let what = format!("stands here a second time, first in line {line}");
                    self.fault(entry.at, &shown_path(section, &entry.key), what);
                }
                None => {
                    seen.insert(entry.key.clone(), entry.at.line);
                    unique.push(entry);
                }
            }
        }
        unique
    }

    fn value(&mut self, key: Option<&'static Key>, at: At, node: &Node) {
        let Some(key) = key else { return };
        self.expanded = false;
        let found = match key.kind {
            Kind::Pairs => self.pairs(key, node),
            Kind::Names => self.names(key, node),
            Kind::Urls => self.urls(key, node).map(Value::Names).map(Found::plain),
            Kind::Bounds => self.bounds(key.path, node).map(Value::Bounds).map(Found::plain),
            Kind::Rules => self.rules(key, node).map(Value::Rules).map(Found::plain),
            Kind::Families => self.families(key.path, node).map(|families| {
                let parts = families.iter().map(|(family, at)| Part::new(&family.name, *at, false)).collect();
                let families = families.into_iter().map(|(family, _)| family).collect();
                Found { value: Value::Families(families), parts, concealed: false }
            }),
            Kind::Outputs => self.outputs(node).map(|(outputs, parts)| Found {
                value: Value::Outputs(outputs),
                parts,
                concealed: false,
            }),
            Kind::Routes => self.routes(node).map(|(routes, parts)| Found {
                value: Value::Routes(routes),
                parts,
                concealed: false,
            }),
            Kind::Shares => self.shares(key.path, node).map(|(shares, parts)| Found {
                value: Value::Shares(shares),
                parts,
                concealed: false,
            }),
            Kind::Policies => self.policies(key.path, node).map(|(policies, parts)| Found {
                value: Value::Policies(policies),
                parts,
                concealed: false,
            }),
            kind => match self.scalar(node, kind) {
                Ok(Read { value, .. }) => Some(Found::plain(value)),
                Err(what) => self.refuse(node.at, key.path, what),
            },
        };
        if let Some(found) = found {
            // What is given by name is concealed by name.
            let concealed = self.expanded
                && !matches!(
                    key.kind,
                    Kind::Pairs | Kind::Outputs | Kind::Routes | Kind::Shares | Kind::Policies
                );
            self.values.push((key, at, Found { concealed, ..found }));
        }
    }

    pub(super) fn scalar(&mut self, node: &Node, kind: Kind) -> Result<Read, Option<String>> {
        let read = scalar::scalar(node, kind, self.lookup)?;
        self.expanded |= read.concealed;
        Ok(read)
    }

    /// Text that is not empty, and whether any of it was put in.
    pub(super) fn text(&mut self, node: &Node) -> Result<(String, bool), Option<String>> {
        match self.scalar(node, Kind::Text)? {
            Read { value: Value::Text(text), concealed } => Ok((text, concealed)),
            Read { .. } => Err(None),
        }
    }

    /// Tells what was not told yet.
    pub(super) fn refuse<T>(&mut self, at: At, path: &str, what: Option<String>) -> Option<T> {
        if let Some(what) = what {
            self.fault(at, path, what);
        }
        None
    }

    fn pairs(&mut self, key: &'static Key, node: &Node) -> Option<Found> {
        let Tree::Map(entries) = &node.value else {
            return self.refuse(node.at, key.path, scalar::mismatch(node, key.kind));
        };
        let mut found = Found::plain(Value::None);
        let mut pairs = Vec::new();
        for Entry { key: name, at, node } in self.unique(key.path, entries.clone()) {
            match self.text(&node) {
                Ok((text, concealed)) => {
                    found.parts.push(Part::new(&name, at, concealed));
                    pairs.push((name, text));
                }
                Err(what) => {
                    self.refuse::<()>(node.at, &shown_path(key.path, &name), what);
                }
            }
        }
        found.value = Value::Pairs(pairs);
        Some(found)
    }

    fn urls(&mut self, key: &'static Key, node: &Node) -> Option<Vec<String>> {
        if !matches!(node.value, Tree::Text(_) | Tree::List(_)) {
            return self.refuse(node.at, key.path, scalar::mismatch(node, key.kind));
        }
        let urls = self.texts(key.path, node, "a URL or a list of URLs")?;
        if urls.is_empty() {
            return self.refuse(node.at, key.path, Some(String::from("is empty, expected one URL at least")));
        }
        Some(urls)
    }

    fn names(&mut self, key: &'static Key, node: &Node) -> Option<Found> {
        let Tree::List(items) = &node.value else {
            return self.refuse(node.at, key.path, scalar::mismatch(node, key.kind));
        };
        let mut found = Found::plain(Value::None);
        let mut names: Vec<String> = Vec::new();
        for item in items {
            match self.text(item) {
                Ok((name, concealed)) if names.contains(&name) => {
                    let name = if concealed { String::from("it") } else { shown(&name) };
                    self.fault(item.at, key.path, format!("{name} stands here a second time"));
                }
                Ok((name, concealed)) => {
                    found.parts.push(Part::new(&name, item.at, concealed));
                    names.push(name);
                }
                Err(what) => {
                    self.refuse::<()>(item.at, key.path, what);
                }
            }
        }
        found.value = Value::Names(names);
        Some(found)
    }

    pub(super) fn bounds(&mut self, path: &str, node: &Node) -> Option<Vec<f64>> {
        let Tree::List(items) = &node.value else {
            return self.refuse(node.at, path, scalar::mismatch(node, Kind::Bounds));
        };
        if items.is_empty() {
            self.fault(node.at, path, "is empty, expected one number at least");
            return None;
        }
        let mut bounds: Vec<f64> = Vec::new();
        let mut whole = true;
        for item in items {
            let kind = Kind::Number(f64::MIN, f64::MAX);
            let (number, concealed) = match self.scalar(item, kind) {
                Ok(Read { value: Value::Number(number), concealed }) => (number, concealed),
                Ok(_) => continue,
                Err(what) => {
                    let what = what.map(|_| match &item.value {
                        Tree::Text(text) => format!("{} is wrong, expected a number", shown(text)),
                        _ => String::from("expected a number"),
                    });
                    self.refuse::<()>(item.at, path, what);
                    whole = false;
                    continue;
                }
            };
            if let Some(last) = bounds.last().filter(|last| **last >= number) {
                let what = match concealed {
                    false => format!("{number} comes after {last}; bounds ascend"),
                    true => String::from("is no larger than the one before it; bounds ascend"),
                };
                self.fault(item.at, path, what);
                whole = false;
            }
            bounds.push(number);
        }
        whole.then_some(bounds)
    }

    fn rules(&mut self, key: &'static Key, node: &Node) -> Option<Vec<BucketRule>> {
        let Tree::List(items) = &node.value else {
            return self.refuse(node.at, key.path, scalar::mismatch(node, key.kind));
        };
        let rules: Vec<_> = items.iter().enumerate().map(|(at, item)| self.rule(key, at, item)).collect();
        rules.into_iter().collect()
    }

    fn rule(&mut self, key: &'static Key, index: usize, node: &Node) -> Option<BucketRule> {
        const KNOWN: [&str; 4] = ["metric", "prefix", "suffix", "bounds"];
        let path = format!("{}[{index}]", key.path);
        let Tree::Map(entries) = &node.value else {
            let what = "expected a rule such as { metric: name, bounds: [0.01, 0.1, 1] }";
            let told = matches!(node.value, Tree::Broken);
            return self.refuse(node.at, &path, (!told).then(|| String::from(what)));
        };
        let (mut of, mut bounds, mut whole) = (Vec::new(), None, true);
        for Entry { key: name, at, node } in self.unique(&path, entries.clone()) {
            let here = shown_path(&path, &name);
            let make: fn(String) -> BucketMatch = match name.as_str() {
                "metric" => BucketMatch::Metric,
                "prefix" => BucketMatch::Prefix,
                "suffix" => BucketMatch::Suffix,
                "bounds" => {
                    bounds = self.bounds(&here, &node);
                    whole &= bounds.is_some();
                    continue;
                }
                _ => {
                    self.fault(at, &here, unknown(&name, &KNOWN));
                    whole = false;
                    continue;
                }
            };
            match self.text(&node) {
                Ok((text, _)) => of.push(make(text)),
                Err(what) => {
                    self.refuse::<()>(node.at, &here, what);
                    whole = false;
                }
            }
        }
        if !whole {
            return None;
        }
        let count = of.len();
        match (of.pop(), bounds) {
            (Some(of), Some(bounds)) if count == 1 => Some(BucketRule { of, bounds }),
            (_, None) => self.refuse(node.at, &path, Some(String::from("has no `bounds`"))),
            _ => {
                let what = format!("has {count} of `metric`, `prefix` and `suffix`, expected one of them");
                self.refuse(node.at, &path, Some(what))
            }
        }
    }
}

impl Found {
    fn plain(value: Value) -> Self {
        Self { value, parts: Vec::new(), concealed: false }
    }
}

fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// A path whose last part is whatever the operator wrote; where that is `name=value` in one word, without the value.
pub(super) fn shown_path(section: &str, name: &str) -> String {
    let (name, cut) = match name.split_once(['=', ':']) {
        Some((name, _)) => (name, "…"),
        None => (name, ""),
    };
    let shown = shown(name);
    join(section, &format!("{}{cut}", shown.trim_matches('`')))
}

pub(super) fn unknown(name: &str, known: &[&str]) -> String {
    if name == "<<" {
        return String::from("merge keys are not taken");
    }
    if let Some(meant) = nearest(name, known.iter().copied()) {
        return format!("unknown key; did you mean `{meant}`?");
    }
    let elsewhere = keys().find(|key| key.path == name || key.name() == name);
    if let Some((section, last)) = elsewhere.and_then(|key| key.path.rsplit_once('.')) {
        return format!("unknown key; did you mean `{last}` under `{section}`?");
    }
    format!("unknown key; known here are {}", key::list(known.iter().copied(), "and"))
}
