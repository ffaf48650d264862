//! The work itself, and what is worth knowing of it tomorrow.

use std::thread::sleep;
use std::time::{Duration, Instant};

const TABLES: [(&str, u64); 3] = [("customers", 120), ("orders", 450), ("payments", 430)];

/// Copies one table after the other; with `fails` the last one does not make it.
pub(crate) fn all_tables(fails: bool) -> Result<(), String> {
    for (at, (table, rows)) in TABLES.into_iter().enumerate() {
        let begun = Instant::now();
        sleep(Duration::from_millis(20));
        if fails && at + 1 == TABLES.len() {
            metrics::counter!("copy_errors", "table" => table).increment(1);
            return Err(format!("table {table}: the source went away"));
        }
        metrics::counter!("copy_rows", "table" => table).increment(rows);
        metrics::histogram!("copy_table_seconds").record(begun.elapsed().as_secs_f64());
    }
    Ok(())
}
