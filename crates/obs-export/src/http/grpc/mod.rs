//! Unary calls of gRPC: one message there and one back, each behind five bytes, with a status at the end.
//!
//! Rules by "gRPC over HTTP2" and "HTTP to gRPC Status Code Mapping" of the gRPC project. What a batch becomes and what
//! an answer means is said by the same [`Protocol`](super::Protocol) as over plain HTTP.

mod details;
mod message;
mod percent;
mod post;
mod status;

pub(super) use status::Status;
