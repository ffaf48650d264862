//! Every name this project writes, once: metrics, span attributes, resource attributes and fields of lines.

mod macros;

pub mod attribute;
pub mod ecs;
pub mod field;
pub mod label;
pub mod log_attribute;
pub mod loss;
pub mod metric;
pub mod resource;
pub mod target;

pub use metric::{Kind, Metric};
