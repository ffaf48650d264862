//! The answer to a request that went wrong, as RFC 9457 has it, with the ids by which its caller can ask for help.

use std::borrow::Cow;
use std::fmt::{self, Write};

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use obs_core::Context;
use obs_core::fields::Value;

use crate::current;

/// A body of `application/problem+json` (RFC 9457) with `request_id` and `trace_id` of the request that is going on when
/// it is made: what a caller reads to somebody on call, who finds the rest by it.
///
/// ```
/// use http::StatusCode;
///
/// let problem = obs::Problem::new(StatusCode::CONFLICT)
///     .detail("the order has been paid already")
///     .with("order", 42);
/// assert_eq!(
///     problem.to_string(),
///     r#"{"title":"Conflict","status":409,"detail":"the order has been paid already","order":42}"#
/// );
/// ```
///
/// Handlers of axum return it as it is, with the feature `axum`; for others there is [`Problem::into_response`]. What is
/// put into it leaves the service: causes belong on lines, where the ids lead.
#[derive(Clone, Debug)]
#[must_use = "a problem is to be answered with"]
pub struct Problem {
    status: StatusCode,
    kind: Option<Cow<'static, str>>,
    title: Option<Cow<'static, str>>,
    detail: Option<Cow<'static, str>>,
    instance: Option<Cow<'static, str>>,
    /// Further members: their names, and each as it is written.
    members: Vec<(String, String)>,
    context: Option<Context>,
}

/// Members that have setters of their own, or are not the caller's to set.
const OWN: [&str; 7] = ["type", "title", "status", "detail", "instance", "request_id", "trace_id"];

impl Problem {
    /// The media type of its body.
    pub const CONTENT_TYPE: &'static str = "application/problem+json";

    /// A problem of this status, called by the status's own words.
    pub fn new(status: StatusCode) -> Self {
        let (kind, title, detail, instance) = (None, None, None, None);
        let context = current().context().cloned();
        Self { status, kind, title, detail, instance, members: Vec::new(), context }
    }

    /// `type`: a URI that names the kind of problem; default none, which stands for `about:blank`.
    pub fn kind(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.kind = Some(uri.into());
        self
    }

    /// `title`: what the kind is called, the same for all of it; default the status's own words.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// `detail`: what went wrong this time; default none.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// `instance`: a URI of this occurrence; default none.
    pub fn instance(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.instance = Some(uri.into());
        self
    }

    /// A further member; one set again replaces the first. Those of RFC 9457 and the ids stay what they are, whatever is given
    /// here.
    pub fn with<'a>(mut self, name: &str, value: impl Into<Value<'a>>) -> Self {
        if !OWN.contains(&name) {
            let mut written = String::new();
            push_member(&mut written, name, value.into());
            match self.members.iter_mut().find(|(known, _)| known == name) {
                Some((_, old)) => *old = written,
                None => self.members.push((name.to_owned(), written)),
            }
        }
        self
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer.
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.to_string()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Self::CONTENT_TYPE));
        response
    }
}

/// Prints the body.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let own = self.title.as_deref().or(self.status.canonical_reason());
        let mut push = |name, value: Option<&str>| {
            if let Some(value) = value {
                push_member(&mut text, name, Value::Str(value));
            }
        };
        push("type", self.kind.as_deref());
        push("title", own);
        push_member(&mut text, "status", Value::U64(self.status.as_u16().into()));
        for (name, value) in [("detail", &self.detail), ("instance", &self.instance)] {
            if let Some(value) = value {
                push_member(&mut text, name, Value::Str(value));
            }
        }
        if let Some(context) = &self.context {
            if let Some(id) = context.request_id() {
                push_member(&mut text, "request_id", Value::Str(id.as_str()));
            }
            push_member(&mut text, "trace_id", Value::Str(&context.trace_id().to_string()));
        }
        for (_, member) in &self.members {
            text.push(',');
            text.push_str(member);
        }
        write!(f, "{{{text}}}")
    }
}

#[cfg(feature = "axum")]
impl ::axum::response::IntoResponse for Problem {
    fn into_response(self) -> ::axum::response::Response {
        Self::into_response(self)
    }
}

fn push_member(text: &mut String, name: &str, value: Value<'_>) {
    if !text.is_empty() {
        text.push(',');
    }
    push_text(text, name);
    text.push(':');
    let _ = match value {
        Value::Str(value) => return push_text(text, value),
        Value::Bool(value) => write!(text, "{value}"),
        Value::I64(value) => write!(text, "{value}"),
        Value::U64(value) => write!(text, "{value}"),
        Value::F64(value) if value.is_finite() => write!(text, "{value}"),
        // JSON has no word for it.
        Value::F64(_) => write!(text, "null"),
    };
}

/// A text in quotes (RFC 8259, section 7).
fn push_text(text: &mut String, value: &str) {
    text.push('"');
    for char in value.chars() {
        match char {
            '"' | '\\' => text.extend(['\\', char]),
            '\0'..='\x1f' => {
                let _ = write!(text, "\\u{:04x}", u32::from(char));
            }
            char => text.push(char),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read by another program's reader of JSON.
    fn read(problem: &Problem) -> serde_json::Value {
        serde_json::from_str(&problem.to_string()).unwrap()
    }

    #[test]
    fn any_text_is_a_text_and_any_number_a_number() {
        let text = "\"\\\u{0}\n\u{1f}é\u{2028}";
        let problem = Problem::new(StatusCode::NOT_FOUND)
            .kind("https://example.com/gone")
            .title(text)
            .detail(text)
            .instance("/orders/7")
            .with(text, text)
            .with("count", u64::MAX)
            .with("share", 0.5)
            .with("none", f64::NAN)
            .with("yes", true);
        let expected = serde_json::json!({
            "type": "https://example.com/gone", "title": text, "status": 404, "detail": text, "instance": "/orders/7",
            text: text, "count": u64::MAX, "share": 0.5, "none": null, "yes": true,
        });
        assert_eq!(read(&problem), expected);
    }

    #[test]
    fn members_of_the_standard_stand_once() {
        let problem = Problem::new(StatusCode::BAD_GATEWAY).with("status", 200).with("trace_id", "mine");
        assert_eq!(problem.to_string(), r#"{"title":"Bad Gateway","status":502}"#);
        let twice = problem.with("tries", 1).with("order", 7).with("tries", 2);
        assert_eq!(twice.to_string(), r#"{"title":"Bad Gateway","status":502,"tries":2,"order":7}"#);
        let unknown = Problem::new(StatusCode::from_u16(599).unwrap());
        assert_eq!(unknown.to_string(), r#"{"status":599}"#);
    }
}
