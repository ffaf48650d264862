//! Families, series and descriptions; the one place where a registration is admitted or refused.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Key, Label, Unit};
use obs_core::keys::{Kind, Metric};

use super::index::Index;
use crate::declare::Values;
use crate::family::{Family, Shared};
use crate::series::{self, Stored};
use crate::text::{self, Canonical, OVERFLOW};
use crate::{Buckets, Matcher, RegisterError};

/// The most families, and the most descriptions, a recorder holds.
pub(crate) const FAMILY_CAP: usize = 10_000;

/// Marks numbers in the index whose text has an escape, and so cannot be compared with a key as it is.
const ESCAPED: u32 = 1 << 31;

/// How many series there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    /// In a family, including the overflow series.
    pub(crate) family: usize,
    /// In all, without the overflow series and those of families without labels.
    pub(crate) total: usize,
}

/// Help and unit of a family.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) help: String,
    pub(crate) unit: Option<Unit>,
}

pub(crate) struct State {
    caps: Caps,
    /// For families to come; what is registered keeps the bounds it has.
    buckets: Buckets,
    /// Which histograms have native buckets too.
    native: Vec<Matcher>,
    shared: Arc<Shared>,
    families: Vec<Entry>,
    by_name: HashMap<Box<str>, usize>,
    /// Which family each sample name belongs to.
    occupied: HashMap<Box<str>, usize>,
    /// The families in the order of their names.
    sorted: Vec<usize>,
    /// By number; those that were removed leave their number to others.
    series: Vec<Option<Arc<dyn Stored>>>,
    free: Vec<u32>,
    index: Index,
    /// What filled up since somebody looked.
    full: Vec<Full>,
    descriptions: HashMap<Box<str>, Arc<Description>>,
}

struct Entry {
    family: Arc<Family>,
    /// Shown also while it has no series.
    is_declared: bool,
    /// In the order of registration.
    series: Vec<u32>,
    overflow: Option<u32>,
}

impl State {
    pub(crate) fn new(caps: Caps, buckets: Buckets, native: Vec<Matcher>, shared: Arc<Shared>) -> Self {
        Self {
            caps,
            buckets,
            native,
            shared,
            families: Vec::new(),
            by_name: HashMap::new(),
            occupied: HashMap::new(),
            sorted: Vec::new(),
            series: Vec::new(),
            free: Vec::new(),
            index: Index::new(),
            full: Vec::new(),
            descriptions: HashMap::new(),
        }
    }

    /// The bounds of families to come; gives back those that held until now.
    pub(crate) fn set_buckets(&mut self, buckets: Buckets) -> Buckets {
        std::mem::replace(&mut self.buckets, buckets)
    }

    /// The series of `key` if it was registered under this very spelling; allocates nothing.
    #[inline]
    pub(crate) fn find(&self, kind: Kind, key: &Key) -> Option<&Arc<dyn Stored>> {
        // What is found here is plain, and no plain text has a quote in a value.
        if key.labels().any(|label| label.value().contains('"')) {
            return None;
        }
        let id = self.index.find(key.get_hash(), |id| {
            id & ESCAPED == 0
                && self.at(id).is_some_and(|series| {
                    let family = series.family();
                    family.kind == kind && family.is(key, series.text())
                })
        })?;
        self.at(id)
    }

    #[inline]
    fn at(&self, id: u32) -> Option<&Arc<dyn Stored>> {
        self.series.get(id as usize)?.as_ref()
    }

    /// Looks for a registration in canonical form, and for the overflow series where there is no room for another.
    pub(crate) fn look(&self, canonical: &Canonical) -> Result<Option<Found>, RegisterError> {
        let Some(&at) = self.by_name.get(canonical.family()) else { return Ok(None) };
        let entry = &self.families[at];
        admit(&entry.family, canonical)?;
        let text = canonical.text(&entry.family.labels);
        let found =
            self.find_text(hash(canonical, &canonical.spelling), &entry.family, &text).or_else(|| {
                let other = canonical.other_spelling()?;
                self.find_text(hash(canonical, &other), &entry.family, &text)
            });
        if found.is_none() {
            has_values(&entry.family, canonical)?;
        }
        if found.is_none() && entry.overflow.is_some() && self.is_full(entry) {
            entry.family.overflowed.fetch_add(1, Ordering::Relaxed);
            return Ok(entry.overflow.and_then(|id| self.found(id)));
        }
        Ok(found.and_then(|id| self.found(id)))
    }

