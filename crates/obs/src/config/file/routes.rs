//! Routes of lines as operators write them.

use super::super::draft::At;
use super::super::key::{Kind, list};
use super::super::logs::{FACTS, LogMatch, LogRoute};
use super::super::near::nearest;
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
/// The levels of one route, in their order: the path of each within all routes, and where it stands.
type Places = Vec<(String, At)>;
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
        let mut routes = Vec::new();
        for (index, item) in items.iter().enumerate() {
            self.expanded = false;
            let mut levels = Vec::new();
            routes.push(self.route(index, item, (&mut parts, &mut levels)));
            parts.push(Part::new(format!("[{index}]"), item.at, self.expanded));
            // A level is found by its number among those of its route.
            parts.extend(levels.into_iter().enumerate().map(|(number, (path, at))| Part {
                told: Some(path),
                ..Part::new(format!("[{index}].match.{number}"), at, false)
            }));
        }
        Some((routes.into_iter().collect::<Option<_>>()?, parts))
    }

    fn route(
        &mut self,
        index: usize,
        node: &Node,
        (parts, levels): (&mut Vec<Part>, &mut Places),
    ) -> Option<LogRoute> {
        let path = format!("{PATH}[{index}]");
        let Tree::Map(entries) = &node.value else {
            let told = matches!(node.value, Tree::Broken);
            let what =
                "expected a route such as { match: { level: ERROR }, output: main } or { default: main }";
            return self.refuse(node.at, &path, (!told).then(|| String::from(what)));
        };
        let (mut when, mut outputs, mut default, mut whole) = (None, None, None, true);
        for Entry { key: word, at, node } in self.unique(&path, entries.clone()) {
            let here = shown_path(&path, &word);
            parts.push(Part::new(format!("[{index}].{word}"), at, false));
            let names = "the name of an output, or a list of them";
            whole &= match word.as_str() {
                "match" => {
                    when = self.condition(&here, &node, levels);
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
    fn condition(&mut self, path: &str, node: &Node, levels: &mut Places) -> Option<LogMatch> {
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
                "all" => self.joined(&here, &node, levels).map(LogMatch::All),
                "any" => self.joined(&here, &node, levels).map(LogMatch::Any),
                "not" => self.condition(&here, &node, levels).map(|part| LogMatch::Not(Box::new(part))),
                "fields" => self.of_fields(&here, &node),
                "level" => {
                    levels.extend(places(&here, &node));
                    self.one_of(&here, &node, LogMatch::Level)
                }
                "env" => self.one_of(&here, &node, LogMatch::Env),
                "module" => self.one_of(&here, &node, LogMatch::Module),
                "target" => self.one_of(&here, &node, LogMatch::Target),
                _ => {
                    let known: Vec<_> = FACTS.iter().chain(&JOINS).copied().chain(["fields"]).collect();
                    let what = match nearest(&word, known.iter().copied()) {
                        Some(_) => unknown(&word, &known),
                        None => format!(
                            "unknown key; known here are {}; a field of lines stands under `fields`: {{ fields: {{ tenant: \
                             acme }} }}",
                            list(known.iter().copied(), "and")
                        ),
                    };
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

    fn joined(&mut self, path: &str, node: &Node, levels: &mut Places) -> Option<Vec<LogMatch>> {
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
            .map(|(at, item)| self.condition(&format!("{path}[{at}]"), item, levels))
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
        let mut fields: Vec<_> = fields.into_iter().collect::<Option<_>>()?;
        // One alone is itself, as it is printed.
        if fields.len() == 1 { fields.pop() } else { Some(LogMatch::All(fields)) }
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

/// Where the texts of one fact stand: one, or each of a list.
fn places(path: &str, node: &Node) -> Places {
    let path = path.strip_prefix(PATH).unwrap_or(path);
    match &node.value {
        Tree::List(items) => items.iter().map(|item| (path.to_owned(), item.at)).collect(),
        _ => vec![(path.to_owned(), node.at)],
    }
}
