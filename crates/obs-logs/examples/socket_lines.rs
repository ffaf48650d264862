//! Writes numbered lines to a receiver of syslog or to the journal as it is told, for those who look at what arrives there.
//!
//! Arguments: `syslog=URL`, as often as there are receivers, or `journald=PATH`; and `ca_file=..`, `certificate=..` with
//! `key_file=..`, `retry_millis=..`, `pace_micros=..` between two lines, `text=..` bytes of text on each. Each line on standard input is
//! a command: `write 1000` writes so many lines and answers, on standard error, with the number of the next line and
//! the books as `next delivered dropped`. At its end it answers once more.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::{Base, RequestId, Resource, SpanId, TraceId};
use obs_export::socket::{Retry, SocketSettings, Tls};
use obs_logs::{Format, Logs, Output, Syslog};
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

/// Longer than anything that is tried takes.
const LONG: Duration = Duration::from_secs(120);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let values = |name: &'static str| {
        arguments.iter().filter_map(move |argument| argument.strip_prefix(name)?.strip_prefix('='))
    };
    let number = |name| values(name).next().map_or(Ok(0), str::parse::<u64>);
    let mut retry = Retry::new();
    if number("retry_millis")? > 0 {
        retry = retry.budget(Duration::from_millis(number("retry_millis")?));
    }
    let output = match values("journald").next() {
        Some(path) => journald(path, retry)?,
        None => {
            let mut urls = values("syslog");
            let mut tls = Tls::new();
            if let Some(file) = values("ca_file").next() {
                tls = tls.ca_file(file);
            }
            if let (Some(certificate), Some(key)) = (values("certificate").next(), values("key_file").next())
            {
                tls = tls.client_certificate(certificate, key);
            }
            let first = Syslog::new(urls.next().ok_or("syslog=.. is missing")?)?;
            let syslog = urls.try_fold(first, Syslog::or_at)?;
            syslog.settings(SocketSettings::new().tls(tls)).retry(retry).into()
        }
    };
    let pace = Duration::from_micros(number("pace_micros")?);
    let text = "x".repeat(usize::try_from(number("text")?)?);
    let base = Base::new(Resource::new("lines"));
    let output = output.format(Format::Json).capacity_bytes(256 << 20);
    let (logs, mut guard) = Logs::builder(base).output(output).build()?;
    let next = with_default(registry().with(logs.layer()), || obey(&logs, pace, &text))?;
    guard.shutdown(LONG);
    answer(&logs, next)?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn journald(path: &str, retry: Retry) -> Result<Output, Box<dyn std::error::Error>> {
    Ok(obs_logs::Journald::new().socket(path).retry(retry).into())
}

#[cfg(not(target_os = "linux"))]
fn journald(_: &str, _: Retry) -> Result<Output, Box<dyn std::error::Error>> {
    Err("there is no journal here".into())
}

/// Does what standard input says, to its end. Returns the number of the next line.
fn obey(logs: &Logs, pace: Duration, text: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let context = Context::root(
        Ids {
            trace_id: TraceId::parse(b"0af7651916cd43dd8448eb211c80319c").ok_or("no id")?,
            span_id: SpanId::parse(b"b7ad6b7169203331").ok_or("no id")?,
            flags: TraceFlags::default(),
        },
        Local::server(RequestId::parse("ORD-2024-98765")?, None),
    );
    let _scope = enter_poll(&context);
    let mut next = 0;
    for command in io::stdin().lock().lines() {
        let command = command?;
        let lines = command.strip_prefix("write ").ok_or_else(|| format!("`{command}` is no command"))?;
        for _ in 0..lines.parse::<u64>()? {
            tracing::info!(n = next, text, "say \"hi\"\nagain ]");
            next += 1;
            if !pace.is_zero() {
                std::thread::sleep(pace);
            }
        }
        let _ = logs.flush(LONG);
        answer(logs, next)?;
    }
    Ok(next)
}

fn answer(logs: &Logs, next: u64) -> io::Result<()> {
    let counts = logs.queues().next().map(obs_export::queue::Queue::counts);
    let (delivered, dropped) = counts.map_or((0, 0), |counts| (counts.delivered, counts.dropped()));
    writeln!(io::stderr(), "{next} {delivered} {dropped}")
}
