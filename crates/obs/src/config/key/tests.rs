//! The table by itself, and the page and the example on it against the table.

use std::collections::BTreeSet;

use super::super::bytes;
use super::super::duration::Shown;
use super::super::layers::tests::laid;
use super::super::logs::{OTLP_VARIABLES, OUTPUT_KEYS, OtlpVariables};
use super::*;
use crate::config::{LogDestination, LogMatch, LogPlace, LogRoute, RequestRoute, TraceRoute, TrustChoice};

/// The page itself.
const PAGE: &str = include_str!("../../../../../docs/configuration.md");
/// Where setters are.
const BUILDER: &str = concat!(include_str!("../../builder.rs"), include_str!("../../builder/life.rs"));

/// What may stand at a key, as the page says it.
fn described(kind: Kind) -> String {
    match kind {
        Kind::Text => String::from("text"),
        Kind::Urls => String::from("URL, or a list of them"),
        Kind::Flag | Kind::Word(_) | Kind::UrlOr(_) => kind.expected(),
        Kind::Time(least, most) => {
            format!("duration, {} to {}", Shown(least), Shown(most))
        }
        Kind::Whole(least, most) => format!("whole number, {least} to {most}"),
        Kind::WholeOrNone(least, most) => format!("whole number, {least} to {most}, or `null`"),
        Kind::Number(least, most) => format!("number, {least} to {most}"),
        Kind::Bounds => String::from("list of numbers that ascend"),
        Kind::Rules => String::from("list of rules"),
        Kind::Families => String::from("list of metrics"),
        Kind::Bytes(least, most) => format!("size, {} to {}", bytes::Shown(least), bytes::Shown(most)),
        Kind::Outputs => String::from("outputs by name"),
        Kind::Routes => String::from("list of routes"),
        Kind::Shares => String::from("list of routes and shares"),
        Kind::Policies => String::from("list of routes"),
        Kind::Names => String::from("list of names"),
        Kind::Pairs => String::from("text by name"),
        Kind::Address => String::from("address, or `off`"),
    }
}

/// The row of a key, as the page has it.
fn row(key: &Key) -> String {
    let variables: Vec<_> = key.variables.iter().map(|variable| format!("`{}`", variable.name)).collect();
    let reloads = match key.reload {
        Reload::No => "no",
        Reload::Yes => "yes",
        Reload::NewHistograms => "new histograms",
    };
    let (kind, variables) = (described(key.kind), variables.join(", "));
    let cells = [&format!("`{}`", key.path), &kind, key.default, &variables, reloads, key.doc];
    let row: String = cells.iter().map(|cell| format!(" {cell} |")).collect();
    format!("|{}", row.replace("|  |", "| |").replace("|  |", "| |"))
}

#[test]
fn the_page_has_a_row_for_each_key_and_no_other() {
    let section = PAGE.split("\n## ").find(|section| section.starts_with("Every key\n")).unwrap();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<_> = keys().map(row).collect();
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(row, expected);
    }
    assert_eq!(rows.len(), expected.len(), "the page should be:\n{}", expected.join("\n"));
}

#[test]
fn the_page_has_a_row_for_each_key_of_an_output_and_no_other() {
    let section =
        PAGE.split("\n## ").find(|section| section.starts_with("Every key of an output\n")).unwrap();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let expected = OUTPUT_KEYS.iter().map(|key| {
        let of = key.of.word();
        let row =
            format!("| `{}` | {} | {} | {of} | {} |", key.name, described(key.kind), key.default, key.doc);
        row.replace("|  |", "| |")
    });
    let expected: Vec<_> = expected.collect();
    assert_eq!(rows, expected, "the page should be:\n{}", expected.join("\n"));
}

#[test]
fn the_page_has_the_variables_of_each_key_of_a_collector_and_no_other() {
    let section = PAGE.split("\n## ").find(|section| section.starts_with("Collectors by the environment\n"));
    let rows: Vec<_> = section.unwrap().lines().filter(|line| line.starts_with("| `")).collect();
    let row = |row: &OtlpVariables| {
        let [all, logs] = row.names;
        format!("| `{}` | `{all}`, `{logs}` |", row.key)
    };
    let expected: Vec<_> = OTLP_VARIABLES.iter().map(row).collect();
    assert_eq!(rows, expected, "the page should be:\n{}", expected.join("\n"));
    for row in OTLP_VARIABLES {
        assert!(OUTPUT_KEYS.iter().any(|key| key.name == row.key), "{}", row.key);
    }
}

