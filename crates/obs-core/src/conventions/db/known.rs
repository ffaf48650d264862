//! What queries say of themselves, kept by their text, so that the same text is parsed once on each thread.

use std::cell::RefCell;

use crate::conventions::sql::{self, Dialect};
use crate::observe::Collection;

/// What a query does, and to which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Empty where it is not known.
    pub(super) operation: &'static str,
    pub(super) collection: Collection,
    /// Whether there are further tables.
    pub(super) is_joined: bool,
}

/// How many texts a thread keeps; a power of two. One that takes the place of another is parsed again, no more.
const KEPT: usize = 64;
/// A longer text is parsed each time, in bytes.
const LONGEST: usize = 2_048;

type Entry = Option<(String, Dialect, Known)>;

thread_local! {
    static RECENT: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

impl Known {
    pub(super) fn of(text: &str, dialect: Dialect) -> Self {
        if text.len() > LONGEST {
            return Self::parsed(text, dialect);
        }
        let found = RECENT.try_with(|recent| {
            let mut recent = recent.try_borrow_mut().ok()?;
            if recent.is_empty() {
                recent.resize_with(KEPT, || None);
            }
            let entry = &mut recent[mixed(text) as usize & (KEPT - 1)];
            match entry {
                Some((kept, of, known)) if kept == text && *of == dialect => return Some(*known),
                // Its room is used again.
                Some((kept, of, known)) => {
                    kept.clear();
                    kept.push_str(text);
                    (*of, *known) = (dialect, Self::parsed(text, dialect));
                    return Some(*known);
                }
                None => {}
            }
            let known = Self::parsed(text, dialect);
            *entry = Some((text.to_owned(), dialect, known));
            Some(known)
        });
        // While the thread ends there is none.
        found.ok().flatten().unwrap_or_else(|| Self::parsed(text, dialect))
    }

    fn parsed(text: &str, dialect: Dialect) -> Self {
        let summary = sql::summary(text, dialect);
        Self {
            operation: summary.operation.unwrap_or_default(),
            collection: Collection::new(summary.collection.as_deref().unwrap_or_default()),
            is_joined: summary.is_joined,
        }
    }
}

/// A number that differs for most texts (FNV-1a over eight bytes at a time).
fn mixed(text: &str) -> u64 {
    let mut mixed = 0xcbf2_9ce4_8422_2325_u64 ^ text.len() as u64;
    for chunk in text.as_bytes().chunks(8) {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        mixed = (mixed ^ u64::from_le_bytes(bytes)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
    mixed ^ mixed >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_again_and_told_apart_from_others() {
        for turn in 0..3 {
            for table in 0..200 {
                let text = format!("SELECT a FROM t{table} WHERE id = 7");
                let known = Known::of(&text, Dialect::STANDARD);
                let expected = format!("t{table}");
                assert_eq!((known.operation, known.collection.as_str()), ("SELECT", &*expected), "{turn}");
            }
        }
        let long = format!("SELECT a FROM orders WHERE id IN ({})", "7, ".repeat(LONGEST));
        assert_eq!(Known::of(&long, Dialect::STANDARD).collection.as_str(), "orders");
        assert!(Known::of("SELECT a FROM b JOIN c USING (d)", Dialect::STANDARD).is_joined);
        let quoted = "SELECT \"x FROM y\" FROM z";
        assert_eq!(Known::of(quoted, Dialect::STANDARD).collection.as_str(), "z");
        assert_eq!(Known::of(quoted, Dialect::of("mysql")).collection.as_str(), "z");
        assert_eq!(Known::of("", Dialect::STANDARD).operation, "");
    }
}
