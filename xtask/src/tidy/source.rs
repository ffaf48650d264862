//! One Rust file as the rules see it: its text, its code alone, and which part of it is tests.

use std::ops::Range;

use super::mask::mask;

/// A Rust file.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text without comments and literals.
    pub(crate) code: String,
    /// Where `code` is compiled for tests alone.
    tests: Vec<Range<usize>>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = mask(text);
        let whole = is_test_file(path).then_some(0..code.len());
        let tests = whole.map_or_else(|| test_regions(&code), |whole| Vec::from([whole]));
        Self { path: path.to_owned(), text: text.to_owned(), code, tests }
    }

    /// Whether the code at `offset` is compiled for tests alone.
    pub(crate) fn is_test(&self, offset: usize) -> bool {
        self.tests.iter().any(|region| region.contains(&offset))
    }

    /// The line of `offset` in the code, counted from one.
    pub(crate) fn line(&self, offset: usize) -> usize {
        line_of(&self.code, offset)
    }

    /// How many lines are not tests.
    pub(crate) fn lines_outside_tests(&self) -> usize {
        let inside: usize = self.tests.iter().map(|region| self.code[region.clone()].lines().count()).sum();
        self.code.lines().count().saturating_sub(inside)
    }

    /// Where `word` stands as a whole word in the code.
    pub(crate) fn words(&self, word: &str) -> Vec<usize> {
        words(&self.code, word)
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

fn words(code: &str, word: &str) -> Vec<usize> {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let whole = |&at: &usize| !code[..at].ends_with(is_word) && !code[at + word.len()..].starts_with(is_word);
    code.match_indices(word).map(|(at, _)| at).filter(whole).collect()
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("/benches/")
}

/// What stands behind each `#[cfg(...test...)]`: an item with a body, or one that ends with a semicolon.
fn test_regions(code: &str) -> Vec<Range<usize>> {
    let mut regions: Vec<Range<usize>> = Vec::new();
    for (start, _) in code.match_indices("#[cfg(") {
        let Some(end) = code[start..].find(']').map(|length| start + length) else { continue };
        let condition: String = code[start..end].split_whitespace().collect();
        let for_tests = !words(&condition, "test").is_empty() && !condition.contains("not(test)");
        if for_tests && regions.last().is_none_or(|last| start >= last.end) {
            regions.push(start..item_end(code, end));
        }
    }
    regions
}

fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, char) in code[from..].char_indices() {
        match char {
            ';' if depth == 0 => return from + at + 1,
            '{' => depth += 1,
            '}' if depth <= 1 => return from + at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_modules_are_told_from_code() {
        let text = "//! a\nfn f() {}\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\nfn h() {}\n";
        let source = Source::new("crates/x/src/a.rs", text);
        let test = |name: &str| source.is_test(source.words(name)[0]);
        assert_eq!((test("f"), test("g"), test("h")), (false, true, false));
        assert_eq!((source.lines_outside_tests(), source.line(source.words("h")[0])), (3, 7));
    }

    #[test]
    fn conditions_are_read_and_files_of_tests_are_whole() {
        let test = |path: &str, text: &str| {
            let source = Source::new(path, text);
            source.is_test(source.words("f")[0])
        };
        assert!(test("a/src/a.rs", "#[cfg(all(test, feature = \"a\"))]\nmod t { fn f() {} }"));
        assert!(!test("a/src/a.rs", "#[cfg(not(test))]\nmod t { fn f() {} }"));
        assert!(!test("a/src/a.rs", "#[cfg(test)]\nmod tests;\nfn f() {}"));
        assert!(test("a/src/tests.rs", "fn f() {}"));
        assert!(test("a/tests/it/main.rs", "fn f() {}"));
    }
}
