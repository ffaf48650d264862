//! The HTTP sink against a strict server in process.

mod post;
mod stub;
