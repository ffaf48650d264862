//! What is in the bodies of requests: each line by its number, read by other code than wrote it.

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value;
use prost::Message as _;
use serde_json::Value;
use std::io::Read as _;

/// A request as it came.
pub(crate) struct Body {
    pub(crate) path: String,
    pub(crate) content_type: String,
    pub(crate) encoding: String,
    pub(crate) bytes: Vec<u8>,
}

impl Body {
    pub(crate) fn is_bulk(&self) -> bool {
        self.path.contains("/_bulk")
    }

    /// As it was before it was compressed.
    pub(crate) fn plain(&self) -> Result<Vec<u8>, String> {
        let failed = |error: &dyn std::fmt::Display| format!("body of {}: {error}", self.path);
        // Loki's protobuf is a block of snappy, and no header says so.
        if self.path.ends_with("/push") && self.content_type.contains("protobuf") {
            return snap::raw::Decoder::new().decompress_vec(&self.bytes).map_err(|error| failed(&error));
        }
        match self.encoding.as_str() {
            "" | "identity" => Ok(self.bytes.clone()),
            "gzip" => {
                let mut plain = Vec::new();
                GzDecoder::new(self.bytes.as_slice())
                    .read_to_end(&mut plain)
                    .map_err(|error| failed(&error))?;
                Ok(plain)
            }
            other => Err(failed(&format!("encoding {other:?}"))),
        }
    }

    /// Tells the number of each line.
    pub(crate) fn lines(&self, tell: &mut impl FnMut(u64)) -> Result<(), String> {
        let plain = self.plain()?;
        if self.is_bulk() {
            return bulk(&plain, tell);
        }
        if self.path.ends_with("/v1/logs") {
            return records(&plain, tell);
        }
        if self.content_type.contains("json") { values(&plain, tell) } else { entries(&plain, tell) }
    }
}

fn number_of(line: &[u8]) -> Result<u64, String> {
    let line: Value = serde_json::from_slice(line).map_err(|error| format!("a line: {error}"))?;
    line.get("turn").and_then(Value::as_u64).ok_or_else(|| format!("no number in {line}"))
}

/// Actions, each with its document.
fn bulk(plain: &[u8], tell: &mut impl FnMut(u64)) -> Result<(), String> {
    let mut lines = plain.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    while let Some(action) = lines.next() {
        let action: Value = serde_json::from_slice(action).map_err(|error| format!("an action: {error}"))?;
        action.get("create").ok_or("an action that does not create")?;
        tell(number_of(lines.next().ok_or("an action without a document")?)?);
    }
    Ok(())
}

/// Loki's JSON.
fn values(plain: &[u8], tell: &mut impl FnMut(u64)) -> Result<(), String> {
    let push: Value = serde_json::from_slice(plain).map_err(|error| format!("a push: {error}"))?;
    let list =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for stream in list(&push, "streams") {
        for value in list(&stream, "values") {
            let line = value.get(1).and_then(Value::as_str).ok_or("a value without a line")?;
            tell(number_of(line.as_bytes())?);
        }
    }
    Ok(())
}

/// Loki's protobuf: streams, their entries, and the lines of those.
fn entries(plain: &[u8], tell: &mut impl FnMut(u64)) -> Result<(), String> {
    for stream in parts(plain, 1) {
        for entry in parts(stream?, 2) {
            for line in parts(entry?, 2) {
                tell(number_of(line?)?);
            }
        }
    }
    Ok(())
}

/// The fields of this number that have a length.
fn parts(mut rest: &[u8], wanted: u64) -> impl Iterator<Item = Result<&[u8], String>> {
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            match part(&mut rest) {
                Some((field, Some(bytes))) if field == wanted => return Some(Ok(bytes)),
                Some(_) => {}
                None => {
                    rest = &[];
                    return Some(Err("protobuf that ends too early".to_owned()));
                }
            }
        }
        None
    })
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<(u64, Option<&'a [u8]>)> {
    let tag = varint(rest)?;
    let (field, len) = match tag & 7 {
        0 => {
            varint(rest)?;
            return Some((tag >> 3, None));
        }
        1 => (None, 8),
        5 => (None, 4),
        2 => (Some(()), usize::try_from(varint(rest)?).ok()?),
        _ => return None,
    };
    let (bytes, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    Some((tag >> 3, field.map(|()| bytes)))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// OTLP's protobuf.
fn records(plain: &[u8], tell: &mut impl FnMut(u64)) -> Result<(), String> {
    let request = ExportLogsServiceRequest::decode(plain).map_err(|error| format!("an export: {error}"))?;
    let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    for record in scopes.flat_map(|scope| scope.log_records) {
        let turn = record.attributes.into_iter().find(|attribute| attribute.key == "turn");
        match turn.and_then(|attribute| attribute.value?.value) {
            Some(any_value::Value::IntValue(turn)) => tell(turn.unsigned_abs()),
            other => return Err(format!("no number in a record: {other:?}")),
        }
    }
    Ok(())
}
