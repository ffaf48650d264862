//! What a failure of AMQP is called.

use std::io;

use lapin::protocol::AMQPErrorKind;
use lapin::types::ReplyCode;
use lapin::{Confirmation, Error, ErrorKind};
use obs_core::observe::work::{Failure, Judged};

/// What is told of a message that the broker refused.
const REFUSED: &str = "the broker has refused it";

/// By how the sending of a message ended, which is a failure too where it came back.
pub(super) fn judged(sent: &Result<Confirmation, Error>) -> Judged<'_> {
    match sent {
        Ok(Confirmation::Ack(None) | Confirmation::NotRequested) => Judged::SUCCESS,
        Ok(Confirmation::Ack(Some(back)) | Confirmation::Nack(Some(back))) => {
            Judged::failed(replied(back.reply_code), Some(&back.reply_text))
        }
        Ok(Confirmation::Nack(None)) => Judged::failed("NACK", Some(&REFUSED)),
        Err(error) => Judged::failed(fault(error), Some(error)),
    }
}

/// One of few different names: those of AMQP for what the broker says.
pub(super) fn fault(error: &Error) -> Failure {
    match error.kind() {
        ErrorKind::ProtocolError(said) => replied(match said.kind() {
            AMQPErrorKind::Soft(soft) => soft.get_id(),
            AMQPErrorKind::Hard(hard) => hard.get_id(),
        }),
        ErrorKind::IOError(error) | ErrorKind::RuntimeShutdownError(error) => of_io(error.kind()),
        ErrorKind::InvalidChannel(_)
        | ErrorKind::InvalidChannelState(..)
        | ErrorKind::InvalidConnectionState(_) => Failure::new("closed"),
        ErrorKind::MissingHeartbeatError => Failure::timed_out("heartbeat"),
        ErrorKind::AuthProviderError(_) => Failure::new("auth"),
        ErrorKind::InvalidProtocolVersion(_)
        | ErrorKind::ParsingError(_)
        | ErrorKind::SerialisationError(_) => Failure::new("protocol"),
        _ => Failure::OTHER,
    }
}

fn of_io(kind: io::ErrorKind) -> Failure {
    match kind {
        io::ErrorKind::TimedOut => Failure::timed_out("timeout"),
        io::ErrorKind::ConnectionRefused => Failure::new("connect"),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Failure::new("reset"),
        _ => Failure::new("io"),
    }
}

/// By the constants of AMQP 0-9-1 (section 1.2), written as RabbitMQ writes them.
fn replied(code: ReplyCode) -> Failure {
    Failure::new(match code {
        311 => "CONTENT_TOO_LARGE",
        312 => "NO_ROUTE",
        313 => "NO_CONSUMERS",
        320 => "CONNECTION_FORCED",
        402 => "INVALID_PATH",
        403 => "ACCESS_REFUSED",
        404 => "NOT_FOUND",
        405 => "RESOURCE_LOCKED",
        406 => "PRECONDITION_FAILED",
        501 => "FRAME_ERROR",
        502 => "SYNTAX_ERROR",
        503 => "COMMAND_INVALID",
        504 => "CHANNEL_ERROR",
        505 => "UNEXPECTED_FRAME",
        506 => "RESOURCE_ERROR",
        530 => "NOT_ALLOWED",
        540 => "NOT_IMPLEMENTED",
        541 => "INTERNAL_ERROR",
        _ => return Failure::OTHER,
    })
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPError, AMQPErrorKind};

    use super::*;

    #[test]
    fn what_the_broker_says_is_called_as_amqp_calls_it() {
        // AMQP 0-9-1, section 1.2 "Constants".
        for (code, name) in [
            (311, "CONTENT_TOO_LARGE"),
            (313, "NO_CONSUMERS"),
            (320, "CONNECTION_FORCED"),
            (402, "INVALID_PATH"),
            (403, "ACCESS_REFUSED"),
            (404, "NOT_FOUND"),
            (405, "RESOURCE_LOCKED"),
            (406, "PRECONDITION_FAILED"),
            (501, "FRAME_ERROR"),
            (502, "SYNTAX_ERROR"),
            (503, "COMMAND_INVALID"),
            (504, "CHANNEL_ERROR"),
            (505, "UNEXPECTED_FRAME"),
            (506, "RESOURCE_ERROR"),
            (530, "NOT_ALLOWED"),
            (540, "NOT_IMPLEMENTED"),
            (541, "INTERNAL_ERROR"),
        ] {
            let kind = AMQPErrorKind::from_id(code).unwrap();
            let error = Error::from(ErrorKind::ProtocolError(AMQPError::new(kind, name.into())));
            assert_eq!(fault(&error), Failure::new(name));
            // The crate's own names, which stand in its texts.
            assert!(error.to_string().replace('-', "_").contains(name), "{error}");
        }
        assert_eq!(replied(312), Failure::new("NO_ROUTE"), "RabbitMQ's own");
        assert_eq!(replied(0), Failure::OTHER);
    }

    #[test]
    fn what_happens_on_this_side_is_told_apart() {
        let io = |kind: io::ErrorKind| fault(&Error::from(io::Error::from(kind)));
        assert_eq!(io(io::ErrorKind::TimedOut), Failure::timed_out("timeout"));
        assert_eq!(io(io::ErrorKind::ConnectionRefused), Failure::new("connect"));
        assert_eq!(io(io::ErrorKind::ConnectionReset), Failure::new("reset"));
        assert_eq!(io(io::ErrorKind::Other), Failure::new("io"));
        let of = |kind: ErrorKind| fault(&Error::from(kind));
        assert_eq!(of(ErrorKind::InvalidChannel(3)), Failure::new("closed"));
        assert_eq!(of(ErrorKind::MissingHeartbeatError), Failure::timed_out("heartbeat"));
        assert_eq!(of(ErrorKind::AuthProviderError(String::new())), Failure::new("auth"));
        assert_eq!(of(ErrorKind::ChannelsLimitReached), Failure::OTHER);
    }

    #[test]
    fn a_message_that_was_refused_is_a_failure_that_is_no_error() {
        let is = |confirmed| format!("{:?}", judged(&Ok(confirmed)));
        assert!(is(Confirmation::Nack(None)).contains("NACK"));
        for fine in [Confirmation::Ack(None), Confirmation::NotRequested] {
            assert_eq!(is(fine), format!("{:?}", Judged::SUCCESS));
        }
    }
}
