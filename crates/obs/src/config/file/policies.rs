//! What holds for requests by path, as operators write it.

use super::super::key::{Kind, Value};
use super::super::requests::TRUST;
use super::super::{RequestRoute, TrustChoice};
use super::outputs::Part;
use super::read::{Reader, shown_path, unknown};
use super::scalar::{self, Read};
use super::tree::{Entry, Node, Tree};

/// What may be said of a route.
const KNOWN: [&str; 5] = ["route", "ignore", "metrics", "access_log", "trust"];

impl Reader<'_, '_> {
    /// Routes in their order, and where each part of them stands; none where one of them is wrong.
    pub(super) fn policies(&mut self, path: &str, node: &Node) -> Option<(Vec<RequestRoute>, Vec<Part>)> {
        let Tree::List(items) = &node.value else {
            return self.refuse(node.at, path, scalar::mismatch(node, Kind::Policies));
        };
        if items.len() > RequestRoute::MOST {
            return self.refuse(node.at, path, Some(format!("has more than {} routes", RequestRoute::MOST)));
        }
        let mut parts = Vec::new();
        let all: Vec<_> =
            items.iter().enumerate().map(|(at, item)| self.policy(path, at, item, &mut parts)).collect();
        Some((all.into_iter().collect::<Option<_>>()?, parts))
    }

    fn policy(
        &mut self,
        path: &str,
        index: usize,
        node: &Node,
        parts: &mut Vec<Part>,
    ) -> Option<RequestRoute> {
        let path = format!("{path}[{index}]");
        let Tree::Map(entries) = &node.value else {
            let told = matches!(node.value, Tree::Broken);
            let what = "expected a route and what holds for it such as { route: /health*, ignore: true }";
            return self.refuse(node.at, &path, (!told).then(|| String::from(what)));
        };
        parts.push(Part::new(format!("[{index}]"), node.at, false));
        let (mut found, mut named, mut whole) = (RequestRoute::new(""), false, true);
        for Entry { key: word, at, node } in self.unique(&path, entries.clone()) {
            let here = shown_path(&path, &word);
            let kind = match word.as_str() {
                "route" => Kind::Text,
                "ignore" | "metrics" | "access_log" => Kind::Flag,
                "trust" => TRUST,
                _ => {
                    self.fault(at, &here, unknown(&word, &KNOWN));
                    whole = false;
                    continue;
                }
            };
            self.expanded = false;
            match self.scalar(&node, kind) {
                Ok(Read { value, .. }) => match (word.as_str(), value) {
                    (_, Value::Text(text)) => (found.route, named) = (text, true),
                    ("ignore", Value::Flag(flag)) => found.ignore = flag,
                    ("metrics", Value::Flag(flag)) => found.metrics = flag,
                    ("access_log", Value::Flag(flag)) => found.access_log = flag,
                    (_, Value::Word("edge")) => found.trust = Some(TrustChoice::Edge),
                    (_, Value::Word(_)) => found.trust = Some(TrustChoice::Internal),
                    _ => {}
                },
                Err(what) => {
                    self.refuse::<()>(node.at, &here, what);
                    whole = false;
                }
            }
            parts.push(Part::new(format!("[{index}].{word}"), at, self.expanded));
        }
        match (whole, named) {
            (false, _) => None,
            (true, true) => Some(found),
            (true, false) => self.refuse(node.at, &path, Some(String::from("has no `route`"))),
        }
    }
}
