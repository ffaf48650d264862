//! Reads `info,hyper=warn,shop::payment=debug`.

use tracing_core::metadata::LevelFilter;

use super::Filter;
use crate::FilterError;
use crate::error::Fault;

pub(super) fn filter(text: &str) -> Result<Filter, FilterError> {
    let mut filter = Filter::default();
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        let refuse = |fault| FilterError::new(directive, fault);
        // Also `target[span{field=value}]=level` as other filters know it: taken as text it would select nothing.
        if directive.contains(['[', ']', '{', '}']) {
            return Err(refuse(Fault::Span));
        }
        let Some((target, level)) = directive.rsplit_once('=') else {
            // A lone word that is no level is a slip of the pen more often than a target.
            filter.rest = level_of(directive).ok_or_else(|| refuse(Fault::NoLevel))?;
            continue;
        };
        let (target, level) = (target.trim(), level.trim());
        if target.is_empty() {
            return Err(refuse(Fault::NoTarget));
        }
        if target.chars().any(|c| c.is_whitespace() || c.is_control() || c == '=') {
            return Err(refuse(Fault::Target));
        }
        let level = level_of(level).ok_or_else(|| refuse(Fault::UnknownLevel))?;
        filter.put(target.to_owned(), level);
    }
    Ok(filter)
}

/// The level of a word, in any case.
pub(crate) fn level_of(text: &str) -> Option<LevelFilter> {
    let levels = [
        ("off", LevelFilter::OFF),
        ("error", LevelFilter::ERROR),
        ("warn", LevelFilter::WARN),
        ("info", LevelFilter::INFO),
        ("debug", LevelFilter::DEBUG),
        ("trace", LevelFilter::TRACE),
    ];
    levels.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, level)| level)
}
