//! Texts of errors and panics as they may be shown: in one piece of bounded length, and without secrets.

use std::error::Error;
use std::fmt::{self, Write};

use obs_core::fields::{Bounded, guarded};

use crate::redact::redact;

/// The longest text, in bytes.
pub(crate) const LONGEST: usize = 256;

/// How much of a text is read. More than is shown, so that a secret is seen whole before the text is cut.
const READ: usize = 4 * 1024;

/// How many errors behind an error are told.
const CAUSES: usize = 8;

/// Stands at the end of a text that was cut.
const CUT: char = '…';

/// What `value`, which is a user's code, prints.
pub(crate) fn tell(value: fmt::Arguments<'_>) -> String {
    let mut text = String::new();
    let mut bounded = Bounded::new(&mut text, READ);
    guarded(&mut bounded, value);
    let cut = bounded.is_cut();
    show(text, cut)
}

/// What an error says, and those behind it where they say more.
pub(crate) fn tell_error(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut bounded = Bounded::new(&mut text, READ);
    guarded(&mut bounded, format_args!("{error}"));
    let mut cut = bounded.is_cut();
    let mut causes = 0;
    let mut cause = error.source();
    while let Some(error) = cause.filter(|_| causes < CAUSES && !cut) {
        let mut more = String::new();
        guarded(&mut Bounded::new(&mut more, READ), format_args!("{error}"));
        // Many an error's text has that of its cause in it already.
        if !text.contains(&more) {
            let mut bounded = Bounded::new(&mut text, READ);
            let _ = write!(bounded, ": {more}");
            cut = bounded.is_cut();
        }
        causes += 1;
        cause = error.source();
    }
    show(text, cut)
}

fn show(mut text: String, cut: bool) -> String {
    if cut {
        // Half of a URL does not look like one with a password in it.
        let last = text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        if text[last..].contains(':') {
            text.truncate(last);
        }
    }
    let mut text = redact(&text);
    if cut || text.len() > LONGEST {
        let mut end = text.len().min(LONGEST - CUT.len_utf8());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_stay_as_they_are() {
        let fits = "é".repeat(LONGEST / 2);
        for text in ["", "connection refused (os error 111)", &fits] {
            assert_eq!(tell(format_args!("{text}")), text);
        }
    }

    #[test]
    fn long_texts_are_cut_at_a_character_and_say_so() {
        for text in ["x".repeat(LONGEST + 1), "é".repeat(1_000_000), "a b ".repeat(1_000_000)] {
            let told = tell(format_args!("{text}"));
            assert!(told.len() <= LONGEST && told.len() > LONGEST - 6 && told.ends_with(CUT), "{told}");
        }
    }

    #[test]
    fn a_secret_does_not_show_because_the_text_is_cut_inside_of_it() {
        for before in [LONGEST - 30, READ - 30, READ - 18] {
            for secret in ["postgres://shop:hunter2", "token=hunter2", "{\"password\": \"hunter2 "] {
                // What stands before shrinks to little, so that what is cut last would be shown.
                let text = format!("password={} {secret}{}", "y".repeat(before), "hunter2".repeat(9_000));
                assert!(!tell(format_args!("{text}")).contains("hunt"), "{before} {secret}");
            }
        }
    }

    #[derive(Debug)]
    struct Chain(&'static str, Option<Box<Chain>>);

    impl fmt::Display for Chain {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Chain {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|error| error as _)
        }
    }

    fn chain(texts: &[&'static str]) -> Chain {
        Chain(texts[0], texts.get(1).map(|_| Box::new(chain(&texts[1..]))))
    }

    #[test]
    fn the_errors_behind_an_error_are_told_once() {
        let told = |texts| tell_error(&chain(texts));
        assert_eq!(told(&["connect"]), "connect");
        assert_eq!(told(&["connect", "tcp", "refused"]), "connect: tcp: refused");
        assert_eq!(told(&["connect: refused", "refused"]), "connect: refused");
        assert_eq!(told(&["connect", "redis://:hunter2@cache"]), "connect: redis://[redacted]@cache");
    }

    #[derive(Debug)]
    struct Endless;

    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("ever and ")?;
            }
        }
    }

    impl Error for Endless {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }

    struct Panics;

    impl fmt::Display for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("in Display")
        }
    }

    #[test]
    fn texts_that_never_end_and_texts_that_panic_are_told_as_far_as_they_go() {
        assert!(tell_error(&Endless).starts_with("ever and ever and "));
        assert_eq!(tell(format_args!("before {Panics}")), "before [panicked]");
    }
}
