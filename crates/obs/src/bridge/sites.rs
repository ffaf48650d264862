//! The places that have logged, each with one call site.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{LazyLock, PoisonError, RwLock};

use log::Record;
use tracing::Level;

use super::site::Site;

/// How many places are told apart. They come from programs' text, so there are few; should a program make up
/// targets while it runs, those beyond share one place per level and memory stays bounded.
const MOST: usize = 4_096;
/// Names beyond this length are cut off.
const MAX_LEN: usize = 256;

static SITES: LazyLock<RwLock<Sites>> = LazyLock::new(RwLock::default);

/// Sites by the hash of their place; several where hashes meet.
#[derive(Default)]
struct Sites {
    all: HashMap<u64, Vec<&'static Site>>,
    len: usize,
    shared: HashMap<Level, &'static Site>,
}

impl Sites {
    fn find(&self, hash: u64, record: &Record<'_>, level: Level) -> Option<&'static Site> {
        let is = |site: &&&'static Site| {
            let known = site.metadata();
            known.target() == cut(record.target())
                && *known.level() == level
                && known.line() == record.line()
                && known.file() == record.file().map(cut)
        };
        self.all.get(&hash)?.iter().find(is).copied()
    }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_LEN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The call site of a record.
pub(super) fn of(record: &Record<'_>, level: Level) -> &'static Site {
    let mut hasher = DefaultHasher::new();
    (cut(record.target()), level, record.line(), record.file().map(cut)).hash(&mut hasher);
    let hash = hasher.finish();
    let found = SITES.read().unwrap_or_else(PoisonError::into_inner).find(hash, record, level);
    found.unwrap_or_else(|| add(hash, record, level))
}

#[cold]
fn add(hash: u64, record: &Record<'_>, level: Level) -> &'static Site {
    let is_full = {
        let sites = SITES.read().unwrap_or_else(PoisonError::into_inner);
        if let (true, Some(shared)) = (sites.len >= MOST, sites.shared.get(&level)) {
            return shared;
        }
        sites.len >= MOST
    };
    // Made without the lock: subscribers are asked about it. Of two threads that meet here, one site is used.
    let site = if is_full {
        Site::kept(level, super::site::ANYWHERE, None, None, None)
    } else {
        let kept = |text: &str| -> &'static str { Box::leak(cut(text).to_owned().into_boxed_str()) };
        Site::kept(
            level,
            kept(record.target()),
            record.file().map(kept),
            record.line(),
            record.module_path().map(kept),
        )
    };
    let mut sites = SITES.write().unwrap_or_else(PoisonError::into_inner);
    if is_full {
        return sites.shared.entry(level).or_insert(site);
    }
    if let Some(first) = sites.find(hash, record, level) {
        return first;
    }
    sites.len += 1;
    sites.all.entry(hash).or_default().push(site);
    site
}
