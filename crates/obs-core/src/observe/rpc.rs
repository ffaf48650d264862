//! What is told of a request that is a remote procedure call, by gRPC: its method, out of a bounded set, and its code.

use crate::Outcome;
use crate::context::Route;

/// How a call ended, by gRPC's "Status codes and their use in gRPC".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RpcCode {
    /// It did not fail.
    Ok,
    /// It was given up, mostly by the caller.
    Cancelled,
    /// An error of another world, or none that was told.
    Unknown,
    /// The caller asked for what makes no sense.
    InvalidArgument,
    /// The caller's time was over first.
    DeadlineExceeded,
    /// What was asked for is not there.
    NotFound,
    /// What was to be made is there.
    AlreadyExists,
    /// The caller may not.
    PermissionDenied,
    /// A quota is used up, or a queue is full.
    ResourceExhausted,
    /// The state of things is not such that it could be done.
    FailedPrecondition,
    /// Something else came in between.
    Aborted,
    /// Past the end.
    OutOfRange,
    /// There is no such method.
    Unimplemented,
    /// Something is broken.
    Internal,
    /// Not now.
    Unavailable,
    /// Something is lost.
    DataLoss,
    /// Nobody knows who the caller is.
    Unauthenticated,
}

impl RpcCode {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 17] = [
        Self::Ok,
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// The code of a `grpc-status`; what is none of the numbers is [`RpcCode::Unknown`].
    pub fn parse(text: &[u8]) -> Self {
        let number = match text {
            [one @ b'0'..=b'9'] => usize::from(one - b'0'),
            [b'1', one @ b'0'..=b'9'] => 10 + usize::from(one - b'0'),
            _ => return Self::Unknown,
        };
        Self::ALL.get(number).copied().unwrap_or(Self::Unknown)
    }

    /// What callers make of an answer that has no `grpc-status`, by "HTTP to gRPC Status Code Mapping".
    pub const fn of_http(status: u16) -> Self {
        match status {
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502..=504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }

    /// The name, as in `DEADLINE_EXCEEDED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// What it says of the service that answers with it, by the OpenTelemetry semantic conventions for gRPC: `UNKNOWN`,
    /// `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE` and `DATA_LOSS` are errors of the service, the others
    /// are the caller's own affair.
    pub const fn of_server(self) -> Outcome {
        match self {
            Self::Ok => Outcome::Success,
            Self::Cancelled => Outcome::Cancelled,
            Self::DeadlineExceeded => Outcome::TimedOut,
            Self::Unknown | Self::Unimplemented | Self::Internal | Self::Unavailable | Self::DataLoss => {
                Outcome::ServerError
            }
            _ => Outcome::ClientError,
        }
    }

    /// Whether only the code of a method answers with it: by gRPC's guide on status codes, no library makes these by itself.
    pub const fn is_of_application(self) -> bool {
        matches!(
            self,
            Self::InvalidArgument
                | Self::NotFound
                | Self::AlreadyExists
                | Self::FailedPrecondition
                | Self::Aborted
                | Self::OutOfRange
                | Self::DataLoss
        )
    }
}

/// A method with its service, as labels and in one. Held once per process, as templates of routes are, and bounded as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RpcMethod {
    /// `package.Service`, or [`RpcMethod::OTHER`].
    pub service: &'static str,
    /// `Method`, or [`RpcMethod::OTHER`].
    pub method: &'static str,
    /// `package.Service/Method`, or [`RpcMethod::OTHER`].
    pub full: &'static str,
    /// `/package.Service/Method` where it is known.
    pub route: Option<Route>,
}

impl RpcMethod {
    /// What stands for services and methods that are not known.
    pub const OTHER: &'static str = "_OTHER";
    /// A method of a service of which neither is known.
    pub const UNKNOWN: Self =
        Self { service: Self::OTHER, method: Self::OTHER, full: Self::OTHER, route: None };

    /// The method of this path, `/package.Service/Method`, whatever stands in front of that; `None` for a path of another form,
    /// and where no more names can be kept.
    pub fn new(path: &str) -> Option<Self> {
        let route = Route::new(last_two(path)?);
        let (service, method) = split(route.as_str())?;
        Some(Self { service, method, full: &route.as_str()[1..], route: Some(route) })
    }

    /// A method that is not known of this one's service.
    #[must_use]
    pub const fn other(self) -> Self {
        Self { service: self.service, ..Self::UNKNOWN }
    }
}

/// Service and method of a path: its last two parts, as a gateway or a router may have a prefix in front of them.
pub fn split(path: &str) -> Option<(&str, &str)> {
    let (before, method) = path.rsplit_once('/')?;
    let (_, service) = before.rsplit_once('/')?;
    (!service.is_empty() && !method.is_empty()).then_some((service, method))
}

/// The part of a path that is gRPC's: `/package.Service/Method`.
pub fn last_two(path: &str) -> Option<&str> {
    let (service, method) = split(path)?;
    path.get(path.len() - service.len() - method.len() - 2..)
}

/// The method of a call, as it is known when the call begins and when it ends: the first answer of a method makes it known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RpcCall {
    /// As the call began; under this it was in flight.
    pub began: RpcMethod,
    /// As it is now.
    pub method: RpcMethod,
}

/// What went one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RpcPassed {
    /// Messages that went through whole.
    pub messages: u64,
    /// Bytes of the body, the prefixes of messages included.
    pub bytes: u64,
}

/// How a call ended, beside what every request ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RpcEnd {
    /// What the caller is told.
    pub code: RpcCode,
    /// What came; `None` where nobody could look at it.
    pub request: Option<RpcPassed>,
    /// What was sent.
    pub response: RpcPassed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_its_number_and_anything_else_is_unknown() {
        for (text, code) in [
            ("0", "OK"),
            ("1", "CANCELLED"),
            ("4", "DEADLINE_EXCEEDED"),
            ("9", "FAILED_PRECONDITION"),
            ("10", "ABORTED"),
            ("14", "UNAVAILABLE"),
            ("16", "UNAUTHENTICATED"),
            ("17", "UNKNOWN"),
            ("00", "UNKNOWN"),
            ("-1", "UNKNOWN"),
            ("", "UNKNOWN"),
            ("OK", "UNKNOWN"),
        ] {
            assert_eq!(RpcCode::parse(text.as_bytes()).as_str(), code, "{text}");
        }
        for (number, code) in RpcCode::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, number);
        }
    }

    /// By the table of the semantic conventions for gRPC, server side.
    #[test]
    fn six_codes_are_errors_of_the_service() {
        let errors = RpcCode::ALL.into_iter().filter(|code| code.of_server().is_error());
        let errors: Vec<_> = errors.map(RpcCode::as_str).collect();
        assert_eq!(
            errors,
            ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"]
        );
    }

    #[test]
    fn a_path_has_a_service_and_a_method_or_is_none() {
        for path in ["/shop.Orders/Place", "/api/shop.Orders/Place", "//api//shop.Orders/Place"] {
            assert_eq!(split(path), Some(("shop.Orders", "Place")));
            assert_eq!(last_two(path), Some("/shop.Orders/Place"));
        }
        for path in ["", "/", "/shop.Orders", "/shop.Orders/", "//Place", "shop.Orders/Place", "/a/b/", "*"] {
            assert_eq!((split(path), last_two(path)), (None, None), "{path}");
        }
    }
}
