//! The whole exposition in one buffer.

use std::sync::atomic::Ordering;

use super::encoder::Encoder;
use super::gather::{self, Gathered};
use super::protobuf::Protobuf;
use super::{Format, walk};
use crate::Recorder;
use crate::recorder::Inner;

pub(crate) fn render(recorder: &Recorder, format: Format) -> Vec<u8> {
    let recorder = &*recorder.0;
    written(recorder, &gather::gather(recorder), format)
}

/// What was gathered, and the series as they are now.
pub(super) fn written(recorder: &Inner, gathered: &[Gathered], format: Format) -> Vec<u8> {
    // A little more than last time; most of a service's series are there after the first scrape.
    let last = recorder.last_len[format as usize].load(Ordering::Relaxed);
    let capacity = last + last / 8 + 1_024;
    let out = match format {
        Format::Text | Format::OpenMetrics => {
            let mut encoder = Encoder::new(format, recorder.created_samples, capacity);
            walk::walk(recorder, gathered, &mut encoder);
            encoder.finish()
        }
        Format::Protobuf => {
            let mut encoder = Protobuf::new(capacity);
            walk::walk(recorder, gathered, &mut encoder);
            encoder.finish()
        }
    };
    recorder.last_len[format as usize].store(out.len(), Ordering::Relaxed);
    out
}
