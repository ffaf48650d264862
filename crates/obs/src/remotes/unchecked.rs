//! No checks of health are built in.

/// Why a way out cannot have one.
pub(crate) fn unfit(_: &str) -> Option<String> {
    Some(String::from("its `health`: checks are the feature `health`, which is not built in"))
}
