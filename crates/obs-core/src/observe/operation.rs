//! A call, a query, or other work that is asked of others, as whoever does it describes it.

use std::time::Duration;

use crate::Outcome;
use crate::fields::Value;
use crate::id::SpanId;
use crate::keys::Metric;
use crate::names::Names;
use crate::propagate::Remote;
use crate::time::Timestamp;

/// Which side of it this process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperationKind {
    /// It asks another and waits for the answer.
    Client,
    /// It waits for something of its own, such as a connection out of a pool, or works for itself, as a job does.
    Internal,
    /// It hands over what somebody takes up later, and does not wait for that.
    Producer,
    /// It takes up what was handed over before.
    Consumer,
}

/// The families an operation is counted in. All have the operation's labels first, in the order it gives them.
#[derive(Debug, PartialEq, Eq)]
pub struct Measures {
    /// Operations that ended, by their status, or else by what came of them: one label more.
    pub count: &'static Metric,
    /// Seconds they took.
    pub duration: &'static Metric,
    /// Those that failed, by kind: one label more.
    pub errors: &'static Metric,
    /// Those that nobody waited for any more; in none of the others.
    pub cancelled: &'static Metric,
}

/// A piece of work that has ended. Names and labels are of low cardinality; what is particular is in the attributes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Operation<'a> {
    /// Which side of it this process is.
    pub kind: OperationKind,
    /// The name of its span, in one part or two.
    pub name: (&'a str, Option<&'a str>),
    /// Where it is counted; `None` where whoever does it counts it as well, and observers only tell of it.
    pub measures: Option<&'static Measures>,
    /// The values of the labels that all its families have; at most [`Operation::LABELS`] of them.
    pub labels: &'a [&'static str],
    /// The span it is a part of; `None` where it is the root of a trace.
    pub parent: Option<SpanId>,
    /// Whether that is a span of another process.
    pub is_parent_remote: bool,
    /// Spans it has to do with without being a part of them, such as those that sent the messages of a batch.
    pub links: &'a [Remote],
    /// When it began.
    pub started: Timestamp,
    /// What else is to be said of it, each key once; empty where it is not recorded.
    pub attributes: &'a [(&'static str, Value<'a>)],
}

impl<'a> Operation<'a> {
    /// How many labels an operation may have.
    pub const LABELS: usize = 4;

    /// An operation with nothing known but what it is and where it counts.
    pub fn new(
        kind: OperationKind,
        name: &'a str,
        measures: &'static Measures,
        labels: &'a [&'static str],
    ) -> Self {
        Self { measures: Some(measures), labels, ..Self::uncounted(kind, name) }
    }

    /// An operation that its maker counts, with nothing known but what it is.
    pub fn uncounted(kind: OperationKind, name: &'a str) -> Self {
        let started = Timestamp::default();
        Self {
            kind,
            name: (name, None),
            measures: None,
            labels: &[],
            parent: None,
            is_parent_remote: false,
            links: &[],
            started,
            attributes: &[],
        }
    }
}

/// How an operation ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OperationEnd<'a> {
    /// The one classification.
    pub outcome: Outcome,
    /// The answer's status, where there was an answer and it has one.
    pub status: Option<u16>,
    /// What came of it, as it is counted where it has no status; `None` for `success` where it did not fail, and `error` where
    /// it did.
    pub result: Option<&'static str>,
    /// Under which kind it counts as failed; `None` where it did not fail.
    pub fault: Option<&'static str>,
    /// What the error says.
    pub error: Option<&'a str>,
    /// From its beginning to its end.
    pub duration: Duration,
}

impl OperationEnd<'_> {
    /// An end with nothing known but outcome and duration.
    pub fn new(outcome: Outcome, duration: Duration) -> Self {
        Self { outcome, status: None, result: None, fault: None, error: None, duration }
    }
}

/// The name of a service or data base that is asked, as a label: held once per process. Names are a program's own and few; those beyond
/// [`Target::CAP`] all become [`Target::OVERFLOW`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target(&'static str);

static TARGETS: Names<{ Target::CAP }, { Target::MAX_LEN }> = Names::new();

impl Target {
    /// How many different targets a process may have.
    pub const CAP: usize = 1_024;
    /// The longest name kept, in bytes; a longer one becomes [`Target::OVERFLOW`].
    pub const MAX_LEN: usize = 256;
    /// What is beyond the cap.
    pub const OVERFLOW: Self = Self("_overflow");

    /// The one copy of `name`. Takes a lock: to be made once and kept.
    pub fn new(name: &str) -> Self {
        TARGETS.intern(name).map_or(Self::OVERFLOW, Self)
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// A name that stands in the program's text is held there; it takes no lock. Another is [made](Target::new) once and kept.
impl From<&'static str> for Target {
    fn from(name: &'static str) -> Self {
        Self(name)
    }
}

/// The name of a table or of what else a data base holds, as a label: held once per process. They are read out of queries, so that
/// they have a room of their own; those beyond [`Collection::CAP`] all become [`Target::OVERFLOW`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Collection(&'static str);

static COLLECTIONS: Names<{ Collection::CAP }, { Target::MAX_LEN }> = Names::new();

impl Collection {
    /// How many different ones a process may have.
    pub const CAP: usize = 1_024;
    /// None, or none that is known.
    pub const NONE: Self = Self("");

    /// The one copy of `name`. Takes a lock.
    pub fn new(name: &str) -> Self {
        if name.is_empty() {
            return Self::NONE;
        }
        COLLECTIONS.intern(name).map_or(Self(Target::OVERFLOW.0), Self)
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_held_once_and_too_many_or_too_long_overflow() {
        let payments = Target::new("payments");
        assert!(std::ptr::eq(payments.as_str(), Target::new(&String::from("payments")).as_str()));
        assert_eq!(Target::new(&"x".repeat(Target::MAX_LEN + 1)), Target::OVERFLOW);
        for number in 0..Target::CAP + 10 {
            Target::new(&format!("generated-{number}"));
        }
        assert_eq!(Target::new("one-more"), Target::OVERFLOW);
        assert_eq!(Target::new("payments"), payments, "those known already stay known");
    }
}
