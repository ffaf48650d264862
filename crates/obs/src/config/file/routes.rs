//! Routes of lines as operators write them.

use super::super::key::Kind;
use super::super::logs::{FACTS, LogMatch, LogRoute};
use super::outputs::Part;
use super::read::{Reader, shown_path, unknown};
use super::scalar;
use super::tree::{Entry, Node, Tree};

/// Where routes are chosen, in mistakes.
const PATH: &str = "logs.routes";
/// What a route is told by.
const KNOWN: [&str; 3] = ["match", "output", "default"];
/// What conditions are joined by.
const JOINS: [&str; 3] = ["all", "any", "not"];
/// How many routes, and parts of one condition, there may be.
const MOST: usize = 256;

impl Reader<'_, '_> {
    /// Routes in their order, and where each stands; none where one of them is wrong.
    pub(super) fn routes(&mut self, node: &Node) -> Option<(Vec<LogRoute>, Vec<Part>)> {
        let Tree::List(items) = &node.value else {
            return self.refuse(node.at, PATH, scalar::mismatch(node, Kind::Routes));
        };
        if items.len() > MOST {
            return self.refuse(node.at, PATH, Some(format!("has more than {MOST} routes")));
        }
        let mut parts = Vec::new();
        let routes: Vec<_> =
            items.iter().enumerate().map(|(at, item)| self.route(at, item, &mut parts)).collect();
        Some((routes.into_iter().collect::<Option<_>>()?, parts))
    }

    fn route(&mut self, index: usize, node: &Node, parts: &mut Vec<Part>) -> Option<LogRoute> {
        let path = format!("{PATH}[{index}]");
        parts.push((format!("[{index}]"), node.at, false));
        let Tree::Map(entries) = &node.value else {
            let told = matches!(node.value, Tree::Broken);
            let what =
                "expected a route such as { match: { level: ERROR }, output: main } or { default: main }";
            return self.refuse(node.at, &path, (!told).then(|| String::from(what)));
        };
        let (mut when, mut outputs, mut default, mut whole) = (None, None, None, true);
        for Entry { key: word, at, node } in self.unique(&path, entries.clone()) {
            let here = shown_path(&path, &word);
            parts.push((format!("[{index}].{word}"), at, false));
            let names = "the name of an output, or a list of them";
            whole &= match word.as_str() {
                "match" => {
                    when = self.condition(&here, &node);
                    when.is_some()
                }
                "output" => {
                    outputs = self.texts(&here, &node, names);
                    outputs.is_some()
                }
                "default" => {
                    default = self.texts(&here, &node, names);
                    default.is_some()
                }
                _ => {
                    self.fault(at, &here, unknown(&word, &KNOWN));
                    false
                }
            };
        }
        if !whole {
            return None;
        }
        match (when, outputs, default) {
            (Some(when), Some(outputs), None) => Some(LogRoute { when, outputs }),
            (None, None, Some(outputs)) => Some(LogRoute { when: LogMatch::All(Vec::new()), outputs }),
            _ => {
                let what = "expected `match` and `output`, or `default` alone";
                self.refuse(node.at, &path, Some(String::from(what)))
            }
        }
    }

    /// What a line must be: all that stands here.
    fn condition(&mut self, path: &str, node: &Node) -> Option<LogMatch> {
        let Tree::Map(entries) = &node.value else {
            let told = matches!(node.value, Tree::Broken);
            let what = "expected conditions such as { env: prod, level: '>=WARN', module: payment }";
            return self.refuse(node.at, path, (!told).then(|| String::from(what)));
        };
        if entries.is_empty() {
            let what = "is empty; a route with `default` takes every line";
            return self.refuse(node.at, path, Some(String::from(what)));
        }
        let (mut parts, mut whole) = (Vec::new(), true);
        for Entry { key: word, at, node } in self.unique(path, entries.clone()) {
            let here = shown_path(path, &word);
            let part = match word.as_str() {
                "all" => self.joined(&here, &node).map(LogMatch::All),
                "any" => self.joined(&here, &node).map(LogMatch::Any),
                "not" => self.condition(&here, &node).map(|part| LogMatch::Not(Box::new(part))),
                "fields" => self.of_fields(&here, &node),
                "level" => self.one_of(&here, &node, LogMatch::Level),
                "env" => self.one_of(&here, &node, LogMatch::Env),
                "module" => self.one_of(&here, &node, LogMatch::Module),
                "target" => self.one_of(&here, &node, LogMatch::Target),
                _ => {
                    let known: Vec<_> = FACTS.iter().chain(&JOINS).copied().chain(["fields"]).collect();
                    let what = format!(
                        "{}; a field of lines stands under `fields`: {{ fields: {{ tenant: acme }} }}",
                        unknown(&word, &known)
                    );
                    self.refuse(at, &here, Some(what))
                }
            };
            match part {
                Some(part) => parts.push(part),
                None => whole = false,
            }
        }
        match parts.len() {
            _ if !whole => None,
            1 => parts.pop(),
            _ => Some(LogMatch::All(parts)),
        }
    }

    fn joined(&mut self, path: &str, node: &Node) -> Option<Vec<LogMatch>> {
        let items = match &node.value {
            Tree::List(items) if !items.is_empty() => items,
            Tree::Broken => return None,
            _ => {
                let what = "expected a list of conditions such as [{ level: ERROR }, { module: payment }]";
                return self.refuse(node.at, path, Some(String::from(what)));
            }
        };
        let parts: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(at, item)| self.condition(&format!("{path}[{at}]"), item))
            .collect();
        parts.into_iter().collect()
    }

    fn of_fields(&mut self, path: &str, node: &Node) -> Option<LogMatch> {
        let entries = match &node.value {
            Tree::Map(entries) if !entries.is_empty() => entries,
            Tree::Broken => return None,
            _ => {
                let what = "expected fields and their values such as { tenant: acme, status: '>=500' }";
                return self.refuse(node.at, path, Some(String::from(what)));
            }
        };
        let fields: Vec<_> = self
            .unique(path, entries.clone())
            .into_iter()
            .map(|Entry { key: name, node, .. }| {
                let here = shown_path(path, &name);
                self.one_of(&here, &node, |value| LogMatch::Field(name.clone(), value))
            })
            .collect();
        Some(LogMatch::All(fields.into_iter().collect::<Option<_>>()?))
    }

    /// A fact; of several in a list any one.
    fn one_of(&mut self, path: &str, node: &Node, make: impl Fn(String) -> LogMatch) -> Option<LogMatch> {
        let mut texts = self.texts(path, node, "a text, or a list of which any will do")?;
        match texts.len() {
            0 => self.refuse(node.at, path, Some(String::from("is empty, expected one value at least"))),
            1 => texts.pop().map(make),
            _ => Some(LogMatch::Any(texts.into_iter().map(make).collect())),
        }
    }
}
