//! The whole engine of lines, reached by `obs.yaml` alone.

mod durable;
mod files;
mod flight;
mod forgotten;
mod forms;
mod hangup;
mod journals;
mod levels;
mod mistakes;
mod panics;
mod printed;
mod queues;
mod reload;
mod routes;
mod running;
mod sampling;
mod secrets;
mod shipping;
mod sockets;
mod streams;
