//! Levels that are changed for a while.

use std::sync::Arc;
use std::time::Duration;

use obs_core::context::{Context, Ids, Local, Route as HttpRoute, TraceFlags};
use obs_core::{Base, Clock, IdSource, RequestId, Resource, Timestamp};
use obs_logs::{Logs, LogsGuard, Match, Memory, Output, Route, Scope};
use tracing::metadata::LevelFilter;
use tracing::subscriber::with_default;
use tracing::{debug, info, trace, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::{NOW, inside};

struct Changing {
    base: Arc<Base>,
    logs: Logs,
    memory: Memory,
    _guard: LogsGuard,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Changing {
    fn new(filter: &str, routes: Vec<Route>) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_nanos(NOW));
        let base = Base::with(Resource::new("orders"), clock, IdSource::seeded(7));
        let memory = Memory::new();
        let builder = Logs::builder(Arc::clone(&base)).filter(filter.parse().unwrap()).routes(routes);
        let (logs, guard) = builder.output(Output::memory(&memory)).build().unwrap();
        Self { base, logs, memory, _guard: guard }
    }

    fn change(&self, scope: Scope, level: LevelFilter) {
        self.logs.change_level(scope, level, MINUTE).unwrap();
    }

    /// The messages of `work`'s lines and of those that came before.
    fn messages(&self, work: impl FnOnce()) -> Vec<String> {
        with_default(registry().with(self.logs.layer()), work);
        self.memory.take().iter().map(|line| crate::parse(line)[3].1.as_str().unwrap().to_owned()).collect()
    }
}

fn request(id: &str, route: &'static str) -> Context {
    let ids = IdSource::seeded(1);
    let ids = Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
    let context = Context::root(ids, Local::server(RequestId::parse(id).unwrap(), None));
    context.local().set_route(HttpRoute::new(route));
    context
}

fn speak() {
    debug!(target: "shop::cart", "cart");
    debug!(target: "hyper::conn", "conn");
    info!(target: "shop", "info");
}

#[test]
fn a_change_holds_for_its_scope_and_ends_by_itself() {
    let changing = Changing::new("info,hyper=warn", Vec::new());
    assert_eq!(changing.messages(speak), ["info"]);
    changing.change(Scope::Target(String::from("shop")), LevelFilter::DEBUG);
    assert_eq!(changing.messages(speak), ["log level changed", "cart", "info"]);
    changing.base.clock.advance(MINUTE - Duration::from_nanos(1));
    changing.logs.catch_up();
    assert_eq!(changing.messages(speak), ["cart", "info"]);
    changing.base.clock.advance(Duration::from_nanos(1));
    changing.logs.catch_up();
    assert_eq!(changing.messages(speak), ["log level reverted", "info"]);
    assert!(changing.logs.level_changes().is_empty());
}

#[test]
fn everything_is_what_no_directive_names_and_a_target_goes_before_directives() {
    let changing = Changing::new("info,hyper=warn", Vec::new());
    changing.change(Scope::Everything, LevelFilter::DEBUG);
    assert_eq!(changing.messages(speak)[1..], ["cart", "info"]);
    changing.change(Scope::Target(String::from("hyper")), LevelFilter::DEBUG);
    assert_eq!(changing.messages(speak)[1..], ["cart", "conn", "info"]);
    changing.change(Scope::Everything, LevelFilter::OFF);
    assert_eq!(changing.messages(speak)[1..], ["conn"]);
    let reverted = changing.logs.revert_level(&Scope::Everything).unwrap();
    assert_eq!((reverted.level, changing.logs.level_changes().len()), (LevelFilter::OFF, 1));
    assert_eq!(changing.messages(speak)[1..], ["conn", "info"]);
    assert!(changing.logs.revert_level(&Scope::Everything).is_none());
}

#[test]
fn one_request_or_one_route_is_heard_and_no_other() {
    let changing = Changing::new("warn", Vec::new());
    changing.change(Scope::Request(String::from("r-7")), LevelFilter::TRACE);
    changing.change(Scope::Route(String::from("/orders/{id}")), LevelFilter::INFO);
    let all = |name: &str| {
        trace!("{name} trace");
        info!("{name} info");
        warn!("{name} warn");
    };
    let messages = changing.messages(|| {
        inside(&request("r-7", "/orders/{id}"), || all("both"));
        inside(&request("r-7", "/other"), || all("id"));
        inside(&request("r-8", "/orders/{id}"), || all("route"));
        inside(&request("r-8", "/other"), || all("neither"));
        all("outside");
    });
    let expected = [
        "both trace",
        "both info",
        "both warn",
        "id trace",
        "id info",
        "id warn",
        "route info",
        "route warn",
        "neither warn",
        "outside warn",
    ];
    assert_eq!(messages[2..], expected);
    changing.change(Scope::Route(String::from("/other")), LevelFilter::OFF);
    let messages = changing.messages(|| inside(&request("r-8", "/other"), || all("silent")));
    assert_eq!(messages, ["log level changed"]);
}

