//! The measured process: one subject, run in batches as the driver says.
//!
//! Commands are lines: `run N` does N operations (answer `ran CPU_NS ALLOCATIONS BYTES CALLER_NS WALL_NS`), `count` lets the
//! allocator count from then on (answer `ok`), `instructions N` does N operations while callgrind counts
//! (answer `ok`), `check` compares what is left (answer `ok`, or why not), and after it `line` asks how many bytes a
//! line has, 0 where there is none.

use crate::subject::{Row, Subject};
use crate::workload;
use bench::steered::answer;
use bench::{allocation, callgrind, clock};
use std::io::BufRead as _;
use std::time::Instant;

/// Obeys until the input ends.
pub(crate) fn obey(row: &Row) -> Result<(), String> {
    let mut subject = (row.make)();
    let mut total = 0;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| format!("input: {error}"))?;
        if let Some(count) = line.strip_prefix("run ") {
            let count = count.parse().map_err(|_| format!("bad count {count:?}"))?;
            total += count;
            answer(&run(&mut subject, count));
        } else if let Some(count) = line.strip_prefix("instructions ") {
            let count = count.parse().map_err(|_| format!("bad count {count:?}"))?;
            total += count;
            (subject.settle)();
            callgrind::count_instructions(true);
            (subject.run)(count);
            callgrind::count_instructions(false);
            answer("ok");
        } else if line == "count" {
            allocation::start_counting();
            answer("ok");
        } else if line == "check" {
            answer((subject.check)(total).as_ref().err().map_or("ok", String::as_str));
        } else if line == "line" {
            answer(&workload::line_bytes().to_string());
        } else {
            return Err(format!("unknown command {line:?}"));
        }
    }
    Ok(())
}

fn run(subject: &mut Subject, count: u64) -> String {
    (subject.settle)();
    let begun = Instant::now();
    let (cpu, allocations) = (clock::process_cpu(), allocation::so_far());
    let caller = clock::thread_cpu();
    (subject.run)(count);
    let caller = (clock::thread_cpu() - caller).as_nanos();
    let (cpu, allocations) = (clock::process_cpu() - cpu, allocation::so_far().since(allocations));
    let wall = begun.elapsed().as_nanos();
    format!("ran {} {} {} {caller} {wall}", cpu.as_nanos(), allocations.count, allocations.bytes)
}
