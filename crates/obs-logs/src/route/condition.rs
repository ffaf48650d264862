//! What a route asks of a line: facts, and how they are joined.

use std::fmt::{self, Write};

use tracing_core::Level;

use super::Levels;
use super::glob::{Glob, Module};

/// What a route asks of a line.
///
/// ```
/// use obs_logs::{Levels, Match};
/// use tracing_core::Level;
///
/// // In production, errors and warnings of the payment module, unless they are a test's.
/// let condition = Match::all([
///     Match::env("prod"),
///     Match::level(Levels::at_least(Level::WARN)),
///     Match::module("payment"),
///     Match::not(Match::field("tenant", "test-*")),
/// ]);
/// # let _ = condition;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Match(pub(super) Node);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    All(Vec<Match>),
    Any(Vec<Match>),
    Not(Box<Match>),
    Fact(Fact),
}

/// One thing that is so or is not.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fact {
    Level(Levels),
    /// Of the service, the same for every line.
    Env(Glob),
    /// Segments of the target, or the event's own field of this name.
    Module(Module),
    Target(Glob),
    Field(FieldIs),
}

/// The name of the field that says which module a line is of.
pub(super) const MODULE: &str = "module";

/// A field and what its value must be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldIs {
    pub(super) name: String,
    pub(super) value: Test,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Text(Glob),
    /// A number at least so large, more than it, at most, less.
    Number(Bound, f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    AtLeast,
    MoreThan,
    AtMost,
    LessThan,
}

/// What is known before there is a line: the call site, and the service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) level: Level,
    pub(crate) target: &'a str,
    pub(crate) env: Option<&'a str>,
    /// Whether the event has a field called `module`.
    pub(crate) has_module_field: bool,
}

/// So, not so, or to be seen from the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    Unknown,
}

impl From<bool> for Answer {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl Match {
    /// All of these; of none it is so.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::All(parts.into_iter().collect()))
    }

    /// At least one of these; of none it is not so.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::Any(parts.into_iter().collect()))
    }

    /// What `part` is not.
    #[expect(clippy::should_implement_trait, reason = "a condition is written by its words")]
    pub fn not(part: Self) -> Self {
        Self(Node::Not(Box::new(part)))
    }

    /// The line's level is one of these.
    pub fn level(levels: Levels) -> Self {
        Self(Node::Fact(Fact::Level(levels)))
    }

    /// The service's environment is this one; `*` stands for any text. A service without one is in none.
    pub fn env(name: &str) -> Self {
        Self(Node::Fact(Fact::Env(Glob::new(name))))
    }

    /// The target has these segments, whole and next to each other, or the event's own field `module` matches as a
    /// whole: `payment` is so of `shop::payment::card`. `*` stands for any text within a segment.
    pub fn module(segments: &str) -> Self {
        Self(Node::Fact(Fact::Module(Module::new(segments))))
    }

    /// The target as a whole is this one; `*` stands for any text.
    pub fn target(glob: &str) -> Self {
        Self(Node::Fact(Fact::Target(Glob::new(glob))))
    }

    /// A field of the event, else of the innermost span that has it, else of the request, has this value as text; `*`
    /// stands for any text. In front of a number `>=`, `>`, `<=` and `<` compare it.
    pub fn field(name: impl Into<String>, value: &str) -> Self {
        Self(Node::Fact(Fact::Field(FieldIs { name: name.into(), value: Test::of(value) })))
    }

    /// What can be said before there is a line.
    pub(super) fn ahead(&self, known: &Known<'_>) -> Answer {
        self.ask(&mut |fact| fact.ahead(known))
    }

    /// The answer, from the answers to its facts.
    pub(super) fn ask(&self, answer: &mut impl FnMut(&Fact) -> Answer) -> Answer {
        let (parts, settled) = match &self.0 {
            Node::Fact(fact) => return answer(fact),
            Node::Not(part) => {
                return match part.ask(answer) {
                    Answer::Yes => Answer::No,
                    Answer::No => Answer::Yes,
                    Answer::Unknown => Answer::Unknown,
                };
            }
            Node::All(parts) => (parts, Answer::No),
            Node::Any(parts) => (parts, Answer::Yes),
        };
        let mut all = if settled == Answer::No { Answer::Yes } else { Answer::No };
        for part in parts {
            let part = part.ask(answer);
            if part == settled {
                return settled;
            }
            if part == Answer::Unknown {
                all = Answer::Unknown;
            }
        }
        all
    }

    /// Calls `each` with every fact.
    pub(super) fn facts<'a>(&'a self, each: &mut impl FnMut(&'a Fact)) {
        match &self.0 {
            Node::Fact(fact) => each(fact),
            Node::Not(part) => part.facts(each),
            Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|part| part.facts(each)),
        }
    }
}

impl Fact {
    pub(super) fn ahead(&self, known: &Known<'_>) -> Answer {
        match self {
            Self::Level(levels) => levels.contains(known.level).into(),
            Self::Env(glob) => known.env.is_some_and(|env| glob.matches(env)).into(),
            Self::Target(glob) => glob.matches(known.target).into(),
            Self::Module(module) if module.matches(known.target) => Answer::Yes,
            Self::Module(_) if !known.has_module_field => Answer::No,
            Self::Module(_) | Self::Field(_) => Answer::Unknown,
        }
    }
}

impl Test {
    fn of(text: &str) -> Self {
        let bounds =
            [(">=", Bound::AtLeast), (">", Bound::MoreThan), ("<=", Bound::AtMost), ("<", Bound::LessThan)];
        let number = bounds.into_iter().find_map(|(sign, bound)| {
            let number = text.strip_prefix(sign)?.trim().parse::<f64>().ok()?;
            Some(Self::Number(bound, number))
        });
        number.unwrap_or_else(|| Self::Text(Glob::new(text)))
    }

    /// Of a number, which is printed where it is compared as text.
    pub(super) fn is_met_by_number(
        &self,
        value: f64,
        printed: fmt::Arguments<'_>,
        text: &mut String,
    ) -> bool {
        match self {
            Self::Number(Bound::AtLeast, bound) => value >= *bound,
            Self::Number(Bound::MoreThan, bound) => value > *bound,
            Self::Number(Bound::AtMost, bound) => value <= *bound,
            Self::Number(Bound::LessThan, bound) => value < *bound,
            Self::Text(glob) => {
                text.clear();
                let _ = text.write_fmt(printed);
                glob.matches(text)
            }
        }
    }

    pub(super) fn is_met_by_text(&self, text: &str) -> bool {
        match self {
            Self::Text(glob) => glob.matches(text),
            Self::Number(..) => text.trim().parse().is_ok_and(|number| {
                // Compared with a bound: nothing is printed.
                self.is_met_by_number(number, format_args!(""), &mut String::new())
            }),
        }
    }
}