#[test]
fn what_a_change_lets_out_is_not_lost_for_want_of_a_route() {
    let routes = vec![Route::new(Match::level(">=INFO".parse().unwrap()), ["memory"])];
    let changing = Changing::new("info", routes);
    changing.change(Scope::Target(String::from("shop")), LevelFilter::DEBUG);
    assert_eq!(changing.messages(speak), ["log level changed", "cart", "info"]);
}

#[test]
fn a_change_is_told_though_no_route_takes_it() {
    let routes = vec![Route::new(Match::module("shop"), ["memory"])];
    let changing = Changing::new("info", routes);
    changing.change(Scope::Target(String::from("shop")), LevelFilter::DEBUG);
    changing.base.clock.advance(MINUTE);
    changing.logs.catch_up();
    assert_eq!(changing.messages(|| ()), ["log level changed", "log level reverted"]);
}

#[test]
fn a_change_is_told_with_all_that_there_is_to_know() {
    let changing = Changing::new("off", Vec::new());
    changing.change(Scope::Request(String::from("a\"b")), LevelFilter::TRACE);
    let line = changing.memory.take().remove(0);
    let rest = r#""level":"WARN","target":"obs::logs","message":"log level changed","scope":"request a\"b","new_level":"trace","until":"2026-10-03T12:35:56Z","service":"orders"}"#;
    assert!(line.ends_with(rest), "{line}");
}

#[test]
fn a_clock_that_is_set_makes_a_change_neither_longer_nor_shorter() {
    let changing = Changing::new("info", Vec::new());
    changing.change(Scope::Everything, LevelFilter::DEBUG);
    for set in [0, NOW + 86_400_000_000_000] {
        changing.base.clock.set(Timestamp::from_unix_nanos(set));
        changing.logs.catch_up();
        assert_eq!(changing.logs.level_changes().len(), 1, "{set}");
    }
    changing.base.clock.set(Timestamp::from_unix_nanos(0));
    changing.base.clock.advance(MINUTE);
    changing.logs.catch_up();
    assert!(changing.logs.level_changes().is_empty());
}

#[test]
fn changes_are_bounded() {
    let changing = Changing::new("off", Vec::new());
    for n in 0..64 {
        changing.change(Scope::Request(format!("r-{n}")), LevelFilter::TRACE);
    }
    let one_more = changing.logs.change_level(Scope::Everything, LevelFilter::INFO, MINUTE);
    assert_eq!(one_more.unwrap_err().to_string(), "more than 64 level changes at once");
    changing.change(Scope::Request(String::from("r-3")), LevelFilter::INFO);
    assert_eq!(changing.logs.level_changes().len(), 64);
}

#[cfg(feature = "admin")]
mod by_request {
    use http::{Method, Request, StatusCode};
    use obs_logs::admin;
    use serde_json::{Value, json};

    use super::*;

    /// The answer of the endpoint, and its body as text.
    fn ask(logs: &Logs, method: &str, uri: &str) -> (StatusCode, String) {
        let method = method.parse::<Method>().unwrap();
        let response = admin::respond(logs, &Request::builder().method(method).uri(uri).body(()).unwrap());
        (response.status(), String::from_utf8(response.into_body().to_vec()).unwrap())
    }

