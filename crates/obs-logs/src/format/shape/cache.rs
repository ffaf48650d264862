//! What a thread knows of call sites for the shapes of the engines it logs to.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use super::Shapes;
use super::site::ShapedSite;
use crate::format::Site;

/// How many call sites are kept; programs have fewer, and when there are more all are made anew.
const MOST: usize = 1_024;

/// Call sites by their identity and that of the shapes.
#[derive(Default)]
pub(crate) struct SiteCache(HashMap<(u64, usize), Known>);

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
