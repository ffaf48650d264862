//! The next service, as orders sees it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use reqwest::Url;
use shop::payments::{PayRequest, PaymentsClient};
use tonic::transport::Endpoint;
use tonic::{Request, Status};
use tower_layer::Layer;

use crate::again::Again;

/// How long a payment may take, however often it is asked for. Payments hears of it and need not go on afterwards.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(1);

/// Calls payments. Clones share the connection.
#[derive(Clone)]
pub(crate) struct Payments(PaymentsClient<obs::Client<Again>>);

impl Payments {
    /// Connects at the first payment, and again where a connection is gone.
    pub(crate) fn new(url: &Url, layer: &obs::ClientLayer) -> Result<Self, Box<dyn Error>> {
        let endpoint = Endpoint::from_shared(url.to_string())?.connect_timeout(CONNECT);
        let origin = endpoint.uri().clone();
        Ok(Self(PaymentsClient::with_origin(
            layer.layer(Again::new(endpoint.connect_lazy(), TIMEOUT)),
            origin,
        )))
    }

    /// Has an order paid.
    pub(crate) async fn pay(&self, order: i64, amount_cents: u64) -> Result<(), PayError> {
        let mut request = Request::new(PayRequest { order, amount_cents });
        request.set_timeout(TIMEOUT);
        match self.0.clone().pay(request).await {
            Ok(_) => Ok(()),
            Err(status) if status.source().is_some() => Err(PayError::Unanswered(status)),
            Err(status) => Err(PayError::Refused(status)),
        }
    }
}

/// Why an order is not paid.
#[derive(Debug)]
pub(crate) enum PayError {
    Unanswered(Status),
    Refused(Status),
}

impl fmt::Display for PayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered(_) => f.write_str("payments did not answer"),
            Self::Refused(status) => write!(f, "payments answered {:?}: {}", status.code(), status.message()),
        }
    }
}

impl Error for PayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unanswered(status) => status.source(),
            Self::Refused(_) => None,
        }
    }
}