    fn found(&self, id: u32) -> Option<Found> {
        Some(Found { id, series: Arc::clone(self.at(id)?) })
    }

    /// Whether a further series of a family has to be its overflow series. A family without labels has one series, and one
    /// whose values are all declared has no more than those: neither needs another.
    fn is_full(&self, entry: &Entry) -> bool {
        if entry.family.values.are_closed() {
            return false;
        }
        // The last place is the overflow series'.
        let own = entry.series.len() - usize::from(entry.overflow.is_some());
        !entry.family.labels.is_empty() && (own + 1 >= self.caps.family || self.len() >= self.caps.total)
    }

    fn find_text(&self, hash: u64, family: &Arc<Family>, text: &str) -> Option<u32> {
        let id = self.index.find(hash, |id| {
            self.at(id & !ESCAPED).is_some_and(|series| {
                Arc::ptr_eq(series.family(), family) && series.text() == text.as_bytes()
            })
        })?;
        Some(id & !ESCAPED)
    }

    /// Whether a further key of a series should be made known to [`State::find`].
    pub(crate) fn wants_alias(&self, kind: Kind, key: &Key, id: u32) -> bool {
        // Names are the program's own; should they be made from data, the slow way is always there.
        self.index.len() < 4 * self.series.len()
            && self.at(id).is_some_and(|series| {
                !series.text().contains(&b'\\') && series.family().is(key, series.text())
            })
            && self.find(kind, key).is_none()
    }

    pub(crate) fn alias(&mut self, kind: Kind, key: &Key, id: u32) {
        if self.wants_alias(kind, key, id) {
            self.index.insert(key.get_hash(), id);
        }
    }

    /// The series of a registration, made if need be.
    pub(crate) fn register(&mut self, canonical: &Canonical) -> Result<Found, RegisterError> {
        if let Some(found) = self.look(canonical)? {
            return Ok(found);
        }
        let at = match self.by_name.get(canonical.family()) {
            Some(&at) => at,
            None => self.create(canonical, Values::default())?,
        };
        let entry = &self.families[at];
        let family = Arc::clone(&entry.family);
        if self.is_full(entry) {
            return Ok(self.overflow(at, canonical));
        }
        let text = canonical.text(&family.labels);
        Ok(self.add(at, hash(canonical, &canonical.spelling), &text))
    }

    /// The overflow series of a family that is full.
    fn overflow(&mut self, at: usize, canonical: &Canonical) -> Found {
        let family = Arc::clone(&self.families[at].family);
        family.overflowed.fetch_add(1, Ordering::Relaxed);
        let by_total = self.len() >= self.caps.total;
        let values = family.labels.iter().map(|name| (&**name, OVERFLOW));
        let text = text::render(values.clone());
        let labels = values.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let overflow = Canonical { spelling: canonical.spelling.clone(), kind: family.kind, labels };
        let own = hash(&overflow, &overflow.spelling);
        // A user may have registered those very values.
        let existing = self.find_text(own, &family, &text).and_then(|id| self.found(id));
        let found = existing.unwrap_or_else(|| self.add(at, own, &text));
        self.families[at].overflow = Some(found.id);
        let family = family.sample_name();
        self.full.push(Full {
            family,
            cap: if by_total { self.caps.total } else { self.caps.family },
            by_total,
        });
        found
    }

    /// What filled up since this was asked last.
    pub(crate) fn take_full(&mut self) -> Vec<Full> {
        std::mem::take(&mut self.full)
    }

    fn add(&mut self, at: usize, hash: u64, text: &str) -> Found {
        let series = series::create(&self.families[at].family, text);
        let id = match self.free.pop() {
            Some(id) => {
                self.series[id as usize] = Some(Arc::clone(&series));
                id
            }
            None => {
                push_tight(&mut self.series, Some(Arc::clone(&series)));
                (self.series.len() - 1) as u32
            }
        };
        push_tight(&mut self.families[at].series, id);
        self.index.insert(hash, if text.contains('\\') { id | ESCAPED } else { id });
        Found { id, series }
    }

    /// The family of a registration, made if need be.
    pub(crate) fn family(&mut self, canonical: &Canonical) -> Result<Arc<Family>, RegisterError> {
        let at = match self.by_name.get(canonical.family()) {
            Some(&at) => at,
            None => self.create(canonical, Values::default())?,
        };
        admit(&self.families[at].family, canonical)?;
        Ok(Arc::clone(&self.families[at].family))
    }

