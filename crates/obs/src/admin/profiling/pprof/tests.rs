//! What another decoder makes of a profile, by messages as `profile.proto` has them.

use prost::Message;

use super::*;

#[derive(Clone, PartialEq, Message)]
struct Profile {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(message, repeated, tag = "3")]
    mapping: Vec<Mapping>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Func>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    time_nanos: i64,
    #[prost(int64, tag = "10")]
    duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    period: i64,
}

#[derive(Clone, PartialEq, Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    kind: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    label: Vec<Label>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(int64, tag = "1")]
    key: i64,
    #[prost(int64, tag = "2")]
    text: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Mapping {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "5")]
    filename: i64,
    #[prost(bool, tag = "7")]
    has_functions: bool,
    #[prost(bool, tag = "10")]
    has_inline_frames: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    mapping_id: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<Line>,
}

#[derive(Clone, PartialEq, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function_id: u64,
    #[prost(int64, tag = "2")]
    line: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Func {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "3")]
    system_name: i64,
    #[prost(int64, tag = "4")]
    filename: i64,
}

impl Profile {
    fn text(&self, at: i64) -> &str {
        &self.string_table[usize::try_from(at).unwrap()]
    }

    /// Each sample in a line: its values, its thread, and its stack from within.
    fn told(&self) -> Vec<String> {
        let function = |line: &Line| {
            let function = self.function.iter().find(|function| function.id == line.function_id).unwrap();
            format!("{}:{}", self.text(function.name), line.line)
        };
        let location = |id: &u64| {
            let location = self.location.iter().find(|location| location.id == *id).unwrap();
            assert_eq!(location.mapping_id, self.mapping[0].id);
            location.line.iter().map(function).collect::<Vec<_>>().join("+")
        };
        let sample = |sample: &Sample| {
            let stack: Vec<_> = sample.location_id.iter().map(location).collect();
            let label = &sample.label[0];
            let label = format!("{}={}", self.text(label.key), self.text(label.text));
            format!("{:?} {label} {}", sample.value, stack.join(" < "))
        };
        self.sample.iter().map(sample).collect()
    }
}

fn decoded(samples: &Samples) -> Profile {
    Profile::decode(encode(samples).as_slice()).unwrap()
}

#[test]
fn each_stack_is_a_sample_with_its_count_and_its_time() {
    let samples = Samples::of_a_test(&[
        ("worker", &["burn", "main"], 3),
        ("worker", &["main"], 1),
        ("admin", &["burn", "main"], 200),
    ]);
    let profile = decoded(&samples);
    let expected = [
        "[200, 2000000000] thread=admin burn:7 < main:7",
        "[3, 30000000] thread=worker burn:7 < main:7",
        "[1, 10000000] thread=worker main:7",
    ];
    assert_eq!(profile.told(), expected);
    assert_eq!((profile.location.len(), profile.function.len()), (2, 2));
}

#[test]
fn a_profile_says_what_it_counts_and_when() {
    let profile = decoded(&Samples::of_a_test(&[("worker", &["burn"], 1)]));
    let types: Vec<_> = profile.sample_type.iter().chain(&profile.period_type).collect();
    let types: Vec<_> = types.iter().map(|kind| (profile.text(kind.kind), profile.text(kind.unit))).collect();
    assert_eq!(types, [("samples", "count"), ("cpu", "nanoseconds"), ("cpu", "nanoseconds")]);
    assert_eq!(profile.period, 10_000_000);
    assert_eq!((profile.time_nanos, profile.duration_nanos), (1_700_000_000_000_000_000, 2_000_000_000));
    assert_eq!(profile.string_table[0], "");
    assert!(profile.mapping[0].has_functions && profile.mapping[0].has_inline_frames);
    let function = &profile.function[0];
    let told = [function.name, function.system_name, function.filename].map(|text| profile.text(text));
    assert_eq!(told, ["burn", "_burn", "main.rs"]);
}

#[test]
fn functions_that_were_inlined_are_lines_of_one_place_the_innermost_first() {
    let mut samples = Samples::of_a_test(&[("worker", &["inner", "main"], 1)]);
    let outer = samples.stacks[0].frames.remove(1);
    samples.stacks[0].frames[0].extend(outer);
    assert_eq!(decoded(&samples).told(), ["[1, 10000000] thread=worker inner:7+main:7"]);
}

#[test]
fn a_profile_of_nothing_is_one() {
    let profile = decoded(&Samples::of_a_test(&[]));
    assert_eq!((profile.sample.len(), profile.sample_type.len()), (0, 2));
}
