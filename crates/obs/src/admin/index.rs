//! The page at `/`: what there is, whose it is, and how it is.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Request, Response};
use obs_core::{Base, Phase};

use super::exposed::Exposed;
use super::{Access, Endpoint, Runs, reply};

/// The path of the page.
const INDEX: &str = "/";

/// The page that lists `endpoints`, and itself.
pub(super) fn endpoint(base: &Arc<Base>, endpoints: &[Endpoint], exposed: Exposed) -> Endpoint {
    let base = Arc::clone(base);
    let rows: String = endpoints.iter().filter(|endpoint| exposed.shows(endpoint)).map(row).collect();
    let respond = move |request: &Request<()>| match reply::only_read(request) {
        Some(refusal) => refusal,
        None => page(format!("{}{rows}</table>\n</html>\n", head(&base))),
    };
    Endpoint::new(INDEX, Access::Open, Runs::AtOnce, respond).about("this page")
}

/// A page of HTML that runs nothing, loads nothing and is in no other page.
pub(super) fn page(html: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(html));
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The beginning of a page, up to a table that is open.
pub(super) fn opened(title: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<h1>{title}</h1>\n"
    )
}

fn head(base: &Base) -> String {
    let resource = &base.resource;
    let mut text = opened(&resource.name);
    let phase = match base.lifecycle.phase() {
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Draining => "draining",
        Phase::Stopped => "stopped",
    };
    text.push_str("<p>");
    if let Some(version) = &resource.version {
        let _ = write!(text, "version {}, ", escaped(version));
    }
    let _ = write!(text, "{phase}</p>\n<table>\n");
    text
}

fn row(endpoint: &Endpoint) -> String {
    let path = endpoint.path;
    let who = if endpoint.access == Access::Guarded { "guarded" } else { "" };
    format!("<tr><td><a href=\"{path}\">{path}</a><td>{}<td>{who}\n", escaped(endpoint.about))
}

/// A text that is no markup, in an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(char),
        }
    }
    escaped
}
