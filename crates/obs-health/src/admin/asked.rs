//! What a request for a probe asks for, besides its path.

use std::borrow::Cow;

use http::Request;
use http::header::ACCEPT;

use super::health_json;

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A word or two.
    Text,
    /// JSON of our own, with the last runs of each check or without.
    Verbose { history: bool },
    /// `application/health+json`.
    HealthJson,
}

/// Read from the query and from `Accept`.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) form: Form,
    pub(super) group: Option<Cow<'a, str>>,
}

impl<'a> Asked<'a> {
    pub(super) fn of<B>(request: &'a Request<B>) -> Self {
        let mut accepts = request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let wants_health_json = accepts.any(|accept| {
            accept.split(',').any(|range| {
                let mut parts = range.split(';').map(str::trim);
                let is_named = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(health_json::TYPE));
                // A weight of nothing is a refusal (RFC 9110, section 12.4.2).
                is_named && !parts.any(|part| matches!(part.split_once('='), Some(("q" | "Q", weight)) if weight.parse() == Ok(0.0)))
            })
        });
        let mut asked = Self { form: Form::Text, group: None };
        if wants_health_json {
            asked.form = Form::HealthJson;
        }
        for pair in request.uri().query().unwrap_or_default().split('&') {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("verbose", "0" | "false") => {}
                ("verbose", value) => asked.form = Form::Verbose { history: value == "history" },
                // Names of groups have no character that needs to be encoded; what has is none.
                ("group", name) => asked.group = Some(Cow::Borrowed(name)),
                _ => {}
            }
        }
        asked
    }
}
