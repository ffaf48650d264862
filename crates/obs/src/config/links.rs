//! Where traces and lines are looked at.

use super::draft::{Draft, shown};
use super::error::Mistake;
use super::key::list;
use super::near::nearest;
use crate::links::{NoLink, place_names, template, tool_names};

/// Where traces and lines are looked at: what [`Links`](crate::links::Links) are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkChoices {
    /// By the name of a tool its address, or a template with places such as `{trace_id}`; default none.
    pub to: Vec<(String, String)>,
    /// Which of them stands on the access line of a request that failed; default none.
    pub on_line: Option<String>,
}

/// Finds what is no link.
pub(super) fn contradictions(draft: &mut Draft) {
    let LinkChoices { to, on_line } = draft.config.links.clone();
    for (name, text) in &to {
        if let Err(why) = template(name, text) {
            draft.found(Mistake::new(&format!("links.to.{name}"), told(&why)));
        }
    }
    if let Some(name) = on_line.filter(|name| !to.iter().any(|(known, _)| known == name)) {
        let near = nearest(&name, to.iter().map(|(name, _)| name.as_str()));
        let meant = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let place = draft.place("links.on_line");
        draft.fault(place, format!("{} is none of `links.to`{meant}", shown(&name)));
    }
}

/// Nothing of the link itself is repeated: credentials may stand in it.
fn told(why: &NoLink) -> String {
    match why {
        NoLink::NoUrl => String::from("is wrong, expected a URL of `http` or `https`"),
        NoLink::NoPlace => format!(
            "has no place such as `{{trace_id}}`; an address alone is enough for {}",
            list(tool_names(), "and")
        ),
        NoLink::UnknownPlace(word) => {
            let meant = nearest(word, place_names()).map(|near| format!("; did you mean `{{{near}}}`?"));
            let all = || format!("; there are {}", list(place_names(), "and"));
            format!("`{{{word}}}` is no place{}", meant.unwrap_or_else(all))
        }
    }
}
