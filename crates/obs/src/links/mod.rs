//! The way from an id to where it is looked at: URLs into Jaeger, Grafana, Kibana and whatever else there is, made of a
//! context by the templates of `links.to`.
//!
//! ```
//! # #[cfg(all(feature = "testing", feature = "traces"))] {
//! let mut config = obs::testing::builder("orders");
//! # let config = config.link("jaeger", "https://jaeger.example.com");
//! let obs = config.start();
//! let links = obs.links();
//! let trace_id = obs::TraceId::new(0x4bf92f3577b34da6a3ce929d0e0e4736).unwrap();
//! assert_eq!(
//!     links.to_trace("jaeger", trace_id).unwrap(),
//!     "https://jaeger.example.com/trace/4bf92f3577b34da6a3ce929d0e0e4736?uiFind="
//! );
//! # }
//! ```
//!
//! Pure but for the clock: nothing is asked of the tools.

mod line;
mod moment;
mod template;
mod tools;

use std::sync::Arc;

use obs_core::{Base, Context, TraceId};

pub(crate) use line::FailedLinks;
use moment::Moment;
pub(crate) use moment::place_names;
use template::Template;
pub(crate) use tools::tool_names;

use crate::config::LinkChoices;

/// Links by the names of their tools, in the order they were given. Clones share everything.
#[derive(Clone, Debug)]
pub struct Links(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    base: Arc<Base>,
    templates: Vec<(String, Template)>,
}

impl Links {
    /// What cannot be read is left out; it was told when the configuration was read.
    pub(crate) fn new(choices: &LinkChoices, base: &Arc<Base>) -> Self {
        let read = |(name, text): &(String, String)| Some((name.clone(), template(name, text).ok()?));
        Self(Arc::new(Inner {
            base: Arc::clone(base),
            templates: choices.to.iter().filter_map(read).collect(),
        }))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.templates.is_empty()
    }

    /// The names of the tools.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.templates.iter().map(|(name, _)| name.as_str())
    }

    /// The link to what `context` stands for; `None` where no tool has this name. Times in it are around now.
    pub fn to(&self, name: &str, context: &Context) -> Option<String> {
        self.fill(name, &self.moment(context))
    }

    /// The link to a trace of which no more than its id is known, such as one read on a line.
    pub fn to_trace(&self, name: &str, trace_id: TraceId) -> Option<String> {
        let Inner { base, .. } = &*self.0;
        self.fill(name, &Moment::of_trace(trace_id.get(), &base.resource, base.clock.now()))
    }

    /// All links to what `context` stands for, by the names of their tools.
    pub fn all(&self, context: &Context) -> Vec<(&str, String)> {
        let moment = self.moment(context);
        self.0.templates.iter().map(|(name, template)| (name.as_str(), template.fill(&moment))).collect()
    }

    fn moment<'a>(&'a self, context: &'a Context) -> Moment<'a> {
        let Inner { base, .. } = &*self.0;
        Moment::of(context, &base.resource, base.clock.now())
    }

    fn fill(&self, name: &str, moment: &Moment<'_>) -> Option<String> {
        let (_, template) = self.0.templates.iter().find(|(known, _)| known == name)?;
        Some(template.fill(moment))
    }
}

/// Why a text is no link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoLink {
    /// It does not begin as a URL of the web does.
    NoUrl,
    /// There is no place in it, and the tool is none that is known.
    NoPlace,
    /// This word in braces is no place.
    UnknownPlace(String),
}

/// The template at a name: where no place is in it, it is the address of a tool that is known by this name.
pub(crate) fn template(name: &str, text: &str) -> Result<Template, NoLink> {
    if !["http://", "https://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Err(NoLink::NoUrl);
    }
    let parse = |text: &str| Template::parse(text).map_err(|word| NoLink::UnknownPlace(word.to_owned()));
    let template = parse(text)?;
    if template.has_places() {
        return Ok(template);
    }
    parse(&tools::whole(name, text).ok_or(NoLink::NoPlace)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

    fn link(name: &str, text: &str) -> String {
        let moment = Moment { trace_id: TRACE, span_id: Some(0x1f), service: "orders", ..Moment::default() };
        template(name, text).unwrap().fill(&moment)
    }

    /// Decoded by an independent reader of URLs, what each tool is asked for is what stands in its documentation.
    #[test]
    fn an_address_alone_is_the_whole_link_of_a_tool_that_is_known() {
        assert_eq!(
            link("jaeger", "http://jaeger:16686/"),
            "http://jaeger:16686/trace/4bf92f3577b34da6a3ce929d0e0e4736?uiFind=000000000000001f"
        );
        for (name, expected) in [
            ("tempo", r#""query":"4bf92f3577b34da6a3ce929d0e0e4736""#),
            ("loki", r#"{service_name=~\".+\"} | trace_id=`4bf92f3577b34da6a3ce929d0e0e4736`"#),
        ] {
            let url = reqwest::Url::parse(&link(name, "https://grafana")).unwrap();
            let (_, panes) = url.query_pairs().find(|(key, _)| key == "panes").unwrap();
            assert!(panes.contains(expected), "{panes}");
            let panes: serde_json::Value = serde_json::from_str(&panes).unwrap();
            let pane = panes.as_object().unwrap().values().next().unwrap();
            assert_eq!(pane["datasource"], name);
            assert_eq!((&pane["range"]["from"], &pane["range"]["to"]), (&"0".into(), &"900000".into()));
        }
        let kibana = link("kibana", "https://kibana/s/team");
        assert!(
            kibana.starts_with(
                "https://kibana/s/team/app/discover#/?_g=(time:(from:'1970-01-01T00%3A00%3A00Z',"
            )
        );
        assert!(kibana.contains("trace.id:%224bf92f3577b34da6a3ce929d0e0e4736%22"), "{kibana}");
    }

    #[test]
    fn what_is_no_link_is_told_why() {
        assert_eq!(template("jaeger", "jaeger:16686"), Err(NoLink::NoUrl));
        assert_eq!(template("wiki", "https://wiki"), Err(NoLink::NoPlace));
        assert_eq!(template("wiki", "https://wiki/{id}"), Err(NoLink::UnknownPlace(String::from("id"))));
    }
}
