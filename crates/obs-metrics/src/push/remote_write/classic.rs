//! A request of remote write 2.0 said again as one of 1.0, for servers that know no other.
//!
//! Field numbers are those of `prometheus.WriteRequest` in prometheus/prometheus (`prompb/remote.proto`, `types.proto`).

use obs_export::proto::{self, Malformed, Reader, Wire};

use crate::expose::remote_write::field;

const WRITE_REQUEST_TIMESERIES: u32 = 1;
const SERIES_LABELS: u32 = 1;
const SERIES_SAMPLES: u32 = 2;
const SERIES_EXEMPLARS: u32 = 3;
const LABEL_NAME: u32 = 1;
const LABEL_VALUE: u32 = 2;
/// Of a sample; the same in both.
const SAMPLE_VALUE: u32 = field::SAMPLE_VALUE;
const SAMPLE_TIMESTAMP: u32 = field::SAMPLE_TIMESTAMP;
const EXEMPLAR_LABELS: u32 = 1;
const EXEMPLAR_VALUE: u32 = 2;
const EXEMPLAR_TIMESTAMP: u32 = 3;

/// The `prometheus.WriteRequest` with the series, samples and exemplars of an `io.prometheus.write.v2.Request`.
/// Start times and metadata, which it has no place for beside a series, are left out.
///
/// # Errors
/// [`Malformed`] for what is no such request.
pub(super) fn classic(request: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut symbols = Vec::new();
    let mut out = Vec::with_capacity(request.len() * 2);
    for field in Reader::new(request) {
        match field? {
            (field::SYMBOLS, Wire::Bytes(symbol)) => symbols.push(symbol),
            (field::TIMESERIES, Wire::Bytes(series)) => {
                let mut result = Ok(());
                proto::message(&mut out, WRITE_REQUEST_TIMESERIES, |out| {
                    result = timeseries(out, series, &symbols);
                });
                result?;
            }
            _ => {}
        }
    }
    Ok(out)
}

fn timeseries(out: &mut Vec<u8>, series: &[u8], symbols: &[&[u8]]) -> Result<(), Malformed> {
    for field in Reader::new(series) {
        match field? {
            (field::SERIES_LABELS, Wire::Bytes(refs)) => labels(out, SERIES_LABELS, refs, symbols)?,
            (field::SERIES_SAMPLES, Wire::Bytes(sample)) => {
                let mut result = Ok(());
                proto::message(out, SERIES_SAMPLES, |out| result = copied(out, sample));
                result?;
            }
            (field::SERIES_EXEMPLARS, Wire::Bytes(exemplar)) => {
                let mut result = Ok(());
                proto::message(out, SERIES_EXEMPLARS, |out| result = exemplar_of(out, exemplar, symbols));
                result?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn copied(out: &mut Vec<u8>, sample: &[u8]) -> Result<(), Malformed> {
    for field in Reader::new(sample) {
        match field? {
            (SAMPLE_VALUE, Wire::Fixed64(bits)) => proto::fixed64(out, SAMPLE_VALUE, bits),
            (SAMPLE_TIMESTAMP, Wire::Varint(millis)) => proto::uint(out, SAMPLE_TIMESTAMP, millis),
            _ => {}
        }
    }
    Ok(())
}

fn exemplar_of(out: &mut Vec<u8>, exemplar: &[u8], symbols: &[&[u8]]) -> Result<(), Malformed> {
    for field in Reader::new(exemplar) {
        match field? {
            (field::EXEMPLAR_LABELS, Wire::Bytes(refs)) => labels(out, EXEMPLAR_LABELS, refs, symbols)?,
            (field::EXEMPLAR_VALUE, Wire::Fixed64(bits)) => proto::fixed64(out, EXEMPLAR_VALUE, bits),
            (field::EXEMPLAR_TIMESTAMP, Wire::Varint(millis)) => {
                proto::uint(out, EXEMPLAR_TIMESTAMP, millis);
            }
            _ => {}
        }
    }
    Ok(())
}

fn labels(out: &mut Vec<u8>, number: u32, refs: &[u8], symbols: &[&[u8]]) -> Result<(), Malformed> {
    let symbol = |at: u64| usize::try_from(at).ok().and_then(|at| symbols.get(at)).ok_or(Malformed);
    let mut refs = Reader::packed(refs);
    while let Some(name) = refs.next() {
        let name = symbol(name)?;
        let value = symbol(refs.next().ok_or(Malformed)?)?;
        let len = proto::bytes_len(LABEL_NAME, name.len()) + proto::bytes_len(LABEL_VALUE, value.len());
        proto::message_head(out, number, len);
        proto::bytes(out, LABEL_NAME, name);
        proto::bytes(out, LABEL_VALUE, value);
    }
    Ok(())
}
