//! What is kept of fields, and how they are found again.

use super::*;

#[test]
fn keys_keep_their_first_place_and_their_last_value() {
    let mut fields = Fields::new();
    fields.set("a", Value::I64(1));
    fields.set("b", Value::Str("x"));
    fields.set("a", Value::Bool(true));
    fields.set_display("c", format_args!("{}-{}", 1, 2));
    let all: Vec<_> = fields.iter().collect();
    assert_eq!(all, [("a", Value::Bool(true)), ("b", Value::Str("x")), ("c", Value::Str("1-2"))]);
}

#[test]
fn keys_whose_bits_meet_are_told_apart() {
    let mut fields = Fields::new();
    for round in 0..2 {
        for key in 0..200_u64 {
            assert_eq!(fields.find(&format!("key{key}")).is_some(), round > 0);
            fields.set(format!("key{key}"), Value::U64(key + round));
        }
    }
    assert_eq!(fields.len(), 200);
    assert!((0..200).all(|key| fields.find(&format!("key{key}")) == Some(Value::U64(key + 1))));
    let mut copy = Fields::new();
    copy.copy_from(&fields, |key, _| key == "key7");
    copy.set("key8", Value::Bool(true));
    copy.set("key7", Value::Bool(true));
    assert_eq!((copy.len(), copy.find("key8")), (200, Some(Value::Bool(true))));
    copy.clear();
    assert_eq!(copy.find("key8"), None);
}

#[test]
fn merging_sets_what_came_later() {
    let (mut fields, mut later) = (Fields::new(), Fields::new());
    fields.set("a", Value::I64(1));
    fields.set("b", Value::Str("x"));
    later.set("b", Value::Str("y"));
    later.set(String::from("c"), Value::Bool(true));
    fields.merge(&later);
    let all: Vec<_> = fields.iter().collect();
    assert_eq!(all, [("a", Value::I64(1)), ("b", Value::Str("y")), ("c", Value::Bool(true))]);
}

#[test]
fn a_copy_is_whole_or_without_what_is_left_out() {
    let (mut fields, mut copy) = (Fields::new(), Fields::new());
    copy.set("old", Value::Str("gone"));
    for (key, value) in [("a", Value::I64(1)), ("b", Value::Str("x")), ("c", Value::Str("y"))] {
        fields.set(key, Value::Str("replaced"));
        fields.set(key, value);
    }
    copy.copy_from(&fields, |_, _| false);
    assert!(copy.iter().eq(fields.iter()));
    copy.set("b", Value::Str("later"));
    assert_eq!(copy.find("c"), Some(Value::Str("y")));
    copy.copy_from(&fields, |key, _| key == "b");
    let all: Vec<_> = copy.iter().collect();
    assert_eq!(all, [("a", Value::I64(1)), ("c", Value::Str("y"))]);
}

#[test]
fn secrets_are_never_stored() {
    let mut fields = Fields::new();
    fields.set("password", Value::Str("hunter2"));
    fields.set_display("api_key", format_args!("hunter2"));
    fields.set("pin", Value::U64(1234));
    assert!(fields.iter().all(|(_, value)| value == Value::Str(redact::REDACTED)), "{fields:?}");
    assert!(!format!("{fields:?}").contains("hunter2"));
}

#[test]
fn secrets_inside_of_texts_are_never_stored_and_what_is_beside_them_is() {
    let mut fields = Fields::new();
    fields.set("a", Value::Str("x=1 password=hunter2 y=2"));
    fields.set_display("b", format_args!("{}ord{}hunt{}", "passw", "=", "er2 y=2"));
    fields.set("c", Value::Str("clean"));
    let long = format!(
        "{}password=hunter2 {}",
        "a ".repeat(Fields::MAX_TEXT / 2 - 100),
        "pwd=hunter2 ".repeat(20_000)
    );
    let mut other = Fields::new();
    other.set("long", Value::Str(&long));
    assert!(!other.text.contains("hunt") && other.text.ends_with(CUT), "{}", other.text.len());
    let all: Vec<_> = fields.iter().map(|(_, value)| value).collect();
    let expected = ["x=1 password=[redacted] y=2", "password=[redacted] y=2", "clean"];
    assert_eq!(all, expected.map(Value::Str));
    assert!(!fields.text.contains("hunter2"));
}

#[test]
fn rules_of_ones_own_are_kept_when_the_list_is_emptied() {
    let mut fields = Fields::new();
    fields.judge_by(&Rules::new().secret_key("iban").plain_key("token").without_patterns());
    fields.clear();
    for key in ["iban", "token", "text"] {
        fields.set(key, Value::Str("pin=12345"));
    }
    let all: Vec<_> = fields.iter().map(|(_, value)| value).collect();
    assert_eq!(all, [redact::REDACTED, "pin=12345", "pin=12345"].map(Value::Str));
}

