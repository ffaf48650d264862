//! The registry from outside: runs, what happens when nothing runs any more, probes and numbers.

mod flaps;
mod groups;
mod grpc;
mod health_json;
mod hostile;
mod numbers;
mod probes;
mod ready_made;
mod registration;
mod rig;
mod runs;
mod stuck;
