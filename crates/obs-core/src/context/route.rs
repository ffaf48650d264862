//! Route templates as small copies: a closed set in a well-made service, and a capped one in any other.

use std::cell::RefCell;
use std::fmt;

use crate::names::Names;

/// A route template such as `/users/{id}`, held once per process.
///
/// Templates come from the program's text, so their number is small. Should a program make them from data, those
/// beyond [`Route::CAP`] all become [`Route::OVERFLOW`], and memory stays bounded.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Route(&'static str);

/// How many recently used templates each thread finds without a lock; a power of two.
const NEAR: usize = 64;

thread_local! {
    static NEARBY: RefCell<[Option<&'static str>; NEAR]> = const { RefCell::new([None; NEAR]) };
}

static ALL: Names<{ Route::CAP }, { Route::MAX_LEN }> = Names::new();

impl Route {
    /// How many different templates a process may have.
    pub const CAP: usize = 4_096;
    /// The longest template kept, in bytes; a longer one becomes [`Route::OVERFLOW`].
    pub const MAX_LEN: usize = 512;
    /// What requests that match no route are counted under. Never the raw path.
    pub const UNMATCHED: Self = Self("unmatched");
    /// What templates beyond the cap are counted under.
    pub const OVERFLOW: Self = Self("_overflow");

    /// The one copy of `template`. Allocates only for a template never seen before.
    pub fn new(template: &str) -> Self {
        let slot = (hash(template.as_bytes()) as usize) & (NEAR - 1);
        let near = NEARBY.try_with(|nearby| nearby.borrow()[slot]).ok().flatten();
        if let Some(known) = near.filter(|known| *known == template) {
            return Self(known);
        }
        let Some(known) = ALL.intern(template) else { return Self::OVERFLOW };
        let _ = NEARBY.try_with(|nearby| nearby.borrow_mut()[slot] = Some(known));
        Self(known)
    }

    /// A template that is part of the program's text.
    pub const fn from_static(template: &'static str) -> Self {
        Self(template)
    }

    /// The template.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// The last eight bytes and the length, mixed: templates differ at their ends. Equality is checked in full.
fn hash(bytes: &[u8]) -> u64 {
    let tail = match bytes.last_chunk() {
        Some(tail) => u64::from_le_bytes(*tail),
        None => bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    let mixed = (tail ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed >> 32
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Route({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_held_once_and_too_many_or_too_long_overflow() {
        let (a, b) = (Route::new("/users/{id}"), Route::new(&String::from("/users/{id}")));
        assert!(std::ptr::eq(a.as_str(), b.as_str()));
        assert_ne!(a, Route::new("/users/{name}"));
        assert_eq!(Route::new(&"x".repeat(Route::MAX_LEN + 1)), Route::OVERFLOW);
        for n in 0..Route::CAP + 10 {
            Route::new(&format!("/generated/{n}"));
        }
        assert_eq!(Route::new("/generated/one/more"), Route::OVERFLOW);
        assert_eq!(Route::new("/users/{id}"), a, "templates already known stay known");
    }
}
