//! Writes numbered lines to a file as it is told, for those who read the file with other programs meanwhile.
//!
//! Arguments: `path=..`, and `max_bytes=..`, `keep_bytes=..`, `gzip`, `sync`, `block_seconds=..`, `start=..` and
//! `stdout`, which adds standard output. Each line on standard input is a command: `write 1000` writes so many lines and
//! answers, on standard error, with the number of the next line and the books of the file as
//! `next delivered dropped`; `go` writes without end and answers each time that all up to a number is written. SIGHUP
//! has the file opened again.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use obs_core::{Base, Resource};
use obs_logs::{Compression, FileOutput, Format, Logs, Output, Sync, WhenFull};
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
    let mut builder = Logs::builder(Base::new(Resource::new("lines"))).output(file.format(Format::Json));
    if has("stdout") {
        builder = builder.output(Output::stdout());
    }
    let (logs, mut guard) = builder.build()?;
    reopen_on_hangup(logs.clone())?;
    let start = number("start")?;
    with_default(registry().with(logs.layer()), || obey(&logs, start))?;
    guard.shutdown(LONG);
    Ok(())
}

/// Does what standard input says, to its end.
fn obey(logs: &Logs, mut next: u64) -> Result<(), Box<dyn std::error::Error>> {
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
                write(&mut next, 50);
                flush(logs);
                // Whoever asked may be gone.
                let _ = writeln!(io::stderr(), "{next}");
            },
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
