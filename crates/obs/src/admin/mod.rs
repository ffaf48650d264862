//! The admin thread, and the listener on it: HTTP/1 apart from the service's runtime, so that a busy service is still
//! scraped.
//!
//! The listener moves bytes; what an endpoint answers is decided by a pure function of the leaf it belongs to.

mod accept;
mod caller;
mod connection;
mod counts;
mod endpoint;
mod exposed;
mod guard;
mod index;
mod listener;
mod places;
mod printed;
#[cfg_attr(not(feature = "profiling"), path = "profiling_absent.rs")]
mod profiling;
mod rate;
mod reply;
mod requests;
mod serve;
mod socket;
mod thread;
#[cfg_attr(not(feature = "admin-tls"), path = "tls_absent.rs")]
mod tls;
#[cfg(unix)]
mod unix;
#[cfg_attr(not(feature = "admin-basic-auth"), path = "users_absent.rs")]
mod users;
#[cfg_attr(not(feature = "config"), path = "web_absent.rs")]
mod web;

pub(crate) use endpoint::{Access, Endpoint, Runs};
pub(crate) use listener::{Listener, mistakes};
pub(crate) use printed::Printed;
pub(crate) use profiling::Profiling;
pub(crate) use requests::InFlight;
pub(crate) use thread::AdminThread;
