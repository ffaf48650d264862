//! What the journal costs: `cargo run --release -p obs-export --features journal --example journal_cost [DIRECTORY]`.

use std::path::PathBuf;
use std::time::Instant;

use obs_export::journal::{Journal, Settings};

const RECORD: usize = 300;
const MIB: u64 = 1024 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let directory =
        given.unwrap_or_else(std::env::temp_dir).join(format!("journal-cost-{}", std::process::id()));
    let result = measure(&directory);
    std::fs::remove_dir_all(&directory)?;
    result
}

fn measure(directory: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::new(directory).max_bytes(1024 * MIB).spares(2);
    let record: Vec<u8> = (0..RECORD).map(|byte| byte as u8).collect();

    // The copy alone, into memory that is there.
    let mut buffer = vec![0_u8; 8 * MIB as usize];
    let copies = 2_000_000_u64;
    let begun = Instant::now();
    for number in 0..copies as usize {
        let at = number * 328 % (buffer.len() - RECORD);
        buffer[at..at + RECORD].copy_from_slice(std::hint::black_box(&record));
        std::hint::black_box(&mut buffer);
    }
    println!("copy of {RECORD} bytes: {:.1} ns", nanoseconds(begun, copies));

    // In batches that fit in a segment, with the worker's part between them.
    let mut journal = Journal::open(settings.clone())?;
    let (rounds, each) = (40_u64, 20_000_u64);
    let mut times = Vec::new();
    let (mut read_time, mut prepare_time) = (0.0, 0.0);
    for _ in 0..rounds {
        let begun = Instant::now();
        while journal.reader.prepare_spare()? {}
        prepare_time += begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        for _ in 0..each {
            journal.writer.append(std::hint::black_box(&record), 0)?;
        }
        times.push(nanoseconds(begun, each));
        let begun = Instant::now();
        let mut bytes = 0;
        loop {
            let read = journal.reader.read(64 * 1024, |record| bytes += record.bytes.len())?;
            let Some(last) = read.last else { break };
            journal.reader.delivered(last)?;
        }
        read_time += begun.elapsed().as_secs_f64();
        assert_eq!(bytes as u64, each * RECORD as u64);
    }
    times.sort_by(f64::total_cmp);
    let (least, median, most) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    println!(
        "append of {RECORD} bytes, next segment prepared: {median:.1} ns (from {least:.1} to {most:.1})"
    );
    let all = (rounds * each) as f64;
    println!("read and delivered: {:.1} ns a record", read_time * 1e9 / all);
    println!("segments prepared: {:.2} ms a round", prepare_time * 1e3 / rounds as f64);
    drop(journal);

    // Nobody reads, and each segment is made when it is needed.
    let mut journal = Journal::open(settings.clone())?;
    let records = 900 * MIB / 328;
    let begun = Instant::now();
    let mut longest = 0.0_f64;
    for _ in 0..records {
        let one = Instant::now();
        journal.writer.append(std::hint::black_box(&record), 0)?;
        longest = longest.max(one.elapsed().as_secs_f64());
    }
    println!(
        "append, segments made in between: {:.1} ns, the longest {:.1} ms",
        nanoseconds(begun, records),
        longest * 1e3
    );
    drop(journal);

    for _ in 0..3 {
        let begun = Instant::now();
        let journal = Journal::open(settings.clone())?;
        let time = begun.elapsed().as_secs_f64();
        assert_eq!(journal.recovered.records, records);
        println!(
            "recovery of {records} records: {:.0} ms, {:.2} GB/s of files",
            time * 1e3,
            (records * 328) as f64 / time / 1e9
        );
    }
    Ok(())
}

fn nanoseconds(begun: Instant, times: u64) -> f64 {
    begun.elapsed().as_secs_f64() * 1e9 / times as f64
}
