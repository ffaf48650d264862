//! `/loglevel` of an installation that a file has made, over real connections.

use axum::Router;
use axum::routing::get;
use serde_json::Value;

use super::running::{Running, ids};
use crate::process::alone;
use crate::service::{Response, Service, exchange, request, until};

const TEXT: &str = "
logs:
  level: info
  outputs: { main: { type: file, path: FOLDER/main.log } }
";

impl Running {
    fn ask(&self, method: &str, path: &str, host: &str, headers: &str) -> Response {
        let asked = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n");
        exchange(self.obs.admin_addr().unwrap(), asked.as_bytes()).unwrap()
    }

    /// As `curl` on this machine asks; the answer as data.
    #[track_caller]
    fn levels(&self, method: &str, query: &str) -> Value {
        let response = self.ask(method, &format!("/loglevel{query}"), "localhost:9464", "");
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.header("content-type"), "application/json");
        serde_json::from_str(&response.body).unwrap()
    }

    /// What is said of levels: the message, what it is about, and the level.
    fn told(&self) -> Vec<(String, String, String)> {
        let lines = self.lines("main.log").into_iter().filter(|line| line["target"] == "obs::logs");
        let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
        lines.map(|line| (text(&line, "message"), text(&line, "scope"), text(&line, "new_level"))).collect()
    }
}

fn told(message: &str, scope: &str, level: &str) -> (String, String, String) {
    (format!("log level {message}"), scope.to_owned(), level.to_owned())
}

/// Fine lines of three kinds, by both facades.
fn say(id: u64) {
    tracing::debug!(target: "shop::cart", id);
    tracing::debug!(target: "other", id = 100 + id);
    log::debug!(target: "shop::cart", "record {id}");
    log::trace!(target: "shop::cart", "too fine {id}");
}

#[test]
fn a_target_is_raised_for_a_while_and_is_as_it_was_after() {
    alone(module_path!(), "a_target_is_raised_for_a_while_and_is_as_it_was_after", &[], || {
        let running = Running::install("raised", TEXT);
        assert_eq!(running.levels("GET", ""), serde_json::json!({ "level": "info", "changes": [] }));
        say(1);
        let levels = running.levels("PUT", "?level=debug&target=shop&for=1s");
        assert_eq!(
            (&levels["level"], &levels["changes"][0]["target"], &levels["changes"][0]["level"]),
            (&"info".into(), &"shop".into(), &"debug".into())
        );
        say(2);
        assert_eq!(running.told(), [told("changed", "target shop", "debug")]);
        until("it is reverted", || running.told().len() == 2);
        assert_eq!(running.told()[1], told("reverted", "target shop", "debug"));
        say(3);
        assert_eq!(running.levels("GET", "")["changes"], serde_json::json!([]));
        let lines = running.lines("main.log");
        assert_eq!(ids(&lines), [2]);
        let records = lines.iter().filter_map(|line| line["message"].as_str());
        let records: Vec<_> =
            records.filter(|text| text.contains("record") || text.contains("fine")).collect();
        assert_eq!(records, ["record 2"], "records of the other facade follow");
        assert_eq!(log::max_level(), log::LevelFilter::Info);
    });
}

#[test]
fn a_change_is_ended_before_its_time() {
    alone(module_path!(), "a_change_is_ended_before_its_time", &[], || {
        let running = Running::install("ended-early", TEXT);
        running.levels("PUT", "?level=debug");
        say(1);
        running.levels("PUT", "?level=warn&target=other&for=2h");
        say(2);
        tracing::info!(target: "other", id = 50);
        assert_eq!(running.levels("GET", "")["changes"].as_array().unwrap().len(), 2);
        running.levels("DELETE", "?target=other");
        tracing::info!(target: "other", id = 51);
        running.levels("DELETE", "");
        say(3);
        assert_eq!(ids(&running.lines("main.log")), [1, 101, 2, 51]);
        assert_eq!(running.ask("DELETE", "/loglevel", "localhost", "").status, 404);
        let expected = [
            told("changed", "everything", "debug"),
            told("changed", "target other", "warn"),
            told("reverted", "target other", "warn"),
            told("reverted", "everything", "debug"),
        ];
        assert_eq!(running.told(), expected);
    });
}