    #[track_caller]
    fn levels(logs: &Logs, method: &str, uri: &str) -> Value {
        let (status, body) = ask(logs, method, uri);
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn levels_are_shown_changed_and_ended() {
        let changing = Changing::new("info,hyper=warn", Vec::new());
        let nothing = json!({ "level": "info,hyper=warn", "changes": [] });
        assert_eq!(levels(&changing.logs, "GET", "/loglevel"), nothing);
        let one = json!({ "target": "shop", "level": "debug", "until": "2026-10-03T12:36:26Z" });
        let shown = levels(&changing.logs, "PUT", "/loglevel?level=debug&target=shop&for=90s");
        assert_eq!(shown["changes"], json!([one]));
        assert_eq!(changing.messages(speak)[1..], ["cart", "info"]);
        let route = "/loglevel?route=%2Forders%2F%7Bid%7D&level=TRACE";
        let two = json!({ "route": "/orders/{id}", "level": "trace", "until": "2026-10-03T12:44:56Z" });
        assert_eq!(levels(&changing.logs, "PUT", route)["changes"], json!([one, two]));
        assert_eq!(levels(&changing.logs, "DELETE", "/loglevel?target=shop")["changes"], json!([two]));
        assert_eq!(ask(&changing.logs, "DELETE", "/loglevel?target=shop").0, StatusCode::NOT_FOUND);
        let all = levels(&changing.logs, "PUT", "/loglevel?level=off")["changes"][1].clone();
        assert_eq!((all["everything"].clone(), all["level"].clone()), (json!(true), json!("off")));
    }

    #[test]
    fn what_is_wrong_with_a_request_is_told_and_changes_nothing() {
        let changing = Changing::new("info", Vec::new());
        for (method, uri, status, why) in [
            ("PUT", "/loglevel", 400, "`level` is missing"),
            ("PUT", "/loglevel?level=loud", 400, "none of off"),
            ("PUT", "/loglevel?level=3", 400, "none of off"),
            ("PUT", "/loglevel?level=debug&for=10", 400, "no duration"),
            ("PUT", "/loglevel?level=debug&for=25h", 400, "no duration"),
            ("PUT", "/loglevel?level=debug&for=-1s", 400, "no duration"),
            ("PUT", "/loglevel?level=debug&target=a&route=b", 400, "not two"),
            ("PUT", "/loglevel?level=debug&level=info", 400, "twice"),
            ("PUT", "/loglevel?level=debug&targt=a", 400, "none of target"),
            ("PUT", "/loglevel?level=debug&target=", 400, "no value"),
            ("PUT", "/loglevel?level=debug&target=%ff", 400, "well encoded"),
            ("PUT", "/loglevel?level=debug&target=%0a", 400, "well encoded"),
            ("PUT", "/loglevel?level=debug&target=%4", 400, "well encoded"),
            ("GET", "/loglevel?level=debug", 400, "by PUT"),
            ("POST", "/loglevel?level=debug", 405, "GET, PUT or DELETE"),
            ("GET", "/loglevels", 404, "not found"),
        ] {
            let (found, body) = ask(&changing.logs, method, uri);
            assert_eq!(found.as_u16(), status, "{method} {uri}");
            assert!(body.contains(why), "{method} {uri}: {body}");
        }
        let long = format!("/loglevel?level=debug&target={}", "x".repeat(257));
        assert_eq!(ask(&changing.logs, "PUT", &long).0, StatusCode::BAD_REQUEST);
        assert!(changing.logs.level_changes().is_empty());
        assert!(changing.memory.take().is_empty());
    }

    #[test]
    fn a_secret_in_the_name_of_a_scope_is_not_shown() {
        let changing = Changing::new("info", Vec::new());
        let (status, shown) =
            ask(&changing.logs, "PUT", "/loglevel?level=debug&route=%2Fcb%3Ftoken%3DHunter2");
        assert_eq!(status, StatusCode::OK);
        assert!(shown.contains("/cb?token=[redacted]") && !shown.contains("Hunter2"), "{shown}");
    }

    #[test]
    fn whoever_keeps_the_most_verbose_level_is_told_of_each_change() {
        let changing = Changing::new("info", Vec::new());
        let (told, hint) = (Arc::new(std::sync::Mutex::new(Vec::new())), changing.logs.clone());
        let notes = Arc::clone(&told);
        changing.logs.when_levels_change(move || notes.lock().unwrap().push(hint.max_level_hint()));
        changing.change(Scope::Everything, LevelFilter::DEBUG);
        changing.base.clock.advance(MINUTE);
        changing.logs.catch_up();
        assert_eq!(*told.lock().unwrap(), [LevelFilter::DEBUG, LevelFilter::INFO]);
    }
}

#[test]
fn a_secret_in_the_name_of_a_scope_is_not_told() {
    let changing = Changing::new("info", Vec::new());
    changing.change(Scope::Route(String::from("/cb?token=Hunter2")), LevelFilter::DEBUG);
    let lines = changing.memory.take();
    assert!(lines[0].contains("\"scope\":\"route /cb?token=[redacted]\""), "{lines:?}");
}