#[test]
fn defaults_of_an_output_are_those_of_the_code() {
    let output = LogDestination::new("a", LogPlace::File("x".into()));
    let mut checked = 0;
    for key in OUTPUT_KEYS {
        let Some((text, "")) = key.default.strip_prefix('`').and_then(|rest| rest.split_once('`')) else {
            continue;
        };
        let found = (key.get)(&output);
        if found != Value::None {
            assert_eq!(Some(found), key.kind.parse(text), "{}", key.name);
            checked += 1;
        }
    }
    assert!(checked >= 8, "{checked}");
}

#[test]
fn what_is_put_at_a_key_of_an_output_is_found_there() {
    for key in OUTPUT_KEYS {
        let values = match key.kind {
            Kind::Text => vec![Value::Text(String::from("x"))],
            Kind::UrlOr(_) => ["none", "env", "http://a:b@c"].map(|text| Value::Text(text.to_owned())).into(),
            Kind::Flag => vec![Value::Flag(true), Value::Flag(false)],
            Kind::Word(words) => words.iter().map(|word| Value::Word(word)).collect(),
            Kind::Time(least, most) => vec![Value::Time(least), Value::Time(most)],
            Kind::Whole(least, most) | Kind::Bytes(least, most) => {
                vec![Value::Whole(least), Value::Whole(most)]
            }
            Kind::Pairs => vec![Value::Pairs(vec![(String::from("a"), String::from("b"))])],
            Kind::Names | Kind::Urls => vec![Value::Names(vec![String::from("a")])],
            kind => panic!("{kind:?}"),
        };
        for value in values {
            // Only a file has a path.
            let to = if key.name == "path" { LogPlace::File("y".into()) } else { LogPlace::Stdout };
            let mut output = LogDestination::new("a", to);
            (key.set)(&mut output, value.clone());
            assert_eq!((key.get)(&output), value, "{}", key.name);
        }
    }
}

#[test]
fn the_page_names_every_variable_and_no_other() {
    // A variable of the specification that is not read has a row that says so.
    let page: String =
        PAGE.lines().filter(|line| !line.contains("| not read")).collect::<Vec<_>>().join("\n");
    let mut named: BTreeSet<_> = page
        .split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
        .filter(|word| ["OBS_", "OTEL_"].iter().any(|start| word.starts_with(start)))
        .collect();
    assert!(named.remove("OBS_CONFIG"));
    named.insert("NO_COLOR");
    let known = keys().flat_map(|key| key.variables).map(|variable| variable.name);
    let known: BTreeSet<_> = known.chain(OTLP_VARIABLES.iter().flat_map(|row| row.names)).collect();
    assert_eq!(named, known);
}

#[test]
fn the_example_of_the_page_is_right_and_names_every_key() {
    let example = PAGE.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let example = example.replace("${env:COLLECTOR_TOKEN}", "$${env:COLLECTOR_TOKEN}");
    let config = laid(&example, &[]).unwrap_or_else(|error| panic!("{error}"));
    for key in keys() {
        let named = example.lines().any(|line| {
            let line = line.trim_start_matches([' ', '#']);
            line.starts_with(&format!("{}:", key.name())) || line.contains(&format!(" {}: ", key.name()))
        });
        assert!(named, "{} is not in the example", key.path);
    }
    assert_eq!(config.resource.name, "orders");
}

#[test]
fn what_the_pages_say_of_the_file_can_be_read() {
    let pages = [
        include_str!("../../../../../docs/logs.md"),
        include_str!("../../../../../docs/log-files.md"),
        include_str!("../../../../../docs/flight-recorder.md"),
        include_str!("../../../../../docs/shipping.md"),
        include_str!("../../../../../docs/propagation.md"),
        include_str!("../../../../../docs/traces.md"),
        include_str!("../../../../../docs/sampling.md"),
        include_str!("../../../../../docs/health.md"),
        PAGE,
    ];
    let blocks = pages.iter().flat_map(|page| page.split("```yaml\n").skip(1));
    let blocks = blocks
        .filter_map(|rest| rest.split("```").next())
        .filter(|text| {
            ["logs:", "traces:", "links:", "health:"].iter().any(|section| text.starts_with(section))
        })
        // Files that are named are nowhere here.
        .filter(|text| !text.contains("_file:"));
    let mut read = 0;
    for text in blocks {
        let text = text.replace("${env:DEBUG_KEY}", "a key of the page's own");
        laid(&text, &[]).unwrap_or_else(|error| panic!("{error}\n{text}"));
        read += 1;
    }
    assert!(read >= 5, "{read}");
}

