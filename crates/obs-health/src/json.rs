//! Texts as JSON strings (RFC 8259, section 7), with nothing left in them that a terminal or a log viewer would obey.

use std::fmt::Write;

/// Appends `text` as a JSON string. Escaped are, beside what must be, all control characters, line and paragraph
/// separators, and marks that turn the direction of writing.
pub(crate) fn push(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if char.is_control()
                || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                // All of these have four digits; writing to a text cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            char => out.push(char),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_reads_back_as_it_was() {
        let all: String =
            (0..0x3000).filter_map(char::from_u32).chain("🦀\u{e0001}\u{10ffff}".chars()).collect();
        for text in
            ["", "plain", "a\"b\\c", "\n\r\t\0\u{1b}[31m\u{7f}\u{9b}", "\u{2028}\u{202e}\u{2066}", &all]
        {
            let mut json = String::new();
            push(&mut json, text);
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            assert!(!json.contains(|char: char| char.is_control() || char == '\u{202e}'), "{json}");
        }
    }
}
