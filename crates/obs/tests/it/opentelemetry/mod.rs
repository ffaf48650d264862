//! Code that calls the API of OpenTelemetry itself, beside ours.

mod beside;
mod installed;
