//! Spans as trees of text: who stands below whom, and the lines that lead there. No IO.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::gather::Piece;
use super::line::{self, Paint};
use crate::decode::{Place, Seen};

/// Deeper spans are indented no further, or a long chain would be mostly indentation.
const MAX_DEPTH: usize = 64;

/// The place of the local root in a whole piece.
const ROOT: usize = 0;

/// A span and who stands below it.
struct Node<'a> {
    place: Place,
    seen: Seen<'a>,
    children: Vec<usize>,
}

/// Appends the text of one piece.
pub(super) fn write(out: &mut String, piece: &Piece, paint: Paint) {
    let mut nodes: Vec<_> = piece
        .spans
        .iter()
        // Every span here was encoded by this crate; one that cannot be read back has nothing to show.
        .filter_map(|span| {
            let seen = Seen::read(&span.bytes).ok()?;
            Some(Node { place: span.place, seen, children: Vec::new() })
        })
        .collect();
    let tops = connect(&mut nodes);
    if piece.whole && !nodes.is_empty() {
        // Whatever is not below the root after all stands there too.
        nodes[ROOT].children.extend(tops.into_iter().filter(|top| *top != ROOT));
        let mut walk = Walk::new(out, &nodes, paint);
        walk.node(ROOT, Some(piece));
        walk.below(&nodes[ROOT].children);
    } else {
        // A String takes all that is written.
        let _ = writeln!(out, "{}part of trace {}{}", paint.dim, piece.trace_id, paint.plain);
        Walk::new(out, &nodes, paint).below(&tops);
    }
}

/// Gives each span its children, by when they began, and returns those that nothing here leads to.
fn connect(nodes: &mut [Node<'_>]) -> Vec<usize> {
    let ids: HashSet<_> = nodes.iter().map(|node| node.place.span_id).collect();
    let mut children: HashMap<_, Vec<usize>> = HashMap::new();
    let mut order: Vec<_> = (0..nodes.len()).collect();
    order.sort_by_key(|&index| nodes[index].seen.start);
    let mut tops = Vec::new();
    for &index in &order {
        let place = nodes[index].place;
        match place.parent.filter(|parent| !place.is_local_root() && ids.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(index),
            None => tops.push(index),
        }
    }
    for node in nodes.iter_mut() {
        node.children = children.remove(&node.place.span_id).unwrap_or_default();
    }
    // Ids come from outside as well: spans that are above one another would have no top.
    let mut reached = vec![false; nodes.len()];
    let mut open = tops.clone();
    for index in order {
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut reached[index], true) {
                open.extend(&nodes[index].children);
            }
        }
        if !reached[index] {
            tops.push(index);
            open.push(index);
        }
    }
    tops
}

/// A walk from the top down, without recursion: a trace may be as deep as it is large.
struct Walk<'a> {
    out: &'a mut String,
    nodes: &'a [Node<'a>],
    /// No span is printed twice, however the ids are twisted.
    printed: Vec<bool>,
    prefix: String,
    paint: Paint,
}

/// A span that is still to be printed.
struct Step {
    index: usize,
    /// How much of the prefix stands in front of it.
    prefix: usize,
    depth: usize,
    last: bool,
}

impl<'a> Walk<'a> {
    fn new(out: &'a mut String, nodes: &'a [Node<'a>], paint: Paint) -> Self {
        Self { out, nodes, printed: vec![false; nodes.len()], prefix: String::new(), paint }
    }

    /// Prints `children` and all that is below them.
    fn below(&mut self, children: &[usize]) {
        let mut steps = Vec::new();
        push_steps(&mut steps, children, 0, 0);
        while let Some(Step { index, prefix, depth, last }) = steps.pop() {
            if self.printed[index] {
                continue;
            }
            self.prefix.truncate(prefix);
            self.out.push_str(&self.prefix);
            self.out.push_str(if last { "└─ " } else { "├─ " });
            if depth < MAX_DEPTH {
                self.prefix.push_str(if last { "   " } else { "│  " });
            }
            self.node(index, None);
            push_steps(&mut steps, &self.nodes[index].children, self.prefix.len(), depth + 1);
        }
    }

    /// Prints one span; what stands in front of its head is there already.
    fn node(&mut self, index: usize, root: Option<&Piece>) {
        self.printed[index] = true;
        let node = &self.nodes[index];
        line::head(self.out, &node.seen, root.map(|piece| piece.trace_id), self.paint);
        let len = self.prefix.len();
        self.prefix.push_str(if node.children.is_empty() { "  " } else { "│ " });
        line::details(self.out, &node.seen, &self.prefix, self.paint);
        self.prefix.truncate(len);
    }
}

/// The last one first, as they are taken from the end.
fn push_steps(steps: &mut Vec<Step>, children: &[usize], prefix: usize, depth: usize) {
    for (place, &index) in children.iter().enumerate().rev() {
        steps.push(Step { index, prefix, depth, last: place + 1 == children.len() });
    }
}
