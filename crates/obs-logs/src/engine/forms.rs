//! Which lines are made of one event: each form once, however many outputs take it.

use crate::format::Shapes;
use crate::sink::{Form, Way};

/// The forms of one engine.
#[derive(Clone, Debug)]
pub(super) struct Forms {
    used: u64,
    pub(super) shapes: Shapes,
}

impl Forms {
    /// JSON as it is without options: the form that is written by code of its own where no other is needed.
    pub(super) const JSON: u64 = Form::Json.bit();
    /// The forms that have a line of their own kind; all others are shapes.
    pub(super) const PLAIN: u64 =
        Form::Json.bit() | Form::Logfmt.bit() | Form::Pretty { coloured: false }.bit();

    pub(super) fn of(ways: &[Way], shapes: Shapes) -> Self {
        Self { used: ways.iter().fold(0, |used, way| used | way.form.bit()), shapes }
    }

    /// The bits of all forms that some output takes; see [`Form::bit`].
    #[inline]
    pub(super) fn used(&self) -> u64 {
        self.used
    }
}
