//! What an operator does with a running service: asks its probes, looks for a request's own fields, changes a level.

use std::fs;

use super::super::eventually::eventually;
use super::super::lines::field;
use super::Seen;
use super::lines::all;
use crate::json::Json;
use crate::{Result, http};

const USERS: &str = "/api/users/{id}";

pub(super) fn probes(seen: &Seen<'_>) -> Result<String> {
    let admin = seen.quickstart.admin;
    let ask = |path: &str| http::get(admin, path, &[]).map_err(|error| format!("{path}: {error}"));
    for (path, expected) in [("/healthz", "ok"), ("/startupz", "started"), ("/readyz", "ready")] {
        let response = ask(path)?;
        let (status, text) = (response.status, response.text());
        if status != 200 || text != expected {
            return Err(format!("{path} answered {status} `{text}`, not 200 `{expected}`"));
        }
    }
    let text = ask("/readyz?verbose")?.text();
    let verbose = Json::parse(&text)?;
    let check = verbose.at(&["checks"]).and_then(|checks| checks.array().first());
    let check = check.ok_or_else(|| format!("no check in {text}"))?;
    let told = [field(check, "name"), field(check, "status")];
    if told == ["shelf", "passed"] {
        Ok(told.join(" "))
    } else {
        Err(format!("not the shelf's check: {text}"))
    }
}

/// A field set by a handler on its request is on that request's access line and server span.
pub(super) fn request_fields(seen: &Seen<'_>) -> Result<String> {
    let lines = all(seen)?;
    let mut count = 0;
    for sent in seen.sent.iter().filter(|sent| sent.series.route == USERS) {
        let trace_id = sent.request.trace_id.as_str();
        let id = sent.request.target.rsplit('/').next().and_then(|id| id.parse::<f64>().ok());
        // A target that is no number never reached the handler.
        let Some(id) = id.filter(|_| sent.series.status == 200) else { continue };
        for message in ["request", "noted who was read"] {
            let of_trace =
                |line: &&Json| field(line, "trace_id") == trace_id && field(line, "message") == message;
            let line = lines.iter().map(|(_, line)| line).find(of_trace);
            let told = line.and_then(|line| line.at(&["user_id"])).and_then(Json::number);
            if told != Some(id) {
                return Err(format!("user_id is {told:?}, not {id}, on the line `{message}` of {trace_id}"));
            }
        }
        count += 1;
    }
    if count == 0 { Err("no user was read".to_owned()) } else { Ok(format!("{count} requests")) }
}

/// The last check: it sends requests of its own.
pub(super) fn level_changed(seen: &Seen<'_>) -> Result<String> {
    let path = seen.quickstart.config_path();
    let failed = |error| format!("{}: {error}", path.display());
    let before = fs::read_to_string(path).map_err(failed)?;
    let said = |message: &str| {
        Ok::<_, String>(all(seen)?.iter().filter(|(_, line)| field(line, "message") == message).count())
    };
    let say = || http::get(seen.quickstart.service, "/api/hello", &[]).map_err(|error| error.to_string());
    const SHOWN: &str = "shown once the level is debug";
    if said(SHOWN)? > 0 {
        return Err("a debug line at level info".to_owned());
    }
    fs::write(path, "logs: { levl: debug }\n").map_err(failed)?;
    eventually(|| match said("configuration kept")? {
        0 => Err("nothing is said of a file with a mistake".to_owned()),
        _ => Ok(()),
    })?;
    fs::write(path, before.replace("level: info", "level: debug")).map_err(failed)?;
    eventually(|| {
        say()?;
        if said(SHOWN)? > 0 {
            Ok("a mistake was refused, debug taken up".to_owned())
        } else {
            Err("no debug line".to_owned())
        }
    })
}
