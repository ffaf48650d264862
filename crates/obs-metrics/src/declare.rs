//! Families that are told before anything is counted, and what may be wrong with what is told.

use std::collections::HashMap;

use metrics::Unit;
use metrics_exporter_prometheus::formatting::sanitize_label_value;
use obs_core::keys::{Kind, Metric, metric};

use crate::buckets::check_bounds;
use crate::error::word;
use crate::text::{Canonical, family_name, occupied};

/// A family as it is to be, told before anything is counted in it.
///
/// It is on the first scrape: with every series at zero where all of its labels have [given values](Self::label_of), and
/// by its help and type alone where one may have any. An observation of another type, with other labels or with another
/// value than those given is refused and counted, as one that does not go with the first registration is.
///
/// A family of obs's own is told with its own type and labels; then its help and its bounds become those told here.
///
/// ```
/// use obs_core::{Base, Resource};
/// use obs_metrics::{Declaration, Format, Recorder};
///
/// let placed = Declaration::counter("orders_placed_total").help("Orders placed.").label_of("kind", ["book", "cup"]);
/// let recorder = Recorder::builder(Base::new(Resource::new("orders"))).declare(placed).build()?;
/// let text = String::from_utf8(recorder.render(Format::Text))?;
/// assert!(text.contains("orders_placed_total{kind=\"book\"} 0\norders_placed_total{kind=\"cup\"} 0\n"));
/// assert!(recorder.counter("orders_placed_total", &[("kind", "pot")]).is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a declaration does nothing until a recorder has it"]
pub struct Declaration {
    name: String,
    kind: Kind,
    help: Option<String>,
    unit: Option<Unit>,
    labels: Vec<Label>,
    bounds: Option<Vec<f64>>,
}

/// A label, and the values it may have; `None` is any.
#[derive(Clone, Debug, PartialEq)]
struct Label {
    name: String,
    values: Option<Vec<String>>,
}

