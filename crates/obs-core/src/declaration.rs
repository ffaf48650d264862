//! A family of metrics as it is to be: plain data, so that whoever writes rules or checks files needs no recorder.

use crate::keys::Kind;

/// A family as it is to be, told before anything is counted in it.
///
/// It is on the first scrape: with every series at zero where all of its labels have [given values](Self::label_of), and
/// by its help and type alone where one may have any. An observation of another type, with other labels or with another
/// value than those given is refused and counted, as one that does not go with the first registration is.
///
/// A family of obs's own is told with its own type and labels; then its help and its bounds become those told here.
///
/// ```
/// use obs_core::Declaration;
///
/// let placed = Declaration::counter("orders_placed_total").help("Orders placed.").label_of("kind", ["book", "cup"]);
/// assert_eq!(placed.labels[0].values.as_deref().unwrap_or_default(), ["book", "cup"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[must_use = "a declaration does nothing until a recorder has it"]
pub struct Declaration {
    /// A counter's with or without `_total`.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// The help text; default what is described by the macros, or none.
    pub help: Option<String>,
    /// The unit as OpenMetrics has it, such as `seconds`; the name ends in it.
    pub unit: Option<String>,
    /// In the order in which samples have them.
    pub labels: Vec<DeclaredLabel>,
    /// The upper bounds of a histogram, ascending and without `+Inf`; default those that the recorder has for its name.
    pub buckets: Option<Vec<f64>>,
}

/// A label of a [`Declaration`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeclaredLabel {
    /// Its name.
    pub name: String,
    /// The values it may have; `None` is any.
    pub values: Option<Vec<String>>,
}

impl Declaration {
    /// A family of this kind, without labels.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { name: name.into(), kind, help: None, unit: None, labels: Vec::new(), buckets: None }
    }

    /// A counter; the name may be given with or without `_total`.
    pub fn counter(name: impl Into<String>) -> Self {
        Self::new(Kind::Counter, name)
    }

    /// A gauge.
    pub fn gauge(name: impl Into<String>) -> Self {
        Self::new(Kind::Gauge, name)
    }

    /// A histogram.
    pub fn histogram(name: impl Into<String>) -> Self {
        Self::new(Kind::Histogram, name)
    }

    /// The help text. Default: what is described by the macros, or none.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The unit, which the name must end in (OpenMetrics 1.0, section "Unit"), such as `seconds`. Default: none.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// A label that may have any value.
    pub fn label(mut self, name: impl Into<String>) -> Self {
        self.labels.push(DeclaredLabel { name: name.into(), values: None });
        self
    }

    /// A label that has one of these values and no other.
    pub fn label_of<V: Into<String>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.labels.push(DeclaredLabel { name: name.into(), values: Some(values) });
        self
    }

    /// The upper bounds of a histogram, ascending and without `+Inf`. Default: those that the recorder has for its name.
    pub fn buckets(mut self, bounds: impl Into<Vec<f64>>) -> Self {
        self.buckets = Some(bounds.into());
        self
    }
}
