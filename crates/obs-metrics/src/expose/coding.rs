//! Compression of an exposition, where whoever asks takes it.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Shorter bodies are sent as they are: most of them fit in one packet either way.
pub(super) const SHORTEST: usize = 1_024;

/// The body as gzip (RFC 1952), at the fastest level: labels repeat from line to line, so that even it makes a tenth of a
/// body.
pub(super) fn zipped(body: &Bytes) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    // A vector takes everything.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// Whether an `Accept-Encoding` header takes gzip (RFC 9110, section 12.5.3).
pub(crate) fn takes_gzip(accept: &str) -> bool {
    let q_of = |wanted: &str| {
        accept.split(',').find_map(|part| {
            let mut parts = part.split(';').map(str::trim);
            let coding = parts.next()?;
            let is = coding.eq_ignore_ascii_case(wanted)
                || wanted == "gzip" && coding.eq_ignore_ascii_case("x-gzip");
            let q = parts
                .filter_map(|parameter| parameter.split_once('='))
                .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
            is.then(|| q.map_or(1.0, |(_, q)| q.trim().parse().unwrap_or(0.0)))
        })
    };
    q_of("gzip").or_else(|| q_of("*")).is_some_and(|q: f64| q > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_where_the_header_says_so() {
        for (accept, expected) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("x-gzip", true),
            ("*", true),
            ("*;q=0.1, gzip;q=0", false),
            ("gzip; q=0", false),
            ("gzip;Q=0", false),
            ("gzip;q=0.000", false),
            ("identity", false),
            ("", false),
            ("br, zstd", false),
            ("gzip;q=nonsense", false),
        ] {
            assert_eq!(takes_gzip(accept), expected, "{accept}");
        }
    }
}
