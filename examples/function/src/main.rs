//! A function as a service: its process is frozen as soon as a call is answered, so each call flushes before it answers.
//!
//! Every line of the input is a call; without any, it makes three up. `FUNCTION_REMOTE_WRITE` is where samples are sent,
//! such as `http://127.0.0.1:9090/api/v1/write` (Prometheus with `--web.enable-remote-write-receiver`), `FUNCTION_OTLP` a
//! collector, such as `http://127.0.0.1:4318`. Without either it runs alone and prints what it would have sent.

use std::error::Error;
use std::io::{IsTerminal, stdin};
use std::time::{Duration, Instant};

use obs::metrics::Format;
use obs::metrics::push::{Otlp, RemoteWrite, Settings};

/// What a caller waits for telemetry at most.
const FLUSH_DEADLINE: Duration = Duration::from_secs(2);

fn main() -> Result<(), Box<dyn Error>> {
    let obs = obs::builder("thumbnail").admin(obs::Admin::Off).install()?;
    // No interval: a frozen process has no timer that fires.
    let settings = Settings::new().on_flush().on_failure(|error| eprintln!("function: {error}"));
    let (remote_write, otlp) = (std::env::var("FUNCTION_REMOTE_WRITE"), std::env::var("FUNCTION_OTLP"));
    if let Ok(url) = &remote_write {
        let sender = RemoteWrite::builder(obs.recorder(), url).settings(settings.clone());
        obs.push_metrics(sender.start()?);
    }
    if let Ok(url) = &otlp {
        obs.push_metrics(Otlp::builder(obs.recorder(), url).settings(settings).start()?);
    }
    for call in calls()? {
        let begun = Instant::now();
        let answer = handle(&call);
        metrics::counter!("thumbnails").increment(1);
        metrics::histogram!("thumbnail_seconds").record(begun.elapsed().as_secs_f64());
        let flushed = obs.flush(FLUSH_DEADLINE);
        println!("{answer} (flushed: {flushed})");
    }
    if remote_write.is_err() && otlp.is_err() {
        print!("{}", String::from_utf8_lossy(&obs.recorder().render(Format::Text)));
    }
    Ok(())
}

fn handle(call: &str) -> String {
    format!("{call}.thumbnail")
}

fn calls() -> std::io::Result<Vec<String>> {
    if stdin().is_terminal() {
        return Ok(["cat.png", "dog.png", "owl.png"].map(str::to_owned).into());
    }
    let given: Vec<_> = stdin().lines().collect::<Result<_, _>>()?;
    Ok(if given.is_empty() { ["cat.png", "dog.png", "owl.png"].map(str::to_owned).into() } else { given })
}
