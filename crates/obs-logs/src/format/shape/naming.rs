//! What a field is called on the lines of a shape, or that it is left out.

use obs_core::keys::{ecs as schema, field, log_attribute};

use super::ecs::{self, Paths};
use super::own::Own;
use super::{Look, Spec};
use crate::format::key::name_of;

/// The rules of one shape.
#[derive(Debug)]
pub(super) struct Naming {
    pub(super) look: Look,
    spec: Spec,
    /// The final names of the line's own keys.
    own: Vec<String>,
}

impl Naming {
    /// Refuses to call two of the line's own keys the same.
    pub(super) fn new(look: Look, spec: Spec) -> Result<Self, String> {
        let mut naming = Self { look, spec, own: Vec::new() };
        for own in Own::ALL {
            if let Some(name) = naming.own(own) {
                if naming.own.iter().any(|known| known == name) {
                    return Err(format!("two of the line's own fields would be called `{name}`"));
                }
                let name = name.to_owned();
                naming.own.push(name);
            }
        }
        Ok(naming)
    }

    /// The final name of one of the line's own keys.
    pub(super) fn own(&self, own: Own) -> Option<&str> {
        let name = own.name(self.look)?;
        if self.spec.is_dropped(name) { None } else { Some(self.spec.renamed(name).unwrap_or(name)) }
    }

    pub(super) fn all_own(&self) -> &[String] {
        &self.own
    }

    /// Writes what a user's field is called into `name`; `false` where it is left out. `code` is its name in the code,
    /// `paths` are the names that are on the line.
    pub(super) fn of_user(&self, code: &str, paths: &mut Paths, name: &mut String) -> bool {
        let code = code.strip_prefix("r#").unwrap_or(code);
        name.clear();
        match self.look {
            Look::Json | Look::Logfmt | Look::Pretty { .. } => {
                let (prefix, rest) = name_of(code);
                name.push_str(prefix);
                name.push_str(rest);
            }
            Look::Ecs if code == field::ERROR => name.push_str(schema::ERROR_MESSAGE),
            Look::Ecs if ecs::clashes(code) => ecs::push_label(name, code),
            Look::Ecs | Look::Otlp | Look::Record => name.push_str(code),
        }
        self.finish(code, paths, name, false)
    }

    /// The same for a key of one of our own kinds of line, which is called `default` without renames.
    pub(super) fn of_label(&self, code: &str, default: &str, paths: &mut Paths, name: &mut String) -> bool {
        name.clear();
        name.push_str(default);
        // The place of a panic stands where an event has its caller's.
        let shared =
            [Own::Caller, Own::CallerLine].into_iter().any(|own| own.name(self.look) == Some(default));
        self.finish(code, paths, name, shared)
    }

    fn finish(&self, code: &str, paths: &mut Paths, name: &mut String, shared: bool) -> bool {
        // By its name on the line, and by that in the code where this means no other field.
        let by_code = name != code && !Own::ALL.into_iter().any(|own| own.name(self.look) == Some(code));
        if self.spec.is_dropped(name) || by_code && self.spec.is_dropped(code) {
            return false;
        }
        let renamed = self.spec.renamed(name);
        if let Some(renamed) = renamed.or_else(|| self.spec.renamed(code).filter(|_| by_code)) {
            name.clear();
            name.push_str(renamed);
        }
        let taken = !shared && self.own.iter().any(|own| own == name);
        if self.look == Look::Ecs {
            if taken || !paths.take(name) {
                let from = std::mem::take(name);
                ecs::push_label(name, &from);
            }
        } else if taken {
            name.insert_str(0, "field.");
        }
        true
    }

    pub(super) fn spec(&self) -> &Spec {
        &self.spec
    }

    pub(super) fn max_line_bytes(&self) -> usize {
        self.spec.max_line_bytes
    }

    pub(super) fn max_field_bytes(&self) -> Option<usize> {
        self.spec.max_field_bytes
    }
}

