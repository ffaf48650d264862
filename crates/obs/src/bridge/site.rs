//! A call site of `tracing` that is made while running.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use tracing::Level;
use tracing_core::callsite::{Callsite, DefaultCallsite};
use tracing_core::field::FieldSet;
use tracing_core::metadata::Kind;
use tracing_core::subscriber::Interest;
use tracing_core::{Metadata, identify_callsite, metadata};

pub(super) const MESSAGE: &str = "message";
const FIELDS: &[&str] = &[MESSAGE];
const NAME: &str = "log record";
/// The target of records from places beyond those that are told apart.
pub(super) const ANYWHERE: &str = "log";

const SOMETIMES: u8 = 0;
const NEVER: u8 = 1;
const ALWAYS: u8 = 2;

/// A place that logs.
#[derive(Debug)]
pub(super) struct Site {
    /// Set before the site is known to anybody.
    metadata: OnceLock<Metadata<'static>>,
    otherwise: &'static Metadata<'static>,
    interest: AtomicU8,
}

impl Site {
    /// Makes a site for the life of the process, and asks who looks at it.
    pub(super) fn kept(
        level: Level,
        target: &'static str,
        file: Option<&'static str>,
        line: Option<u32>,
        module: Option<&'static str>,
    ) -> &'static Self {
        let site: &'static Self = Box::leak(Box::new(Self {
            metadata: OnceLock::new(),
            otherwise: anywhere(level),
            interest: AtomicU8::new(SOMETIMES),
        }));
        let fields = FieldSet::new(FIELDS, identify_callsite!(site));
        let metadata = Metadata::new(NAME, target, level, file, line, module, fields, Kind::EVENT);
        let _ = site.metadata.set(metadata);
        tracing_core::callsite::register(site);
        site
    }

    pub(super) fn interest(&self) -> Interest {
        match self.interest.load(Ordering::Relaxed) {
            NEVER => Interest::never(),
            ALWAYS => Interest::always(),
            _ => Interest::sometimes(),
        }
    }

    pub(super) fn metadata(&'static self) -> &'static Metadata<'static> {
        self.metadata.get().unwrap_or(self.otherwise)
    }
}

impl Callsite for Site {
    fn set_interest(&self, interest: Interest) {
        let interest = match () {
            () if interest.is_never() => NEVER,
            () if interest.is_always() => ALWAYS,
            () => SOMETIMES,
        };
        self.interest.store(interest, Ordering::Relaxed);
    }

    fn metadata(&self) -> &Metadata<'_> {
        self.metadata.get().unwrap_or(self.otherwise)
    }
}

macro_rules! anywhere {
    ($($level:ident $metadata:ident $callsite:ident),+) => {
        $(static $metadata: Metadata<'static> = metadata! {
            name: NAME,
            target: ANYWHERE,
            level: Level::$level,
            fields: FIELDS,
            callsite: &$callsite,
            kind: Kind::EVENT,
        };
        static $callsite: DefaultCallsite = DefaultCallsite::new(&$metadata);)+

        /// What stands for all places of one level.
        fn anywhere(level: Level) -> &'static Metadata<'static> {
            match level {
                $(Level::$level => &$metadata),+
            }
        }
    };
}

anywhere!(
    ERROR ERRORS ERROR_SITE,
    WARN WARNINGS WARN_SITE,
    INFO INFOS INFO_SITE,
    DEBUG DEBUGS DEBUG_SITE,
    TRACE TRACES TRACE_SITE
);

/// What a subscriber is asked about, before there is a record.
pub(super) fn asked_for(level: Level, target: &str) -> Metadata<'_> {
    let fields = FieldSet::new(FIELDS, anywhere(level).callsite());
    Metadata::new(NAME, target, level, None, None, None, fields, Kind::EVENT)
}
