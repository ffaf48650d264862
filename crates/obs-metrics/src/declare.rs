//! Families that are told before anything is counted in them: what may be wrong with what is told, and what the
//! registry makes of it.
//!
//! ```
//! use obs_core::{Base, Declaration, Resource};
//! use obs_metrics::{Format, Recorder};
//!
//! let placed = Declaration::counter("orders_placed_total").help("Orders placed.").label_of("kind", ["book", "cup"]);
//! let recorder = Recorder::builder(Base::new(Resource::new("orders"))).declare(placed).build()?;
//! let text = String::from_utf8(recorder.render(Format::Text))?;
//! assert!(text.contains("orders_placed_total{kind=\"book\"} 0\norders_placed_total{kind=\"cup\"} 0\n"));
//! assert!(recorder.counter("orders_placed_total", &[("kind", "pot")]).is_err());
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use std::collections::HashMap;

use metrics::Unit;
use metrics_exporter_prometheus::formatting::sanitize_label_value;
use obs_core::keys::{Kind, Metric, metric};
use obs_core::{Declaration, DeclaredLabel};

use crate::buckets::check_bounds;
use crate::error::word;
use crate::text::{Canonical, family_name, occupied};

/// What is wrong with some declarations, each mistake with the place of its declaration among them: names that Prometheus
/// does not take or that are reserved, a name that is there twice, that is a family of obs's own of another type or with
/// other labels, or that is one plural away from it, a unit that is unknown or that the name does not end in, bounds that
/// do not ascend, and more series at zero than `series_cap`.
pub fn mistakes(declarations: &[Declaration], series_cap: usize) -> Vec<(usize, String)> {
    let mut mistakes = Vec::new();
    let mut taken: HashMap<String, &Declaration> = HashMap::new();
    for (at, declaration) in declarations.iter().enumerate() {
        let mut found = Vec::new();
        check(declaration, series_cap, &mut found);
        let family = family(declaration);
        for sample in occupied(declaration.kind, family) {
            let Some(first) = taken.insert(sample, declaration) else { continue };
            found.push(if self::family(first) == family {
                format!("`{}` is there twice", declaration.name)
            } else {
                let (first, kind) = (&first.name, word(first.kind));
                format!("`{}` and the {kind} `{first}` would share a sample", declaration.name)
            });
            break;
        }
        mistakes.extend(found.into_iter().map(|mistake| (at, mistake)));
    }
    mistakes
}

fn check(declaration: &Declaration, series_cap: usize, mistakes: &mut Vec<String>) {
    let Declaration { name, kind, labels, .. } = declaration;
    match Canonical::new(*kind, name, any_values(declaration)) {
        Err(error) => return mistakes.push(error.to_string()),
        Ok(canonical) => {
            let written = canonical.labels.iter().map(|(written, _)| written.as_str());
            let labels = labels.iter().map(|label| label.name.as_str()).zip(written);
            let names = [(name.as_str(), canonical.spelling.as_str())].into_iter().chain(labels);
            mistakes.extend(names.filter(|(name, written)| name != written).map(|(name, written)| {
                format!("`{name}` is no name that Prometheus takes; did you mean `{written}`?")
            }));
        }
    }
    match (&declaration.buckets, kind) {
        (Some(bounds), Kind::Histogram) => {
            check_bounds(&format!("the buckets of `{name}`"), bounds, mistakes);
        }
        (Some(_), kind) => mistakes.push(format!("`{name}` is a {}, which has no buckets", word(*kind))),
        (None, _) => {}
    }
    match &declaration.unit {
        Some(unit) if Unit::from_string(unit).is_none() => {
            mistakes.push(format!("`{unit}` is no unit such as `seconds` or `bytes`"));
        }
        Some(unit) if !family(declaration).ends_with(&format!("_{unit}")) => {
            mistakes.push(format!("the name of `{name}` does not end in its unit, `_{unit}`"));
        }
        _ => {}
    }
    for DeclaredLabel { name: label, values, .. } in labels {
        let Some(values) = values else { continue };
        if values.is_empty() {
            mistakes.push(format!("the label `{label}` of `{name}` may have no value at all"));
        }
        if let Some(at) = (1..values.len()).find(|&at| values[..at].contains(&values[at])) {
            mistakes.push(format!("the label `{label}` of `{name}` has the value `{}` twice", values[at]));
        }
    }
    if let Some(series) = series(declaration).filter(|series| *series > series_cap) {
        mistakes
            .push(format!("`{name}` would have {series} series at zero, and a family holds {series_cap}"));
    }
    check_beside_own(declaration, mistakes);
}

