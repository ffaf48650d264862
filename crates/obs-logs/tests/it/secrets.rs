//! A secret in a value is on no line, in whatever pieces it is printed and in whatever format.

use std::fmt::{self, Write as _};

use obs_core::redact::Rules;
use obs_core::{Base, Clock, IdSource, Resource};
use obs_logs::{Colours, Format, Logs, Memory, Output};
use proptest::prelude::*;
use tracing_subscriber::layer::SubscriberExt;

const FORMATS: [Format; 5] =
    [Format::Json, Format::Logfmt, Format::Pretty(Colours::Off), Format::Ecs, Format::Otlp];

/// The line that `write` makes, in each format alone.
fn lines(rules: &Rules, write: impl Fn()) -> Vec<String> {
    let base = || {
        Base::builder(Resource::new("orders"))
            .clock(Clock::system())
            .ids(IdSource::random())
            .redaction(rules.clone())
            .build()
    };
    let line = |format: Format| {
        let memory = Memory::new();
        let output = Output::memory(&memory).format(format);
        let (logs, _guard) = Logs::builder(base()).output(output).build().unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(logs.layer()), &write);
        memory.lines().concat()
    };
    FORMATS.map(line).into()
}

/// Prints a text in pieces of these lengths, again and again.
struct Pieces<'a>(&'a str, &'a [usize]);

impl fmt::Display for Pieces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut chars, mut lengths) = (self.0.chars().peekable(), self.1.iter().cycle());
        while chars.peek().is_some() {
            let piece: String = chars.by_ref().take(*lengths.next().unwrap()).collect();
            f.write_str(&piece)?;
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_secret_is_gone_whatever_is_around_it_and_however_it_is_split(
        before in "[a-z0-9 \"\\\\\n\t(){}é🦀]{0,40}",
        after in "[a-z0-9 \"\\\\\n\t(){}é🦀]{0,40}",
        password in "[A-Za-z0-9_-]{11}Z",
        which in 0..7_usize,
        pieces in prop::collection::vec(1..9_usize, 1..5),
    ) {
        let secret = match which {
            0 => format!("password={password}"),
            1 => format!("\"password\": \"{password}\""),
            2 => format!("Login {{ password: {:?} }}", format!("{password}\"{password}\\")),
            3 => format!("amqp://ada:{password}@host"),
            4 => format!("Authorization: Bearer {password}"),
            5 => format!("/a?sig={password}&page=2"),
            _ => format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.{password}"),
        };
        let text = format!("{before} {secret} {after}");
        let printed = Pieces(&text, &pieces);
        let all = lines(&Rules::new(), || tracing::info!(text, shown = %printed, control = "word", "{printed}"));
        for line in all {
            prop_assert!(line.contains("[redacted]") && line.contains("word"), "{}", line);
            prop_assert!(!line.contains(&password), "{}", line);
        }
    }

    #[test]
    fn a_text_without_a_secret_is_on_the_line_as_it_is(text in "[a-zA-Z0-9 ,.;/()é🦀-]{0,60}") {
        prop_assume!(!text.to_lowercase().contains("bearer") && !text.to_lowercase().contains("basic"));
        prop_assume!(text.split(|char: char| !char.is_ascii_digit()).map(str::len).sum::<usize>() < 13);
        let expected = format!("\"text\":\"{text}\"");
        let all = lines(&Rules::new(), || tracing::info!(text, shown = %text, "m"));
        prop_assert!(all[0].contains(&expected), "{}", all[0]);
        let expected = format!("\"shown\":\"{text}\"");
        prop_assert!(all[0].contains(&expected), "{}", all[0]);
    }

    #[test]
    fn whatever_a_value_prints_the_line_is_one_object(text in any::<String>(), key in "(password|token|cookie|pin)[=:]") {
        let text = format!("{key}{text}");
        let all = lines(&Rules::new(), || tracing::info!(text, shown = %text, debug = ?text, "{text}"));
        let line: serde_json::Value = serde_json::from_str(&all[0]).unwrap();
        let is_whole = line["shown"].is_string() && line["debug"].is_string() && all[0].ends_with('}');
        prop_assert!(is_whole, "{}", all[0]);
    }
}

#[test]
fn engines_on_one_thread_judge_by_their_own_rules() {
    let own = Rules::new().secret_key("iban").plain_key("token");
    let without = Rules::new().without_patterns();
    for _ in 0..2 {
        for (rules, expected) in [
            (&Rules::new(), r#""iban":"DE02","token":"[redacted]","text":"pin=[redacted]""#),
            (&own, r#""iban":"[redacted]","token":"abc","text":"pin=[redacted]""#),
            (&without, r#""iban":"DE02","token":"[redacted]","text":"pin=4711""#),
        ] {
            let write = || {
                let span = tracing::info_span!("s", a.iban = "DE02", a.token = "abc", a.text = "pin=4711");
                span.in_scope(|| tracing::info!(iban = "DE02", token = "abc", text = "pin=4711", "m"));
            };
            let line = lines(rules, write).remove(0);
            assert!(line.contains(expected), "{line}");
            let expected = expected.replace("\"iban", "\"a.iban").replace("\"t", "\"a.t");
            assert!(line.contains(&expected), "{line}");
        }
    }
}

#[test]
fn a_line_full_of_secrets_stays_below_its_bound() {
    let mut text = String::new();
    while text.len() < obs_logs::MAX_LINE_BYTES {
        write!(text, "pwd=x ").unwrap();
    }
    for line in lines(&Rules::new(), || tracing::info!(shown = %text, "m")) {
        assert!(line.len() <= obs_logs::MAX_LINE_BYTES && !line.contains("pwd=x"), "{}", line.len());
        // Cut behind a secret, or in the words in its stead.
        assert!(line.contains("[redacted]") && line.contains('…'), "{}", line.len());
        assert!(line.contains("truncated"), "{}", line.len());
    }
}

/// Secrets that need their end to be known by, each with a piece that tells it.
const LONG: [(&str, &str); 2] = [
    ("https://ada:Hunter2Hunter2Hunter2Hunter2Hunter2Hunter2Hunter2@db/shop", "Hunter"),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEgbG92ZWxhY2UgYW5kIHNvIG9uIGFuZCBvbiJ9.c2lnbmF0dXJlb2ZpdA",
        "eyJzdWIi",
    ),
];

#[test]
fn a_secret_in_which_a_printed_value_is_cut_is_gone_too() {
    for (secret, tell) in LONG {
        // So that the cut goes through each part of it, in lines whose beginnings differ.
        for before in (obs_logs::MAX_LINE_BYTES - 900..obs_logs::MAX_LINE_BYTES - 550).step_by(23) {
            let text = format!("{} {secret} end", "x".repeat(before));
            for line in lines(&Rules::new(), || tracing::info!(shown = %text, "m")) {
                assert!(!line.contains(tell), "{before} {}", &line[line.len().saturating_sub(300)..]);
            }
        }
    }
}
