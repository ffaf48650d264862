//! Messages of a status, which stand percent-encoded in a header.

/// Decodes `value`. What is badly encoded stays as it is, since a message that is a little odd says more than none.
pub(super) fn decoded(value: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, tail @ ..] = rest {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        rest = match (first, tail) {
            (b'%', [high, low, behind @ ..]) => match digit(high).zip(digit(low)) {
                Some((high, low)) => {
                    bytes.push((high << 4 | low) as u8);
                    behind
                }
                None => {
                    bytes.push(b'%');
                    tail
                }
            },
            (byte, tail) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_the_rest_stays() {
        for (value, text) in [
            ("plain", "plain"),
            ("100%25 of caf%C3%a9", "100% of café"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decoded(value.as_bytes()), text);
        }
    }
}
