//! The layers of a configuration, laid over each other: what the code chose, the file, the environment.

use super::check::contradictions;
use super::draft::{Draft, Place};
use super::environment::{self, Lookup};
use super::error::{ConfigError, Mistake};
use super::file::{self, File};
use super::{Config, FileChoice};

/// What the parts of obs find wrong with a configuration, each by the path of its key.
pub(crate) type Findings = fn(&Config) -> Vec<Mistake>;

/// What does not change while the service runs: the code's choices, and which file goes before them.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    code: Config,
    file: Option<File>,
    findings: Findings,
}

/// What came of a first look at all layers.
pub(crate) struct Read {
    pub(crate) layers: Layers,
    pub(crate) config: Config,
    /// What was in the file.
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Layers {
    /// Looks for the file, reads it, and lays it and the environment over the code's choices.
    ///
    /// # Errors
    /// Every mistake in either, of whatever kind, at once.
    pub(crate) fn read(code: Config, choice: &FileChoice, findings: Findings) -> Result<Read, ConfigError> {
        Self::read_with(code, choice, findings, &environment::process)
    }

    fn read_with(
        code: Config,
        choice: &FileChoice,
        findings: Findings,
        lookup: Lookup<'_>,
    ) -> Result<Read, ConfigError> {
        let (file, mut fault) = match file::find(choice, lookup) {
            Ok(file) => (file, None),
            Err(fault) => (None, Some(fault)),
        };
        let layers = Self { code, file, findings };
        let bytes = layers.file.as_ref().and_then(|file| match file.read() {
            Ok(bytes) => Some(bytes),
            Err(what) => {
                fault = Some((Place::Whole(file.shown().to_owned()), what));
                None
            }
        });
        let config = layers.resolve(bytes.as_deref(), fault, lookup)?;
        Ok(Read { layers, config, bytes })
    }

    /// Lays what is in the file now, and the environment, over the code's choices.
    ///
    /// # Errors
    /// As [`Layers::read`].
    #[cfg(feature = "config")]
    pub(crate) fn again(&self, bytes: &[u8]) -> Result<Config, ConfigError> {
        self.resolve(Some(bytes), None, &environment::process)
    }

    /// The file, where there is one.
    #[cfg(feature = "config")]
    pub(crate) fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    fn resolve(
        &self,
        bytes: Option<&[u8]>,
        fault: Option<(Place, String)>,
        lookup: Lookup<'_>,
    ) -> Result<Config, ConfigError> {
        let mut draft = Draft::new(self.code.clone(), self.file.as_ref().map_or("obs.yaml", File::shown));
        if let Some((place, what)) = fault {
            draft.fault(place, what);
        }
        if let Some(bytes) = bytes {
            file::lay_over(&mut draft, bytes, lookup);
        }
        environment::lay_over(&mut draft, lookup);
        let folder = self.file.as_ref().and_then(|file| file.path().parent());
        file::read_beside(&mut draft, folder, lookup);
        file::read_web(&mut draft, folder, lookup);
        contradictions(&mut draft);
        (self.findings)(&draft.config).into_iter().for_each(|mistake| draft.found(mistake));
        draft.finish()
    }
}

#[cfg(test)]
pub(super) mod tests;
