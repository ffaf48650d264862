//! What the process itself uses: processor time, memory, file descriptors, threads, and since when.
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_metrics::{Format, Recorder};
//!
//! let base = Base::new(Resource::new("orders"));
//! obs_metrics::process::register(&base);
//! let recorder = Recorder::builder(base).build()?;
//! let text = String::from_utf8(recorder.render(Format::Text))?;
//! assert_eq!(text.contains("\nprocess_resident_memory_bytes "), cfg!(target_os = "linux"));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! The names are those that Prometheus client libraries share, so that dashboards made for them work. They are read
//! from `/proc` at each scrape and never else; on other systems than Linux there are none.

#[cfg(not(target_os = "linux"))]
mod absent;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub use absent::register;
#[cfg(target_os = "linux")]
pub use linux::register;
