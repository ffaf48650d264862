//! The keys that a line has by itself, and what each format calls them.

use obs_core::keys::{ecs, field, log_attribute};

use super::Look;

/// A key of the line's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    Timestamp,
    Level,
    Target,
    Message,
    EcsVersion,
    Service,
    ServiceVersion,
    Environment,
    TraceId,
    SpanId,
    RequestId,
    /// `file:line`, or the file where the line has a field of its own.
    Caller,
    CallerLine,
    Truncated,
    Recorded,
}

impl Own {
    pub(super) const ALL: [Self; 15] = [
        Self::Timestamp,
        Self::Level,
        Self::Target,
        Self::Message,
        Self::EcsVersion,
        Self::Service,
        Self::ServiceVersion,
        Self::Environment,
        Self::TraceId,
        Self::SpanId,
        Self::RequestId,
        Self::Caller,
        Self::CallerLine,
        Self::Truncated,
        Self::Recorded,
    ];

    /// What it is called without renames; `None` where lines of this look have no field for it.
    pub(super) fn name(self, look: Look) -> Option<&'static str> {
        match look {
            Look::Json | Look::Logfmt | Look::Pretty { .. } => self.plain_name(),
            Look::Ecs => self.ecs_name(),
            Look::Otlp => self.otlp_name(),
            // The scope is that of all records.
            Look::Record if self == Self::Target => Some(log_attribute::TARGET),
            Look::Record => self.otlp_name(),
        }
    }

    fn plain_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Timestamp => field::TIMESTAMP,
            Self::Level => field::LEVEL,
            Self::Target => field::TARGET,
            Self::Message => field::MESSAGE,
            Self::Service => field::SERVICE,
            Self::TraceId => field::TRACE_ID,
            Self::SpanId => field::SPAN_ID,
            Self::RequestId => field::REQUEST_ID,
            Self::Caller => field::CALLER,
            Self::Truncated => field::TRUNCATED,
            Self::Recorded => field::RECORDED,
            Self::EcsVersion | Self::ServiceVersion | Self::Environment | Self::CallerLine => return None,
        })
    }

    fn ecs_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Timestamp => ecs::TIMESTAMP,
            Self::Level => ecs::LOG_LEVEL,
            Self::Target => ecs::LOG_LOGGER,
            Self::Message => ecs::MESSAGE,
            Self::EcsVersion => ecs::ECS_VERSION,
            Self::Service => ecs::SERVICE_NAME,
            Self::ServiceVersion => ecs::SERVICE_VERSION,
            Self::Environment => ecs::SERVICE_ENVIRONMENT,
            Self::TraceId => ecs::TRACE_ID,
            Self::SpanId => ecs::SPAN_ID,
            Self::RequestId => ecs::HTTP_REQUEST_ID,
            Self::Caller => ecs::LOG_ORIGIN_FILE_NAME,
            Self::CallerLine => ecs::LOG_ORIGIN_FILE_LINE,
            Self::Truncated => ecs::TRUNCATED,
            Self::Recorded => ecs::RECORDED,
        })
    }

    /// Those that are attributes; the others have places of their own in a log record.
    fn otlp_name(self) -> Option<&'static str> {
        match self {
            Self::RequestId => Some(log_attribute::REQUEST_ID),
            Self::Caller => Some(log_attribute::CODE_FILE_PATH),
            Self::CallerLine => Some(log_attribute::CODE_LINE_NUMBER),
            Self::Truncated => Some(log_attribute::TRUNCATED),
            Self::Recorded => Some(log_attribute::RECORDED),
            _ => None,
        }
    }
}
