//! What the reader refuses, told in a sentence; and what it takes of hostile files.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::layers::tests::{laid, laid_with};
use super::secret::expand;
use super::tree;

fn variable(name: &str) -> Option<OsString> {
    match name {
        "TOKEN" => Some(OsString::from("hunter2")),
        "EMPTY" => Some(OsString::new()),
        _ => None,
    }
}

#[test]
fn secrets_are_put_in_where_they_are_asked_for() {
    let put_in = |text| expand(text, &variable).unwrap();
    for (text, expected, concealed) in [
        ("plain", "plain", false),
        ("${env:TOKEN}", "hunter2", true),
        ("Bearer ${env:TOKEN}, ${env:TOKEN}!", "Bearer hunter2, hunter2!", true),
        ("$${env:TOKEN}", "${env:TOKEN}", false),
        ("$$${env:TOKEN}", "$${env:TOKEN}", false),
        ("$5 and }", "$5 and }", false),
    ] {
        let expanded = put_in(text);
        assert_eq!((expanded.text.as_str(), expanded.concealed), (expected, concealed), "{text}");
    }
}

#[test]
fn a_secret_that_is_missing_is_named() {
    for (text, what) in [
        ("${env:NO_SUCH}", "the variable NO_SUCH is not set"),
        ("${env:EMPTY}", "the variable EMPTY is not set"),
        ("${file:/no/such}", "the file `/no/such` cannot be read: No such file or directory (os error 2)"),
        ("${file:/}", "the file `/` is a directory"),
        ("${file:/dev/zero}", "the file `/dev/zero` is no regular file"),
        ("a ${env:TOKEN", "`${` has no `}`; `$${` stands for a plain `${`"),
        ("${TOKEN}", "`${..}` is `${env:NAME}` or `${file:/path}`; `$${` stands for a plain `${`"),
        ("${env:a b}", "`${..}` is `${env:NAME}` or `${file:/path}`; `$${` stands for a plain `${`"),
        ("${file:beside}", "`${..}` is `${env:NAME}` or `${file:/path}`; `$${` stands for a plain `${`"),
    ] {
        assert_eq!(expand(text, &variable).unwrap_err(), what, "{text}");
    }
}

#[test]
fn what_was_put_in_is_in_no_mistake() {
    let file = "
service: { name: \"${env:TOKEN}\" }
metrics: { buckets: [{ metric: a, bounds: [\"${env:TOKEN}\"] }], labels: [\"${env:TOKEN}\", \"${env:TOKEN}\"] }
logs: { level: \"${env:TOKEN}=\", format: \"${env:TOKEN}\", caller: \"${env:TOKEN}\", output: \"${env:TOKEN}\" }
traces: { endpoint: \"${env:TOKEN}\", headers: { a: \"${env:TOKEN}\\n\" }, timeout: \"${env:TOKEN}\", ratio: \"${env:TOKEN}\" }
admin: { addr: \"${env:TOKEN}\" }
drain: { delay: \"${env:TOKEN}\" }
";
    let error = laid_with(file.as_bytes(), &variable).unwrap_err();
    assert!(error.mistakes().len() >= 10, "{error}");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn aliases_stand_for_what_they_name() {
    let file = "metrics:\n  default_buckets: &b [1, 2]\n  buckets:\n    - { metric: x, bounds: *b }\n";
    let metrics = laid(file, &[]).unwrap().metrics;
    assert_eq!(metrics.buckets[0].bounds, metrics.default_buckets);
}

/// Reads it within the time and says what it was refused for.
#[track_caller]
fn refused(file: &str) -> String {
    let start = Instant::now();
    let (root, flaws) = tree::parse(file);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "took {took:?}");
    assert!(root.is_none());
    flaws.last().unwrap().1.clone()
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let laughs: String =
        (1..30).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))).collect();
    assert!(refused(&format!("a0: &a0 [lol]\n{laughs}")).starts_with("holds more than 20000 values"));
    // One long text, named often.
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a, ".repeat(1_000));
    assert!(refused(&text).contains("4 MiB of text"));
    // One long list, named often.
    let list = format!("a: &a [{}]\nb: [{}]\n", "1, ".repeat(1_000), "*a, ".repeat(1_000));
    assert!(refused(&list).starts_with("holds more than 20000 values"));
    // Each alias one deeper than the one before.
    let chain: String = (1..15_000).map(|n| format!("- &a{n} [*a{}]\n", n - 1)).collect();
    assert_eq!(refused(&format!("- &a0 x\n{chain}")), "nested deeper than 16 levels");
    assert_eq!(refused(&"[".repeat(500_000)), "nested deeper than 16 levels");
    assert_eq!(refused(&"- ".repeat(500_000)), "nested deeper than 16 levels");
    assert_eq!(refused(&"{a: ".repeat(200_000)), "nested deeper than 16 levels");
    assert_eq!(refused(&"? ".repeat(500_000)), "nested deeper than 16 levels");
    assert!(refused(&"a: 1\n".repeat(100_000)).starts_with("holds more than 20000 values"));
    refused(&format!("&a [*a{}]", ", *a".repeat(100_000)));
    refused(&format!("a: \"{}", "\\x41 ".repeat(200_000)));
    refused(&format!("%TAG ! {}\n---\na: 1", "x".repeat(1_000_000)));
}

#[test]
fn long_texts_and_comments_take_no_longer_than_they_are() {
    for file in [
        format!("# {}\n", "x".repeat(1_000_000)),
        "#\n".repeat(500_000),
        "\n".repeat(1_000_000),
        format!("logs: {{ level: \"{}\" }}", "a,".repeat(500_000)),
        format!("logs:\n  level: |\n{}", "    a\n".repeat(160_000)),
        " ".repeat(1_000_000),
    ] {
        let start = Instant::now();
        let (_, flaws) = tree::parse(&file);
        assert!(start.elapsed() < Duration::from_secs(1), "{} {flaws:?}", &file[..20]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = laid_with(&bytes, &variable);
    }

    #[test]
    fn nothing_that_looks_like_yaml_makes_it_panic(
        file in "([a-z]{0,8}|service|metrics|logs|traces|buckets|labels|headers|bounds|file|admin|[-?:,\\[\\]{}#&*!|>'\"%@`$\t\n ]|: |\n  |- |\\$\\{env:TOKEN\\}|[0-9.]{1,4}){0,40}"
    ) {
        let _ = laid_with(file.as_bytes(), &variable);
    }
}
