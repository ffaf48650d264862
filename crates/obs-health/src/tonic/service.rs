//! The service `grpc.health.v1.Health` for tonic, out of a registry.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll};

use tonic::body::Body;
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::{Request, Response, Status};
use tower_service::Service;

use super::messages::{Asked, AskedAll, Messages, ServingStatus, Told, ToldAll};
use super::names::{Names, Purpose};
use super::watch::Watch;
use crate::error::RegisterError;
use crate::registry::Health;

/// The longest request, in bytes: a name and little more.
const LONGEST: usize = 4 * 1024;

/// The methods, by their paths.
pub(super) const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const LIST: &str = "/grpc.health.v1.Health/List";

/// `grpc.health.v1.Health` with `Check`, `Watch` and `List`, by what a [`Health`] knows: see [the module](super).
///
/// Clones are the same service, with one number of watches between them.
#[derive(Clone)]
pub struct HealthService(Arc<Shared>);

#[derive(Clone)]
pub(super) struct Shared {
    pub(super) health: Health,
    names: Names,
    /// How many are open, in the clones too.
    pub(super) watches: Arc<AtomicUsize>,
}

impl HealthService {
    /// The service of a registry, which knows the whole by the empty name, and its groups by theirs.
    pub fn new(health: &Health) -> Self {
        Self(Arc::new(Shared { health: health.clone(), names: Names::new(), watches: Arc::default() }))
    }

    /// Has the whole known by the name of a gRPC service too, such as `shop.Payments`: by
    /// `PaymentsServer::<Payments>::NAME`, where the code is generated.
    ///
    /// # Errors
    /// A name that is empty or longer than 256 bytes; more than [`MAX_SERVICES`](super::MAX_SERVICES).
    pub fn service(self, name: impl Into<String>) -> Result<Self, RegisterError> {
        self.named(name.into(), Purpose::Overall)
    }

    /// Has a [group](Health::group) known by the name of the gRPC service that depends on it. A group that is registered
    /// later is not serving until then.
    ///
    /// # Errors
    /// As [`service`](Self::service).
    pub fn service_of_group(
        self,
        name: impl Into<String>,
        group: impl Into<String>,
    ) -> Result<Self, RegisterError> {
        self.named(name.into(), Purpose::Group(group.into()))
    }

    fn named(mut self, name: String, purpose: Purpose) -> Result<Self, RegisterError> {
        Arc::make_mut(&mut self.0).names.add(name, purpose)?;
        Ok(self)
    }
}

impl Shared {
    /// `None` where there is no service of this name.
    pub(super) fn status(&self, name: &str) -> Option<ServingStatus> {
        self.names.status(&self.health, name)
    }
}

/// Each method answers at once: nothing here waits.
struct Method(Arc<Shared>);

impl UnaryService<Asked> for Method {
    type Response = Told;
    type Future = Ready<Result<Response<Told>, Status>>;

    fn call(&mut self, request: Request<Asked>) -> Self::Future {
        let status = self.0.status(&request.into_inner().service);
        let told = status.ok_or_else(|| Status::not_found("no service of this name"));
        ready(told.map(|status| Response::new(status.into())))
    }
}

impl UnaryService<AskedAll> for Method {
    type Response = ToldAll;
    type Future = Ready<Result<Response<ToldAll>, Status>>;

    fn call(&mut self, _: Request<AskedAll>) -> Self::Future {
        let names = self.0.names.all(&self.0.health);
        let statuses = names.into_iter().filter_map(|name| {
            let status = self.0.status(&name)?;
            Some((name, status.into()))
        });
        ready(Ok(Response::new(ToldAll { statuses: statuses.collect() })))
    }
}

impl ServerStreamingService<Asked> for Method {
    type Response = Told;
    type ResponseStream = Watch;
    type Future = Ready<Result<Response<Watch>, Status>>;

    fn call(&mut self, request: Request<Asked>) -> Self::Future {
        ready(Watch::begin(&self.0, request.into_inner().service).map(Response::new))
    }
}

fn grpc<E: prost::Message + 'static, D: prost::Message + Default + 'static>() -> Grpc<Messages<E, D>> {
    Grpc::new(Messages::default()).max_decoding_message_size(LONGEST)
}

impl<B> Service<http::Request<B>> for HealthService
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    B::Data: Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let method = Method(Arc::clone(&self.0));
        match request.uri().path() {
            CHECK => Box::pin(async { Ok(grpc::<Told, Asked>().unary(method, request).await) }),
            LIST => Box::pin(async { Ok(grpc::<ToldAll, AskedAll>().unary(method, request).await) }),
            WATCH => Box::pin(async { Ok(grpc::<Told, Asked>().server_streaming(method, request).await) }),
            _ => Box::pin(ready(Ok(Status::unimplemented("no such method").into_http()))),
        }
    }
}

impl NamedService for HealthService {
    const NAME: &'static str = "grpc.health.v1.Health";
}

impl fmt::Debug for HealthService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthService")
            .field("health", &self.0.health)
            .field("watches", &self.0.watches)
            .finish_non_exhaustive()
    }
}
