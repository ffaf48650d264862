//! Where nothing is asked by HTTP no status comes.

/// None.
pub(super) fn of(_: u16) -> Option<&'static str> {
    None
}
