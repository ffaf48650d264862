//! The text of a link with places in it, and what is put there.

use std::fmt::Write;

use super::moment::{Moment, Place};

/// A link with places in it, such as `https://jaeger/trace/{trace_id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// As it stands in the link.
    Text(String),
    Place(Place),
}

impl Template {
    /// Reads a template. Braces around anything but a word, as in JSON or LogQL, are text.
    ///
    /// # Errors
    /// The word in braces that is no place.
    pub(crate) fn parse(text: &str) -> Result<Self, &str> {
        let (mut parts, mut rest) = (Vec::new(), text);
        let mut open = String::new();
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            encode_rest(before, &mut open);
            let inside = &from[1..];
            let end = inside.find(|char: char| !(char.is_ascii_lowercase() || char == '_')).unwrap_or(0);
            if end == 0 || !inside[end..].starts_with('}') {
                encode_rest("{", &mut open);
                rest = inside;
                continue;
            }
            let word = &inside[..end];
            let place = Place::parse(word).ok_or(word)?;
            if !open.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut open)));
            }
            parts.push(Part::Place(place));
            rest = &inside[end + 1..];
        }
        encode_rest(rest, &mut open);
        if !open.is_empty() {
            parts.push(Part::Text(open));
        }
        Ok(Self(parts))
    }

    /// Whether there is any place in it.
    pub(super) fn has_places(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Place(_)))
    }

    /// The link to `moment`.
    pub(super) fn fill(&self, moment: &Moment<'_>) -> String {
        let mut link = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => link.push_str(text),
                Part::Place(place) => encode(&moment.value(*place), is_unreserved, &mut link),
            }
        }
        link
    }
}

/// What a template says itself, so that it may be written as it reads: only what can stand in no URL is encoded, and
/// what is encoded already stays so (RFC 3986, section 2).
fn encode_rest(text: &str, link: &mut String) {
    encode(text, |byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte), link);
}

/// What is data all through: RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn encode(text: &str, stays: impl Fn(u8) -> bool, link: &mut String) {
    for &byte in text.as_bytes() {
        if stays(byte) {
            link.push(char::from(byte));
        } else {
            let _ = write!(link, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> String {
        let service = "a shop/é";
        let template = Template::parse(template).unwrap();
        template.fill(&Moment { trace_id: 0x4bf9, service, ..Moment::default() })
    }

    #[test]
    fn places_are_filled_and_what_is_put_there_is_data() {
        assert_eq!(filled("https://j/trace/{trace_id}"), format!("https://j/trace/{:032x}", 0x4bf9));
        assert_eq!(filled("/{service}?{request_id}"), "/a%20shop%2F%C3%A9?");
    }

    #[test]
    fn a_template_is_written_as_it_reads() {
        let loki = r#"/explore?panes={"a":{"expr":"{service_name=\"{service}\"} | b"}}"#;
        assert_eq!(
            filled(loki),
            "/explore?panes=%7B%22a%22:%7B%22expr%22:%22%7Bservice_name=%5C%22a%20shop%2F%C3%A9%5C%22%7D%20%7C%20b%22%7D%7D"
        );
        assert_eq!(filled("/a%7Bb?q=1&c#d"), "/a%7Bb?q=1&c#d");
        assert_eq!(filled("{}{"), "%7B%7D%7B");
    }

    #[test]
    fn a_word_that_is_no_place_is_named() {
        assert_eq!(Template::parse("/{trace_id}/{traceid}"), Err("traceid"));
        assert!(!Template::parse("https://jaeger:16686").unwrap().has_places());
    }
}
