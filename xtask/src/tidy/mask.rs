//! Blanks what is not code, so that a rule never takes a comment or a text for the thing it looks for.

/// `source` with every comment, string and character literal replaced by spaces. Lines stay where they are.
pub(crate) fn mask(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut masked = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let length = literal_or_comment(&chars, at);
        for &blanked in &chars[at..at + length] {
            masked.push(if blanked == '\n' { '\n' } else { ' ' });
        }
        at += length;
        if length == 0 {
            masked.push(chars[at]);
            at += 1;
        }
    }
    masked
}

/// How many characters of comment or literal begin at `at`; none where code does.
fn literal_or_comment(chars: &[char], at: usize) -> usize {
    let next = |ahead: usize| chars.get(at + ahead).copied().unwrap_or('\0');
    let word_before = at > 0 && is_word(chars[at - 1]);
    match (chars[at], next(1)) {
        ('/', '/') => chars[at..].iter().take_while(|&&char| char != '\n').count(),
        ('/', '*') => block_comment(&chars[at..]),
        ('"', _) => quoted(&chars[at..], '"'),
        ('\'', '\\') => quoted(&chars[at..], '\''),
        // One character between quotes; anything else is a lifetime or a label.
        ('\'', _) if next(2) == '\'' => 3,
        ('b', '\'') if !word_before => 1 + quoted(&chars[at + 1..], '\''),
        ('b' | 'c', '"') if !word_before => 1 + quoted(&chars[at + 1..], '"'),
        ('r', '"' | '#') if !word_before => raw(&chars[at..], 1),
        ('b' | 'c', 'r') if !word_before => raw(&chars[at..], 2),
        _ => 0,
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn block_comment(chars: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn quoted(chars: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// A raw string whose `#`s begin at `prefix`; a raw identifier is none.
fn raw(chars: &[char], prefix: usize) -> usize {
    let hashes = chars[prefix..].iter().take_while(|&&char| char == '#').count();
    let start = prefix + hashes + 1;
    if chars.get(start - 1) != Some(&'"') {
        return 0;
    }
    let closes = |at: usize| {
        chars[at] == '"' && chars[at + 1..].iter().take(hashes).filter(|&&char| char == '#').count() == hashes
    };
    (start..chars.len()).find(|&at| closes(at)).map_or(chars.len(), |at| at + 1 + hashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        assert_eq!(mask(source), expected, "{source}");
    }

    #[test]
    fn comments_go_and_lines_stay() {
        check("a // b\nc", "a     \nc");
        check("a /* b /* c */\n d */ e", "a             \n      e");
        check("/// doc\nfn f() {}", "       \nfn f() {}");
    }

    #[test]
    fn literals_go() {
        check(r#"f("a\"b", 'c', '\'', b'd', b"e")"#, "f(      ,    ,     ,     ,     )");
        check(r###"f(r#"a"b"#, br"c\")"###, "f(        ,       )");
        check("f(\"a\nb\")", "f(  \n  )");
    }

    #[test]
    fn lifetimes_labels_and_raw_identifiers_stay() {
        check("fn f<'a>(x: &'a str, r#type: T)", "fn f<'a>(x: &'a str, r#type: T)");
        check("'l: loop { break 'l }", "'l: loop { break 'l }");
        check("static A: &'static str = x;", "static A: &'static str = x;");
    }

    #[test]
    fn an_open_end_does_not_run_over() {
        for source in ["\"a", "'\\", "/* a", "r#\"a\"", "r#", "b'", "\"a\\"] {
            assert_eq!(mask(source).chars().count(), source.chars().count(), "{source}");
        }
    }
}
