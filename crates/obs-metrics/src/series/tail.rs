//! The rendered labels at the end of a series' one allocation, in a few size classes.

use std::sync::Arc;

use super::{Make, Stored};
use crate::family::Family;

/// Text of a size known to the compiler, or of any size in a box.
pub(crate) trait Tail: Send + Sync + 'static {
    fn text(&self) -> &[u8];
}

/// Up to `N` bytes, at most 255.
pub(crate) struct Inline<const N: usize> {
    len: u8,
    bytes: [u8; N],
}

impl<const N: usize> Inline<N> {
    fn new(text: &[u8]) -> Self {
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text);
        Self { len: text.len() as u8, bytes }
    }
}

impl<const N: usize> Tail for Inline<N> {
    fn text(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Tail for Box<[u8]> {
    fn text(&self) -> &[u8] {
        self
    }
}

/// The classes fill the 16-byte steps of common allocators: a counter of class `n` takes `45 + n` bytes with the
/// counts of its `Arc`, which is 8 more than a multiple of 16.
pub(super) fn store<M: Make>(family: &Arc<Family>, text: &str) -> Arc<dyn Stored> {
    fn inline<M: Make, const N: usize>(family: &Arc<Family>, text: &[u8]) -> Arc<dyn Stored> {
        Arc::new(M::make(Arc::clone(family), Inline::<N>::new(text)))
    }
    let text = text.as_bytes();
    match text.len() {
        0..=11 => inline::<M, 11>(family, text),
        12..=27 => inline::<M, 27>(family, text),
        28..=43 => inline::<M, 43>(family, text),
        44..=59 => inline::<M, 59>(family, text),
        60..=75 => inline::<M, 75>(family, text),
        76..=91 => inline::<M, 91>(family, text),
        92..=123 => inline::<M, 123>(family, text),
        124..=171 => inline::<M, 171>(family, text),
        _ => Arc::new(M::make(Arc::clone(family), Box::<[u8]>::from(text))),
    }
}