#[test]
fn defaults_are_those_of_the_code() {
    let config = Config::new("orders");
    let mut checked = 0;
    for key in keys() {
        let Some((text, _)) = key.default.strip_prefix('`').and_then(|rest| rest.split_once('`')) else {
            continue;
        };
        let expected = match (key.path, key.kind) {
            ("logs.format", _) => Value::None,
            ("metrics.default_buckets", _) => {
                let numbers = text.trim_matches(['[', ']']).split(", ");
                Value::Bounds(numbers.map(|number| number.parse().unwrap()).collect())
            }
            (_, Kind::Names) => {
                let names = text.trim_matches(['[', ']']).split(", ");
                Value::Names(names.map(str::to_owned).collect())
            }
            (_, Kind::WholeOrNone(..)) if text == "null" => Value::None,
            (path, kind) => kind.parse(text).unwrap_or_else(|| panic!("{path}")),
        };
        assert_eq!((key.get)(&config), expected, "{}", key.path);
        checked += 1;
    }
    assert!(checked > 25, "{checked}");
}

#[test]
fn what_is_put_at_a_key_is_found_there() {
    for key in keys() {
        let values = match key.kind {
            Kind::Text => vec![Value::Text(String::from("x"))],
            Kind::Urls => vec![Value::Names(vec![String::from("http://c/v1/traces")])],
            Kind::UrlOr(_) => ["none", "env", "http://a:b@c"].map(|text| Value::Text(text.to_owned())).into(),
            Kind::Flag => vec![Value::Flag(true), Value::Flag(false)],
            Kind::Word(words) => words.iter().map(|word| Value::Word(word)).collect(),
            Kind::Time(least, most) => vec![Value::Time(least), Value::Time(most)],
            Kind::Whole(least, most) => vec![Value::Whole(least), Value::Whole(most)],
            Kind::WholeOrNone(_, most) => vec![Value::Whole(most), Value::None],
            Kind::Number(least, most) => vec![Value::Number(least), Value::Number(most)],
            Kind::Bounds => vec![Value::Bounds(vec![1.0, 2.0])],
            Kind::Rules => vec![Value::Rules(Vec::new())],
            Kind::Families => vec![Value::Families(vec![obs_core::Declaration::gauge("a").label("b")])],
            Kind::Bytes(least, most) => vec![Value::Whole(least), Value::Whole(most)],
            Kind::Outputs => vec![Value::Outputs(vec![LogDestination::new("a", LogPlace::Memory)])],
            Kind::Routes => vec![Value::Routes(vec![LogRoute {
                when: LogMatch::Level(String::from("INFO")),
                outputs: vec![String::from("a")],
            }])],
            Kind::Shares => vec![Value::Shares(vec![TraceRoute {
                route: String::from("/a"),
                ratio: 0.5,
                per_second: Some(1),
            }])],
            Kind::Policies => {
                vec![Value::Policies(vec![
                    RequestRoute::new("/a").without_metrics().trust(TrustChoice::Edge),
                ])]
            }
            Kind::Names => vec![Value::Names(vec![String::from("env")])],
            Kind::Pairs => vec![Value::Pairs(vec![(String::from("a"), String::from("b"))])],
            Kind::Address => vec![Value::Address(crate::Admin::Off)],
        };
        for value in values {
            let mut config = Config::new("orders");
            (key.set)(&mut config, value.clone());
            // All or none of the root's traces is a share of them, too.
            let value = match value {
                Value::Word("parentbased_always_on" | "parentbased_always_off") => {
                    Value::Word("parentbased_traceidratio")
                }
                value => value,
            };
            assert_eq!((key.get)(&config), value, "{}", key.path);
        }
    }
}

#[test]
fn every_setter_that_a_mistake_names_is_there() {
    for key in keys().filter(|key| key.path != "service.name") {
        assert!(BUILDER.contains(&format!("pub fn {}(", key.setter)), "{}", key.setter);
    }
}

#[test]
fn keys_are_there_once_and_none_is_a_section() {
    let mut seen = BTreeSet::new();
    for key in keys() {
        assert!(seen.insert(key.path), "{} twice", key.path);
        assert!(!keys().any(|other| other.path.starts_with(&format!("{}.", key.path))), "{}", key.path);
        assert_eq!(Key::at(key.path).map(|found| found.path), Some(key.path));
    }
    assert_eq!(
        names_under(""),
        [
            "service",
            "metrics",
            "logs",
            "traces",
            "journal",
            "requests",
            "links",
            "redaction",
            "health",
            "admin",
            "drain",
            "flush",
            "metrics_file"
        ]
    );
    assert_eq!(names_under("logs.file"), ["path", "rotate", "keep"]);
    assert_eq!(names_under("log"), [""; 0]);
}