impl Declaration {
    /// A family of this kind. A counter's name may be given with or without `_total`.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { name: name.into(), kind, help: None, unit: None, labels: Vec::new(), bounds: None }
    }

    /// A counter; the name may be given with or without `_total`.
    pub fn counter(name: impl Into<String>) -> Self {
        Self::new(Kind::Counter, name)
    }

    /// A gauge.
    pub fn gauge(name: impl Into<String>) -> Self {
        Self::new(Kind::Gauge, name)
    }

    /// A histogram, with the bounds that the builder has for its name unless it is given [its own](Self::buckets).
    pub fn histogram(name: impl Into<String>) -> Self {
        Self::new(Kind::Histogram, name)
    }

    /// The help text. Default: what is described by the macros, or none.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The unit, which the name must end in (OpenMetrics 1.0, section "Unit"). Default: none.
    pub fn unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// A label that may have any value.
    pub fn label(mut self, name: impl Into<String>) -> Self {
        self.labels.push(Label { name: name.into(), values: None });
        self
    }

    /// A label that has one of these values and no other.
    pub fn label_of<V: Into<String>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.labels.push(Label { name: name.into(), values: Some(values) });
        self
    }

    /// The upper bounds of a histogram, ascending and without `+Inf`; they go before the builder's rules.
    pub fn buckets(mut self, bounds: impl Into<Vec<f64>>) -> Self {
        self.bounds = Some(bounds.into());
        self
    }

    /// What is wrong with some declarations, each mistake with the place of its declaration among them: names that
    /// Prometheus does not take or that are reserved, a name that is there twice, that is another family of obs's own, or
    /// that is one plural away from it, a unit that the name does not end in, bounds that do not ascend, and more series at
    /// zero than `series_cap`.
    pub fn mistakes(declarations: &[Self], series_cap: usize) -> Vec<(usize, String)> {
        let mut mistakes = Vec::new();
        let mut taken: HashMap<String, &Self> = HashMap::new();
        for (at, declaration) in declarations.iter().enumerate() {
            let mut found = Vec::new();
            declaration.check(series_cap, &mut found);
            let family = family_name(declaration.kind, &declaration.name);
            for sample in occupied(declaration.kind, family) {
                let Some(first) = taken.insert(sample, declaration) else { continue };
                found.push(if first.family() == family {
                    format!("`{}` is there twice", declaration.name)
                } else {
                    format!(
                        "`{}` and the {} `{}` would share a sample",
                        declaration.name,
                        word(first.kind),
                        first.name
                    )
                });
                break;
            }
            mistakes.extend(found.into_iter().map(|mistake| (at, mistake)));
        }
        mistakes
    }

    fn check(&self, series_cap: usize, mistakes: &mut Vec<String>) {
        let name = &self.name;
        match Canonical::new(self.kind, name, self.any_values()) {
            Err(error) => return mistakes.push(error.to_string()),
            Ok(canonical) => {
                let labels = self.labels.iter().zip(&canonical.labels);
                let other = labels.filter(|(label, (written, _))| label.name != *written);
                let other = other.map(|(label, (written, _))| (label.name.as_str(), written.as_str()));
                let names =
                    (*name != canonical.spelling).then_some((name.as_str(), canonical.spelling.as_str()));
                mistakes.extend(names.into_iter().chain(other).map(|(name, written)| {
                    format!("`{name}` is no name that Prometheus takes; did you mean `{written}`?")
                }));
            }
        }
        match (&self.bounds, self.kind) {
            (Some(bounds), Kind::Histogram) => {
                check_bounds(&format!("the buckets of `{name}`"), bounds, mistakes)
            }
            (Some(_), kind) => mistakes.push(format!("`{name}` is a {}, which has no buckets", word(kind))),
            (None, _) => {}
        }
        if let Some(unit) = self.unit {
            let ending = format!("_{}", unit.as_str());
            if !self.family().ends_with(&ending) {
                mistakes.push(format!("the name of `{name}` does not end in its unit, `{ending}`"));
            }
        }
        for Label { name: label, values } in &self.labels {
            let Some(values) = values else { continue };
            if values.is_empty() {
                mistakes.push(format!("the label `{label}` of `{name}` may have no value at all"));
            }
            if let Some(value) = (1..values.len()).find(|&at| values[..at].contains(&values[at])) {
                mistakes
                    .push(format!("the label `{label}` of `{name}` has the value `{}` twice", values[value]));
            }
        }
        match self.series() {
            Some(series) if series > series_cap => mistakes.push(format!(
                "`{name}` would have {series} series at zero, and a family holds {series_cap}"
            )),
            _ => {}
        }
        self.check_beside_own(mistakes);
    }

    /// Against the families of obs's own.
    fn check_beside_own(&self, mistakes: &mut Vec<String>) {
        let name = &self.name;
        if let Some(own) = self.own() {
            let is_same = own.kind == self.kind
                && own.labels.len() == self.labels.len()
                && self.labels.iter().all(|label| own.labels.contains(&label.name.as_str()));
            if !is_same {
                let labels = match own.labels {
                    [] => String::from("without labels"),
                    labels => format!("with the labels {}", labels.join(", ")),
                };
                mistakes.push(format!("`{name}` is a metric of obs itself, a {} {labels}", word(own.kind)));
            } else if self.labels.iter().any(|label| label.values.is_some()) {
                mistakes.push(format!(
                    "`{name}` is a metric of obs itself, whose labels have the values they have"
                ));
            }
            return;
        }
        let singular = singular(self.kind, name);
        let near = metric::ALL.iter().find(|own| self::singular(own.kind, own.name) == singular);
        let clash = || {
            occupied(self.kind, self.family()).find_map(|sample| {
                let own = |own: &&&Metric| {
                    occupied(own.kind, family_name(own.kind, own.name)).any(|other| other == sample)
                };
                metric::ALL.iter().find(own).map(|own| (sample, own.name))
            })
        };
        if let Some(near) = near {
            mistakes
                .push(format!("`{name}` is nearly a metric of obs itself; did you mean `{}`?", near.name));
        } else if let Some((sample, own)) = clash() {
            mistakes.push(format!(
                "`{name}` would write the sample `{sample}` of `{own}`, a metric of obs itself"
            ));
        }
    }

    fn family(&self) -> &str {
        family_name(self.kind, &self.name)
    }

    /// The family of obs's own that has this name.
    fn own(&self) -> Option<&'static Metric> {
        let is_same =
            |own: &&Metric| own.name == self.name || family_name(own.kind, own.name) == self.family();
        metric::ALL.iter().copied().find(is_same)
    }

    fn any_values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|label| (label.name.as_str(), ""))
    }

    /// How many series there are where all values are given.
    fn series(&self) -> Option<usize> {
        self.labels.iter().try_fold(1usize, |series, label| {
            label.values.as_ref().map(|values| series.saturating_mul(values.len()))
        })
    }

    pub(crate) fn bounds(&self) -> Option<(&str, &[f64])> {
        self.bounds.as_deref().map(|bounds| (self.name.as_str(), bounds))
    }

    pub(crate) fn description(&self) -> Option<(&str, Option<Unit>, &str)> {
        let told = self.help.is_some() || self.unit.is_some();
        told.then(|| (self.family(), self.unit, self.help.as_deref().unwrap_or_default()))
    }

    /// What the registry has of it; `None` for a family of obs's own, which it has already.
    pub(crate) fn family_to_be(&self) -> Option<(Canonical, Values)> {
        if self.own().is_some() {
            return None;
        }
        let canonical = Canonical::new(self.kind, &self.name, self.any_values()).ok()?;
        let written = |values: &Vec<String>| values.iter().map(|value| sanitize_label_value(value)).collect();
        Some((
            canonical,
            Values(self.labels.iter().map(|label| label.values.as_ref().map(written)).collect()),
        ))
    }

    /// Every series there may be, where all values are given.
    pub(crate) fn every_series(&self) -> Vec<Canonical> {
        if self.own().is_some() || self.series().is_none() {
            return Vec::new();
        }
        let mut combinations: Vec<Vec<(&str, &str)>> = vec![Vec::new()];
        for label in &self.labels {
            let values = label.values.as_deref().unwrap_or_default();
            combinations = combinations
                .into_iter()
                .flat_map(|labels| {
                    values.iter().map(move |value| {
                        labels.iter().copied().chain([(label.name.as_str(), value.as_str())]).collect()
                    })
                })
                .collect();
        }
        let canonical = |labels: Vec<_>| Canonical::new(self.kind, &self.name, labels.into_iter()).ok();
        combinations.into_iter().filter_map(canonical).collect()
    }
}

