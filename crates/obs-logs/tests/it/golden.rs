//! One set of events in every format, compared whole with the files beside the tests; and read back by `serde_json`.
//!
//! Where they differ, what came out is left in the target directory's `tmp/golden`, to be read and put in their place.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use obs_core::context::{Route, enter_poll};
use obs_core::fields::Value;
use obs_core::observe::{
    End, Method, Observer, Request, RpcCall, RpcCode, RpcEnd, RpcMethod, RpcPassed, UpgradeEnd, Verdict,
};
use obs_core::{Base, Clock, IdSource, Outcome, Resource, Timestamp};
use obs_logs::{AccessLog, Builder, Caller, Colours, Filter, Format, Logs, LogsGuard, Memory, Output};
use tracing::subscriber::with_default;
use tracing::{debug, error, info, info_span, trace, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::{NOW, context};

/// An error with two causes.
#[derive(Debug)]
struct Failed(&'static str, Option<Box<Failed>>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

pub(crate) fn engine(output: Output, more: impl FnOnce(Builder) -> Builder) -> (Logs, LogsGuard) {
    let mut resource = Resource::new("orders");
    resource.version = Some("1.4.2".to_owned());
    resource.env = Some("prod".to_owned());
    resource.set("team", "check\"out");
    let base = Base::with(resource, Clock::manual(Timestamp::from_unix_nanos(NOW)), IdSource::seeded(7));
    let builder = Logs::builder(base).filter("trace".parse::<Filter>().unwrap()).output(output);
    more(builder).build().unwrap()
}

/// Everything that happens to lines, by whoever happens to be asked.
pub(crate) fn events(logs: &Logs) {
    let error = Failed(
        "order 42 cannot be saved",
        Some(Box::new(Failed("query failed", Some(Box::new(Failed("connection\nreset", None)))))),
    );
    trace!(target: "shop", "nothing but a message");
    debug!(target: "shop", n = -7_i64, "{}", format_args!("{:>4}", 1));
    info!(
        target: "shop::cart",
        int = i64::MIN, uint = u64::MAX, small = 3_u8, wide = i128::MAX, ratio = 0.1, whole = 2.0, tiny = 1e-7,
        nan = f64::NAN, up = f64::INFINITY, down = f64::NEG_INFINITY, yes = true, no = false, text = "a b", none = "",
        shown = %"x=y", printed = ?Some("z"),
        "every type"
    );
    warn!(target: "shop", password = "hunter2", api_key = ?"k", user = "ada", "secrets");
    error!(target: "shop", error = &error as &dyn std::error::Error, "saving failed");
    error!(target: "shop", panic = ?error, later = 1);
    info!(target: "shop", level = "mine", message = "second", service = 7, trace_id = "x", r#type = "t", "reserved");
    info!(
        target: "a \"target\"",
        esc = "\u{1b}[31mred\u{1b}[0m", lines = "one\ntwo\r\n\u{2028}three", bidi = "\u{202e}evil\u{2066}",
        c1 = "\u{85}\u{9b}", quotes = "\"\\", unicode = "é日本🦀",
        "nul \0 tab \t del \u{7f}"
    );
    info!(target: "shop", a = 1, a.b = 2, http.request.method = "mine", log = "scalar", x.y = 3, x = 4, "paths");
    let context = context();
    context.local().set_field("tenant", Value::Str("acme"));
    context.local().set_field("user", Value::U64(7));
    context.local().set_field("level", Value::F64(f64::NAN));
    context.local().set_route(Route::from_static("/users/{id}"));
    {
        let _scope = enter_poll(&context);
        let _outer = info_span!("outer", user = "outer", region = "eu", depth = 1).entered();
        let _middle = info_span!("middle", region = "middle", ratio = 0.5, shard = ?Some(3)).entered();
        let _inner = info_span!("inner", depth = 3, request_id = "mine").entered();
        info!(target: "shop", region = "event", n = 1, "three deep");
    }
    access(logs, &context);
}

fn access(logs: &Logs, context: &obs_core::context::Context) {
    let access = AccessLog::new(logs.clone());
    let mut request = Request::new(Method::Get, "/users/42");
    request.peer = Some("10.1.2.3:4567".parse().unwrap());
    request.user_agent = Some("curl/8 \"x\"");
    let outcomes = [
        (Outcome::Success, Some(200), None),
        (Outcome::ClientError, Some(404), None),
        (Outcome::ServerError, Some(500), Some("db\ngone")),
        (Outcome::Cancelled, None, None),
        (Outcome::Panicked, None, Some("boom")),
        (Outcome::TimedOut, Some(504), None),
    ];
    for (outcome, status, error) in outcomes {
        let mut end = End::new(outcome, Duration::from_nanos(12_345_678));
        (end.status, end.error, end.response_bytes) = (status, error, 512);
        access.finish(context, &request, &end, Verdict::Keep);
    }
}

/// The access line of a remote procedure call.
pub(crate) fn remote(logs: &Logs) {
    let method = RpcMethod::new("/shop.Orders/Place").unwrap();
    let call = RpcCall { began: method, method };
    let mut request = Request::new(Method::Post, "/shop.Orders/Place");
    request.rpc = Some(&call);
    let how = RpcEnd { code: RpcCode::NotFound, request: None, response: RpcPassed::default() };
    let mut end = End::new(Outcome::ClientError, Duration::from_millis(1));
    end.rpc = Some(&how);
    AccessLog::new(logs.clone()).finish(&context(), &request, &end, Verdict::Keep);
}

/// The access line of a request that more is measured of, and the line of the connection that it had another protocol on.
pub(crate) fn upgraded(logs: &Logs) {
    let (access, request) = (AccessLog::new(logs.clone()), Request::new(Method::Get, "/events"));
    let mut end = End::new(Outcome::Success, Duration::from_millis(1));
    (end.head, end.request_bytes) = (Some(Duration::from_micros(500)), Some(12));
    access.finish(&context(), &request, &end, Verdict::Keep);
    let mut end = UpgradeEnd::new(Outcome::Success, Duration::from_secs(60));
    (end.protocol, end.received, end.sent) = (Some("websocket"), Some(3), Some(4));
    access.closed(&context(), &request, &end);
}

pub(crate) fn lines(output: impl FnOnce(&Memory) -> Output) -> Vec<String> {
    let memory = Memory::new();
    let (logs, _guard) = engine(output(&memory), |builder| builder.caller(Caller::Hidden));
    with_default(registry().with(logs.layer()), || events(&logs));
    memory.take()
}

#[track_caller]
fn check(name: &str, format: Format) -> Vec<String> {
    let lines = lines(|memory| Output::memory(memory).format(format));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if text != expected {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("golden");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), &text).unwrap();
    }
    for (line, expected) in text.lines().zip(expected.lines()) {
        assert_eq!(line, expected, "{name}");
    }
    assert_eq!(text, expected, "{name}");
    lines
}

#[test]
fn json_lines_are_those_of_the_file() {
    check("json.jsonl", Format::Json);
}

#[test]
fn logfmt_lines_are_those_of_the_file() {
    check("logfmt.txt", Format::Logfmt);
}

#[test]
fn pretty_lines_are_those_of_the_files() {
    check("pretty.txt", Format::Pretty(Colours::Off));
    check("pretty-coloured.txt", Format::Pretty(Colours::On));
}

#[test]
fn ecs_lines_are_those_of_the_file() {
    check("ecs.jsonl", Format::Ecs);
}

#[test]
fn otlp_lines_are_those_of_the_file() {
    check("otlp.jsonl", Format::Otlp);
}

#[test]
fn the_page_shows_lines_as_they_are() {
    const PAGE: &str = include_str!("../../../../docs/log-formats.md");
    for file in ["json.jsonl", "logfmt.txt", "pretty.txt", "ecs.jsonl", "otlp.jsonl"] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
        let lines = std::fs::read_to_string(path).unwrap();
        let shown: Vec<_> = [3, 10].into_iter().filter_map(|line| lines.lines().nth(line)).collect();
        assert!(shown.len() == 2 && PAGE.contains(&shown.join("\n")), "{file}");
    }
}
