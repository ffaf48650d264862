//! What a thread knows of call sites for the shapes of the engines it logs to.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

use super::Shapes;
use super::site::ShapedSite;
use crate::format::Site;

/// How many call sites are kept; programs have fewer, and when there are more all are made anew.
const MOST: usize = 1_024;

/// Call sites by their identity and that of the shapes.
#[derive(Default)]
pub(crate) struct SiteCache(HashMap<(u64, usize), Known, BuildHasherDefault<Mixed>>);

/// Hashes what nobody from outside chooses: addresses, and hashes of names.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        // The table chooses by the lowest and the highest bits.
        self.0 ^ self.0 >> 32
    }
}

/// One call site, and the shapes it is known for.
type Known = (Shapes, Rc<[ShapedSite]>);

impl SiteCache {
    /// The call site in each of the shapes.
    pub(super) fn get(&mut self, shapes: &Shapes, site: &Site) -> Rc<[ShapedSite]> {
        // The shapes are held here, so while they are known no others can live where they do.
        let key = (site.raw.id, shapes.address());
        if let Some((known, sites)) = self.0.get(&key)
            && known.is(shapes)
        {
            return Rc::clone(sites);
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let sites: Rc<[_]> = shapes.all().iter().map(|shape| ShapedSite::new(shape, site)).collect();
        self.0.insert(key, (shapes.clone(), Rc::clone(&sites)));
        sites
    }
}

impl fmt::Debug for SiteCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteCache").field("sites", &self.0.len()).finish()
    }
}
