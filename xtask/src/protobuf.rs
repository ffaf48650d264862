//! A protobuf reader: the wire format (protobuf.dev, "Encoding") without any schema, enough to read spans sent by OTLP.

use crate::Result;

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) value: Value<'a>,
}

/// A field's value, by its wire type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Value<'a> {
    /// The bytes of a string, of bytes, or of a message.
    pub(crate) fn bytes(self) -> &'a [u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    /// A string, with what is not UTF-8 replaced.
    pub(crate) fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// A number of any width.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Varint(number) | Self::Fixed64(number) => number,
            Self::Fixed32(number) => u64::from(number),
            Self::Bytes(_) => 0,
        }
    }
}

/// The fields of a message, in the order they were written.
pub(crate) fn fields(mut message: &[u8]) -> Result<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0);
        let number = number.ok_or("not protobuf: a field number out of range")?;
        let value = match key & 7 {
            0 => Value::Varint(varint(&mut message)?),
            1 => Value::Fixed64(u64::from_le_bytes(take(&mut message, 8)?.try_into().unwrap_or_default())),
            2 => {
                let length = varint(&mut message)?;
                Value::Bytes(take(&mut message, usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(take(&mut message, 4)?.try_into().unwrap_or_default())),
            other => return Err(format!("not protobuf: wire type {other}")),
        };
        fields.push(Field { number, value });
    }
    Ok(fields)
}

fn take<'a>(message: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    let (taken, rest) =
        message.split_at_checked(length).ok_or("not protobuf: a field longer than its message")?;
    *message = rest;
    Ok(taken)
}

fn varint(message: &mut &[u8]) -> Result<u64> {
    let mut number = 0;
    for place in 0..10 {
        let byte = take(message, 1)?[0];
        // The tenth byte has room for one bit.
        if place == 9 && byte > 1 {
            break;
        }
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err("not protobuf: a varint of more than 64 bits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wire_type_is_read() {
        let message = [
            0x08, 0x96, 0x01, // 1: varint 150
            0x12, 0x02, b'o', b'k', // 2: bytes
            0x19, 1, 0, 0, 0, 0, 0, 0, 0, // 3: fixed64
            0x25, 2, 0, 0, 0, // 4: fixed32
        ];
        let fields = fields(&message).unwrap();
        let numbers: Vec<_> = fields.iter().map(|field| (field.number, field.value.number())).collect();
        assert_eq!(numbers, [(1, 150), (2, 0), (3, 1), (4, 2)]);
        assert_eq!(fields[1].value.text(), "ok");
    }

    #[test]
    fn the_largest_varint_fits_and_a_longer_one_does_not() {
        let mut message = vec![0x08];
        message.extend([0xff; 9]);
        message.push(0x01);
        assert_eq!(fields(&message).unwrap()[0].value, Value::Varint(u64::MAX));
        *message.last_mut().unwrap() = 0x02;
        assert!(fields(&message).is_err());
    }

    #[test]
    fn broken_messages_are_refused() {
        for message in [&[0x08][..], &[0x12, 0x05, b'x'], &[0x0b], &[0x00, 0x00], &[0x19, 1], &[0xff; 12]] {
            assert!(fields(message).is_err(), "{message:?}");
        }
    }
}
