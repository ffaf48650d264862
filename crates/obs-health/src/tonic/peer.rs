//! A check that asks the `grpc.health.v1` of another service.

use std::error::Error;
use std::fmt;

use http::uri::PathAndQuery;
use obs_core::observe::RpcCode;
use tonic::body::Body;
use tonic::client::{Grpc, GrpcService};
use tonic::{Code, Request, Status};

use super::messages::{Asked, Messages, ServingStatus, Told};
use crate::check::Check;
use crate::error::CheckError;

/// Passes while another service says by `grpc.health.v1` that it serves. It takes the channel by which the other is called
/// anyway, or any other of tonic's clients.
///
/// ```
/// # async fn check(health: obs_health::Health) -> Result<(), Box<dyn std::error::Error>> {
/// use obs_health::tonic::Peer;
///
/// let channel = tonic::transport::Channel::from_static("http://payments:50051").connect_lazy();
/// health.check("payments", Peer::new(channel).service("shop.Payments"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Peer<C> {
    channel: C,
    service: String,
}

impl<C> Peer<C> {
    /// Asks for the whole, by the empty name.
    pub const fn new(channel: C) -> Self {
        Self { channel, service: String::new() }
    }

    /// Asks for one of its services. Default: the whole.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = name.into();
        self
    }
}

impl<C> Check for Peer<C>
where
    C: GrpcService<Body> + Clone + Send + Sync + 'static,
    C::Future: Send,
    C::ResponseBody: Send + 'static,
    <C::ResponseBody as http_body::Body>::Error: Into<Box<dyn Error + Send + Sync>>,
{
    async fn check(&self) -> Result<(), CheckError> {
        let mut client = Grpc::new(self.channel.clone());
        client.ready().await.map_err(|error| CheckError::of(&*error.into()))?;
        let asked = Request::new(Asked { service: self.service.clone() });
        let path = PathAndQuery::from_static(super::service::CHECK);
        let told = client.unary(asked, path, Messages::<Asked, Told>::default()).await;
        match told.map_err(|status| refused(&status))?.into_inner().status() {
            ServingStatus::Serving => Ok(()),
            other => Err(CheckError::new(format_args!("it says {}", other.as_str()))),
        }
    }
}

/// What a refusal says: its code, and the message, which is the server's, or tonic's own where there was no server.
fn refused(status: &Status) -> CheckError {
    let number = i32::from(status.code()).to_string();
    let code = RpcCode::parse(number.as_bytes()).as_str();
    match (status.code(), status.source()) {
        (Code::Unimplemented, _) => CheckError::new("it has no grpc.health.v1"),
        (Code::NotFound, _) => CheckError::new("its grpc.health.v1 knows no service of this name"),
        // tonic's own words for it are those of the error and no more.
        (_, Some(source)) => CheckError::new(format_args!("{code}: {}", CheckError::of(source))),
        (_, None) => CheckError::new(format_args!("{code}: {}", status.message())),
    }
}

impl<C> fmt::Debug for Peer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("service", &self.service).finish_non_exhaustive()
    }
}
