//! docs/semantics.md tells the truth: against the names in the code, and both ways against what a live run wrote.

mod live;
mod names;
mod page;
mod truth;
mod work;
