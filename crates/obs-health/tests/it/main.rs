//! The registry from outside: runs, what happens when nothing runs any more, probes and numbers.

mod fail_open;
mod flaps;
mod groups;
mod grpc;
mod health_json;
mod hostile;
mod live;
mod numbers;
mod probes;
mod ready_made;
mod registration;
mod rig;
mod runs;
mod startup;
mod stuck;
