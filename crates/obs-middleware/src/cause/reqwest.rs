//! Errors of reqwest.

use std::any::Any;
use std::error::Error;
use std::fmt;

use super::{Fault, Hint};

pub(super) fn known(any: &dyn Any) -> Option<&(dyn Error + 'static)> {
    any.downcast_ref::<reqwest::Error>().map(|error| error as _)
}

pub(super) fn hint(error: &(dyn Error + 'static)) -> Option<Hint> {
    let error = error.downcast_ref::<reqwest::Error>()?;
    let fault = if error.is_timeout() {
        Some(Fault::Timeout)
    } else if error.is_dns() {
        Some(Fault::Dns)
    } else {
        None
    };
    Some(Hint { fault, connecting: error.is_connect() })
}

/// What is behind an error that itself prints the URL; where nothing is, no more than that it failed.
pub(super) fn without_url<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    match error.downcast_ref::<reqwest::Error>() {
        Some(own) if own.url().is_some() => own.source().unwrap_or(&Unsaid),
        _ => error,
    }
}

#[derive(Debug)]
struct Unsaid;

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call failed")
    }
}

impl Error for Unsaid {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_not_told_where_nothing_is_behind_the_error_either() {
        let url = "http://payments/pay?card=4111".parse::<reqwest::Url>().unwrap();
        let answer = http::Response::builder().status(500).body("").unwrap();
        let error = reqwest::Response::from(answer).error_for_status().unwrap_err().with_url(url);
        assert!(error.source().is_none() && error.to_string().contains("4111"));
        assert_eq!(without_url(&error).to_string(), "the call failed");
    }
}
