//! The query of a request, read strictly: what is not understood is refused, never guessed.

use std::time::Duration;

use crate::Scope;

/// Names and values, decoded.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if value.is_empty() {
                return Err(format!("{name:?} has no value"));
            }
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(format!("{name:?} is there twice"));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Nothing may stand in it.
    pub(super) fn none(&self) -> Result<(), String> {
        self.0
            .first()
            .map_or(Ok(()), |(name, _)| Err(format!("{name:?} says nothing here; levels are changed by PUT")))
    }

    /// What a change is about; beside it only `others` may stand.
    pub(super) fn scope(&self, others: &[&str]) -> Result<Scope, String> {
        let mut scope = None;
        for (name, value) in &self.0 {
            let make: fn(String) -> Scope = match name.as_str() {
                "target" => Scope::Target,
                "route" => Scope::Route,
                "request" => Scope::Request,
                other if others.contains(&other) => continue,
                other => {
                    let known = ["target", "route", "request"].into_iter().chain(others.iter().copied());
                    let known: Vec<_> = known.collect();
                    return Err(format!("{other:?} is none of {}", known.join(", ")));
                }
            };
            if value.len() > LONGEST {
                return Err(format!("`{name}` is longer than {LONGEST} bytes"));
            }
            if scope.replace(make(value.clone())).is_some() {
                return Err(String::from("one of target, route and request, not two"));
            }
        }
        Ok(scope.unwrap_or(Scope::Everything))
    }
}

/// The longest name of a target, route or request, in bytes.
const LONGEST: usize = 256;

/// A text with what was escaped put back.
fn decoded(text: &str) -> Result<String, String> {
    let wrong = || format!("{text:?} is not well encoded");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit().ok_or_else(wrong)?, digit().ok_or_else(wrong)?);
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    if text.chars().any(char::is_control) { Err(wrong()) } else { Ok(text) }
}

/// `90s`, `10m` or `2h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, seconds) = [("s", 1), ("m", 60), ("h", 3_600)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}
