//! Nothing is looked at: no file was read.

use std::sync::Arc;

use obs_core::Base;

use crate::admin::AdminThread;
use crate::config::Read;
use crate::signals::{Reloader, Reopener};
use crate::subscriber::Subscriber;

/// Whether SIGHUP is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hear {
    Hangup,
    Nothing,
}

/// Never started.
pub(crate) enum Watching {}

impl Watching {
    pub(crate) fn start(
        _: &AdminThread,
        _: Read,
        _: &Arc<Base>,
        _: (Vec<Reloader>, Vec<Reopener>),
        _: Subscriber,
        _: Hear,
    ) -> std::io::Result<Option<Self>> {
        Ok(None)
    }
}
