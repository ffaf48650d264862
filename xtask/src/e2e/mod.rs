//! The checker: real requests, real servers, and every signal held against what was sent.

mod books;
mod built;
mod collector;
mod counts;
mod disk;
mod eventually;
mod files;
mod folder;
mod grpc;
mod health;
mod install;
mod jaeger;
mod lines;
mod otlp;
mod pipe;
mod pools;
mod postgres;
mod profiling;
mod prometheus;
mod propagation;
mod push;
mod queue;
mod quickstart;
mod readers;
mod redis;
mod registries;
mod report;
mod requests;
mod restarts;
mod rotel;
mod run;
mod shop;
mod syslog;
mod torture;
mod victoria;

pub(crate) use run::run;
