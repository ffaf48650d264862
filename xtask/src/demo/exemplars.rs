//! Which buckets point to which request: an exemplar is soon replaced by a newer one, so what pointed to a failure is noted.

use std::net::SocketAddr;
use std::path::Path;

use super::bounded::{self, Bounded};
use crate::exposition::{Scrape, label};
use crate::service::{self, OPENMETRICS};
use crate::shop::Part;

/// A bucket whose exemplar is a trace, as it was exposed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pointer {
    pub(super) service: String,
    pub(super) line: String,
}

impl Pointer {
    /// The series, without its count and its exemplar.
    fn series(&self) -> &str {
        self.line.split_once("} ").map_or(self.line.as_str(), |(series, _)| series)
    }
}

/// All exemplars of one look at the services.
#[derive(Default)]
pub(super) struct Look(Vec<(String, Pointer)>);

impl Look {
    /// Asks each of the three; one that does not answer has none.
    pub(super) fn at(admins: impl IntoIterator<Item = (Part, SocketAddr)>) -> Self {
        let mut look = Self::default();
        for (part, admin) in admins {
            if let Ok(scrape) = service::scrape(admin, OPENMETRICS) {
                look.add(part.name(), &scrape);
            }
        }
        look
    }

    fn add(&mut self, service: &str, scrape: &Scrape) {
        for sample in &scrape.samples {
            if let Some(exemplar) = &sample.exemplar {
                let pointer = Pointer { service: service.to_owned(), line: sample.line.clone() };
                self.0.push((label(&exemplar.labels, "trace_id").to_owned(), pointer));
            }
        }
    }

    /// The buckets that point to one trace.
    pub(super) fn of<'a>(&'a self, trace_id: &'a str) -> impl Iterator<Item = &'a Pointer> {
        self.0.iter().filter(move |(id, _)| id == trace_id).map(|(_, pointer)| pointer)
    }
}

/// Adds those that are not known by their series.
pub(super) fn join<'a>(known: &mut Vec<Pointer>, more: impl Iterator<Item = &'a Pointer>) {
    for pointer in more {
        let same = |other: &Pointer| other.service == pointer.service && other.series() == pointer.series();
        if !known.iter().any(same) {
            known.push(pointer.clone());
        }
    }
}

/// Notes what points to a trace.
pub(super) fn note<'a>(file: &mut Bounded, trace_id: &str, pointers: impl Iterator<Item = &'a Pointer>) {
    for Pointer { service, line } in pointers {
        file.append(format!("{trace_id} {service} {line}\n").as_bytes());
    }
}

/// What was noted of a trace.
pub(super) fn noted(path: &Path, trace_id: &str) -> Vec<Pointer> {
    let text = String::from_utf8_lossy(&bounded::kept(path).concat()).into_owned();
    let read = |line: &str| {
        let (service, line) = line.strip_prefix(trace_id)?.strip_prefix(' ')?.split_once(' ')?;
        Some(Pointer { service: service.to_owned(), line: line.to_owned() })
    };
    let mut known = Vec::new();
    join(&mut known, text.lines().filter_map(read).collect::<Vec<_>>().iter());
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRAPE: &str = concat!(
        "h_bucket{route=\"/a b\",le=\"0.1\"} 3 # {trace_id=\"ab\",span_id=\"1\"} 0.05 1\n",
        "h_bucket{route=\"/a b\",le=\"0.2\"} 4 # {trace_id=\"cd\",span_id=\"1\"} 0.15 1\n",
        "h_bucket{route=\"/a b\",le=\"+Inf\"} 4\n",
    );

    #[test]
    fn what_points_to_a_trace_is_found_and_noted_once() {
        let mut look = Look::default();
        look.add("orders", &Scrape::parse(SCRAPE).unwrap());
        let found: Vec<_> = look.of("ab").cloned().collect();
        assert_eq!(found.len(), 1);
        assert!(found[0].line.starts_with("h_bucket{route=\"/a b\",le=\"0.1\"} 3"), "{found:?}");
        let path = std::env::temp_dir().join(format!("xtask-exemplars-{}", std::process::id()));
        let mut file = Bounded::create("exemplars", &path, 10_000).unwrap();
        note(&mut file, "ab", look.of("ab"));
        note(&mut file, "ab", look.of("ab"));
        note(&mut file, "cd", look.of("cd"));
        assert_eq!(noted(&path, "ab"), found);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_series_is_known_also_when_its_count_has_grown() {
        let pointer = |service: &str, count| Pointer {
            service: service.to_owned(),
            line: format!("h_bucket{{le=\"0.1\"}} {count} # {{trace_id=\"ab\"}} 0.05"),
        };
        let mut known = vec![pointer("orders", 1)];
        join(&mut known, [pointer("orders", 2), pointer("payments", 1)].iter());
        assert_eq!(known, [pointer("orders", 1), pointer("payments", 1)]);
    }
}
