//! The running installation, and the guard that ends it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::context::Around;
use obs_core::{Base, Clock, IdSource, Lifecycle, Observer, Phase};

use crate::admin::{AdminThread, InFlight, Listener, Printed, Profiling};
use crate::config::{Config, Read};
use crate::entry::{AroundRequest, Entry, Reach};
use crate::links::{FailedLinks, Links};
use crate::observers::{Observers, Surroundings};
use crate::phases::{Phases, Step};
use crate::reload::{Hear, Watching};
use crate::remotes::Probes;
use crate::serve::ShutdownHandle;
use crate::signals::Signals;
use crate::subscriber::{Compose, RequestSpans, Subscriber};
use crate::{Error, install, warnings};

/// A running installation. Keep it until the end of `main`: dropping it delivers what waits, within
/// `flush.timeout` or [`Obs::DROP_DEADLINE`], and ends its threads.
#[must_use = "dropping it ends the installation; keep it until the end of `main`"]
pub struct Obs {
    // In the order they end: the listener first, so that nothing scrapes a base that is going.
    watching: Option<Watching>,
    probes: Option<Probes>,
    pub(crate) admin: Option<Listener>,
    pub(crate) profiling: Profiling,
    pub(crate) signals: Signals,
    observers: Observers,
    pub(crate) subscriber: Subscriber,
    base: Arc<Base>,
    links: Links,
    /// What is entered with each poll of a local root, where the installation is not the process's own.
    pub(crate) around: Option<Arc<dyn Around>>,
    config: Config,
    printed: Printed,
    pub(crate) shutdown: ShutdownHandle,
    pub(crate) phases: Phases,
    /// Services and methods of gRPC that each layer knows.
    #[cfg(feature = "middleware")]
    pub(crate) grpc: Vec<String>,
    // Last: it hears signals until all is delivered.
    pub(crate) thread: Arc<AdminThread>,
}

impl Obs {
    /// How long a drop waits for sinks that do not answer, over all signals together, unless `flush.timeout` is chosen.
    pub const DROP_DEADLINE: Duration = Duration::from_secs(5);

    pub(crate) fn start(config: Config, compose: Compose, reach: Reach) -> Result<Self, Error> {
        let mut resource = config.resource.clone();
        let base_ids = obs_core::IdSource::random();
        resource.instance.get_or_insert_with(|| base_ids.request_id().to_string());
        let base = Base::builder(resource)
            .clock(Clock::system())
            .ids(IdSource::random())
            .redaction(config.redaction.rules())
            .propagation(config.propagate.propagation())
            .build();
        let signals = Signals::start(&config, &base)?;
        Self::of(config, base, signals, (compose, reach), None)
    }

    /// Puts signals that are running together; `watcher` is told of each request after them.
    pub(crate) fn of(
        config: Config,
        base: Arc<Base>,
        signals: Signals,
        (compose, reach): (Compose, Reach),
        watcher: Option<Box<dyn Observer>>,
    ) -> Result<Self, Error> {
        let phases = Phases::new();
        base.sources.register(Arc::new(phases.clone()));
        let shutdown = ShutdownHandle::new(&base);
        let thread = Arc::<AdminThread>::default();
        let printed = Printed::new(&config);
        let profiling = Profiling::default();
        let in_flight = InFlight::of(&config, &base);
        let mut endpoints = signals.endpoints();
        endpoints.extend(profiling.endpoints());
        if !endpoints.is_empty() {
            endpoints.extend(printed.endpoint());
            endpoints.extend(in_flight.as_ref().map(InFlight::endpoint));
            endpoints.extend(shutdown.endpoint(config.drain.delay));
        }
        let admin = Listener::start(&thread, &config, &base, endpoints);
        let admin = admin.map_err(|source| Error::Admin { addr: config.admin.clone(), source })?;
        let subscriber = Subscriber::new(&signals, &base, compose);
        let apart = (reach == Reach::Apart).then(|| Entry::new(&base, &subscriber, &signals));
        if apart.is_some() {
            subscriber.set_apart();
        }
        let around =
            apart.as_ref().map(|entry| Arc::new(AroundRequest(Arc::clone(entry))) as Arc<dyn Around>);
        let surroundings = Surroundings::of(RequestSpans::of(&subscriber), apart);
        let links = Links::new(&config.links, &base);
        let failed = FailedLinks::of(&links, config.links.on_line.as_deref());
        let shown = in_flight.map(|in_flight| Box::new(in_flight) as _);
        // The link before the signals, so that lines and spans have it.
        let warnings = warnings::Warnings::of(&config.requests);
        let observers = failed
            .into_iter()
            .chain(signals.observers())
            .chain(warnings)
            .chain(surroundings)
            .chain(watcher)
            .chain(shown)
            .collect();
        let observers = Observers::new(observers);
        Ok(Self {
            watching: None,
            probes: None,
            admin,
            profiling,
            signals,
            observers,
            subscriber,
            base,
            links,
            around,
            config,
            printed,
            shutdown,
            phases,
            #[cfg(feature = "middleware")]
            grpc: Vec::new(),
            thread,
        })
    }

