//! What the OpenTelemetry semantic conventions have to say of work that is asked of others.

pub mod sql;
