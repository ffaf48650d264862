//! Shares of traces by path as operators write them.

use super::super::TraceRoute;
use super::super::key::{Kind, Value};
use super::outputs::Part;
use super::read::{Reader, shown_path, unknown};
use super::scalar::{self, Read};
use super::tree::{Entry, Node, Tree};

/// What a share is told by.
const KNOWN: [&str; 3] = ["route", "ratio", "per_second"];

impl Reader<'_, '_> {
    /// Shares in their order, and where each part of them stands; none where one of them is wrong.
    pub(super) fn shares(&mut self, path: &str, node: &Node) -> Option<(Vec<TraceRoute>, Vec<Part>)> {
        let Tree::List(items) = &node.value else {
            return self.refuse(node.at, path, scalar::mismatch(node, Kind::Shares));
        };
        if items.len() > TraceRoute::MOST {
            return self.refuse(node.at, path, Some(format!("has more than {} routes", TraceRoute::MOST)));
        }
        let mut parts = Vec::new();
        let shares: Vec<_> =
            items.iter().enumerate().map(|(at, item)| self.share(path, at, item, &mut parts)).collect();
        Some((shares.into_iter().collect::<Option<_>>()?, parts))
    }

    fn share(&mut self, path: &str, index: usize, node: &Node, parts: &mut Vec<Part>) -> Option<TraceRoute> {
        let path = format!("{path}[{index}]");
        let Tree::Map(entries) = &node.value else {
            let told = matches!(node.value, Tree::Broken);
            let what = "expected a route and its share such as { route: /health*, ratio: 0 }";
            return self.refuse(node.at, &path, (!told).then(|| String::from(what)));
        };
        parts.push(Part::new(format!("[{index}]"), node.at, false));
        let (mut route, mut ratio, mut per_second, mut whole) = (None, None, None, true);
        for Entry { key: word, at, node } in self.unique(&path, entries.clone()) {
            let here = shown_path(&path, &word);
            let kind = match word.as_str() {
                "route" => Kind::Text,
                "ratio" => Kind::Number(0.0, 1.0),
                "per_second" => Kind::Whole(0, 1_000_000),
                _ => {
                    self.fault(at, &here, unknown(&word, &KNOWN));
                    whole = false;
                    continue;
                }
            };
            self.expanded = false;
            match self.scalar(&node, kind) {
                Ok(Read { value, .. }) => match value {
                    Value::Text(text) => route = Some(text),
                    Value::Number(number) => ratio = Some(number),
                    value => per_second = value.whole(),
                },
                Err(what) => {
                    self.refuse::<()>(node.at, &here, what);
                    whole = false;
                }
            }
            parts.push(Part::new(format!("[{index}].{word}"), at, self.expanded));
        }
        match (route, ratio) {
            _ if !whole => None,
            (Some(route), Some(ratio)) => Some(TraceRoute { route, ratio, per_second }),
            (None, _) => self.refuse(node.at, &path, Some(String::from("has no `route`"))),
            (_, None) => self.refuse(node.at, &path, Some(String::from("has no `ratio`"))),
        }
    }
}
