//! What a test expects of a span and of what is below it.

use std::fmt::{self, Write};

use obs_core::fields::Value;
use obs_trace::Kind;

use super::{FinishedSpan, FinishedStatus, Scalar, Tree};

/// Expects a span of this name that is no error and has nothing below it, until more is said.
///
/// ```
/// use obs::testing::span;
/// use obs::traces::Kind;
///
/// let obs = obs::testing::start("orders");
/// {
///     let _entered = obs.enter();
///     tracing::info_span!("check out", cart = 7).in_scope(|| {
///         tracing::info_span!("charge", otel.kind = "client").in_scope(|| tracing::error!("card declined"));
///     });
/// }
/// obs.tree("check out").assert(
///     &span("check out")
///         .attribute("cart", 7)
///         .child(span("charge").kind(Kind::Client).error("card declined").event("card declined")),
/// );
/// ```
pub fn span(name: impl Into<String>) -> Expected {
    Expected {
        name: name.into(),
        kind: None,
        status: Status::NoError,
        attributes: Vec::new(),
        absent: Vec::new(),
        events: Vec::new(),
        children: Vec::new(),
        and_more: false,
    }
}

/// What a test expects of a span and of what is below it; made by [`span`]. Nothing is asked of what is not said, but that
/// the span is no error and that there is nothing else below it.
#[derive(Clone, Debug)]
#[must_use = "nothing is checked before `Tree::assert`"]
pub struct Expected {
    name: String,
    kind: Option<Kind>,
    status: Status,
    attributes: Vec<(String, Scalar)>,
    absent: Vec<String>,
    events: Vec<String>,
    children: Vec<Self>,
    and_more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Status {
    NoError,
    Ok,
    AnyError,
    Error(String),
}

impl Expected {
    /// Its side of a call.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// It was declared a success.
    pub fn ok(mut self) -> Self {
        self.status = Status::Ok;
        self
    }

    /// It is an error of exactly this description.
    pub fn error(mut self, description: impl Into<String>) -> Self {
        self.status = Status::Error(description.into());
        self
    }

    /// It is an error of any description.
    pub fn failed(mut self) -> Self {
        self.status = Status::AnyError;
        self
    }

    /// It has this attribute; whole numbers are compared by their value.
    pub fn attribute<'a>(mut self, key: impl Into<String>, value: impl Into<Value<'a>>) -> Self {
        self.attributes.push((key.into(), Scalar::from(value.into())));
        self
    }

    /// It has no attribute of this key.
    pub fn without(mut self, key: impl Into<String>) -> Self {
        self.absent.push(key.into());
        self
    }

    /// It has an event of this name, among others.
    pub fn event(mut self, name: impl Into<String>) -> Self {
        self.events.push(name.into());
        self
    }

    /// There is such a span below it. The order of several is not asked: what goes on side by side has none. What
    /// [`Tree`] prints has the order in which they began.
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// There may be other spans below it.
    pub fn and_more(mut self) -> Self {
        self.and_more = true;
        self
    }

    /// What is otherwise, each with the way to it.
    fn differences(&self, tree: &Tree, way: &str, out: &mut Vec<String>) {
        let span = &tree.span;
        let way = if way.is_empty() { span.name.clone() } else { format!("{way} > {}", span.name) };
        let mut tell = |what: String| out.push(format!("{way}: {what}"));
        if span.name != self.name {
            tell(format!("expected a span called `{}`", self.name));
        }
        if let Some(kind) = self.kind.filter(|kind| *kind != span.kind) {
            tell(format!("is {:?}, expected {kind:?}", span.kind));
        }
        if !self.status.is(&span.status) {
            tell(format!("status is {:?}, expected {:?}", span.status, self.status));
        }
        for (key, value) in &self.attributes {
            match span.attribute(key) {
                Some(found) if is_same(found, value) => {}
                Some(found) => tell(format!("{key} is {}, expected {}", Shown(found), Shown(value))),
                None => tell(format!("has no {key}, expected {}", Shown(value))),
            }
        }
        for key in self.absent.iter().filter(|key| span.attribute(key).is_some()) {
            tell(format!("has {key}, expected none"));
        }
        for name in self.events.iter().filter(|name| !span.events.iter().any(|event| event.name == **name)) {
            tell(format!("has no event `{name}`"));
        }
        self.children(tree, &way, out);
    }

