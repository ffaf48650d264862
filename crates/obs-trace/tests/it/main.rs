//! Spans through the public interface: a request's, a user's, and on their way to a collector.

#[expect(dead_code, reason = "shared with the crate it comes from, which uses all of it")]
#[path = "../../../obs-export/tests/it/called.rs"]
mod called;
mod entered;
mod layer;
mod layer_scope;
mod limits;
mod opentelemetry;
mod operation;
mod otlp;
mod otlp_grpc;
mod otlp_json;
mod semconv;
mod server;
mod sql;
mod status;
mod stdout;
mod stdout_waiting;
#[expect(dead_code, reason = "shared with the crate it comes from, which uses all of it")]
#[path = "../../../obs-export/tests/it/stub.rs"]
mod stub;
mod tail;
mod tail_bounds;
mod tail_long;
