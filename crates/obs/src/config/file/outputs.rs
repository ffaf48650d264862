//! Named outputs of lines as operators choose them.

use super::super::draft::{At, shown};
use super::super::key::{Kind, Value};
use super::super::logs::{LogDestination, LogPlace, OUTPUT_KEYS};
use super::read::{Reader, shown_path, unknown};
use super::scalar::{self, Read};
use super::tree::{Entry, Node, Tree};

/// Where outputs are chosen, in mistakes.
const PATH: &str = "logs.outputs";
/// How many there may be.
const MOST: usize = 32;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 64;

/// A part of a value, by its path, where it stands, and whether it is kept from being shown.
pub(super) type Part = (String, At, bool);

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
            parts.push((name.clone(), at, false));
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
        for Entry { key: word, at, node } in self.unique(path, entries.clone()) {
            let here = shown_path(path, &word);
            let Some(key) = OUTPUT_KEYS.iter().find(|key| key.name == word) else {
                self.fault(at, &here, unknown(&word, &known));
                whole = false;
                continue;
            };
            self.expanded = false;
            let value = match key.kind {
                Kind::Pairs => self.renames(&here, &node),
                Kind::Names => self.fields(&here, &node),
                kind => match self.scalar(&node, kind) {
                    Ok(Read { value, .. }) => Some(value),
                    Err(what) => self.refuse(node.at, &here, what),
                },
            };
            parts.push((format!("{name}.{word}"), at, self.expanded));
            chosen.push((key, at));
            match value {
                Some(value) => (key.set)(&mut output, value),
                None => whole = false,
            }
        }
        if !whole {
            return None;
        }
        let has = |word: &str| chosen.iter().any(|(key, _)| key.name == word);
        if !has("type") {
            return self.refuse(node.at, path, Some(String::from("has no `type`")));
        }
        let is_file = matches!(output.to, LogPlace::File(_));
        if is_file && !has("path") {
            return self.refuse(node.at, path, Some(String::from("a `file` has a `path`")));
        }
        if let Some((key, at)) = chosen.iter().find(|(key, _)| key.of_files && !is_file) {
            let what = "has no effect: `type` is not `file`";
            return self.refuse(*at, &shown_path(path, key.name), Some(String::from(what)));
        }
        Some(output)
    }

    fn renames(&mut self, path: &str, node: &Node) -> Option<Value> {
        let Tree::Map(entries) = &node.value else {
            return self.refuse(node.at, path, scalar::mismatch(node, Kind::Pairs));
        };
        let (mut pairs, mut whole) = (Vec::new(), true);
        for Entry { key: from, node, .. } in self.unique(path, entries.clone()) {
            match self.text(&node) {
                Ok((to, _)) => pairs.push((from, to)),
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
