//! What was not answered as it was asked for, for a scrape.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use obs_core::keys::metric::{ADMIN_CONNECTIONS, ADMIN_REFUSED, ADMIN_WEB_CONFIG_SUCCESS};
use obs_core::meter::{Meter, Source};

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Closed, so that others get their turn.
    Busy,
    /// The head did not come in time, or the answer was not read in time.
    Slow,
    /// No HTTP, or with a body that has no place here.
    Malformed,
    /// More often than once in a while.
    Rate,
    /// Without the right credentials.
    Unauthorized,
    /// From where it may not be asked.
    Forbidden,
    /// The other end and this one found no way to speak in private.
    Tls,
}

impl Refused {
    const ALL: [Self; 7] =
        [Self::Busy, Self::Slow, Self::Malformed, Self::Rate, Self::Unauthorized, Self::Forbidden, Self::Tls];

    fn word(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Slow => "slow",
            Self::Malformed => "malformed",
            Self::Rate => "rate",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Tls => "tls",
        }
    }
}

/// How often, by reason; and how often anybody came at all.
#[derive(Debug, Default)]
pub(super) struct Counts {
    connections: AtomicU64,
    refused: [AtomicU64; Refused::ALL.len()],
    web_config_is_wrong: AtomicBool,
}

impl Counts {
    pub(super) fn connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self, why: Refused) {
        self.refused[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    #[cfg_attr(not(feature = "config"), expect(dead_code, reason = "there is no such file"))]
    pub(super) fn web_config_is_right(&self, is_right: bool) {
        self.web_config_is_wrong.store(!is_right, Ordering::Relaxed);
    }
}

impl Source for Counts {
    fn collect(&self, meter: &mut dyn Meter) {
        meter.counter(&ADMIN_CONNECTIONS, &[], self.connections.load(Ordering::Relaxed));
        for (why, count) in Refused::ALL.into_iter().zip(&self.refused) {
            meter.counter(&ADMIN_REFUSED, &[why.word()], count.load(Ordering::Relaxed));
        }
        let is_wrong = self.web_config_is_wrong.load(Ordering::Relaxed);
        meter.gauge(&ADMIN_WEB_CONFIG_SUCCESS, &[], if is_wrong { 0.0 } else { 1.0 });
    }
}
