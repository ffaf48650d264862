//! A small HTTP/1.1 over blocking sockets with time-outs, so that checks and load need no client library.

mod client;
mod message;

pub(crate) use client::{Connection, Response, encode_query, get, send_text};
pub(crate) use message::{Head, Unframed, read_body};
