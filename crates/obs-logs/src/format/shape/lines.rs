//! The lines of one event in all the shapes that are needed.

use std::rc::Rc;

use obs_core::Timestamp;
use obs_core::context::{Context, with_current};
use obs_core::fields::Value;

use super::site::ShapedSite;
use super::{ShapedLine, Shapes, SiteCache, Slot};
use crate::format::ids::has_fields;
use crate::format::{Key, Site, TimeCache};
use crate::sink::Form;

/// One line in each shape that is needed.
#[derive(Debug)]
pub(crate) struct ShapedLines<'a> {
    slots: &'a mut [Slot],
    shapes: &'a Shapes,
    sites: Rc<[ShapedSite]>,
    needed: u64,
    /// The place of the one shape that is needed, where it is one.
    only: Option<usize>,
}

impl<'a> ShapedLines<'a> {
    /// Begins a line in each of the shapes whose bits are in `needed`.
    pub(crate) fn open(
        shapes: &'a Shapes,
        needed: u64,
        slots: &'a mut Vec<Slot>,
        cache: &mut SiteCache,
        (time, now): (&mut TimeCache, Timestamp),
        site: &Site,
    ) -> Self {
        let sites = cache.get(shapes, site);
        if slots.len() < sites.len() {
            slots.resize_with(sites.len(), Slot::default);
        }
        // Others than records have no short way.
        let mut numbered = (0..).zip(shapes.all());
        let only = numbered.find_map(|(number, shape)| {
            (needed == Form::Shaped(number).bit() && shape.is_record()).then_some(usize::from(number))
        });
        let mut lines = Self { slots, shapes, sites, needed, only };
        lines.each(|line| line.open(time, now));
        lines
    }

    /// Service and ids of the open context. Returns whether its request has fields of its own.
    pub(crate) fn identity(&mut self) -> bool {
        let of = |context: &Context| {
            self.each(|line| line.identity(Some(context)));
            has_fields(context)
        };
        let known = with_current(of);
        if known.is_none() {
            self.each(|line| line.identity(None));
        }
        known.unwrap_or(false)
    }

    /// Writes a field of the event's by the short way, where there is one record alone and that is possible.
    #[inline]
    pub(crate) fn value_at_sight(&mut self, key: &Key, value: Value<'_>) -> bool {
        let Some(number) = self.only else { return false };
        match (self.slots.get_mut(number), self.sites.get(number)) {
            (Some(slot), Some(site)) => slot.value_at_sight(site, key, value),
            _ => false,
        }
    }

    /// Calls `act` for each of the lines.
    pub(crate) fn each(&mut self, mut act: impl FnMut(&mut ShapedLine<'_>)) {
        let parts = self.slots.iter_mut().zip(self.shapes.all()).zip(self.sites.iter());
        for (number, ((slot, shape), site)) in (0..).zip(parts) {
            if self.needed & Form::Shaped(number).bit() != 0 {
                act(&mut ShapedLine { slot, shape, site });
            }
        }
    }
}
