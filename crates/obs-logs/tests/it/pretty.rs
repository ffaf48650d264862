//! The format for people, as whole lines.

use obs_core::context::enter_poll;
use obs_logs::{Caller, Colours, Filter, Format, Logs, Memory, Output};
use tracing::subscriber::with_default;
use tracing::{error, info, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::{base, context};

#[track_caller]
fn check(colours: Colours, caller: Caller, work: impl FnOnce(), expected: &[&str]) {
    let memory = Memory::new();
    let output = Output::memory(&memory).format(Format::Pretty(colours));
    let builder = Logs::builder(base()).filter(Filter::default()).caller(caller).output(output);
    let (logs, _guard) = builder.build().unwrap();
    with_default(registry().with(logs.layer()), work);
    assert_eq!(memory.lines(), expected);
}

#[test]
fn a_line_reads_from_left_to_right_and_ids_are_short() {
    check(
        Colours::Off,
        Caller::Hidden,
        || {
            let _scope = enter_poll(&context());
            let _span = info_span!("s", user = "a b", order = 7, request_id = "x").entered();
            info!(target: "shop::cart", n = -1, ratio = 0.5, path = "/a/{id}", none = "", order = 8, "item added");
        },
        &[concat!(
            "2026-10-03T12:34:56.123Z INFO  shop::cart: item added n=-1 ratio=0.5 path=/a/{id} none=\"\" order=8 ",
            "trace=910a2dec span=f893a2ee request=ORD-2024-98765 user=\"a b\" field.request_id=x"
        )],
    );
}

#[test]
fn what_comes_from_data_cannot_steer_the_terminal() {
    let caller = format!("caller={}:{}", file!(), line!() + 6);
    check(
        Colours::Off,
        Caller::Shown,
        || {
            let evil = "\u{1b}[2Jx\n2026 INFO fake\u{9b}31m\u{202e}\"q\"\\";
            error!(target: "a\u{1b}b", v = evil, d = ?evil, s = %evil, password = "x", "{evil}");
        },
        &[&format!(
            concat!(
                r#"2026-10-03T12:34:56.123Z ERROR a\u001bb: \u001b[2Jx\n2026 INFO fake\u009b31m\u202e"q"\ "#,
                r#"v="\u001b[2Jx\n2026 INFO fake\u009b31m\u202e\"q\"\\" d="\u{{1b}}[2Jx\n2026 INFO fake\u{{9b}}31m"#,
                r#"\u{{202e}}\"q\"\\" s=\u001b[2Jx\n2026 INFO fake\u009b31m\u202e"q"\ password=[redacted] {}"#
            ),
            caller
        )],
    );
}

#[test]
fn colours_are_in_the_head_only_and_only_on_demand() {
    let work = || error!(target: "t", a = 1, "m");
    check(
        Colours::On,
        Caller::Hidden,
        work,
        &["\u{1b}[2m2026-10-03T12:34:56.123Z\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m \u{1b}[2mt:\u{1b}[0m m a=1"],
    );
    check(Colours::Auto, Caller::Hidden, work, &["2026-10-03T12:34:56.123Z ERROR t: m a=1"]);
}
