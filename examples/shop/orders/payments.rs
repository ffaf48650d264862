//! The next service, as orders sees it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use obs::reqwest::SendThrough;
use reqwest::{Client, StatusCode, Url};
use serde_json::json;

/// How long a payment may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Calls payments. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Payments {
    http: Client,
    layer: obs::ClientLayer,
    pay: Url,
}

impl Payments {
    pub(crate) fn new(url: &Url, layer: obs::ClientLayer) -> Result<Self, reqwest::Error> {
        Ok(Self { http: shop::client(TIMEOUT)?, layer, pay: shop::under(url, "/v2/pay") })
    }

    /// Has an order paid.
    pub(crate) async fn pay(&self, order: i64, amount_cents: u64) -> Result<(), PayError> {
        let body = json!({ "order": order, "amount_cents": amount_cents });
        let call = self.http.post(self.pay.clone()).json(&body).send_through(&self.layer, "/v2/pay");
        let answer = call.await.map_err(PayError::Unanswered)?;
        let status = answer.status();
        // To its end, so that the connection can be used again.
        answer.bytes().await.map_err(PayError::Unanswered)?;
        if status.is_success() { Ok(()) } else { Err(PayError::Refused(status)) }
    }
}

/// Why an order is not paid.
#[derive(Debug)]
pub(crate) enum PayError {
    Unanswered(reqwest::Error),
    Refused(StatusCode),
}

impl fmt::Display for PayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered(_) => f.write_str("payments did not answer"),
            Self::Refused(status) => write!(f, "payments answered {status}"),
        }
    }
}

impl Error for PayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unanswered(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}
