//! A request as it waits in the queue: how many samples it has, then its bytes.

const HEAD: usize = size_of::<u32>();

/// What the queue is given.
pub(super) fn write(samples: u32, bytes: &[u8]) -> Vec<u8> {
    [&samples.to_le_bytes(), bytes].concat()
}

/// What [`write`] was given.
pub(super) fn read(record: &[u8]) -> (u32, &[u8]) {
    match record.split_first_chunk::<HEAD>() {
        Some((samples, bytes)) => (u32::from_le_bytes(*samples), bytes),
        None => (0, &[]),
    }
}
