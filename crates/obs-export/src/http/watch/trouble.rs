//! Why an attempt over HTTP came to nothing.

use std::io;

use super::super::{Fate, Response, Retry, SendError, TunnelRefused};
use crate::watch::{Trouble, find, tls_trouble};

impl Trouble {
    /// What became of an attempt, unless it was good or just given up.
    pub(in crate::http) fn of(answer: &Result<Response, SendError>) -> Option<Self> {
        match answer {
            Ok(response) if response.grpc().is_some() => match response.fate(&Retry::new()) {
                Fate::Accepted => None,
                _ if response.status.is_success() => Some(Self::TurnedAway),
                _ => Some(Self::Status(response.status.as_u16())),
            },
            Ok(response) if response.status.is_success() => None,
            Ok(response) => Some(Self::Status(response.status.as_u16())),
            Err(SendError::Over) => None,
            Err(SendError::Timeout) => Some(Self::Timeout),
            Err(SendError::ResponseTooLarge | SendError::Foreign) => Some(Self::Foreign),
            Err(SendError::Connection(error)) => {
                let found = find(&**error, &known).or_else(|| find(&**error, &given_up));
                Some(found.unwrap_or(Self::Other))
            }
        }
    }
}

/// A request that went down with its connection: over HTTP/2 the connection has the reason as a rule, and the request has not.
fn given_up(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    let error = error.downcast_ref::<hyper::Error>()?;
    (error.is_canceled() || error.is_closed()).then_some(Trouble::Broken)
}

/// What one error of a chain says.
fn known(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    if let Some(refused) = error.downcast_ref::<TunnelRefused>() {
        return Some(Trouble::Proxy(refused.status));
    }
    if let Some(trouble) = tls_trouble(error) {
        return Some(trouble);
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(Trouble::Refused),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some(Trouble::Route),
            io::ErrorKind::TimedOut => Some(Trouble::Timeout),
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::UnexpectedEof => Some(Trouble::Broken),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return match () {
            () if error.is_parse() => Some(Trouble::Foreign),
            // Where there is a reason it comes further down the chain.
            () if error.is_incomplete_message() => Some(Trouble::Broken),
            () => None,
        };
    }
    // The connector's own error has no type that could be asked for; a test holds it to this.
    (error.to_string() == "dns error").then_some(Trouble::Name)
}
