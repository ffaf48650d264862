//! The umbrella and its signals together, over real connections.

#[expect(dead_code, reason = "shared with the crate it comes from, which uses all of it")]
#[path = "../../../obs-export/tests/it/called.rs"]
mod called;
mod canary;
mod client;
mod collector;
mod config;
mod conventions;
mod dead_ends;
mod flight;
mod flood;
#[cfg(feature = "traces-debug")]
mod forced;
mod grpc;
mod health;
mod health_net;
mod hostile;
mod idioms;
mod install;
mod libraries;
mod links;
mod logs;
mod matrix;
mod opentelemetry;
mod otlp;
mod process;
#[cfg(all(feature = "profiling", target_os = "linux"))]
mod profiling;
mod push;
mod receiver;
mod remotes;
mod scrape;
mod scraping;
mod semantics;
mod serve;
mod service;
mod shutdown;
mod tail;
mod tail_composed;
mod testing;
mod trees;
