//! Refusals that nobody was there to be told of: kept once for each family and reason, and said on stderr.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use crate::RegisterError;

/// How many problems are kept; what comes after is only counted.
const KEPT: usize = 64;

/// How many of them are told on stderr.
const TOLD: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Problems(Mutex<Vec<RegisterError>>);

impl Problems {
    #[cold]
    pub(crate) fn tell(&self, error: RegisterError) {
        let before = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let again =
                |old: &RegisterError| old.reason() == error.reason() && old.family() == error.family();
            if known.len() >= KEPT || known.iter().any(again) {
                return;
            }
            known.push(error.clone());
            known.len() - 1
        };
        // A closed stderr is no reason to fail.
        let _ = match before {
            ..TOLD => writeln!(std::io::stderr(), "obs: {error}"),
            TOLD => {
                writeln!(std::io::stderr(), "obs: further metrics are refused; `problems` has more of them")
            }
            _ => Ok(()),
        };
    }

    pub(crate) fn list(&self) -> Vec<RegisterError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
