//! What no line should have to hold, in every format: a message of a mebibyte, a thousand fields, bytes that are no text.

use std::fmt;

use obs_core::context::enter_poll;
use obs_logs::{Colours, Format, Logs, MAX_LINE_BYTES, Memory, Output};
use tracing::info;
use tracing_core::Event;

use crate::hostile::site;
use crate::logfmt::read;
use crate::{Bench, base, context, otlp, parse};

const FORMATS: [Format; 5] =
    [Format::Json, Format::Logfmt, Format::Pretty(Colours::Off), Format::Ecs, Format::Otlp];

fn bench(format: Format) -> Bench {
    let memory = Memory::new();
    let (logs, guard) = Logs::builder(base()).output(Output::memory(&memory).format(format)).build().unwrap();
    Bench { logs, memory, _guard: guard }
}

/// Reads a line by the format's own reader, as names and texts without quotes.
#[track_caller]
fn texts(format: Format, line: &str) -> Vec<(String, String)> {
    assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
    let json = |(key, value): (String, serde_json::Value)| {
        (key, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    match format {
        Format::Json | Format::Ecs => parse(line).into_iter().map(json).collect(),
        Format::Logfmt => read(line),
        Format::Otlp => {
            let record = otlp::read(line);
            let body = record.body.into_iter().map(|body| ("message".to_owned(), body));
            body.chain(record.attributes.into_iter().map(json)).collect()
        }
        Format::Pretty(_) => Vec::new(),
    }
}

#[test]
fn a_message_of_a_mebibyte_is_cut_at_the_bound_and_all_else_is_there() {
    let evil = "\u{1b}[2J\n\r\u{202e}\"\\".repeat(100_000);
    let plain = "x".repeat(1 << 20);
    for format in FORMATS {
        let bench = bench(format);
        let context = context();
        let _scope = enter_poll(&context);
        for text in [&evil, &plain] {
            let lines = bench.run(|| {
                info!("{text}");
                info!(target: "after", "next");
            });
            assert_eq!(lines.len(), 2);
            assert!((250_000..MAX_LINE_BYTES).contains(&lines[0].len()), "{format:?}: {}", lines[0].len());
            assert!(lines[0].contains("ORD-2024-98765") && lines[0].contains("truncated"), "{format:?}");
            let pairs = texts(format, &lines[0]);
            if let Some((_, message)) = pairs.iter().find(|(key, _)| key == "message") {
                assert!(text.starts_with(message.strip_suffix('…').unwrap()), "{format:?}");
            }
            assert!(lines[1].contains("next") && !lines[1].contains("truncated"), "{format:?}");
        }
    }
}

#[test]
fn a_thousand_fields_stand_on_the_line_in_their_order() {
    let keys: Vec<_> = (0..1_000).map(|n| format!("key{n}")).collect();
    let metadata = site("shop", &keys);
    let values: Vec<u64> = (0..1_000).collect();
    let values: Vec<_> = values.iter().map(|value| Some(value as &dyn tracing_core::field::Value)).collect();
    let values = metadata.fields().value_set_all(&values);
    for format in FORMATS {
        let bench = bench(format);
        bench.logs.event(&Event::new(metadata, &values), |_| ());
        let line = bench.memory.take().remove(0);
        let pairs = texts(format, &line);
        if matches!(format, Format::Pretty(_)) {
            assert!(line.contains(" key0=0 key1=1 ") && line.ends_with(" key999=999"), "{line}");
            continue;
        }
        let found: Vec<_> = pairs.iter().filter(|(key, _)| key.starts_with("key")).collect();
        assert_eq!(found.len(), 1_000, "{format:?}");
        for (n, (key, value)) in found.into_iter().enumerate() {
            assert_eq!((key, value), (&keys[n], &n.to_string()), "{format:?}");
        }
    }
}

/// Bytes that are no UTF-8, printed as text that is.
struct Lossy(&'static [u8]);

impl fmt::Debug for Lossy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.0))
    }
}

#[test]
fn bytes_that_are_no_text_arrive_as_their_replacement() {
    for format in FORMATS {
        let bench = bench(format);
        let lines = bench.run(|| info!(target: "shop", name = ?Lossy(b"a\xff\xfe\n\x1bb\xc3"), "m"));
        let expected = "a\u{fffd}\u{fffd}\n\u{1b}b\u{fffd}";
        let pairs = texts(format, &lines[0]);
        match pairs.iter().find(|(key, _)| key == "name") {
            Some((_, text)) => assert_eq!(text, expected, "{format:?}"),
            None => assert!(lines[0].ends_with("name=a\u{fffd}\u{fffd}\\n\\u001bb\u{fffd}"), "{}", lines[0]),
        }
    }
}
