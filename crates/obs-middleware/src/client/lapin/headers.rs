//! The headers of a message of AMQP, as what context travels in.

use std::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use obs_core::propagate::{Extractor, Header, Injector};

/// A message's headers, read and written in place: around `&FieldTable` or `&BasicProperties` what was received is read, around
/// `&mut` of them context is written, beside all that stands there.
///
/// A value is read where it is a text or bytes; one of another type is none. What is written is a long string.
///
/// ```
/// use lapin::types::{AMQPValue, FieldTable};
/// use obs_core::propagate::{Extractor, Header, Injector};
/// use obs_middleware::client::lapin::Headers;
///
/// let mut table = FieldTable::default();
/// table.insert("x-delay".into(), AMQPValue::LongInt(5_000));
/// Headers(&mut table).set(Header::B3, "0");
/// assert_eq!(Headers(&table).once(Header::B3), Some(&b"0"[..]));
/// assert_eq!(table.inner().len(), 2);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Headers<T>(pub T);

impl Extractor for Headers<&FieldTable> {
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        value(self.0, header).into_iter()
    }
}

impl Extractor for Headers<&mut FieldTable> {
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        value(self.0, header).into_iter()
    }
}

impl Extractor for Headers<&BasicProperties> {
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        self.0.headers().as_ref().and_then(|table| value(table, header)).into_iter()
    }
}

impl Extractor for Headers<&mut BasicProperties> {
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        self.0.headers().as_ref().and_then(|table| value(table, header)).into_iter()
    }
}

impl Injector for Headers<&mut FieldTable> {
    fn set(&mut self, header: Header, value: &str) {
        self.0.insert(header.as_str().into(), AMQPValue::LongString(value.into()));
    }

    fn erase(&mut self, header: Header) {
        if self.0.contains_key(header.as_str()) {
            // A table gives nothing back.
            let others = self.0.inner().iter().filter(|(name, _)| name.as_str() != header.as_str());
            let kept: BTreeMap<ShortString, AMQPValue> =
                others.map(|(name, value)| (name.clone(), value.clone())).collect();
            *self.0 = kept.into();
        }
    }
}

impl Injector for Headers<&mut BasicProperties> {
    fn set(&mut self, header: Header, value: &str) {
        change(self.0, |table| Headers(table).set(header, value));
    }

    fn erase(&mut self, header: Header) {
        if self.0.headers().as_ref().is_some_and(|table| table.contains_key(header.as_str())) {
            change(self.0, |table| Headers(table).erase(header));
        }
    }
}

/// Changes the headers that the properties have, or gives them some. Properties lend theirs to be read only.
pub(super) fn change<R>(properties: &mut BasicProperties, work: impl FnOnce(&mut FieldTable) -> R) -> R {
    let mut table = properties.headers().clone().unwrap_or_default();
    let done = work(&mut table);
    // Properties that had none, and got none, are sent as they were.
    if properties.headers().is_some() || !table.inner().is_empty() {
        *properties = std::mem::take(properties).with_headers(table);
    }
    done
}

fn value(table: &FieldTable, header: Header) -> Option<&[u8]> {
    match table.inner().get(header.as_str())? {
        AMQPValue::LongString(text) => Some(text.as_bytes()),
        AMQPValue::ShortString(text) => Some(text.as_str().as_bytes()),
        AMQPValue::ByteArray(bytes) => Some(bytes.as_slice()),
        _ => None,
    }
}