    /// Makes a family that was told beforehand, with no series yet.
    pub(crate) fn declare(&mut self, canonical: &Canonical, values: Values) -> Result<(), RegisterError> {
        let at = self.create(canonical, values)?;
        self.families[at].is_declared = true;
        Ok(())
    }

    /// Makes a family with no series yet.
    pub(crate) fn create(&mut self, canonical: &Canonical, values: Values) -> Result<usize, RegisterError> {
        let (name, kind) = (canonical.family(), canonical.kind);
        if let Some((sample, first)) = self.clash(kind, name) {
            return Err(RegisterError::NameClash {
                family: name.to_owned(),
                now: kind,
                sample,
                first_family: first.name.to_string(),
                first: first.kind,
            });
        }
        if self.families.len() >= FAMILY_CAP {
            return Err(RegisterError::TooManyFamilies { family: name.to_owned(), cap: FAMILY_CAP });
        }
        let at = self.families.len();
        let bounds = if kind == Kind::Histogram { self.buckets.of(name) } else { &[] };
        let family = Arc::new(Family {
            name: name.into(),
            kind,
            labels: canonical.labels.iter().map(|(key, _)| key.as_str().into()).collect(),
            values,
            bounds: bounds.into(),
            native: kind == Kind::Histogram && self.native.iter().any(|matcher| matcher.matches(name)),
            shared: Arc::clone(&self.shared),
            overflowed: AtomicU64::new(0),
        });
        for sample in text::occupied(kind, name) {
            self.occupied.insert(sample.into(), at);
        }
        self.by_name.insert(name.into(), at);
        let place = self.sorted.partition_point(|&other| *self.families[other].family.name < *name);
        self.sorted.insert(place, at);
        self.families.push(Entry { family, is_declared: false, series: Vec::new(), overflow: None });
        Ok(at)
    }

    /// The first name that such a family's samples would share with another family's.
    fn clash(&self, kind: Kind, name: &str) -> Option<(String, &Family)> {
        text::occupied(kind, name).find_map(|sample| {
            let at = *self.occupied.get(sample.as_str())?;
            Some((sample, &*self.families[at].family))
        })
    }

    /// Whether a source's family cannot be written because a user's series, or a family of ours that is another one,
    /// are in the way.
    pub(crate) fn in_the_way(&self, metric: &Metric) -> bool {
        let name = text::family_name(metric.kind, metric.name);
        text::occupied(metric.kind, name).any(|sample| {
            let Some(&at) = self.occupied.get(sample.as_str()) else { return false };
            let Entry { family, series, .. } = &self.families[at];
            let same = *family.name == *name
                && family.kind == metric.kind
                && family.labels.iter().map(|label| &**label).eq(metric.labels.iter().copied());
            !same || !series.is_empty()
        })
    }

    /// The first help and the first unit of a name stay.
    pub(crate) fn describe(&mut self, family: &str, unit: Option<Unit>, help: &str) {
        let known = self.descriptions.get(family);
        if known.is_none() && self.descriptions.len() >= FAMILY_CAP {
            return;
        }
        let description = match known {
            Some(known) if !known.help.is_empty() => return,
            Some(known) => Description { help: help.to_owned(), unit: known.unit.or(unit) },
            None => Description { help: help.to_owned(), unit },
        };
        self.descriptions.insert(family.into(), Arc::new(description));
    }

    pub(crate) fn description(&self, family: &str) -> Option<Arc<Description>> {
        self.descriptions.get(family).cloned()
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.series.len() - self.free.len()
    }

    /// How many may be in all.
    pub(crate) fn total_cap(&self) -> usize {
        self.caps.total
    }

    /// Shows `look` the series with the numbers from `from` on, at most `most` of them, that may be removed when they are
    /// idle: those with labels that nobody declared all values of, the overflow series apart. Returns the number after the
    /// last one, `None` at the end.
    pub(crate) fn expirable(
        &self,
        from: u32,
        most: usize,
        mut look: impl FnMut(u32, &Arc<dyn Stored>),
    ) -> Option<u32> {
        let all = self.series.get(from as usize..)?;
        for (id, series) in (from..).zip(all.iter().take(most)) {
            let Some(series) = series else { continue };
            let family = series.family();
            let may_end = !family.labels.is_empty() && !family.values.are_closed() && series.may_end();
            if may_end && !is_overflow(series) {
                look(id, series);
            }
        }
        (all.len() > most).then(|| from + most as u32)
    }

