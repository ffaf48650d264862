//! How a unit of work ended: the one classification that span, line and metric agree on.

/// The end of a request or operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// A response below 400, sent whole.
    Success,
    /// A 4xx response: the caller's fault, no error of this service.
    ClientError,
    /// A 5xx response, an error of the service or a body that failed.
    ServerError,
    /// The caller went away before the end. Never an error; counted and timed apart.
    Cancelled,
    /// The handler panicked. An error.
    Panicked,
    /// The service gave up waiting: 408, 504 or a time-out as the error's cause. An error.
    TimedOut,
}

impl Outcome {
    /// What a response status says by itself. 408 counts as a time-out because it is what a server-side time-out
    /// layer answers; 504 because RFC 9110, section 15.6.5, says so.
    pub const fn of_status(status: u16) -> Self {
        match status {
            408 | 504 => Self::TimedOut,
            400..=499 => Self::ClientError,
            500.. => Self::ServerError,
            _ => Self::Success,
        }
    }

    /// Whether it belongs in an error rate: server errors, panics and time-outs do; cancelled never does.
    pub const fn is_error(self) -> bool {
        matches!(self, Self::ServerError | Self::Panicked | Self::TimedOut)
    }

    /// The word used on access lines and as the `kind` label of errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ClientError => "client_error",
            Self::ServerError => "server_error",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome::{self, *};

    #[test]
    fn a_status_is_judged_by_its_class_and_time_outs_apart() {
        let expected = [
            (101, Success),
            (200, Success),
            (304, Success),
            (400, ClientError),
            (404, ClientError),
            (408, TimedOut),
            (499, ClientError),
            (500, ServerError),
            (503, ServerError),
            (504, TimedOut),
            (599, ServerError),
        ];
        for (status, outcome) in expected {
            assert_eq!(Outcome::of_status(status), outcome, "{status}");
        }
    }

    #[test]
    fn cancelled_is_no_error_and_panics_and_time_outs_are() {
        let errors: Vec<_> = [Success, ClientError, ServerError, Cancelled, Panicked, TimedOut]
            .into_iter()
            .filter(|outcome| outcome.is_error())
            .collect();
        assert_eq!(errors, [ServerError, Panicked, TimedOut]);
    }
}
