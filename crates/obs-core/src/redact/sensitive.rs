//! A value that is never printed, by its type.

use std::fmt;

use super::REDACTED;

/// Holds a value that must not be told: `Debug` and `Display` print [`REDACTED`], and it cannot be serialised, so a
/// struct around it can be logged as it is. It costs nothing: it is its value.
///
/// ```
/// use obs_core::redact::Sensitive;
///
/// #[derive(Debug)]
/// struct Login {
///     user: &'static str,
///     birth_name: Sensitive<String>,
/// }
///
/// let login = Login { user: "ada", birth_name: Sensitive::new("Byron".into()) };
/// assert_eq!(format!("{login:?}"), r#"Login { user: "ada", birth_name: [redacted] }"#);
/// assert_eq!(login.birth_name.expose(), "Byron");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// From here on it is told to nobody.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Lends the value to whoever has to use it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Gives the value back.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_way_of_printing_shows_the_value_and_it_takes_no_room_of_its_own() {
        let pin = Sensitive::new(4_711);
        for printed in [format!("{pin}"), format!("{pin:?}"), format!("{pin:#?}")] {
            assert_eq!(printed, REDACTED);
        }
        assert_eq!((*pin.expose(), pin.into_exposed()), (4_711, 4_711));
        assert_eq!(size_of::<Sensitive<String>>(), size_of::<String>());
    }
}
