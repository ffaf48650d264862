//! What is to be seen of a way out to another machine from outside: its traffic, its troubles, and whether it can be
//! reached at all. HTTP and sockets have it in common.

#[cfg(any(feature = "http", feature = "socket"))]
mod chain;
#[cfg(any(feature = "http", feature = "socket"))]
#[cfg_attr(not(any(feature = "tls", feature = "socket-tls")), path = "no_tls.rs")]
mod tls;
#[cfg_attr(not(feature = "http"), path = "no_words.rs")]
mod words;

mod question;
mod remote;
mod traffic;
mod trouble;

#[cfg(any(feature = "http", feature = "socket"))]
pub(crate) use chain::find;
pub use question::{Question, Unwell};
pub use remote::Remote;
#[cfg(any(feature = "http", feature = "socket"))]
pub(crate) use tls::trouble as tls_trouble;
pub use traffic::{Report, Traffic};
pub use trouble::Trouble;
