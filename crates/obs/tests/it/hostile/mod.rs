//! Callers that mean no good: whatever they send, they get a normal answer, and every signal stays whole and bounded.

mod flood;
mod headers;
