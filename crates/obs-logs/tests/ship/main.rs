//! Lines to other machines, against strict stand-ins that read what real ones read.

mod elastic;
mod lines;
mod loki;
mod questions;
mod receiver;