    /// Those that are right are found together, whichever each of them could be; of what is left each takes the one of its
    /// name that is nearest to it.
    fn children(&self, tree: &Tree, way: &str, out: &mut Vec<String>) {
        let differences = |expected: &Self, child: &Tree| {
            let mut found = Vec::new();
            expected.differences(child, way, &mut found);
            found
        };
        let fits = |expected: &Self| -> Vec<usize> {
            let fit = |(_, child): &(usize, &Tree)| {
                child.span.name == expected.name && differences(expected, child).is_empty()
            };
            tree.children.iter().enumerate().filter(fit).map(|(at, _)| at).collect()
        };
        let fits: Vec<_> = self.children.iter().map(fits).collect();
        let mut taken = vec![None; tree.children.len()];
        for expected in 0..fits.len() {
            assign(expected, &fits, &mut taken, &mut vec![false; tree.children.len()]);
        }
        for (at, expected) in self.children.iter().enumerate() {
            if taken.contains(&Some(at)) {
                continue;
            }
            let free = tree.children.iter().enumerate().filter(|(place, _)| taken[*place].is_none());
            let named = free.filter(|(_, child)| child.span.name == expected.name);
            let weighed = named.map(|(place, child)| (place, differences(expected, child)));
            match weighed.min_by_key(|(_, found)| found.len()) {
                Some((place, found)) => {
                    taken[place] = Some(at);
                    out.extend(found);
                }
                None => out.push(format!("{way}: there is no span called `{}` below it", expected.name)),
            }
        }
        if !self.and_more {
            let left = tree.children.iter().zip(&taken).filter(|(_, taken)| taken.is_none());
            out.extend(
                left.map(|(child, _)| format!("{way}: `{}` below it was not expected", child.span.name)),
            );
        }
    }
}

/// Finds a place for one that is expected, and has others move where they fit elsewhere: augmenting paths of a bipartite
/// matching.
fn assign(expected: usize, fits: &[Vec<usize>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for &place in &fits[expected] {
        if std::mem::replace(&mut seen[place], true) {
            continue;
        }
        if taken[place].is_none_or(|other| assign(other, fits, taken, seen)) {
            taken[place] = Some(expected);
            return true;
        }
    }
    false
}

impl Status {
    fn is(&self, found: &FinishedStatus) -> bool {
        match (self, found) {
            (Self::NoError, FinishedStatus::Unset | FinishedStatus::Ok)
            | (Self::Ok, FinishedStatus::Ok)
            | (Self::AnyError, FinishedStatus::Error(_)) => true,
            (Self::Error(expected), FinishedStatus::Error(found)) => expected == found,
            _ => false,
        }
    }
}

/// Whole numbers are the same whatever they were written as.
fn is_same(a: &Scalar, b: &Scalar) -> bool {
    let whole = |scalar: &Scalar| match scalar {
        Scalar::I64(number) => Some(i128::from(*number)),
        Scalar::U64(number) => Some(i128::from(*number)),
        _ => None,
    };
    a == b || whole(a).is_some_and(|a| whole(b) == Some(a))
}

/// A value as a test would write it.
struct Shown<'a>(&'a Scalar);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Scalar::Str(text) => write!(f, "{text:?}"),
            Scalar::I64(number) => fmt::Display::fmt(number, f),
            Scalar::U64(number) => fmt::Display::fmt(number, f),
            Scalar::F64(number) => fmt::Display::fmt(number, f),
            Scalar::Bool(flag) => fmt::Display::fmt(flag, f),
            Scalar::List(values) => f.debug_list().entries(values.iter().map(Shown)).finish(),
        }
    }
}

impl Tree {
    /// Nothing, where the tree is as expected.
    ///
    /// # Panics
    /// With everything that is otherwise, and the tree with all its details, where it is not.
    #[track_caller]
    pub fn assert(&self, expected: &Expected) {
        let mut differences = Vec::new();
        expected.differences(self, "", &mut differences);
        assert!(differences.is_empty(), "{}\nin\n{}", differences.join("\n"), self.details());
    }

    /// The tree with kinds, statuses, attributes and events, for whoever reads why a test has failed.
    pub fn details(&self) -> String {
        let mut text = String::new();
        self.detail(0, &mut text);
        text
    }

    fn detail(&self, depth: usize, text: &mut String) {
        let FinishedSpan { name, kind, status, attributes, events, .. } = &self.span;
        let indent = 2 * depth;
        let _ = write!(text, "{:indent$}{name} [{kind:?}]", "");
        match status {
            FinishedStatus::Unset => {}
            FinishedStatus::Ok => text.push_str(" ok"),
            FinishedStatus::Error(description) => {
                let _ = write!(text, " error: {description}");
            }
        }
        for (key, value) in attributes {
            let _ = write!(text, " {key}={}", Shown(value));
        }
        text.push('\n');
        for event in events {
            let _ = writeln!(text, "{:indent$}  · {}", "", event.name);
        }
        self.children.iter().for_each(|child| child.detail(depth + 1, text));
    }
}
