//! What has to be done for a journal and need not be done by whoever logs.

use std::path::PathBuf;
use std::sync::Arc;

use super::Error;
use super::segment;
use super::shared::Shared;

/// Does what is better done ahead, on a thread that has the time.
#[derive(Clone, Debug)]
pub struct Upkeep {
    shared: Arc<Shared>,
}

impl Upkeep {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Prepares the file that the writer needs next, if there is none and the bound allows it: for when there is nothing
    /// else to do. Returns whether there was something to be done. It writes as many bytes as a segment has.
    ///
    /// # Errors
    /// [`Error::Io`] when no file can be made; nothing is left behind.
    pub fn prepare_spare(&self) -> Result<bool, Error> {
        self.shared.undo_maps();
        let (path, bytes) = match self.shared.table().spares.last() {
            Some(spare) if spare.map.is_some() => return Ok(false),
            Some(spare) => (spare.path.clone(), spare.bytes),
            None => (PathBuf::new(), 0),
        };
        if bytes == 0 {
            return self.shared.prepare_spare();
        }
        // It stays where the writer can take it.
        let map = segment::map(&path, bytes);
        if let Ok(map) = &map {
            map.populate();
        }
        let mut table = self.shared.table();
        match (table.spares.iter_mut().find(|spare| spare.path == path), map) {
            (Some(spare), Ok(map)) => spare.map = Some(map),
            (Some(_), Err(error)) => return Err(error),
            (None, _) => {}
        }
        Ok(true)
    }
}
