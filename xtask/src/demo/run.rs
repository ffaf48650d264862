//! Starts everything, prints what happens, and ends everything.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::load::Load;
use super::sink::Sink;
use super::{interrupt, story, summary};
use crate::arguments::Arguments;
use crate::quickstart::{self, Inherited, Quickstart, Settings};
use crate::{Result, cargo, ports};

const SERVICE_PORT: u16 = 8080;
const ADMIN_PORT: u16 = 9464;

const TICK: Duration = Duration::from_millis(250);
const SUMMARY_EVERY: Duration = Duration::from_secs(5);
/// By then there are requests of each kind, and exemplars.
const STORY_AFTER: Duration = Duration::from_secs(3);
/// How long the story waits for a span that is still on its way.
const STORY_LIMIT: Duration = Duration::from_secs(10);

pub(crate) fn run(arguments: &[String]) -> Result {
    let mut arguments = Arguments::new(arguments);
    let limit = arguments.duration("--for")?;
    let show_trace = arguments.flag("--show-trace");
    let service = arguments.port("--port")?.unwrap_or(SERVICE_PORT);
    let admin = arguments.port("--admin-port")?.unwrap_or(ADMIN_PORT);
    arguments.end()?;
    if service == admin {
        return Err(format!("--port and --admin-port are both {service}"));
    }
    let service = ports::available(service, "--port")?;
    let admin = ports::available(admin, "--admin-port")?;

    let binary = match interrupt::built() {
        Some(binary) => binary,
        None => {
            println!(
                "building the quickstart (dev profile: the first start is quickest without optimisation)"
            );
            let binary = quickstart::build()?;
            interrupt::leave_to_quickstart(&binary);
            binary
        }
    };
    let folder = cargo::target().join("demo");
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let sink = Sink::start()?;
    let settings =
        Settings { service, admin, otlp: sink.address, folder: &folder, inherited: Inherited::Configuration };
    let mut quickstart = Quickstart::start(&binary, &settings)?;
    println!("service   http://{service}/api/hello");
    println!("metrics   http://{admin}/metrics");
    println!("health    http://{admin}/readyz?verbose");
    println!("lines     {}", quickstart.lines_path().display());
    println!("choices   {} (change a level while it runs)", quickstart.config_path().display());
    println!("spans     to an OTLP sink inside this command, at http://{}", sink.address);
    match limit {
        Some(limit) => println!("load      {} requests a second, for {limit:?}\n", Load::PER_SECOND),
        None => println!("load      {} requests a second, until Ctrl-C\n", Load::PER_SECOND),
    }

    let load = Load::start(service);
    let start = Instant::now();
    let mut next_summary = SUMMARY_EVERY;
    let mut story = Story { due: show_trace, after: STORY_AFTER.min(limit.unwrap_or(STORY_AFTER) / 2) };
    let mut last = quickstart.scrape(quickstart::TEXT)?;
    // A service that takes no connections is being ended by Ctrl-C, or has died: its exit status tells.
    while limit.is_none_or(|limit| start.elapsed() < limit) && quickstart.accepts() {
        sleep(TICK);
        if let Ok(scrape) = quickstart.scrape(quickstart::TEXT) {
            last = scrape;
        }
        story.tell(start.elapsed(), &quickstart, &sink)?;
        if start.elapsed() > next_summary {
            next_summary += SUMMARY_EVERY;
            println!("{}", summary::line(start.elapsed(), &last, sink.received()));
        }
    }
    load.stop();
    last = quickstart.scrape(quickstart::TEXT).unwrap_or(last);
    let status = quickstart.process.stop()?;
    if !status.success() {
        let tail = quickstart.process.output.tail();
        return Err(format!("the quickstart ended badly ({status}); its last output:\n{tail}"));
    }
    println!("\n{}", summary::table(&last));
    println!("the quickstart flushed and ended ({status}); the sink received {} spans", sink.received());
    if story.due { Err("the demo ended before it had a whole story to show".to_owned()) } else { Ok(()) }
}

/// When the story is told.
struct Story {
    due: bool,
    after: Duration,
}

impl Story {
    /// Tells it once there is one. None for too long is an error.
    fn tell(&mut self, elapsed: Duration, quickstart: &Quickstart, sink: &Sink) -> Result {
        if !self.due || elapsed < self.after {
            return Ok(());
        }
        match story::find(quickstart, sink) {
            Ok(story) => {
                println!("{story}");
                self.due = false;
                Ok(())
            }
            Err(missing) if elapsed > self.after + STORY_LIMIT => {
                Err(format!("no whole story within {STORY_LIMIT:?}: {missing}"))
            }
            Err(_) => Ok(()),
        }
    }
}
