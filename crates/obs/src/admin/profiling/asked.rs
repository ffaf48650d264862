//! What a request for a profile asks for, within bounds.

use http::Request;

use super::Refusal;

/// How long may be measured, in seconds: longer than the first, and not longer than the second.
pub(super) const SECONDS: (u64, u64) = (1, 60);
/// How often a second a sample may be taken. Kernels take fewer than are asked for where their own clock ticks less often.
const FREQUENCY: (u64, u64) = (1, 999);

/// For how long, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) seconds: u64,
    pub(super) frequency: i32,
}

impl Asked {
    pub(super) fn of(request: &Request<()>) -> Result<Self, Refusal> {
        // Not a divisor of what services do a round number of times a second.
        let mut asked = Self { seconds: 10, frequency: 99 };
        for (name, value) in pairs(request) {
            match name {
                "seconds" => asked.seconds = within(name, value, SECONDS)?,
                "frequency" => {
                    asked.frequency = i32::try_from(within(name, value, FREQUENCY)?).unwrap_or(i32::MAX);
                }
                name => return Err(unknown(name, "there are `seconds` and `frequency`")),
            }
        }
        Ok(asked)
    }
}

/// For what takes no parameters.
pub(super) fn nothing(request: &Request<()>) -> Result<(), Refusal> {
    pairs(request).next().map_or(Ok(()), |(name, _)| Err(unknown(name, "there are none here")))
}

fn pairs(request: &Request<()>) -> impl Iterator<Item = (&str, &str)> {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn unknown(name: &str, there_are: &str) -> Refusal {
    let name: String = name.chars().take(32).collect();
    Refusal::Wrong(format!("no parameter `{name}`: {there_are}"))
}

fn within(name: &str, value: &str, (least, most): (u64, u64)) -> Result<u64, Refusal> {
    let number = value.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| Refusal::Wrong(format!("`{name}` must be a whole number from {least} to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<(u64, i32), String> {
        let request = Request::get(format!("/debug/pprof/profile{query}")).body(()).unwrap();
        match Asked::of(&request) {
            Ok(asked) => Ok((asked.seconds, asked.frequency)),
            Err(Refusal::Wrong(why)) => Err(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_asked_for_has_a_default() {
        for (query, expected) in [
            ("", (10, 99)),
            ("?", (10, 99)),
            ("?seconds=1", (1, 99)),
            ("?frequency=999&seconds=60", (60, 999)),
            ("?frequency=1&", (10, 1)),
        ] {
            assert_eq!(asked(query), Ok(expected), "{query}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        let seconds = "`seconds` must be a whole number from 1 to 60";
        for value in ["0", "61", "-1", "1.5", "ten", "", "1s", "18446744073709551616", "%31"] {
            assert_eq!(asked(&format!("?seconds={value}")).unwrap_err(), seconds, "{value}");
        }
        assert_eq!(asked("?seconds").unwrap_err(), seconds);
        let frequency = "`frequency` must be a whole number from 1 to 999";
        for value in ["0", "1000"] {
            assert_eq!(asked(&format!("?frequency={value}")).unwrap_err(), frequency);
        }
        let unknown = "no parameter `second`: there are `seconds` and `frequency`";
        assert_eq!(asked("?second=5").unwrap_err(), unknown);
        assert!(asked(&format!("?{}=1", "x".repeat(10_000))).unwrap_err().len() < 100);
    }
}
