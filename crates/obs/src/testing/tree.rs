//! A span and what is below it.

use std::fmt;

use obs_core::SpanId;

use super::FinishedSpan;

/// A span and the trees below it, in the order they began. Prints the names, one a line, two spaces deeper at each
/// level.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The span.
    pub span: FinishedSpan,
    /// What is directly below it.
    pub children: Vec<Self>,
}

impl Tree {
    /// `all` may hold spans of other traces.
    pub(super) fn below(span: FinishedSpan, all: &[FinishedSpan]) -> Self {
        let is_child = |other: &&FinishedSpan| {
            let above: Option<SpanId> = other.parent.map(|parent| parent.span_id);
            other.ids.trace_id == span.ids.trace_id && above == Some(span.ids.span_id)
        };
        let mut children: Vec<_> = all.iter().filter(is_child).cloned().collect();
        children.sort_by_key(|child| child.start);
        let children = children.into_iter().map(|child| Self::below(child, all)).collect();
        Self { span, children }
    }

    fn print(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        writeln!(f, "{:indent$}{}", "", self.span.name, indent = 2 * depth)?;
        self.children.iter().try_for_each(|child| child.print(f, depth + 1))
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, 0)
    }
}
