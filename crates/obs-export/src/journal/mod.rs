//! A journal on disk: records that survive the process, however it ends.
//!
//! A record is a copy into memory that belongs to a file. Once [`Writer::append`] has returned, the record is there for
//! the next process to open the journal, whether this one exits, aborts, is killed or runs out of memory. It is not
//! there for certain if the machine stops: nothing is synced.
//!
//! One thread reads beside the writer ([`Reader::read`]) and says what has arrived ([`Reader::delivered`]). What has not
//! comes again when the journal is next opened: a record is delivered at least once.
//!
//! The directory, the bytes of its files and what is promised of them are in `docs/journal.md`.
//!
//! ```
//! use obs_export::journal::{Journal, Settings};
//!
//! # let directory = std::env::temp_dir().join(format!("obs-export-journal-example-{}", std::process::id()));
//! let mut journal = Journal::open(Settings::new(&directory))?;
//! journal.writer.append(b"paid", 0)?;
//! drop(journal);
//!
//! let mut journal = Journal::open(Settings::new(&directory))?;
//! assert_eq!(journal.recovered.records, 1);
//! let mut batch = Vec::new();
//! let read = journal.reader.read(64 * 1024, |record| batch.extend_from_slice(record.bytes))?;
//! assert_eq!(batch, b"paid");
//! journal.reader.delivered(read.last.unwrap_or_default())?;
//! assert_eq!(journal.writer.pending().records, 0);
//! # drop(journal);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod content;
mod cursor;
mod error;
mod format;
mod lock;
mod map;
mod note;
mod reader;
mod recover;
mod scan;
mod segment;
mod settings;
mod shared;
mod table;
mod upkeep;
mod writer;

#[cfg(test)]
mod tests;

pub use error::{Error, Refused};
pub use note::Note;
pub use reader::{Read, Reader, Record};
pub use recover::{Journal, Recovered};
pub use settings::Settings;
pub use upkeep::Upkeep;
pub use writer::{Pending, Writer};
