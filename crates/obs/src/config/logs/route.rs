//! Which lines go to which outputs.

/// A condition, and the outputs of lines that meet it.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRoute {
    /// What lines must be; default, of a route that begins with `default`, anything.
    pub when: LogMatch,
    /// The names of outputs; lines of a route without any go nowhere.
    pub outputs: Vec<String>,
}

/// What a route asks of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum LogMatch {
    /// All of these.
    All(Vec<Self>),
    /// At least one of these.
    Any(Vec<Self>),
    /// What this is not.
    Not(Box<Self>),
    /// A level such as `ERROR`, or a range such as `>=WARN`, `DEBUG..INFO`.
    Level(String),
    /// The service's environment; `*` stands for any text.
    Env(String),
    /// Whole segments of the target, or the event's own field `module`; `*` stands for any text in a segment.
    Module(String),
    /// The whole target; `*` stands for any text.
    Target(String),
    /// A field by name, and its value as text, in which `*` stands for any text, or a bound such as `>=500`.
    Field(String, String),
}

/// What a condition is written with, but for the fields.
#[cfg(feature = "config")]
pub(in crate::config) const FACTS: [&str; 4] = ["level", "env", "module", "target"];

impl LogMatch {
    /// Calls `each` with each level, in their order.
    #[cfg(feature = "logs")]
    pub(crate) fn levels(&self, each: &mut impl FnMut(&str)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.levels(each)),
            Self::Not(part) => part.levels(each),
            Self::Level(text) => each(text),
            Self::Env(_) | Self::Module(_) | Self::Target(_) | Self::Field(..) => {}
        }
    }
}