/// A sample's name with each of its words in the singular.
fn singular(kind: Kind, name: &str) -> String {
    let words = family_name(kind, name).split('_');
    let words = words.map(|word| match word.strip_suffix('s') {
        Some(singular) if !singular.ends_with('s') => singular,
        _ => word,
    });
    words.collect::<Vec<_>>().join("_")
}

/// The values that each label of a family may have, as they are written, in the order of its labels; `None` is any.
#[derive(Debug, Default)]
pub(crate) struct Values(Box<[Option<Vec<String>>]>);

impl Values {
    /// The values that the label at this place may have, where they are given.
    pub(crate) fn of(&self, at: usize) -> Option<&[String]> {
        self.0.get(at)?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(declarations: &[Declaration], expected: &[(usize, &str)]) {
        let found = Declaration::mistakes(declarations, 100);
        let told: Vec<_> = found.iter().map(|(at, mistake)| (*at, mistake.as_str())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_right_has_no_mistakes() {
        check(
            &[
                Declaration::counter("app_order_created_total")
                    .help("Orders.")
                    .label_of("service", ["payment"]),
                Declaration::histogram("read_seconds").unit(Unit::Seconds).label("shelf").buckets([0.1, 1.0]),
                Declaration::histogram("http_request_duration_seconds")
                    .label("method")
                    .label("route")
                    .buckets([0.1, 1.0]),
            ],
            &[],
        );
    }

    #[test]
    fn names_of_obs_itself_keep_their_type_and_labels_and_near_ones_are_slips() {
        let own = "is a metric of obs itself";
        let check = |declaration: Declaration, expected: &str| {
            let found = Declaration::mistakes(&[declaration], 100);
            assert_eq!(found, [(0, expected.to_owned())]);
        };
        let requests = "a counter with the labels route, method, status_code";
        check(
            Declaration::gauge("http_requests_total").label("route"),
            &format!("`http_requests_total` {own}, {requests}"),
        );
        check(
            Declaration::counter("http_requests").label("route"),
            &format!("`http_requests` {own}, {requests}"),
        );
        check(
            Declaration::counter("http_request_total").label("route"),
            "`http_request_total` is nearly a metric of obs itself; did you mean `http_requests_total`?",
        );
        check(
            Declaration::gauge("http_request_duration_seconds_sum"),
            "`http_request_duration_seconds_sum` would write the sample `http_request_duration_seconds_sum` of \
             `http_request_duration_seconds`, a metric of obs itself",
        );
        check(
            Declaration::gauge("obs_pipeline_pending").label_of("pipeline", ["logs"]),
            &format!("`obs_pipeline_pending` {own}, whose labels have the values they have"),
        );
        assert_eq!(Declaration::mistakes(&[Declaration::counter("http_requests_in_flight_count")], 100), []);
    }

    #[test]
    fn bad_names_labels_units_bounds_and_values_are_told() {
        check(
            &[
                Declaration::counter("orders-placed").label("a.b"),
                Declaration::gauge("x").label("trace_id"),
                Declaration::gauge("y").buckets([1.0]),
                Declaration::histogram("z").unit(Unit::Seconds).buckets([1.0, 0.5]),
                Declaration::gauge("v").label_of("a", ["1", "1"]).label_of("b", [""; 0]),
                Declaration::gauge("w").label_of("a", (0..101).map(|n| n.to_string())),
                Declaration::gauge("w"),
                Declaration::gauge("z_sum"),
            ],
            &[
                (0, "`orders-placed` is no name that Prometheus takes; did you mean `orders_placed`?"),
                (0, "`a.b` is no name that Prometheus takes; did you mean `a_b`?"),
                (
                    1,
                    "metric `x` has the label `trace_id`: an id makes a series of each request; exemplars carry ids",
                ),
                (2, "`y` is a gauge, which has no buckets"),
                (3, "the buckets of `z`: 1 is followed by 0.5, they must ascend"),
                (3, "the name of `z` does not end in its unit, `_seconds`"),
                (4, "the label `a` of `v` has the value `1` twice"),
                (4, "the label `b` of `v` may have no value at all"),
                (5, "`w` would have 101 series at zero, and a family holds 100"),
                (6, "`w` is there twice"),
                (7, "`z_sum` and the histogram `z` would share a sample"),
            ],
        );
    }
}
