//! `--name value` and `--switch` from the command line, so that a benchmark needs no parser crate.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The arguments a binary was started with.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    values: BTreeMap<String, String>,
}

impl Arguments {
    /// Reads the process's arguments; `known` names every option, one ending in `=` takes a value.
    ///
    /// # Errors
    /// Says which argument is not known or lacks its value.
    pub fn of_process(known: &[&str]) -> Result<Self, String> {
        Self::parse(known, std::env::args().skip(1))
    }

    fn parse(known: &[&str], given: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        let mut given = given.into_iter();
        while let Some(argument) = given.next() {
            let name =
                argument.strip_prefix("--").ok_or_else(|| format!("unexpected argument {argument:?}"))?;
            let value = if known.contains(&name) {
                String::new()
            } else if known.iter().any(|known| known.strip_suffix('=') == Some(name)) {
                given.next().ok_or_else(|| format!("--{name} needs a value"))?
            } else {
                return Err(format!("unknown option --{name}; known are {}", known.join(" ")));
            };
            values.insert(name.to_owned(), value);
        }
        Ok(Self { values })
    }

    /// Whether the option was given.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The text of an option.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of an option, or `default` where it was not given.
    ///
    /// # Errors
    /// The value does not parse.
    pub fn value<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("--{name} cannot be {text:?}")),
        }
    }

    /// The comma-separated names of an option, in the order of `all`; without the option, `all`.
    ///
    /// # Errors
    /// Says which name is not among `all`.
    pub fn chosen<'a>(&self, name: &str, all: &[&'a str]) -> Result<Vec<&'a str>, String> {
        let Some(text) = self.text(name) else { return Ok(all.to_vec()) };
        let wanted: Vec<&str> = text.split(',').collect();
        if let Some(unknown) = wanted.iter().find(|wanted| !all.contains(wanted)) {
            return Err(format!("--{name}: no {unknown:?} among {}", all.join(" ")));
        }
        Ok(all.iter().copied().filter(|known| wanted.contains(known)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[&str], expected: Result<&[(&str, &str)], &str>) {
        let parsed = Arguments::parse(&["json", "rounds="], given.iter().map(|text| (*text).to_owned()));
        let parsed = parsed.map(|arguments| arguments.values.into_iter().collect::<Vec<_>>());
        let expected = expected.map(|pairs| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        });
        assert_eq!(parsed, expected.map_err(str::to_owned));
    }

    #[test]
    fn options_are_switches_or_take_one_value() {
        check(&["--json", "--rounds", "5"], Ok(&[("json", ""), ("rounds", "5")]));
        check(&["--rounds"], Err("--rounds needs a value"));
        check(&["fast"], Err("unexpected argument \"fast\""));
        check(&["--fast"], Err("unknown option --fast; known are json rounds="));
    }

    #[test]
    fn chosen_names_keep_the_order_of_all() {
        let given = ["--rounds".to_owned(), "c,a".to_owned()];
        let arguments = Arguments::parse(&["rounds="], given).unwrap_or_default();
        assert_eq!(arguments.chosen("rounds", &["a", "b", "c"]), Ok(vec!["a", "c"]));
        assert_eq!(arguments.chosen("other", &["a", "b"]), Ok(vec!["a", "b"]));
        assert_eq!(arguments.chosen("rounds", &["a", "b"]), Err("--rounds: no \"c\" among a b".to_owned()));
    }
}
