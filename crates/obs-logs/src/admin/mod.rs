//! Levels while the service runs, as a pure function: a request in, a response out.
//!
//! Whoever serves it decides who may ask.

mod query;

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use crate::filter::level_of;
use crate::format::{json_text, time_text};
use crate::{LevelChange, Logs, Scope};
use query::Query;

/// The path that [`respond`] answers.
pub const LOGLEVEL: &str = "/loglevel";

/// How long a change lasts where nothing else is asked for.
pub const LASTS: Duration = Duration::from_secs(10 * 60);

/// How long a change may last.
pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Answers requests of [`LOGLEVEL`]; anything else with 404 or 405. The choices stand in the query, so that a line of
/// `curl` is enough:
///
/// | request | does | answers |
/// |---|---|---|
/// | `GET /loglevel` | nothing | the levels |
/// | `PUT /loglevel?level=debug&target=shop::cart&for=10m` | has that target written from that level on, for so long | the levels |
/// | `DELETE /loglevel?target=shop::cart` | ends that before its time | the levels, or 404 |
///
/// In the place of `target` stands `route` (a template such as `/orders/{id}`), `request` (a request's id), or none, which
/// is every target that no directive names. `for` is 10 minutes unless it is given, and 24 hours at most.
///
/// The levels are JSON: `{"level":"info,hyper=warn","changes":[{"target":"shop::cart","level":"debug","until":
/// "2026-10-03T12:34:56Z"}]}`. What is wrong with a request is told as text, with 400.
pub fn respond<B>(logs: &Logs, request: &Request<B>) -> Response<Bytes> {
    if request.uri().path() != LOGLEVEL {
        return text(StatusCode::NOT_FOUND, format!("not found; there is {LOGLEVEL}"));
    }
    let query = match Query::of(request.uri().query().unwrap_or_default()) {
        Ok(query) => query,
        Err(why) => return text(StatusCode::BAD_REQUEST, why),
    };
    let done = match *request.method() {
        Method::GET | Method::HEAD => query.none().map(|()| true),
        Method::PUT => change(logs, &query),
        Method::DELETE => query.scope(&[]).map(|scope| logs.revert_level(&scope).is_some()),
        _ => {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, String::from("GET, PUT or DELETE"));
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, PUT, DELETE"));
            return response;
        }
    };
    match done {
        Ok(true) => answer(StatusCode::OK, "application/json", levels(logs)),
        Ok(false) => text(StatusCode::NOT_FOUND, String::from("no such change is in force")),
        Err(why) => text(StatusCode::BAD_REQUEST, why),
    }
}

fn change(logs: &Logs, query: &Query) -> Result<bool, String> {
    let scope = query.scope(&["level", "for"])?;
    let level = query.get("level").ok_or("`level` is missing: off, error, warn, info, debug or trace")?;
    let Some(level) = level_of(level) else {
        return Err(format!("`level` is none of off, error, warn, info, debug, trace: {level:?}"));
    };
    let lasting = match query.get("for") {
        None => LASTS,
        Some(text) => query::duration(text)
            .filter(|lasting| (Duration::from_secs(1)..=LONGEST).contains(lasting))
            .ok_or_else(|| {
                format!("`for` is no duration such as 90s, 10m or 2h, from 1s to 24h: {text:?}")
            })?,
    };
    logs.change_level(scope, level, lasting).map(|_| true).map_err(|error| error.to_string())
}

fn levels(logs: &Logs) -> String {
    let mut out = format!("{{\"level\":{},\"changes\":[", json_text(&logs.filter().to_string()));
    for (at, LevelChange { scope, level, until }) in logs.level_changes().iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let (word, name) = match scope {
            Scope::Everything => ("everything", None),
            Scope::Target(name) => ("target", Some(name)),
            Scope::Route(name) => ("route", Some(name)),
            Scope::Request(name) => ("request", Some(name)),
        };
        // Whoever asks for a change names a route or request as they like.
        let rules = &logs.base().redaction;
        let name = name.map_or_else(|| String::from("true"), |name| json_text(&rules.redact(name)));
        let until = time_text(*until);
        let _ = write!(out, "{comma}{{\"{word}\":{name},\"level\":\"{level}\",\"until\":\"{until}\"}}");
    }
    out.push_str("]}\n");
    out
}

fn text(status: StatusCode, mut why: String) -> Response<Bytes> {
    why.push('\n');
    answer(status, "text/plain; charset=utf-8", why)
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