#[test]
fn one_route_or_one_request_alone_is_heard() {
    let running = Running::build("one-request", TEXT);
    let handler = async |axum::extract::Path(id): axum::extract::Path<u64>| {
        tracing::debug!(target: "shop", id);
        "done"
    };
    let router = Router::new().route("/orders/{id}", get(handler)).route("/users/{id}", get(handler));
    let service = Service::start(router.layer(running.obs.layer()));
    let ask = |path: &str, id: &str| {
        let headers = format!("x-request-id: {id}\r\n");
        assert_eq!(exchange(service.addr, &request("GET", path, &headers)).unwrap().status, 200);
    };
    ask("/orders/1", "ORD-1");
    running.levels("PUT", "?level=debug&request=ORD-2&for=10m");
    ask("/orders/2", "ORD-1");
    ask("/users/3", "ORD-2");
    running.levels("DELETE", "?request=ORD-2");
    running.levels("PUT", "?level=debug&route=/orders/%7Bid%7D");
    ask("/orders/4", "ORD-2");
    ask("/users/5", "ORD-2");
    assert_eq!(ids(&running.lines("main.log")), [3, 4]);
}

#[test]
fn what_is_not_understood_changes_nothing_and_is_told() {
    let running = Running::build("not-understood", TEXT);
    for (method, query, status, said) in [
        ("PUT", "?target=shop", 400, "`level` is missing: off, error, warn, info, debug or trace\n"),
        ("PUT", "?level=loud", 400, "`level` is none of off, error, warn, info, debug, trace: \"loud\"\n"),
        (
            "PUT",
            "?level=debug&for=1w",
            400,
            "`for` is no duration such as 90s, 10m or 2h, from 1s to 24h: \"1w\"\n",
        ),
        (
            "PUT",
            "?level=debug&for=0s",
            400,
            "`for` is no duration such as 90s, 10m or 2h, from 1s to 24h: \"0s\"\n",
        ),
        (
            "PUT",
            "?level=debug&tenant=acme",
            400,
            "\"tenant\" is none of target, route, request, level, for\n",
        ),
        ("PUT", "?level=debug&target=a&route=b", 400, "one of target, route and request, not two\n"),
        ("GET", "?level=debug", 400, "\"level\" says nothing here; levels are changed by PUT\n"),
        ("DELETE", "?target=shop", 404, "no such change is in force\n"),
        ("POST", "?level=debug", 405, "GET, PUT or DELETE\n"),
    ] {
        let response = running.ask(method, &format!("/loglevel{query}"), "127.0.0.1", "");
        assert_eq!((response.status, response.body.as_str()), (status, said), "{method} {query}");
    }
    assert_eq!(running.told(), []);
}

#[test]
fn only_this_machine_or_whoever_has_the_token_may_ask() {
    let open = Running::build("no-token", TEXT);
    for (host, headers, status) in [
        ("localhost:9464", "", 200),
        ("evil.example", "", 403),
        ("localhost:9464", "origin: http://evil.example\r\n", 403),
        // Without a token there is none to be right.
        ("evil.example", "authorization: Bearer s3cret\r\n", 403),
    ] {
        for method in ["GET", "PUT"] {
            let query = if method == "PUT" { "?level=debug&for=1h" } else { "" };
            let response = open.ask(method, &format!("/loglevel{query}"), host, headers);
            assert_eq!(response.status, status, "{method} {host} {headers}");
        }
        assert_eq!(open.ask("GET", "/metrics", host, headers).status, 200, "open to all");
    }
    let yaml = super::running::yaml("token", "");
    std::fs::write(yaml.beside("token"), "s3cret\n").unwrap();
    let token = format!("admin: {{ token: '${{file:{}}}' }}", yaml.beside("token").display());
    yaml.write(TEXT.replace("FOLDER", yaml.beside("").to_str().unwrap().trim_end_matches('/')) + &token);
    let obs = yaml.builder().build().unwrap();
    let guarded = Running { obs, yaml };
    for (headers, status) in [
        ("", 401),
        ("authorization: Bearer s3cre\r\n", 401),
        ("authorization: Basic s3cret\r\n", 401),
        ("authorization: Bearer s3cret\r\n", 200),
    ] {
        let response = guarded.ask("PUT", "/loglevel?level=debug&target=shop&for=1h", "obs.example", headers);
        assert_eq!(response.status, status, "{headers}");
        if status == 401 {
            assert_eq!(response.header("www-authenticate"), "Bearer");
            assert_eq!(response.body, "needs `Authorization: Bearer` with `admin.token`\n");
        }
    }
    assert_eq!(guarded.told(), [told("changed", "target shop", "debug")]);
    assert!(!guarded.text("main.log").contains("s3cret"));
}
