//! Labels that the compiler checks, and families whose series are found without a lookup.
//!
//! [`labels!`](crate::labels) makes enums of the values a label may have, and structs of the labels a family has:
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_metrics::typed::Counters;
//! use obs_metrics::{Format, Recorder};
//!
//! obs_metrics::labels! {
//!     /// How an order was paid.
//!     pub enum Means { Card = "card", Invoice = "invoice" }
//!
//!     /// What is told apart among paid orders.
//!     pub struct Paid { means: Means, express: bool }
//! }
//!
//! let recorder = Recorder::builder(Base::new(Resource::new("orders"))).build()?;
//! let paid = Counters::<Paid>::register(&recorder, "orders_paid_total")?;
//! paid.of(Paid { means: Means::Card, express: true }).increment(1);
//!
//! let text = String::from_utf8(recorder.render(Format::Text))?;
//! assert!(text.contains("orders_paid_total{means=\"card\",express=\"true\"} 1\n"));
//! assert!(text.contains("orders_paid_total{means=\"invoice\",express=\"false\"} 0\n"), "each is there from the beginning");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! Another label, another value, a value of another label or a label that is missing do not compile:
//!
//! ```compile_fail
//! # obs_metrics::labels! { pub enum Means { Card = "card" } pub struct Paid { means: Means } }
//! let labels = Paid { means: Means::Card, tenant: "acme" };
//! ```
//!
//! nor does a name that no label may have:
//!
//! ```compile_fail
//! obs_metrics::labels! { pub struct Paid { trace_id: bool } }
//! ```
//!
//! Where values are not known beforehand, such as tenants', [`CounterVec`](crate::CounterVec) and its like look them up.

mod check;
mod families;
mod macros;

use obs_core::Declaration;

#[doc(hidden)]
pub use check::{are_different, may_be_labels, name};
pub use families::{Counters, Gauges, Histograms};

/// The values that a label may have; made by [`labels!`](crate::labels) for enums.
pub trait LabelValue: Copy + 'static {
    /// All of them.
    const VALUES: &'static [&'static str];

    /// The place of this one among them.
    fn index(self) -> usize;
}

/// `false` and `true`.
impl LabelValue for bool {
    const VALUES: &'static [&'static str] = &["false", "true"];

    fn index(self) -> usize {
        usize::from(self)
    }
}

/// The labels of a family; made by [`labels!`](crate::labels) for structs.
pub trait Labels: Copy + 'static {
    /// Their names.
    const NAMES: &'static [&'static str];

    /// The values that each of them may have, in the order of the names.
    const VALUES: &'static [&'static [&'static str]];

    /// The place of this combination among all of them: the last label runs fastest.
    fn index(self) -> usize;

    /// `declaration` with these labels and their values, so that the family is there before its handles are made.
    ///
    /// ```
    /// use obs_core::Declaration;
    /// use obs_metrics::typed::Labels;
    ///
    /// obs_metrics::labels! { pub struct Paid { express: bool } }
    ///
    /// let paid = Paid::declare(Declaration::counter("orders_paid_total").help("Orders that were paid."));
    /// assert_eq!(paid.labels[0].values.as_deref().unwrap_or_default(), ["false", "true"]);
    /// ```
    fn declare(declaration: Declaration) -> Declaration {
        Self::NAMES.iter().zip(Self::VALUES).fold(declaration, |declaration, (name, values)| {
            declaration.label_of(*name, values.iter().copied())
        })
    }
}
