//! What stands before a batch of spans: who speaks, and through which library.

use obs_core::Resource;
use obs_core::fields::Value;
use obs_core::keys::resource as keys;
use obs_export::proto;

const TRACES_RESOURCE_SPANS: u32 = 1;
const RESOURCE_SPANS_RESOURCE: u32 = 1;
const RESOURCE_SPANS_SCOPE_SPANS: u32 = 2;
const RESOURCE_ATTRIBUTES: u32 = 1;
const SCOPE_SPANS_SCOPE: u32 = 1;
const SCOPE_NAME: u32 = 1;
const SCOPE_VERSION: u32 = 2;

const NAME: &str = "obs";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The head of an `ExportTraceServiceRequest` with one resource and one scope, rendered once.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The field `resource`, tag and all.
    resource: Vec<u8>,
    /// The field `scope`, tag and all.
    scope: Vec<u8>,
}

impl Envelope {
    /// For the spans of one service. The SDK's own attributes are added, unless the resource names them.
    pub fn new(resource: &Resource) -> Self {
        let sdk = [
            (keys::TELEMETRY_SDK_NAME, NAME),
            (keys::TELEMETRY_SDK_LANGUAGE, "rust"),
            (keys::TELEMETRY_SDK_VERSION, VERSION),
        ];
        let own = sdk.into_iter().filter(|(key, _)| resource.iter().all(|(known, _)| known != *key));
        let mut attributes = Vec::new();
        for (key, value) in resource.iter().chain(own) {
            crate::encode::attribute(&mut attributes, RESOURCE_ATTRIBUTES, key, Value::Str(value));
        }
        let mut resource = Vec::new();
        proto::bytes(&mut resource, RESOURCE_SPANS_RESOURCE, &attributes);

        let mut names = Vec::new();
        proto::bytes(&mut names, SCOPE_NAME, NAME.as_bytes());
        proto::bytes(&mut names, SCOPE_VERSION, VERSION.as_bytes());
        let mut scope = Vec::new();
        proto::bytes(&mut scope, SCOPE_SPANS_SCOPE, &names);
        Self { resource, scope }
    }

    /// Appends what stands before `spans_bytes` bytes of entries; nothing stands after them.
    pub fn write(&self, spans_bytes: usize, head: &mut Vec<u8>) {
        let scope_spans = self.scope.len() + spans_bytes;
        let resource_spans = self.resource.len() + proto::bytes_len(RESOURCE_SPANS_SCOPE_SPANS, scope_spans);
        proto::message_head(head, TRACES_RESOURCE_SPANS, resource_spans);
        head.extend_from_slice(&self.resource);
        proto::message_head(head, RESOURCE_SPANS_SCOPE_SPANS, scope_spans);
        head.extend_from_slice(&self.scope);
    }
}
