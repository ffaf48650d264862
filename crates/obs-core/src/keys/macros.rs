//! Declares a list of names as constants and as one array that documentation tests walk.

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)+) => {
        $($(#[$doc])* pub const $name: &str = $value;)+
        /// Every name of this module.
        pub const ALL: &[&str] = &[$($name),+];
    };
}

pub(crate) use names;
