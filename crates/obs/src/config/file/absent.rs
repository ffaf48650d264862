//! No file is read: the feature `config` is off, and whoever names a file is told so.

use std::path::Path;

use super::FileChoice;
use super::draft::{Draft, Place};
use super::environment::Lookup;

/// Never made.
#[derive(Clone, Debug)]
pub(crate) enum File {}

impl File {
    pub(super) fn shown(&self) -> &str {
        match *self {}
    }

    pub(super) fn path(&self) -> &Path {
        match *self {}
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, String> {
        match *self {}
    }
}

pub(super) fn find(choice: &FileChoice, lookup: Lookup<'_>) -> Result<Option<File>, (Place, String)> {
    let place = match lookup("OBS_CONFIG").filter(|named| !named.is_empty()) {
        Some(named) if named == "off" => return Ok(None),
        Some(_) => Place::Variable("OBS_CONFIG"),
        None if matches!(choice, FileChoice::At(_)) => Place::Setter("config_file"),
        None => return Ok(None),
    };
    Err((place, String::from("names a file, but obs was built without its feature `config`")))
}

pub(super) fn lay_over(_: &mut Draft, _: &[u8], _: Lookup<'_>) {}

/// The code may name one all the same.
pub(super) fn read_beside(draft: &mut Draft, _: Option<&Path>, _: Lookup<'_>) {
    if draft.config.metrics.file.is_some() {
        let what = "names a file, but obs was built without its feature `config`";
        draft.fault(draft.place("metrics_file"), what);
    }
}

/// Nor a web config file.
pub(super) fn read_web(draft: &mut Draft, _: Option<&Path>, _: Lookup<'_>) {
    if draft.config.admin_web_config.is_some() {
        let place = draft.place("admin.web_config");
        draft.fault(place, "names a file, but obs was built without its feature `config`");
    }
}
