//! What the signals' OTLP messages have in common: who speaks stands before them, and a partial success comes back.
//!
//! `ExportTraceServiceRequest`, `ExportMetricsServiceRequest`, `ExportLogsServiceRequest` and their answers have the same field numbers where
//! they have the same fields.

#[cfg(feature = "http")]
mod answer;
#[cfg(feature = "http")]
mod export;
#[cfg(feature = "http")]
mod json;

use obs_core::Resource;
use obs_core::keys::resource as keys;

use crate::proto::{self, Malformed, Reader, Wire};

#[cfg(feature = "http")]
pub use export::{Export, port_hint};
#[cfg(feature = "http")]
pub use json::{CONTENT_TYPE_JSON, Request, json};

/// The media type of OTLP over HTTP in its binary form.
pub const CONTENT_TYPE: &str = "application/x-protobuf";

const REQUEST_RESOURCE_ENTRIES: u32 = 1;
const RESOURCE_ENTRIES_RESOURCE: u32 = 1;
const RESOURCE_ENTRIES_SCOPE_ENTRIES: u32 = 2;
const RESOURCE_ATTRIBUTES: u32 = 1;
const SCOPE_ENTRIES_SCOPE: u32 = 1;
const SCOPE_NAME: u32 = 1;
const SCOPE_VERSION: u32 = 2;
const KEY_VALUE_KEY: u32 = 1;
const KEY_VALUE_VALUE: u32 = 2;
const ANY_STRING: u32 = 1;

const NAME: &str = "obs";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The head of an export request with one resource and one scope, rendered once.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The field `resource`, tag and all.
    resource: Vec<u8>,
    /// The field `scope`, tag and all.
    scope: Vec<u8>,
}

impl Envelope {
    /// For the records of one service. The SDK's own attributes are added, unless the resource names them.
    pub fn new(resource: &Resource) -> Self {
        let sdk = [
            (keys::TELEMETRY_SDK_NAME, NAME),
            (keys::TELEMETRY_SDK_LANGUAGE, "rust"),
            (keys::TELEMETRY_SDK_VERSION, VERSION),
        ];
        let own = sdk.into_iter().filter(|(key, _)| resource.iter().all(|(known, _)| known != *key));
        let mut attributes = Vec::new();
        for (key, value) in resource.iter().chain(own) {
            attribute(&mut attributes, RESOURCE_ATTRIBUTES, key, value);
        }
        let mut resource = Vec::new();
        proto::bytes(&mut resource, RESOURCE_ENTRIES_RESOURCE, &attributes);

        let mut names = Vec::new();
        proto::bytes(&mut names, SCOPE_NAME, NAME.as_bytes());
        proto::bytes(&mut names, SCOPE_VERSION, VERSION.as_bytes());
        let mut scope = Vec::new();
        proto::bytes(&mut scope, SCOPE_ENTRIES_SCOPE, &names);
        Self { resource, scope }
    }

    /// Appends what stands before `bytes` bytes of entries (spans, metrics or log records, each with the tag of field 2); nothing
    /// stands after them.
    pub fn write(&self, bytes: usize, head: &mut Vec<u8>) {
        let scope_entries = self.scope.len() + bytes;
        let resource_entries =
            self.resource.len() + proto::bytes_len(RESOURCE_ENTRIES_SCOPE_ENTRIES, scope_entries);
        proto::message_head(head, REQUEST_RESOURCE_ENTRIES, resource_entries);
        head.extend_from_slice(&self.resource);
        proto::message_head(head, RESOURCE_ENTRIES_SCOPE_ENTRIES, scope_entries);
        head.extend_from_slice(&self.scope);
    }
}

/// A `KeyValue` whose value is a string, as the field `field`.
pub fn attribute(out: &mut Vec<u8>, field: u32, key: &str, value: &str) {
    let any = proto::bytes_len(ANY_STRING, value.len());
    let len = proto::bytes_len(KEY_VALUE_KEY, key.len()) + proto::bytes_len(KEY_VALUE_VALUE, any);
    proto::message_head(out, field, len);
    proto::bytes(out, KEY_VALUE_KEY, key.as_bytes());
    proto::message_head(out, KEY_VALUE_VALUE, any);
    proto::bytes(out, ANY_STRING, value.as_bytes());
}

/// What an answer with status 2xx says beside that it came: `partial_success` of each signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Partial<'a> {
    /// How many entries were refused: `rejected_spans` and its like.
    pub rejected: u64,
    /// Why, as `error_message`; where nothing was refused it is a warning. Empty where there is none.
    pub message: &'a [u8],
}

/// Reads an answer with status 2xx.
///
/// # Errors
/// [`Malformed`] for what is no answer of an OTLP receiver.
pub fn partial(response: &[u8]) -> Result<Partial<'_>, Malformed> {
    const PARTIAL_SUCCESS: u32 = 1;
    const REJECTED: u32 = 1;
    const ERROR_MESSAGE: u32 = 2;
    let mut found = Partial::default();
    for field in Reader::new(response) {
        if let (PARTIAL_SUCCESS, Wire::Bytes(partial)) = field? {
            for field in Reader::new(partial) {
                match field? {
                    // A negative number is nonsense; it says that nothing was rejected as well as zero does.
                    (REJECTED, Wire::Varint(number)) => {
                        found.rejected = u64::try_from(number as i64).unwrap_or(0);
                    }
                    (ERROR_MESSAGE, Wire::Bytes(message)) => found.message = message,
                    _ => {}
                }
            }
        }
    }
    Ok(found)
}

/// How many entries an answer with status 2xx says were refused: that of [`partial`].
///
/// # Errors
/// [`Malformed`] for what is no answer of an OTLP receiver.
pub fn rejected(response: &[u8]) -> Result<u64, Malformed> {
    partial(response).map(|partial| partial.rejected)
}
