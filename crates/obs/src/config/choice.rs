//! Which file the code asks for.

use std::path::PathBuf;

/// Which file to read, unless `OBS_CONFIG` says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum FileChoice {
    /// `obs.yaml` in the working directory, if it is there.
    #[default]
    Beside,
    /// This one, which must be there.
    At(PathBuf),
    /// None.
    Off,
}