    /// Removes those of the series that nobody else holds and that have not moved since `seen` was read of them; the others
    /// are given back. Handles are given out under the lock only, so that none can be made meanwhile.
    pub(crate) fn remove(&mut self, idle: &[(u32, u64)]) -> Vec<u32> {
        let mut gone = vec![false; self.series.len()];
        let mut stayed = Vec::new();
        for &(id, mut seen) in idle {
            let Some(place) = self.series.get_mut(id as usize) else { continue };
            // Whoever had a handle until now has let go of it before what is read here.
            if place.as_mut().and_then(Arc::get_mut).is_some_and(|series| !series.moved(&mut seen)) {
                *place = None;
                gone[id as usize] = true;
                self.free.push(id);
            } else {
                stayed.push(id);
            }
        }
        if stayed.len() < idle.len() {
            self.index.retain(|id| !gone[(id & !ESCAPED) as usize]);
            for entry in &mut self.families {
                entry.series.retain(|&id| !gone[id as usize]);
            }
        }
        stayed
    }

    /// Families that have series or were declared, in the order of their names, each with the number by which
    /// [`State::copy_series`] knows it.
    pub(crate) fn families(&self) -> impl Iterator<Item = (usize, &Arc<Family>)> {
        self.sorted
            .iter()
            .map(|&at| (at, &self.families[at]))
            .filter(|(_, entry)| entry.is_declared || !entry.series.is_empty())
            .map(|(at, entry)| (at, &entry.family))
    }

    /// Appends at most `most` series of a family to `out`, from its `from`-th on.
    pub(crate) fn copy_series(&self, at: usize, from: usize, most: usize, out: &mut Vec<Arc<dyn Stored>>) {
        let ids = self.families[at].series.iter().skip(from).take(most);
        out.extend(ids.filter_map(|&id| self.at(id).cloned()));
    }
}

/// A series and its number.
pub(crate) struct Found {
    pub(crate) id: u32,
    pub(crate) series: Arc<dyn Stored>,
}

/// A family whose further series count in one.
#[derive(Debug)]
pub(crate) struct Full {
    /// The name of its samples.
    pub(crate) family: String,
    /// The cap that was reached.
    pub(crate) cap: usize,
    /// Whether it is the cap of all series.
    pub(crate) by_total: bool,
}

fn is_overflow(series: &Arc<dyn Stored>) -> bool {
    let labels = &series.family().labels;
    // The text of an overflow series, compared without making one.
    let mut rest = series.text();
    labels.iter().enumerate().all(|(at, name)| {
        let parts = [if at == 0 { "" } else { "," }, name, "=\"", OVERFLOW, "\""];
        parts.iter().all(|part| match rest.strip_prefix(part.as_bytes()) {
            Some(after) => {
                rest = after;
                true
            }
            None => false,
        })
    })
}

/// Pushes, and leaves at most an eighth of the room unused: there may be a million series.
fn push_tight<T>(all: &mut Vec<T>, one: T) {
    if all.len() == all.capacity() {
        all.reserve_exact(all.len() / 8 + 4);
    }
    all.push(one);
}

fn admit(family: &Family, canonical: &Canonical) -> Result<(), RegisterError> {
    if family.kind != canonical.kind {
        let name = family.name.to_string();
        return Err(RegisterError::Type { family: name, first: family.kind, now: canonical.kind });
    }
    if !canonical.has_labels(&family.labels) {
        return Err(RegisterError::Labels {
            family: family.name.to_string(),
            first: family.labels.iter().map(|name| name.to_string()).collect(),
            now: canonical.label_names(),
        });
    }
    Ok(())
}

/// Whether each label has a value that it may have.
fn has_values(family: &Family, canonical: &Canonical) -> Result<(), RegisterError> {
    for (at, name) in family.labels.iter().enumerate() {
        let Some(known) = family.values.of(at) else { continue };
        let value = canonical.labels.iter().find(|(key, _)| **key == **name).map(|(_, value)| value);
        if let Some(value) = value.filter(|value| !known.contains(value)) {
            return Err(RegisterError::Value {
                family: family.name.to_string(),
                label: name.to_string(),
                value: value.clone(),
                known: known.to_vec(),
            });
        }
    }
    Ok(())
}

/// The hash that a key spelt like this has: whatever needs no sanitising is found by its own.
fn hash(canonical: &Canonical, spelling: &str) -> u64 {
    let labels = canonical.labels.iter().map(|(key, value)| Label::new(key.clone(), value.clone()));
    Key::from_parts(spelling.to_owned(), labels.collect::<Vec<_>>()).get_hash()
}