/// Against the families of obs's own.
fn check_beside_own(declaration: &Declaration, mistakes: &mut Vec<String>) {
    let Declaration { name, kind, labels, .. } = declaration;
    if let Some(own) = own(declaration) {
        let is_same = own.kind == *kind
            && own.labels.len() == labels.len()
            && labels.iter().all(|label| own.labels.contains(&label.name.as_str()));
        if !is_same {
            let labels = match own.labels {
                [] => String::from("without labels"),
                labels => format!("with the labels {}", labels.join(", ")),
            };
            mistakes.push(format!("`{name}` is a metric of obs itself, a {} {labels}", word(own.kind)));
        } else if labels.iter().any(|label| label.values.is_some()) {
            mistakes
                .push(format!("`{name}` is a metric of obs itself, whose labels have the values they have"));
        }
        return;
    }
    let singular = singular(*kind, name);
    if let Some(near) = metric::ALL.iter().find(|own| self::singular(own.kind, own.name) == singular) {
        mistakes.push(format!("`{name}` is nearly a metric of obs itself; did you mean `{}`?", near.name));
        return;
    }
    let has = |own: &Metric, sample: &str| {
        occupied(own.kind, family_name(own.kind, own.name)).any(|other| other == sample)
    };
    let clash = occupied(*kind, family(declaration)).find_map(|sample| {
        let own = metric::ALL.iter().find(|own| has(own, &sample))?;
        Some((sample, own.name))
    });
    if let Some((sample, own)) = clash {
        mistakes
            .push(format!("`{name}` would write the sample `{sample}` of `{own}`, a metric of obs itself"));
    }
}

fn family(declaration: &Declaration) -> &str {
    family_name(declaration.kind, &declaration.name)
}

/// The family of obs's own that has this name.
fn own(declaration: &Declaration) -> Option<&'static Metric> {
    let is_same = |own: &&Metric| {
        own.name == declaration.name || family_name(own.kind, own.name) == family(declaration)
    };
    metric::ALL.iter().copied().find(is_same)
}

fn any_values(declaration: &Declaration) -> impl Iterator<Item = (&str, &str)> {
    declaration.labels.iter().map(|label| (label.name.as_str(), ""))
}

/// How many series there are where all values are given.
fn series(declaration: &Declaration) -> Option<usize> {
    declaration.labels.iter().try_fold(1usize, |series, label| {
        label.values.as_ref().map(|values| series.saturating_mul(values.len()))
    })
}

pub(crate) fn bounds(declaration: &Declaration) -> Option<(&str, &[f64])> {
    declaration.buckets.as_deref().map(|bounds| (declaration.name.as_str(), bounds))
}

/// Family, unit and help, where one of the latter is told.
pub(crate) fn description(declaration: &Declaration) -> Option<(&str, Option<Unit>, &str)> {
    let unit = declaration.unit.as_deref().and_then(Unit::from_string);
    let told = declaration.help.is_some() || unit.is_some();
    told.then(|| (family(declaration), unit, declaration.help.as_deref().unwrap_or_default()))
}

/// What the registry has of it; `None` for a family of obs's own, which it has already.
pub(crate) fn family_to_be(declaration: &Declaration) -> Option<(Canonical, Values)> {
    if own(declaration).is_some() {
        return None;
    }
    let canonical = Canonical::new(declaration.kind, &declaration.name, any_values(declaration)).ok()?;
    let written = |values: &Vec<String>| values.iter().map(|value| sanitize_label_value(value)).collect();
    let values = declaration.labels.iter().map(|label| label.values.as_ref().map(written));
    Some((canonical, Values(values.collect())))
}

/// Every series there may be, where all values are given.
pub(crate) fn every_series(declaration: &Declaration) -> Vec<Canonical> {
    if own(declaration).is_some() || series(declaration).is_none() {
        return Vec::new();
    }
    let mut combinations: Vec<Vec<(&str, &str)>> = vec![Vec::new()];
    for label in &declaration.labels {
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
    let canonical =
        |labels: Vec<_>| Canonical::new(declaration.kind, &declaration.name, labels.into_iter()).ok();
    combinations.into_iter().filter_map(canonical).collect()
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

    /// Whether all values of all labels were told beforehand.
    pub(crate) fn are_closed(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(declarations: &[Declaration], expected: &[(usize, &str)]) {
        let found = mistakes(declarations, 100);
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
                Declaration::histogram("read_seconds").unit("seconds").label("shelf").buckets([0.1, 1.0]),
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
            let found = mistakes(&[declaration], 100);
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
        assert_eq!(mistakes(&[Declaration::counter("http_requests_in_flight_count")], 100), []);
    }

    #[test]
    fn bad_names_labels_units_bounds_and_values_are_told() {
        check(
            &[
                Declaration::counter("orders-placed").label("a.b"),
                Declaration::gauge("x").label("trace_id"),
                Declaration::gauge("y").buckets([1.0]),
                Declaration::histogram("z").unit("seconds").buckets([1.0, 0.5]),
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
