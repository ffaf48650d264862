//! Patterns with `*`, for names and for modules.

/// A text in which `*` stands for any text, also for none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Glob(String);

impl Glob {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for one text alone.
    pub(crate) fn is_literal(&self) -> bool {
        !self.0.contains('*')
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some((head, rest)) = self.0.split_once('*') else { return self.0 == text };
        let Some(mut text) = text.strip_prefix(head) else { return false };
        let mut parts = rest.split('*').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return text.ends_with(part);
            }
            // The first place will do: it leaves the most for what follows.
            let Some(at) = text.find(part) else { return false };
            text = &text[at + part.len()..];
        }
        true
    }
}

/// Whole segments of a target, one after another, each with `*` for any text within it.
///
/// `payment` is any target with that segment, `shop::pay*` any with those two next to each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Module {
    text: String,
    segments: Vec<Glob>,
}

impl Module {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), segments: text.split("::").map(Glob::new).collect() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn matches(&self, target: &str) -> bool {
        let mut from = Some(target);
        while let Some(here) = from {
            if self.matches_from(here) {
                return true;
            }
            from = here.split_once("::").map(|(_, rest)| rest);
        }
        false
    }

    fn matches_from(&self, target: &str) -> bool {
        let mut segments = target.split("::");
        self.segments.iter().all(|glob| segments.next().is_some_and(|segment| glob.matches(segment)))
    }

    /// Whether it has no `*`.
    pub(crate) fn is_literal(&self) -> bool {
        self.segments.iter().all(Glob::is_literal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_all_else_is_itself() {
        for (glob, yes, no) in [
            ("acme", &["acme"][..], &["", "acme2", "Acme", "my acme"][..]),
            ("*", &["", "x", "a b"], &[]),
            ("a*", &["a", "ab"], &["", "ba"]),
            ("*a", &["a", "ba"], &["ab"]),
            ("a*c", &["ac", "abc", "abcc"], &["a", "c", "acb"]),
            ("a*b*c", &["abc", "axxbyyc", "abbc"], &["acb", "ac", "ab"]),
            ("a*a", &["aa", "aba"], &["a"]),
            ("**", &["", "x"], &[]),
        ] {
            let glob = Glob::new(glob);
            yes.iter().for_each(|text| assert!(glob.matches(text), "{glob:?} {text}"));
            no.iter().for_each(|text| assert!(!glob.matches(text), "{glob:?} {text}"));
        }
    }

    #[test]
    fn a_module_is_whole_segments_of_a_target() {
        for (module, yes, no) in [
            (
                "payment",
                &["payment", "shop::payment", "shop::payment::card"][..],
                &["payments", "shop::repayment", ""][..],
            ),
            (
                "shop::payment",
                &["shop::payment", "my::shop::payment::x"],
                &["shop", "shop::x::payment", "payment::shop"],
            ),
            ("pay*", &["payment", "shop::payments::card"], &["shop::repay"]),
            ("shop::*::card", &["shop::payment::card"], &["shop::card", "shop::a::b::card"]),
        ] {
            let module = Module::new(module);
            yes.iter().for_each(|target| assert!(module.matches(target), "{module:?} {target}"));
            no.iter().for_each(|target| assert!(!module.matches(target), "{module:?} {target}"));
        }
    }
}