/// How a value of one of our own kinds of line becomes those of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// As it is; under both names where there are two.
    Same,
    /// An outcome into the schema's, and as it is under the second name.
    Outcome,
    /// A duration in nanoseconds.
    Nanos,
    /// `file:line:column` into file and line.
    Place,
}

/// What keys of our own kinds of line are called without renames.
pub(super) fn label(look: Look, code: &'static str) -> (&'static str, Option<&'static str>, Turn) {
    let same = |name| (name, None, Turn::Same);
    match look {
        Look::Json | Look::Logfmt | Look::Pretty { .. } => same(code),
        Look::Ecs => match code {
            field::METHOD => same(schema::HTTP_REQUEST_METHOD),
            field::ROUTE => same(schema::HTTP_ROUTE),
            field::PATH => same(schema::URL_PATH),
            field::STATUS_CODE => same(schema::HTTP_RESPONSE_STATUS_CODE),
            field::RPC_METHOD => same(schema::RPC_METHOD),
            field::RPC_CODE => same(schema::RPC_RESPONSE_STATUS_CODE),
            field::OUTCOME => (schema::EVENT_OUTCOME, Some(schema::OUTCOME), Turn::Outcome),
            field::DURATION_MS => (schema::EVENT_DURATION, None, Turn::Nanos),
            field::HEAD_MS => same(schema::HEAD_MS),
            field::REQUEST_BYTES => same(schema::HTTP_REQUEST_BODY_BYTES),
            field::PROTOCOL => same(schema::NETWORK_PROTOCOL),
            field::RESPONSE_BYTES => same(schema::HTTP_RESPONSE_BODY_BYTES),
            field::CLIENT_ADDRESS => (schema::CLIENT_ADDRESS, Some(schema::CLIENT_IP), Turn::Same),
            field::USER_AGENT => same(schema::USER_AGENT_ORIGINAL),
            field::ERROR => same(schema::ERROR_MESSAGE),
            field::LOCATION => {
                (schema::LOG_ORIGIN_FILE_NAME, Some(schema::LOG_ORIGIN_FILE_LINE), Turn::Place)
            }
            field::THREAD => same(schema::PROCESS_THREAD_NAME),
            field::BACKTRACE => same(schema::ERROR_STACK_TRACE),
            other => same(other),
        },
        Look::Otlp | Look::Record => match code {
            field::METHOD => same(log_attribute::HTTP_REQUEST_METHOD),
            field::ROUTE => same(log_attribute::HTTP_ROUTE),
            field::PATH => same(log_attribute::URL_PATH),
            field::STATUS_CODE => same(log_attribute::HTTP_RESPONSE_STATUS_CODE),
            field::RPC_METHOD => same(log_attribute::RPC_METHOD),
            field::RPC_CODE => same(log_attribute::RPC_RESPONSE_STATUS_CODE),
            field::OUTCOME => same(log_attribute::OUTCOME),
            field::DURATION_MS => same(log_attribute::DURATION_MS),
            field::HEAD_MS => same(log_attribute::HEAD_MS),
            field::REQUEST_BYTES => same(log_attribute::HTTP_REQUEST_BODY_SIZE),
            field::PROTOCOL => same(log_attribute::NETWORK_PROTOCOL_NAME),
            field::RESPONSE_BYTES => same(log_attribute::HTTP_RESPONSE_BODY_SIZE),
            field::CLIENT_ADDRESS => same(log_attribute::CLIENT_ADDRESS),
            field::USER_AGENT => same(log_attribute::USER_AGENT_ORIGINAL),
            field::ERROR => same(log_attribute::ERROR),
            field::LOCATION => {
                (log_attribute::CODE_FILE_PATH, Some(log_attribute::CODE_LINE_NUMBER), Turn::Place)
            }
            field::THREAD => same(log_attribute::THREAD_NAME),
            field::BACKTRACE => same(log_attribute::EXCEPTION_STACKTRACE),
            other => same(other),
        },
    }
}
