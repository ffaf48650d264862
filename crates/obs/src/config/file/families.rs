//! Families of metrics as operators declare them, in the file itself or in one of their own.

use std::path::Path;

use obs_core::{Declaration, keys};

use super::super::draft::{At, Draft, Place};
use super::super::environment::Lookup;
use super::super::key::{Kind, Value};
use super::super::metrics::KINDS;
use super::find::{LARGEST, regular};
use super::read::{Reader, shown_path, unknown};
use super::scalar::{self, Read};
use super::tree::{Entry, Node, Tree};

/// What a family is told by.
const KNOWN: [&str; 6] = ["name", "type", "help", "unit", "labels", "buckets"];
/// The words of its type.
const TYPES: [&str; 3] = [KINDS[0].0, KINDS[1].0, KINDS[2].0];

/// Where families are declared, in mistakes.
const PATH: &str = "metrics.declare";

/// Reads the file of families, if there is one; its path begins in `folder`.
pub(in crate::config) fn read_beside(draft: &mut Draft, folder: Option<&Path>, lookup: Lookup<'_>) {
    let Some(named) = draft.config.metrics.file.clone() else { return };
    let in_file = draft.in_file("metrics_file").is_some();
    let path = folder.filter(|_| in_file).unwrap_or(Path::new("")).join(&named);
    let bytes = match regular(&path, LARGEST) {
        Ok(bytes) => bytes,
        Err(why) => return draft.fault(draft.place("metrics_file"), format!("{} {why}", path.display())),
    };
    let shown = path.display().to_string();
    let mut reader = Reader::new(draft, lookup, Some(&shown));
    let Some(root) = reader.tree(&bytes) else { return };
    let families = reader.families("", &root).unwrap_or_default();
    for (family, at) in &families {
        let place = Place::Beside(shown.clone(), *at, family.name.clone());
        draft.locate(format!("{PATH}.{}", family.name), place);
    }
    draft.config.metrics.in_file = families.into_iter().map(|(family, _)| family).collect();
}

impl Reader<'_, '_> {
    /// A list of families, each with its place; none where one of them is wrong.
    pub(super) fn families(&mut self, path: &str, node: &Node) -> Option<Vec<(Declaration, At)>> {
        let Tree::List(items) = &node.value else {
            return self.refuse(node.at, path, scalar::mismatch(node, Kind::Families));
        };
        let families = items.iter().enumerate();
        let families: Vec<_> =
            families.map(|(at, item)| self.family(&format!("{path}[{at}]"), item)).collect();
        families.into_iter().collect()
    }

    fn family(&mut self, path: &str, node: &Node) -> Option<(Declaration, At)> {
        let Tree::Map(entries) = &node.value else {
            let what = "expected a metric such as { name: orders_total, type: counter, labels: [kind] }";
            let told = matches!(node.value, Tree::Broken);
            return self.refuse(node.at, path, (!told).then(|| String::from(what)));
        };
        let mut told = Declaration::gauge("");
        let (mut kind, mut whole) = (None, true);
        for Entry { key: name, at, node } in self.unique(path, entries.clone()) {
            let here = shown_path(path, &name);
            let read = match name.as_str() {
                "name" => self.told(&here, &node).map(|text| told.name = text),
                "help" => self.told(&here, &node).map(|text| told.help = Some(text)),
                "unit" => self.told(&here, &node).map(|text| told.unit = Some(text)),
                "type" => self.kind(&here, &node).map(|found| kind = Some(found)),
                "buckets" => self.bounds(&here, &node).map(|bounds| told.buckets = Some(bounds)),
                "labels" => self.labels(&here, &node).map(|labels| told = labels(told.clone())),
                _ => {
                    self.fault(at, &here, unknown(&name, &KNOWN));
                    None
                }
            };
            whole &= read.is_some();
        }
        if !whole {
            return None;
        }
        let missing = [("name", told.name.is_empty()), ("type", kind.is_none())];
        if let Some((word, _)) = missing.iter().find(|(_, missing)| *missing) {
            return self.refuse(node.at, path, Some(format!("has no `{word}`")));
        }
        told.kind = kind?;
        Some((told, node.at))
    }

    fn told(&mut self, path: &str, node: &Node) -> Option<String> {
        match self.text(node) {
            Ok((text, _)) => Some(text),
            Err(what) => self.refuse(node.at, path, what),
        }
    }

    fn kind(&mut self, path: &str, node: &Node) -> Option<keys::Kind> {
        match self.scalar(node, Kind::Word(&TYPES)) {
            Ok(Read { value: Value::Word(word), .. }) => {
                KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
            }
            Ok(_) => None,
            Err(what) => self.refuse(node.at, path, what),
        }
    }

    /// Names of labels; one whose values are given is a key with a list.
    fn labels(&mut self, path: &str, node: &Node) -> Option<impl FnOnce(Declaration) -> Declaration + use<>> {
        let what = "expected a list such as [route, { method: [GET, POST] }]";
        let Tree::List(items) = &node.value else {
            let told = matches!(node.value, Tree::Broken);
            return self.refuse(node.at, path, (!told).then(|| String::from(what)));
        };
        let mut labels: Vec<(String, Option<Vec<String>>)> = Vec::new();
        let mut whole = true;
        for item in items {
            match &item.value {
                Tree::Map(entries) => {
                    for Entry { key: name, node, .. } in self.unique(path, entries.clone()) {
                        let values = self.values(&shown_path(path, &name), &node);
                        whole &= values.is_some();
                        labels.push((name, Some(values.unwrap_or_default())));
                    }
                }
                _ => match self.told(path, item) {
                    Some(name) => labels.push((name, None)),
                    None => whole = false,
                },
            }
        }
        whole.then_some(move |told: Declaration| {
            labels.into_iter().fold(told, |told, (name, values)| match values {
                None => told.label(name),
                Some(values) => told.label_of(name, values),
            })
        })
    }

    fn values(&mut self, path: &str, node: &Node) -> Option<Vec<String>> {
        let Tree::List(items) = &node.value else {
            let told = matches!(node.value, Tree::Broken);
            let what = "expected the values it may have, such as [GET, POST]";
            return self.refuse(node.at, path, (!told).then(|| String::from(what)));
        };
        let values: Vec<_> = items.iter().map(|item| self.told(path, item)).collect();
        values.into_iter().collect()
    }
}
