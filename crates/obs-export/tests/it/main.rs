//! The HTTP sink against a strict server in process.

#[cfg(feature = "grpc")]
mod called;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(feature = "gzip")]
mod gzip;
mod once;
mod post;
mod proxy;
mod stub;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tunnel;
mod watch;
#[cfg(feature = "zstd")]
mod zstd;
