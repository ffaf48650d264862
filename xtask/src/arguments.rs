//! Reads a command's flags; anything not asked for is an error, so that a typing mistake never passes silently.

use std::time::Duration;

use crate::Result;

/// The flags of one command line, taken out one by one.
pub(crate) struct Arguments {
    left: Vec<String>,
}

impl Arguments {
    pub(crate) fn new(arguments: &[String]) -> Self {
        Self { left: arguments.to_vec() }
    }

    /// Whether `flag` is there.
    pub(crate) fn flag(&mut self, flag: &str) -> bool {
        let before = self.left.len();
        self.left.retain(|argument| argument != flag);
        self.left.len() != before
    }

    /// The text after `flag`, or after `flag=`.
    pub(crate) fn value(&mut self, flag: &str) -> Result<Option<String>> {
        let with_equals = format!("{flag}=");
        let Some(at) = self.left.iter().position(|text| text == flag || text.starts_with(&with_equals))
        else {
            return Ok(None);
        };
        let argument = self.left.remove(at);
        if let Some(value) = argument.strip_prefix(&with_equals) {
            return Ok(Some(value.to_owned()));
        }
        if at < self.left.len() {
            Ok(Some(self.left.remove(at)))
        } else {
            Err(format!("{flag} needs a value"))
        }
    }

    /// `flag`, and the text after it unless that is another flag; or the text after `flag=`.
    pub(crate) fn optional_value(&mut self, flag: &str) -> Result<Option<Option<String>>> {
        let Some(at) = self.left.iter().position(|text| text == flag) else {
            return self.value(flag).map(|value| value.map(Some));
        };
        let alone = self.left.get(at + 1).is_none_or(|next| next.starts_with("--"));
        if alone {
            self.left.remove(at);
            return Ok(Some(None));
        }
        self.value(flag).map(Some)
    }

    /// The port after `flag`.
    pub(crate) fn port(&mut self, flag: &str) -> Result<Option<u16>> {
        let Some(text) = self.value(flag)? else { return Ok(None) };
        match text.parse() {
            Ok(0) | Err(_) => Err(format!("{flag} needs a port between 1 and 65535, not `{text}`")),
            Ok(port) => Ok(Some(port)),
        }
    }

    /// The duration after `flag`.
    pub(crate) fn duration(&mut self, flag: &str) -> Result<Option<Duration>> {
        let Some(text) = self.value(flag)? else { return Ok(None) };
        match duration(&text) {
            Some(duration) => Ok(Some(duration)),
            None => Err(format!("{flag} needs a duration such as 500ms, 20s or 2m, not `{text}`")),
        }
    }

    /// Refuses what nobody took.
    pub(crate) fn end(self) -> Result {
        match self.left.first() {
            None => Ok(()),
            Some(unknown) => {
                Err(format!("`{unknown}` is not an argument here; `cargo xtask help` lists them"))
            }
        }
    }
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    match &text[digits..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Arguments {
        Arguments::new(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn flags_and_values_are_taken_in_any_order() {
        let mut arguments = of(&["--port=81", "--show-trace", "--for", "2m"]);
        assert_eq!(arguments.duration("--for"), Ok(Some(Duration::from_secs(120))));
        assert!(arguments.flag("--show-trace"));
        assert!(!arguments.flag("--show-trace"));
        assert_eq!(arguments.port("--port"), Ok(Some(81)));
        assert_eq!(arguments.end(), Ok(()));
    }

    #[test]
    fn a_value_may_be_left_out_where_it_is_optional() {
        let read = |words: &[&str]| of(words).optional_value("--show").unwrap();
        assert_eq!(read(&["--for", "1s"]), None);
        assert_eq!(read(&["--show"]), Some(None));
        assert_eq!(read(&["--show", "--for", "1s"]), Some(None));
        assert_eq!(read(&["--show", "ab"]), Some(Some("ab".to_owned())));
        assert_eq!(read(&["--show=ab"]), Some(Some("ab".to_owned())));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(of(&["--for"]).duration("--for").unwrap_err().contains("needs a value"));
        assert!(of(&["--for", "20"]).duration("--for").unwrap_err().contains("not `20`"));
        assert!(of(&["--port", "0"]).port("--port").is_err());
        assert!(of(&["--port", "70000"]).port("--port").is_err());
        assert!(of(&["--prot"]).end().unwrap_err().contains("--prot"));
    }
}
