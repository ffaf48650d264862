//! What is the same on every line: the service's name.

use obs_core::Resource;
use obs_core::keys::field;

use super::Buffer;
use super::escape::Style;
use super::logfmt::push_logfmt_text;
use super::text::Text;

/// The most bytes of a service's name on a line.
const MAX_SERVICE: usize = 1_024;

/// The service as it stands on a line of each format that names it.
#[derive(Debug)]
pub(crate) struct Service {
    /// `,"service":"orders"`
    pub(super) json: Buffer,
    /// ` service=orders`
    pub(super) logfmt: Buffer,
}

impl Service {
    pub(crate) fn new(resource: &Resource) -> Self {
        let mut json = Buffer::new();
        json.extend(b",\"");
        json.extend(field::SERVICE.as_bytes());
        json.extend(b"\":\"");
        Text { out: &mut json, limit: MAX_SERVICE, style: Style::Quoted, cut: false }.push(&resource.name);
        json.push(b'"');
        let mut logfmt = Buffer::new();
        logfmt.push(b' ');
        logfmt.extend(field::SERVICE.as_bytes());
        logfmt.push(b'=');
        push_logfmt_text(&mut logfmt, &resource.name, MAX_SERVICE);
        Self { json, logfmt }
    }
}
