//! Writes numbered lines to a file as it is told, for those who read the file with other programs meanwhile.
//!
//! Arguments: `path=..`, and `max_bytes=..`, `keep_bytes=..`, `gzip`, `sync`, `block_seconds=..`, `start=..` and
//! `stdout`, which adds standard output; `durable=DIR` keeps lines in a journal there, of which `returned=FILE` says in its
//! first eight bytes, little endian, the number of the next line, at each moment. Each line on standard input is a command: `write 1000` writes so many lines and
//! answers, on standard error, with the number of the next line and the books of the file as
//! `next delivered dropped`; `some` writes 500 and does not wait for them; `go` writes without end and answers each time that all up to a number is written, or with a
//! journal said. SIGHUP has the file opened again.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Write};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use obs_core::{Base, Resource};
use obs_logs::{Compression, FileOutput, Format, Logs, Output, Policy, Sync, WhenFull, journal};
use tokio::signal::unix::{SignalKind, signal};
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

/// Longer than anything that is tried takes.
const LONG: Duration = Duration::from_secs(120);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let of = |argument: &String| argument.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        arguments.iter().find_map(of)
    };
    let number = |name: &str| value(name).map_or(Ok(0), |text| text.parse::<u64>());
    let has = |name: &str| arguments.iter().any(|argument| argument == name);

    let file = FileOutput::new(value("path").ok_or("path=.. is missing")?);
    let file = file.max_bytes(number("max_bytes")?).keep_bytes(number("keep_bytes")?);
    let file = file.compress(if has("gzip") { Compression::Gzip } else { Compression::Off });
    let file = file.sync(if has("sync") { Sync::EachBatch } else { Sync::Never });
    let file = file.when_full(match number("block_seconds")? {
        0 => WhenFull::Drop,
        seconds => WhenFull::Block(Duration::from_secs(seconds)),
    });
    let mut output: Output = file.format(Format::Json);
    if let Some(directory) = value("durable") {
        // Small ones, so that they are begun and freed all the time.
        let journal = journal::Settings::new(directory).segment_bytes(64 * 1024).max_bytes(16 * 1024 * 1024);
        output = output.durable(journal).policy(Policy::Block(LONG));
    }
    let returned = value("returned").map(Returned::open).transpose()?;
    let mut builder = Logs::builder(Base::new(Resource::new("lines"))).output(output);
    if has("stdout") {
        builder = builder.output(Output::stdout());
    }
    let (logs, mut guard) = builder.build()?;
    reopen_on_hangup(logs.clone())?;
    let start = number("start")?;
    with_default(registry().with(logs.layer()), || obey(&logs, start, returned.as_ref()))?;
    guard.shutdown(LONG);
    Ok(())
}

/// Does what standard input says, to its end.
fn obey(logs: &Logs, mut next: u64, returned: Option<&Returned>) -> Result<(), Box<dyn std::error::Error>> {
    for command in io::stdin().lock().lines() {
        let command = command?;
        match command.strip_prefix("write ") {
            Some(lines) => {
                write(&mut next, lines.parse()?);
                flush(logs);
                let counts = logs.queues().next().ok_or("no queue")?.counts();
                eprintln!("{next} {} {}", counts.delivered, counts.dropped());
            }
            None if command == "go" => loop {
                match returned {
                    None => {
                        write(&mut next, 50);
                        flush(logs);
                    }
                    Some(returned) => {
                        for _ in 0..50 {
                            write(&mut next, 1);
                            returned.say(next)?;
                        }
                    }
                }
                // Whoever asked may be gone.
                let _ = writeln!(io::stderr(), "{next}");
            },
            None if command == "some" => {
                for _ in 0..500 {
                    write(&mut next, 1);
                    returned.iter().try_for_each(|returned| returned.say(next))?;
                }
                eprintln!("{next}");
            }
            None => return Err(format!("`{command}` is no command").into()),
        }
    }
    Ok(())
}

fn write(next: &mut u64, lines: u64) {
    for n in *next..*next + lines {
        tracing::info!(n, sku = "A-1042", customer = 88_123, "order accepted");
    }
    *next += lines;
}

/// How many calls have returned, where whoever kills this process can read it.
struct Returned(File);

impl Returned {
    fn open(path: String) -> io::Result<Self> {
        Ok(Self(OpenOptions::new().write(true).create(true).truncate(false).open(path)?))
    }

    fn say(&self, next: u64) -> io::Result<()> {
        self.0.write_all_at(&next.to_le_bytes(), 0)
    }
}

/// Waits for the file alone.
fn flush(logs: &Logs) {
    if let Some(file) = logs.queues().next() {
        let _ = file.flush(LONG);
    }
}

fn reopen_on_hangup(logs: Logs) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ready, is_ready) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("hangup".to_owned()).spawn(move || {
        runtime.block_on(async {
            let hangup = signal(SignalKind::hangup());
            let _ = ready.send(());
            let Ok(mut hangup) = hangup else { return };
            while hangup.recv().await.is_some() {
                logs.reopen();
            }
        });
    })?;
    // From here on the signal ends nothing.
    let _ = is_ready.recv();
    Ok(())
}
