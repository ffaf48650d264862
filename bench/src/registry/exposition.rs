//! What a subject says it holds, read out of its text.

/// The series of one sample name, and the sum of their values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) series: u64,
    pub(crate) sum: u64,
}

/// All samples called `name`.
pub(crate) fn find(text: &[u8], name: &str) -> Found {
    let mut found = Found::default();
    for line in text.split(|&byte| byte == b'\n') {
        let Some(rest) = line.strip_prefix(name.as_bytes()) else { continue };
        if !matches!(rest.first(), Some(b'{' | b' ')) {
            continue;
        }
        let value =
            rest.rsplit(|&byte| byte == b' ').next().and_then(|value| std::str::from_utf8(value).ok());
        found.series += 1;
        found.sum += value.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
    }
    found
}

/// Whether `found` is `expected`.
pub(crate) fn expect(what: &str, found: u64, expected: u64) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{found} {what} of {expected}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_found_by_their_whole_name() {
        let text = b"# TYPE a counter\na{x=\"1 2\"} 3\na_b 5\na 4\n";
        assert_eq!(find(text, "a"), Found { series: 2, sum: 7 });
        assert_eq!(find(text, "b"), Found::default());
    }
}
