//! Targets of the lines that obs itself writes, for level filters.

use super::macros::names;

names! {
    /// One line for each finished request.
    ACCESS = "obs::access";
    /// One line for each panic.
    PANIC = "obs::panic";
}