#[test]
fn a_field_that_is_set_again_and_again_never_fills_the_list() {
    let mut fields = Fields::new();
    fields.set("other", Value::Str("kept"));
    for n in 0..10_000 {
        fields.set_display("state", format_args!("this is state number {n}"));
    }
    assert_eq!(fields.find("state"), Some(Value::Str("this is state number 9999")));
    assert_eq!(fields.find("other"), Some(Value::Str("kept")));
    assert!(fields.text.capacity() < 8 * COMPACT_ABOVE, "{}", fields.text.capacity());
}

#[test]
fn a_value_whose_code_panics_is_marked_and_the_rest_stays() {
    struct Mad;
    impl std::fmt::Debug for Mad {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("half")?;
            panic!("no")
        }
    }
    let mut fields = Fields::new();
    fields.set("a", Value::Str("x"));
    fields.set_display("b", format_args!("{:?}", Mad));
    let all: Vec<_> = fields.iter().collect();
    assert_eq!(all, [("a", Value::Str("x")), ("b", Value::Str("half[panicked]"))]);
}

#[test]
fn an_error_brings_its_causes() {
    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no such port")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let mut fields = Fields::new();
    fields.set_error("error", &Outer("x".parse::<u8>().unwrap_err()));
    assert_eq!(fields.find("error"), Some(Value::Str("no such port: invalid digit found in string")));
}

#[test]
fn text_and_count_are_bounded_and_a_cut_is_marked() {
    let mut fields = Fields::new();
    fields.set("a", Value::Str(&"é".repeat(Fields::MAX_TEXT)));
    let Some(Value::Str(text)) = fields.find("a") else { panic!() };
    assert!(text.len() <= Fields::MAX_TEXT && text.ends_with("é…"));
    fields.set("b", Value::Str("later"));
    assert_eq!(fields.find("b"), Some(Value::Str("…")));
    for n in 0..Fields::MAX_FIELDS + 5 {
        fields.set(format!("k{n}"), Value::U64(n as u64));
    }
    assert_eq!(fields.len(), Fields::MAX_FIELDS);
}

/// Prints until it is told to stop, and counts the bytes it got rid of.
struct Endless(std::cell::Cell<usize>);

impl std::fmt::Debug for Endless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        loop {
            f.write_str("0123456789")?;
            self.0.set(self.0.get() + 10);
        }
    }
}

const MOST: usize = Fields::MAX_TEXT + MARKS;

#[test]
fn a_value_that_prints_for_ever_is_stopped() {
    let (mut fields, endless) = (Fields::new(), Endless(0.into()));
    fields.set("a", Value::Str("x"));
    fields.set_display("b", format_args!("{endless:?}"));
    let Some(Value::Str(text)) = fields.find("b") else { panic!() };
    assert!(text.starts_with("0123456789") && text.ends_with("…"));
    assert_eq!(fields.text.len(), Fields::MAX_TEXT);
    assert!(endless.0.get() <= Fields::MAX_TEXT, "{:?}", endless.0);
    fields.set_display("c", format_args!("{endless:?}"));
    assert_eq!(fields.find("c"), Some(Value::Str("…")));
    assert!(fields.text.capacity() <= MOST, "{}", fields.text.capacity());
}

#[test]
fn memory_is_bounded_however_the_list_is_filled() {
    let huge = "x".repeat(10 * Fields::MAX_TEXT);
    for size in [7, 1_000, 40_000, huge.len()] {
        let mut fields = Fields::new();
        for n in 0..2_000 {
            fields.set(format!("k{}", n % (Fields::MAX_FIELDS + 20)), Value::Str(&huge[..size]));
            assert!(fields.text.capacity() <= MOST, "{size} {n} {}", fields.text.capacity());
        }
        for n in 0..20_000 {
            fields.set_display("k1", format_args!("{}{n}", &huge[..size.min(500)]));
            assert!(fields.text.capacity() <= MOST, "{size} {n} {}", fields.text.capacity());
        }
        assert!(fields.text.len() >= fields.unused);
        assert!(fields.capacity_bytes() >= fields.text.capacity());
    }
}

#[test]
fn a_refused_key_leaves_no_text() {
    let mut fields = Fields::new();
    for n in 0..Fields::MAX_FIELDS {
        fields.set(format!("k{n}"), Value::Str("kept"));
    }
    let before = fields.text.clone();
    for n in 0..1_000 {
        fields.set(format!("more{n}"), Value::Str("refused"));
        fields.set_display(format!("others{n}"), format_args!("refused {n}"));
    }
    fields.set_display("endless", format_args!("{:?}", Endless(0.into())));
    assert_eq!(fields.text, before);
    fields.set("k0", Value::Str("new"));
    assert_eq!(fields.find("k0"), Some(Value::Str("new")));
    assert_eq!(fields.find("k1"), Some(Value::Str("kept")));
    assert_eq!(fields.len(), Fields::MAX_FIELDS);
}
