//! The umbrella and its signals together, over real connections.

mod canary;
mod client;
mod collector;
mod config;
mod dead_ends;
mod flight;
mod health;
mod hostile;
mod idioms;
mod install;
mod libraries;
mod logs;
mod matrix;
mod process;
mod push;
mod remotes;
mod scrape;
mod scraping;
mod semantics;
mod serve;
mod service;
mod testing;
