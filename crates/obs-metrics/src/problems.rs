//! Refusals that nobody was there to be told of: kept once for each family and reason, and said on stderr.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use crate::RegisterError;
use crate::registry::Full;

/// How many problems are kept; what comes after is only counted.
const KEPT: usize = 64;

/// How many of them are told on stderr.
const TOLD: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Problems {
    known: Mutex<Vec<RegisterError>>,
    full: Mutex<Told>,
}

/// What was said of caps.
#[derive(Debug, Default)]
struct Told {
    families: usize,
    total: bool,
}

impl Problems {
    #[cold]
    pub(crate) fn tell(&self, error: RegisterError) {
        let before = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Says that series from now on count in an overflow series: once for a family, and once that there are too many in
    /// all.
    #[cold]
    pub(crate) fn tell_full(&self, full: &Full) {
        let mut told = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = if full.by_total { told.total } else { told.families >= TOLD };
        if is_known {
            return;
        }
        let Full { family, cap, by_total } = full;
        told.total |= by_total;
        told.families += usize::from(!by_total);
        drop(told);
        let what =
            if *by_total { "all metrics together have".into() } else { format!("metric `{family}` has") };
        let _ = writeln!(
            std::io::stderr(),
            "obs: {what} {cap} series, as many as they may; further label values of `{family}` count in its series \
             `_overflow` (obs_metric_overflow_total says how many)"
        );
    }

    pub(crate) fn list(&self) -> Vec<RegisterError> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
