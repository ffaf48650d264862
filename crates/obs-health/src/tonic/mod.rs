//! `grpc.health.v1` by tonic: the service that answers for a registry, and a check that asks the service of another.
//!
//! ```
//! use obs_health::tonic::HealthService;
//!
//! # fn main() -> Result<(), obs_health::RegisterError> {
//! # let health = obs_health::Health::new(obs_core::Base::new(obs_core::Resource::new("orders")));
//! health.group("checkout", ["postgres", "payments"])?;
//! let service = HealthService::new(&health).service_of_group("shop.Payments", "checkout")?;
//! # fn routes(service: HealthService) -> tonic::service::Routes {
//! tonic::service::Routes::new(service) // or Server::builder().add_service(service)
//! # }
//! # routes(service);
//! # Ok(())
//! # }
//! ```
//!
//! # What a name stands for
//!
//! | name | `SERVING` while |
//! |---|---|
//! | empty | `/readyz` says ready |
//! | of a [group](crate::Health::group) | `/readyz?group=` says ready |
//! | that was [named](HealthService::service) | the whole is, or [the group](HealthService::service_of_group) it was named for |
//! | [`liveness`](LIVENESS) | `/healthz` says ok |
//! | [`startup`](STARTUP) | `/startupz` says started |
//!
//! Anything else is `NOT_FOUND` to `Check`, is not in `List`, and is `SERVICE_UNKNOWN` to `Watch`, which stays open: the name
//! may be registered yet. What is not `SERVING` is `NOT_SERVING`, from the first moment on and from the first moment of a
//! drain.
//!
//! # A watch
//!
//! Tells at once, and what has changed within 100 ms, be it by a check, by its result's age or by the phase. It ends, with
//! `OK`, as soon as it has told what holds in a drain, so that none holds up the end: the protocol has clients come back
//! after a while, to another instance by then. There may be [`MAX_WATCHES`] of one service; more are refused with
//! `RESOURCE_EXHAUSTED`.
//!
//! `Check`, `List` and the beginning of a `Watch` wait for nothing: they only read, as the probes over HTTP do. They are
//! polled by the service's own runtime though, which has to have a thread that is not blocked.

mod messages;
mod names;
mod peer;
mod service;
mod watch;

pub use peer::Peer;
pub use service::HealthService;

/// The name under which liveness is asked for.
pub const LIVENESS: &str = "liveness";

/// The name under which the end of the start-up is asked for.
pub const STARTUP: &str = "startup";

/// The most services that are named.
pub const MAX_SERVICES: usize = 256;

/// The most watches that are open at a time.
pub const MAX_WATCHES: usize = 1_024;