    pub(crate) fn install(&self) -> Result<(), Error> {
        install::globals(&self.base, &self.signals, &self.subscriber)
    }

    /// Looks at the file that was read, if any was, as it changes.
    pub(crate) fn watch(&mut self, read: Read, hear: Hear) -> Result<(), Error> {
        let (mut reloaders, printed) = (self.signals.reloaders(), self.printed.clone());
        reloaders.push(Box::new(move |config| printed.show(config)));
        let takers = (reloaders, self.signals.reopeners());
        let subscriber = self.subscriber.clone();
        let watching = Watching::start(&self.thread, read, &self.base, takers, subscriber, hear);
        self.watching = watching.map_err(|source| Error::Signal { name: "config", source: source.into() })?;
        Ok(())
    }

    /// Says what the admin listener does not serve, where it keeps anything back.
    pub(crate) fn tell_of_admin(&self) {
        if let Some(admin) = &self.admin {
            admin.tell(&self.config);
        }
    }

    /// Asks other machines whether they are there; `apart` is whether the process's own subscriber is another.
    pub(crate) fn probe(&mut self, apart: bool) {
        let watched = self.signals.watched(&self.config);
        self.probes = Some(Probes::start(watched, &self.subscriber, apart));
    }

    /// What was chosen at the start, the file and the environment included.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the admin listener is, if there is one and it is at an address; tells the port when 0 was asked for.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(Listener::addr)
    }

    /// What each request is shown to, for middleware of one's own.
    pub fn observers(&self) -> &Observers {
        &self.observers
    }

    /// The lines of the output in memory that was chosen under this name.
    #[cfg(feature = "logs")]
    pub fn lines_in(&self, output: &str) -> Option<Vec<String>> {
        self.signals.logs.memory(output).map(obs_logs::Memory::lines)
    }

    /// The way from ids to where they are looked at, by `links.to`.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// The parts that all signals share.
    pub fn base(&self) -> &Arc<Base> {
        &self.base
    }

    /// Ends the start-up: `/startupz` and `/readyz` answer for the service from here on. `Obs::serve` calls it when it
    /// takes connections; whoever serves by other means calls it then. Later calls change nothing.
    pub fn ready(&self) {
        self.phases.enter(Step::Ready, Instant::now());
        self.base.lifecycle.advance(Phase::Ready);
    }

    /// Which phase the service is in.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.base.lifecycle
    }

    /// Waits until what was recorded before this call has left the process, at most for `deadline`. Returns whether
    /// all of it has; what has not is not lost by this.
    pub fn flush(&self, deadline: Duration) -> bool {
        self.signals.flush(deadline)
    }

    /// How long the last flush may take, where nothing else bounds it.
    pub(crate) fn last_flush(&self) -> Duration {
        self.config.flush.timeout.unwrap_or(Self::DROP_DEADLINE)
    }

    /// Ends it: what waits is delivered within `deadline`.
    pub(crate) fn finish(&mut self, deadline: Duration) {
        self.phases.enter(Step::Flushing, Instant::now());
        self.base.lifecycle.advance(Phase::Draining);
        self.watching = None;
        self.probes = None;
        self.admin = None;
        self.profiling.end();
        self.signals.shutdown(deadline);
        self.base.lifecycle.advance(Phase::Stopped);
    }
}

/// For whoever does not serve by `Obs::serve`, which has ended it all before. Further ends change nothing.
impl Drop for Obs {
    fn drop(&mut self) {
        self.finish(self.last_flush());
    }
}

impl fmt::Debug for Obs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Obs")
            .field("service", &self.base.resource.name)
            .field("admin", &self.admin_addr())
            .field("shutdown", &self.shutdown)
            .field("thread", &self.thread)
            .finish_non_exhaustive()
    }
}
