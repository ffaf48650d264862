//! Starts the shop and a load on it, says what happens, and ends everything.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::answers::Answers;
use super::bounded::Bounded;
use super::drain::drain;
use super::find::{Finder, Sources};
use super::interrupt::{self, Supervisor};
use super::load::Load;
use super::options::{Options, Story};
use super::place::Place;
use super::replay;
use super::say::say;
use super::sink::Sink;
use super::summary::Scrapes;
use crate::Result;
use crate::service::Inherited;
use crate::shop::{Binaries, Part, Rates, Settings, Shop};

const TICK: Duration = Duration::from_millis(20);
const SUMMARY_EVERY: Duration = Duration::from_secs(5);
/// By then there are requests of each kind, and exemplars.
const STORY_AFTER: Duration = Duration::from_secs(3);
/// After that the best story there is has to do.
const STORY_LIMIT: Duration = Duration::from_secs(20);
/// How often it is looked for: spans come in batches.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long the end waits for the parts of a story that are still on their way.
const STORY_GRACE: Duration = Duration::from_secs(3);

/// Each of these files and the one before it: some minutes of spans, an hour of the rest.
const SPANS_BYTES: u64 = 64 * 1024 * 1024;
const RECORDS_BYTES: u64 = 32 * 1024 * 1024;

pub(crate) fn run(arguments: &[String]) -> Result {
    let options = Options::read(arguments)?;
    let place = Place::new();
    if let Story::Of(id) = &options.story {
        return say(replay::tell(&place, id)?);
    }
    let (binaries, supervisor) = match interrupt::supervised() {
        Some(supervised) => supervised,
        None => {
            // Found now, not after the build.
            drop(place.hold()?);
            options.check_ports()?;
            say("building the shop (dev profile: the first start is quickest without optimisation)")?;
            let binaries = Binaries::build()?;
            let supervisor = interrupt::supervise(&binaries)?;
            (binaries, supervisor)
        }
    };
    let result = play(&options, &place, &binaries, &supervisor);
    // Said here: the shell above gives the terminal back as soon as it hears of the end.
    if let Err(error) = &result {
        let _ = writeln!(std::io::stderr(), "{error}");
    }
    supervisor.ended(result.is_ok());
    result.map_err(|_| String::new())
}

fn play(options: &Options, place: &Place, binaries: &Binaries, supervisor: &Supervisor) -> Result {
    let _held = place.hold()?;
    options.check_ports()?;
    let answers = Arc::new(Answers::new(Bounded::create("answers", &place.answers(), RECORDS_BYTES)?));
    let sink = Sink::start(Some(Bounded::create("spans", &place.spans(), SPANS_BYTES)?))?;
    let mut finder = Finder::new(Bounded::create("exemplars", &place.pointers(), RECORDS_BYTES)?);
    say("starting payments, orders, gateway")?;
    let settings = Settings {
        addresses: options.addresses(),
        otlp: sink.address,
        protocol: None,
        database_url: None,
        redis_url: None,
        rates: Rates::default(),
        configuration: "",
        folder: place.folder(),
        is_shared: false,
        inherited: Inherited::Configuration,
    };
    let mut shop = Shop::start(binaries, &settings)?;
    place.note(&shop)?;
    let admins = [Part::Gateway, Part::Orders, Part::Payments]
        .map(|part| (part, settings.addresses[part as usize].admin));
    let sources = Sources { place, sink: &sink, answers: &answers, admins };
    say(introduction(&shop, &sink, options))?;
    let begun = Instant::now();
    let load = Load::start(shop.gateway.service, &answers);
    let mut scrapes = Scrapes::default();

    let tells = options.story == Story::Any;
    let story_after = options.limit.map_or(STORY_AFTER, |limit| STORY_AFTER.min(limit / 2));
    let looked_for = story_after..story_after + STORY_LIMIT;
    let (mut story, mut next_look) = (None, story_after);
    let mut next_summary = SUMMARY_EVERY;
    // Without a time of its own, a demo that is to tell a story ends with it.
    let end = options.limit.or(tells.then_some(looked_for.end));
    while end.is_none_or(|end| begun.elapsed() < end) && !supervisor.asks_within(TICK) {
        shop.alive()?;
        let looks = tells && story.is_none() && looked_for.contains(&begun.elapsed());
        finder.watch(&sources, looks);
        if looks && begun.elapsed() > next_look {
            next_look = begun.elapsed() + LOOK_EVERY;
            story = finder.perfect(&sources);
        }
        if story.is_some() && options.limit.is_none() {
            break;
        }
        if begun.elapsed() > next_summary {
            next_summary += SUMMARY_EVERY;
            scrapes.renew(&shop);
            say(scrapes.summary(begun.elapsed(), sink.received()))?;
            if let Some(trace_id) = answers.newest_failing() {
                say(format_args!("  newest that failed: cargo xtask demo --show-trace {trace_id}\n"))?;
            }
        }
    }
    let story = if tells { Some(story.map_or_else(|| best(&finder, &sources), Ok)) } else { None };
    drain(load, shop, &sink, &answers, scrapes, begun)?;
    match story {
        None => Ok(()),
        Some(Ok(story)) => say(format_args!("\n{}\n{}", story.tell(), place.whole_lines(&story.trace_id))),
        Some(Err(missing)) => Err(format!("the demo ended before it had a whole story to show: {missing}")),
    }
}

/// The best story so far, once it is whole.
fn best(finder: &Finder, sources: &Sources<'_>) -> Result<super::story::Story> {
    let deadline = Instant::now() + STORY_GRACE;
    loop {
        match finder.best(sources) {
            Err(_) if Instant::now() < deadline => std::thread::sleep(TICK),
            best => return best,
        }
    }
}

/// Where to look, and what is going to happen.
fn introduction(shop: &Shop, sink: &Sink, options: &Options) -> String {
    let gateway = shop.gateway.service;
    let mut lines = vec![
        String::new(),
        format!(
            "shop      http://{gateway}, where gateway takes orders, orders keeps them, and payments is paid"
        ),
        format!(
            "order     curl -i http://{gateway}/v1/orders --json '{{\"user\":\"ada\",\"item\":\"teapot\",\"quantity\":2}}'"
        ),
    ];
    for service in shop.services() {
        let (name, admin) = (service.name, service.admin);
        lines.push(format!("{name:<9} http://{admin}/metrics   http://{admin}/readyz?verbose"));
    }
    lines.push(format!("spans     http://{}/v1/traces, a sink inside of this command", sink.address));
    lines.extend(shop.services().map(|service| format!("lines     {}", service.lines_path().display())));
    let levels = |path: &std::path::Path| format!("levels    {} may be edited meanwhile", path.display());
    lines.extend(shop.services().map(|service| levels(service.config_path())));
    let end = match (options.limit, &options.story) {
        (Some(limit), _) => format!("ends by itself after {limit:?}"),
        (None, Story::Any) => "ends with the story of one request".to_owned(),
        (None, _) => "Ctrl-C ends it".to_owned(),
    };
    let count = Load::PER_SECOND;
    let what = "orders, reads, logins, scans, customers who go away";
    lines.push(format!("load      {count} requests a second: {what}; {end}\n"));
    lines.join("\n")
}
