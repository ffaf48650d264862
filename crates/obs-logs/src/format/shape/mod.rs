//! Lines with names of their own: ECS, OTLP, and every format for an output that renames, drops or bounds.
//!
//! The plain formats are written by code of their own. What is here goes a longer way: each key is looked at by its
//! final name, so that none stands twice, and what is known ahead is kept by call site and shape.

mod cache;
mod ecs;
mod line;
mod lines;
mod look;
mod naming;
mod otlp;
mod own;
mod record;
mod shapes;
mod site;
mod spec;
mod value;

pub(crate) use cache::SiteCache;
pub(crate) use line::{ShapedLine, Slot};
pub(crate) use lines::ShapedLines;
use look::Look;
pub(crate) use shapes::{Shape, Shapes};
pub(crate) use spec::Spec;
