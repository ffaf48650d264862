//! The server layer driven by hand: contexts, headers, and one outcome for each way a request can end.

mod attempts;
mod client;
mod client_wire;
mod ends;
mod formats;
mod grpc;
mod grpc_calls;
mod ids;
#[cfg(feature = "client-lapin")]
mod lapin;
mod measures;
mod panics;
mod policies;
mod redis;
mod spy;
mod tonic;
mod upgrade;
