//! Texts of others on a terminal: nothing that moves the cursor, hides or reorders what is shown gets through.

use std::fmt::Write;

/// A longer text is cut at the end of a character, and ends in `…`.
pub(super) fn push(out: &mut String, text: &str, most_characters: usize) {
    for (at, character) in text.chars().enumerate() {
        if at == most_characters {
            out.push('…');
            return;
        }
        push_char(out, character);
    }
}

/// As [`push`], in quotes where the end of the value could not be seen otherwise.
pub(super) fn push_value(out: &mut String, text: &str, most_characters: usize) {
    let bare = |character: char| !character.is_whitespace() && !matches!(character, '"' | '=');
    if !text.is_empty() && text.chars().all(bare) {
        return push(out, text, most_characters);
    }
    out.push('"');
    for (at, character) in text.chars().enumerate() {
        if at == most_characters {
            out.push('…');
            break;
        }
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        push_char(out, character);
    }
    out.push('"');
}

fn push_char(out: &mut String, character: char) {
    match character {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        // Line and paragraph separators, and what reorders text (Unicode Standard Annex 9).
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
            push_code(out, character);
        }
        control if control.is_control() => push_code(out, control),
        plain => out.push(plain),
    }
}

fn push_code(out: &mut String, character: char) {
    // A String takes all that is written.
    let _ = write!(out, "\\u{:04x}", u32::from(character));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_fool_a_terminal_is_escaped_and_letters_are_not() {
        let escaped = |text: &str| {
            let mut out = String::new();
            push(&mut out, text, 100);
            out
        };
        assert_eq!(escaped("a\n\r\t\0\u{1b}[31m\u{7f}\u{9b}"), "a\\n\\r\\t\\u0000\\u001b[31m\\u007f\\u009b");
        assert_eq!(escaped("\u{202e}\u{2028}\u{2069}\u{200f}"), "\\u202e\\u2028\\u2069\\u200f");
        assert_eq!(escaped("日本語 é 🦀 \"a\" C:\\"), "日本語 é 🦀 \"a\" C:\\");
    }

    #[test]
    fn values_are_quoted_where_they_need_it_and_cut_where_they_are_long() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("a=b", "\"a=b\""),
            ("say \"hi\"\\", "\"say \\\"hi\\\"…\""),
            ("日本語日本語日本語日本語", "日本語日本語日本語…"),
            ("a\u{1b}", "a\\u001b"),
        ] {
            let mut out = String::new();
            push_value(&mut out, text, 9);
            assert_eq!(out, if text.starts_with("say") { "\"say \\\"hi\\\"\\\\\"" } else { expected });
        }
    }
}
