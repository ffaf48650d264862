//! What came of a piece of work, as whoever did it judges.

use std::fmt::{self, Display};

use crate::Outcome;

/// How a piece of work failed: the value of `error.type` and of the label `kind`, out of few different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: &'static str,
    outcome: Outcome,
}

impl Failure {
    /// What an error is that nobody has a name for (OpenTelemetry semantic conventions, `error.type`).
    pub const OTHER: Self = Self::new("_OTHER");

    /// A failure of this kind, such as `unique_violation`.
    pub const fn new(kind: &'static str) -> Self {
        Self { kind, outcome: Outcome::ServerError }
    }

    /// One because time was over.
    pub const fn timed_out(kind: &'static str) -> Self {
        Self { kind, outcome: Outcome::TimedOut }
    }

    /// That of an error's type, by its path; of a box, an `Arc` or an `Rc` that of what is in it. What can hold any error, such as
    /// `Box<dyn Error>`, says nothing of its kind.
    pub fn of_type<E: ?Sized>() -> Self {
        let (path, is_wrapped) = unwrapped(std::any::type_name::<E>());
        let is_path = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
        let plain = path.split_once('<').map_or(path, |(plain, _)| plain);
        let is_any = plain == "anyhow::Error" || plain == "eyre::Report";
        // What has no path is text, or a number.
        let is_bare = is_wrapped && !plain.contains("::");
        if is_any || is_bare || plain.is_empty() || !plain.bytes().all(is_path) {
            return Self::OTHER;
        }
        if plain == "tokio::time::error::Elapsed" {
            return Self::timed_out(plain);
        }
        Self::new(plain)
    }

    /// Its name.
    pub const fn kind(self) -> &'static str {
        self.kind
    }
}

/// Types that only hold another.
const WRAPS: [&str; 4] = ["alloc::boxed::Box<", "alloc::sync::Arc<", "alloc::rc::Rc<", "alloc::borrow::Cow<"];

/// The path of the type within those that only hold another, and whether there were any.
fn unwrapped(mut path: &'static str) -> (&'static str, bool) {
    let mut is_wrapped = false;
    while let Some(inner) = WRAPS.iter().find_map(|wrap| path.strip_prefix(wrap)?.strip_suffix('>')) {
        (path, is_wrapped) = (inner, true);
    }
    (path, is_wrapped)
}

impl From<&'static str> for Failure {
    fn from(kind: &'static str) -> Self {
        Self::new(kind)
    }
}

/// What came of a piece of work.
#[derive(Clone, Copy)]
#[must_use]
pub struct Judged<'a> {
    pub(super) outcome: Outcome,
    pub(super) fault: Option<&'static str>,
    pub(super) result: Option<&'static str>,
    pub(super) status: Option<u16>,
    pub(super) error: Option<&'a dyn Display>,
}

impl<'a> Judged<'a> {
    /// Done.
    pub const SUCCESS: Self =
        Self { outcome: Outcome::Success, fault: None, result: None, status: None, error: None };

    /// Failed. What `error` says is told, redacted, where it is recorded, and only there printed.
    pub fn failed(failure: impl Into<Failure>, error: Option<&'a dyn Display>) -> Self {
        let Failure { kind, outcome } = failure.into();
        Self { outcome, fault: Some(kind), error, ..Self::SUCCESS }
    }

    /// By what an answer says of itself.
    pub fn of(answer: &'a impl Answer) -> Self {
        match answer.failure() {
            Some((failure, error)) => Self::failed(failure, Some(error)),
            None => Self::SUCCESS,
        }
    }

    /// By what an error is taken for.
    pub fn by<T, E: Display, F: Into<Failure>>(answer: &'a Result<T, E>, kind: impl FnOnce(&E) -> F) -> Self {
        match answer {
            Ok(_) => Self::SUCCESS,
            Err(error) => Self::failed(kind(error), Some(error)),
        }
    }

    /// The same with the outcome another.
    pub const fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// The same under this status: a number that the protocol has for how it ended.
    pub const fn status(mut self, status: Option<u16>) -> Self {
        self.status = status;
        self
    }

    /// The same counted under this result, out of few different ones.
    pub const fn result(mut self, result: &'static str) -> Self {
        self.result = Some(result);
        self
    }
}

impl fmt::Debug for Judged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judged")
            .field("outcome", &self.outcome)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// What work gives, and whether it failed by that.
pub trait Answer {
    /// The failure and what tells of it; `None` where it did not fail.
    fn failure(&self) -> Option<(Failure, &dyn Display)>;
}

/// An error is of the kind of its type.
impl<T, E: Display> Answer for Result<T, E> {
    fn failure(&self) -> Option<(Failure, &dyn Display)> {
        self.as_ref().err().map(|error| (Failure::of_type::<E>(), error as &dyn Display))
    }
}

/// Work that cannot fail.
impl Answer for () {
    fn failure(&self) -> Option<(Failure, &dyn Display)> {
        None
    }
}
