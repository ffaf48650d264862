//! The link on the access line of a request that failed.

use obs_core::fields::Value;
use obs_core::keys::field;
use obs_core::observe::{End, Keep};
use obs_core::{Context, Observer};

use super::Links;

/// Puts the link of one tool onto whatever a request that failed still writes: its access line and its span.
pub(crate) struct FailedLinks {
    links: Links,
    name: String,
}

impl FailedLinks {
    /// `None` where no link is chosen, so that requests pay nothing for it.
    pub(crate) fn of(links: &Links, name: Option<&str>) -> Option<Box<dyn Observer>> {
        let name = name.filter(|name| links.names().any(|known| known == *name))?;
        Some(Box::new(Self { links: links.clone(), name: name.to_owned() }))
    }
}

impl Observer for FailedLinks {
    fn judge(&self, context: &Context, end: &End<'_>) -> Keep {
        if end.outcome.is_error()
            && let Some(link) = self.links.to(&self.name, context)
        {
            context.local().set_field(field::TRACE_URL, Value::Str(&link));
        }
        Keep::Abstain
    }
}
