//! The whole exposition in one buffer.

use super::encoder::Encoder;
use super::gather::Gathered;
use super::protobuf::Protobuf;
use super::{Format, walk};
use crate::recorder::Inner;

/// What was gathered, and the series as they are now.
pub(super) fn written(recorder: &Inner, gathered: &[Gathered], format: Format, capacity: usize) -> Vec<u8> {
    match format {
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
    }
}
