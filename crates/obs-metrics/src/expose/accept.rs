//! Which format an `Accept` header asks for.

/// A form in which metrics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The Prometheus text format, version 0.0.4. No exemplars.
    #[default]
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
    /// Prometheus's protobuf messages (`io.prometheus.client.MetricFamily`), each with its length before it: what
    /// native histograms need.
    Protobuf,
}

impl Format {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Text, Self::OpenMetrics, Self::Protobuf];

    /// How it is called in labels: `text`, `openmetrics` or `protobuf`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::OpenMetrics => "openmetrics",
            Self::Protobuf => "protobuf",
        }
    }

    /// The value of the `Content-Type` header. Names are always written in the legacy alphabet, which is what
    /// `escaping=underscores` says; no other escaping changes them.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
            }
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// The format that the `Accept` header prefers (RFC 9110, section 12.5.1): the higher `q`, then the more
    /// specific range, then the earlier one. [`Format::Text`] where there is no header or nothing matches.
    pub fn negotiate(accept: Option<&str>) -> Self {
        let Some(accept) = accept else { return Self::Text };
        let rank = |format| {
            accept
                .split(',')
                .enumerate()
                .filter_map(|(at, range)| {
                    let (specific, q) = read(range, format)?;
                    // The most specific range that matches says the q.
                    Some((specific, q, usize::MAX - at))
                })
                .max_by_key(|&(specific, _, early)| (specific, early))
                .filter(|&(_, q, _)| q > 0)
                .map(|(specific, q, early)| (q, specific, early))
        };
        // In this order, so that what is as welcome as text does not replace it.
        [Self::OpenMetrics, Self::Protobuf]
            .into_iter()
            .fold(Self::Text, |best, format| if rank(format) > rank(best) { format } else { best })
    }
}

/// How specifically a media range means `format`, and its q in thousandths; `None` where it does not.
fn read(range: &str, format: Format) -> Option<(u8, u16)> {
    let (kind, versions): (_, &[&str]) = match format {
        Format::Text => ("text/plain", &["0.0.4"]),
        Format::OpenMetrics => ("application/openmetrics-text", &["1.0.0"]),
        Format::Protobuf => return read_protobuf(range),
    };
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next()?;
    let family = kind.split_once('/').map_or(kind, |(family, _)| family);
    let mut specific = if media.eq_ignore_ascii_case(kind) {
        2
    } else if media.strip_suffix("/*").is_some_and(|given| given.eq_ignore_ascii_case(family)) {
        1
    } else if media == "*/*" {
        0
    } else {
        return None;
    };
    let mut q = 1_000;
    for part in parts {
        let Some((name, value)) = part.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match name.trim() {
            name if name.eq_ignore_ascii_case("q") => q = thousandths(value)?,
            name if name.eq_ignore_ascii_case("version") && specific >= 2 => {
                if !versions.contains(&value) {
                    return None;
                }
                specific = 3;
            }
            _ => {}
        }
    }
    Some((specific, q))
}

/// Only a range that names the very messages means them: whoever takes anything wants text.
fn read_protobuf(range: &str) -> Option<(u8, u16)> {
    let mut parts = range.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("application/vnd.google.protobuf") {
        return None;
    }
    let (mut q, mut messages, mut delimited) = (1_000, false, false);
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        let value = value.trim().trim_matches('"');
        match name.trim() {
            name if name.eq_ignore_ascii_case("q") => q = thousandths(value)?,
            name if name.eq_ignore_ascii_case("proto") => {
                messages = value == "io.prometheus.client.MetricFamily"
            }
            name if name.eq_ignore_ascii_case("encoding") => delimited = value == "delimited",
            _ => {}
        }
    }
    (messages && delimited).then_some((3, q))
}

/// `0.5` as 500. More digits than RFC 9110 allows are cut off.
fn thousandths(text: &str) -> Option<u16> {
    let q: f64 = text.parse().ok()?;
    (0.0..=1.0).contains(&q).then_some((q * 1_000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::Format::{self, OpenMetrics, Protobuf, Text};

    #[test]
    fn the_format_is_what_the_header_prefers() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;\
            version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
            text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        let protobuf_first = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
            encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.7,\
            */*;q=0.1";
        let old = "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, expected) in [
            (prometheus_2, OpenMetrics),
            (prometheus_3, OpenMetrics),
            (protobuf_first, Protobuf),
            ("application/vnd.google.protobuf", Text),
            ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", Text),
            (
                "application/vnd.google.protobuf;encoding=delimited, application/openmetrics-text;q=0.1",
                OpenMetrics,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.4,\
                    text/plain;q=0.5",
                Text,
            ),
            (
                "text/plain;q=0.1,application/vnd.google.protobuf; Proto=\"io.prometheus.client.MetricFamily\"; \
                encoding=delimited;q=0.2",
                Protobuf,
            ),
            (old, Text),
            ("", Text),
            ("*/*", Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Text),
            ("application/openmetrics-text", OpenMetrics),
            ("APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"", OpenMetrics),
            ("application/*", OpenMetrics),
            ("text/*, application/*", Text),
            ("*/*, application/openmetrics-text", OpenMetrics),
            ("text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0", Text),
            ("application/openmetrics-text;version=1.0.0, text/plain;version=0.0.4", OpenMetrics),
            ("application/openmetrics-text;version=1.0.0;q=0.2, text/plain;q=0.3", Text),
            ("application/openmetrics-text;q=0, */*", Text),
            ("text/plain;q=0, */*;q=0.1", OpenMetrics),
            ("application/openmetrics-text;version=2.0.0", Text),
            ("application/openmetrics-text;q=nonsense, text/plain;q=0.1", Text),
            ("application/openmetrics-text;q=2", Text),
            ("application/json", Text),
            (";;,,=;q", Text),
        ] {
            assert_eq!(Format::negotiate(Some(accept)), expected, "{accept}");
        }
        assert_eq!(Format::negotiate(None), Text);
    }
}
