//! YAML as a tree whose every node knows where it stands.
//!
//! Built from the parser's events rather than through serde, so that a reader sees what was written: the text of each
//! scalar before anything is made of it, the place of each key, and each key that is there twice.

use std::collections::HashMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle};

use super::super::draft::At;

/// Deeper than the keys go.
const DEEPEST: usize = 16;
/// More values than a configuration has, copies by alias included.
const MOST_NODES: usize = 20_000;
/// More text than a configuration has, copies by alias included.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// One value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: At,
    pub(super) value: Tree,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    /// `null`, `~`, or nothing at all.
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// A mistake that was told already.
    Broken,
}

/// A key, where it stands, and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: At,
    pub(super) node: Node,
}

/// A mistake in the YAML itself.
pub(super) type Flaw = (At, String);

/// The one document of a text, `None` where it is empty or no YAML; and what is wrong with it.
pub(super) fn parse(text: &str) -> (Option<Node>, Vec<Flaw>) {
    let mut build = Build::default();
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    for next in Parser::new_from_str_with_options(text, options) {
        let step = match next {
            Ok((event, span)) => build.take(event, at(span.start)),
            Err(error) => Err((at(*error.marker()), said(&error))),
        };
        if let Err(flaw) = step {
            // What was read up to here is not judged: the rest of it is missing.
            build.flaws.push(flaw);
            return (None, build.flaws);
        }
    }
    (build.root, build.flaws)
}

fn at(marker: Marker) -> At {
    At { line: marker.line(), column: marker.col() + 1 }
}

/// The parser's word for it, in ours where it is met often.
fn said(error: &granit_parser::ScanError) -> String {
    use granit_parser::ErrorKind as Kind;
    match error.kind() {
        Kind::TabNotAllowed | Kind::TabInBlockIndentation | Kind::TabInIndentation => {
            String::from("a tab indents here; use spaces")
        }
        Kind::RecursionLimitExceeded => too_deep(),
        Kind::DirectiveDisallowed => String::from("directives (lines that begin with %) are not taken"),
        _ => format!("no YAML: {}", error.info()),
    }
}

fn too_deep() -> String {
    format!("nested deeper than {DEEPEST} levels")
}

/// What a node weighs, its copies counted as often as they are there.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    nodes: usize,
    bytes: usize,
    height: usize,
}

#[derive(Debug, Default)]
struct Build {
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, Weight)>,
    root: Option<Node>,
    documents: usize,
    weight: Weight,
    flaws: Vec<Flaw>,
}

/// A list or map whose end has not come yet.
#[derive(Debug)]
struct Open {
    node: Node,
    /// The key whose value comes next.
    key: Option<(String, At)>,
    anchor: usize,
}

impl Build {
    fn take(&mut self, event: Event<'_>, at: At) -> Result<(), Flaw> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err((at, String::from("a second document; the file holds one")));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let value = match &*text {
                    "" | "~" | "null" | "Null" | "NULL" if plain => Tree::Null,
                    text => Tree::Text(text.to_owned()),
                };
                let node = self.untagged(Node { at, value }, tag.is_some());
                self.put(node, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.begin(Node { at, value: Tree::List(Vec::new()) }, anchor, tag.is_some())
            }
            Event::MappingStart(_, anchor, tag) => {
                self.begin(Node { at, value: Tree::Map(Vec::new()) }, anchor, tag.is_some())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { node, anchor, .. }) => self.put(node, anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::UnresolvedAlias(_) => self.broken(at, "no anchor of this name stands before it"),
            _ => Ok(()),
        }
    }

    fn untagged(&mut self, node: Node, tagged: bool) -> Node {
        if !tagged {
            return node;
        }
        self.flaws.push((node.at, String::from("tags (words that begin with !) are not taken")));
        Node { value: Tree::Broken, ..node }
    }

    fn broken(&mut self, at: At, why: &str) -> Result<(), Flaw> {
        self.flaws.push((at, String::from(why)));
        self.put(Node { at, value: Tree::Broken }, 0)
    }

    fn begin(&mut self, node: Node, anchor: usize, tagged: bool) -> Result<(), Flaw> {
        let at = node.at;
        if tagged {
            self.flaws.push((at, String::from("tags (words that begin with !) are not taken")));
        }
        self.open.push(Open { node, key: None, anchor });
        if self.open.len() > DEEPEST { Err((at, too_deep())) } else { Ok(()) }
    }

    /// A copy of what the alias stands for, at the alias's own place.
    fn alias(&mut self, anchor: usize, at: At) -> Result<(), Flaw> {
        let Some((node, weight)) = self.anchors.get(&anchor) else {
            return self.broken(at, "an alias stands inside of what it stands for");
        };
        let (mut node, weight) = (node.clone(), *weight);
        self.weigh(weight, at)?;
        node.at = at;
        // Its weight is added already, but for one.
        self.weight.nodes -= 1;
        self.put(node, 0)
    }

    fn weigh(&mut self, more: Weight, at: At) -> Result<(), Flaw> {
        self.weight.nodes += more.nodes;
        self.weight.bytes += more.bytes;
        if self.weight.nodes > MOST_NODES || self.weight.bytes > MOST_BYTES {
            let what =
                format!("holds more than {MOST_NODES} values or 4 MiB of text, aliases counted in full");
            return Err((at, what));
        }
        // A chain of aliases would be as deep as it is long.
        if self.open.len() + more.height > DEEPEST { Err((at, too_deep())) } else { Ok(()) }
    }

    /// Puts a node that is whole where it belongs.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Flaw> {
        let own = match &node.value {
            Tree::Text(text) => text.len(),
            _ => 0,
        };
        self.weigh(Weight { nodes: 1, bytes: own, height: 0 }, node.at)?;
        if anchor != 0 {
            let weight = weight(&node);
            // The copy that is kept for aliases.
            self.weigh(weight, node.at)?;
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut parent.node.value, parent.key.take()) {
            (Tree::List(items), _) => items.push(node),
            (Tree::Map(entries), Some((key, at))) => entries.push(Entry { key, at, node }),
            (Tree::Map(_), None) => match node.value {
                Tree::Text(key) => parent.key = Some((key, node.at)),
                _ => {
                    self.flaws.push((node.at, String::from("a key is a word here")));
                    // Its value is taken for the sake of what follows, under a name that no key has.
                    parent.key = Some((String::new(), node.at));
                }
            },
            _ => {}
        }
        Ok(())
    }
}

/// Bounded by the depth that was let in.
fn weight(node: &Node) -> Weight {
    let own = Weight { nodes: 1, bytes: 0, height: 0 };
    let under = |total: Weight, node: &Node| {
        let part = weight(node);
        Weight {
            nodes: total.nodes + part.nodes,
            bytes: total.bytes + part.bytes,
            height: total.height.max(part.height + 1),
        }
    };
    match &node.value {
        Tree::Null | Tree::Broken => own,
        Tree::Text(text) => Weight { bytes: text.len(), ..own },
        Tree::List(items) => items.iter().fold(own, under),
        Tree::Map(entries) => entries.iter().fold(own, |total, entry| {
            let total = under(total, &entry.node);
            Weight { nodes: total.nodes + 1, bytes: total.bytes + entry.key.len(), ..total }
        }),
    }
}
