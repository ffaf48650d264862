//! Which signals leave a request out.

/// Which signals leave a request out; default none of them.
///
/// ```
/// use obs_core::context::Muted;
///
/// let muted = Muted::METRICS.and(Muted::LINE);
/// assert!(muted.has(Muted::LINE) && !Muted::NONE.has(Muted::LINE));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Muted(u8);

impl Muted {
    /// None does.
    pub const NONE: Self = Self(0);
    /// It is not counted, timed, or in flight.
    pub const METRICS: Self = Self(1);
    /// It has no access line.
    pub const LINE: Self = Self(2);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    #[inline]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
