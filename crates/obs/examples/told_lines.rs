//! Says what it is told, each line in the request it is told of, for whatever obs.yaml names: see
//! `cargo xtask e2e --full --only victoria`.
//!
//! A line on standard input is `trace_id span_id request_id message`, the message in hex. An empty one has all that was
//! said delivered, and answers on standard output. At the end of its input it says what became of all, as `/metrics` does.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::time::Duration;

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::{RequestId, SpanId, TraceId};

/// Longer than anything that is tried takes.
const LONG: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let obs = obs::builder("told-lines").admin(obs::Admin::Off).build()?;
    let recorder = obs.recorder().clone();
    let said = tracing::dispatcher::with_default(obs.dispatch(), || -> Result<(), Box<dyn Error>> {
        for line in io::stdin().lock().lines() {
            let line = line?;
            if line.is_empty() {
                obs.flush(LONG);
                writeln!(io::stdout(), "said")?;
                continue;
            }
            say(&line)?;
        }
        Ok(())
    });
    said?;
    obs.flush(LONG);
    print!("{}", String::from_utf8_lossy(&recorder.render(obs::metrics::Format::Text)));
    Ok(())
}

fn say(line: &str) -> Result<(), Box<dyn Error>> {
    let parts: Vec<&str> = line.split(' ').collect();
    let [trace_id, span_id, request_id, message] = parts[..] else {
        return Err(format!("`{line}` has other parts").into());
    };
    let ids = Ids {
        trace_id: TraceId::parse(trace_id.as_bytes()).ok_or("no trace id")?,
        span_id: SpanId::parse(span_id.as_bytes()).ok_or("no span id")?,
        flags: TraceFlags::default(),
    };
    let digits: Vec<char> = message.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    let message = String::from_utf8(digits.chunks(2).map(byte).collect::<Result<_, _>>()?)?;
    let context = Context::root(ids, Local::server(RequestId::parse(request_id)?, None));
    let _scope = enter_poll(&context);
    tracing::info!(order = 42, "{message}");
    Ok(())
}
