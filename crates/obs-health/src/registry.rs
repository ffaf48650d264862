//! The registry: checks and heartbeats of one service, the tasks behind them, and what they say together.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use obs_core::{Base, Phase};
use tokio::runtime::Handle;

use crate::broken::Broken;
use crate::check::Check;
use crate::entry::Entry;
use crate::error::{RegisterError, SettingsError};
use crate::group::Group;
use crate::heartbeat::Heartbeat;
use crate::numbers::Numbers;
use crate::report::{CheckReport, Readiness, Status};
use crate::runner;
use crate::settings::{Importance, Settings};
use crate::startup::Startup;
use crate::watchdog::Watchdog;

/// The longest name of a check, in characters.
pub(crate) const LONGEST_NAME: usize = 64;

/// How many reasons not to be alive are told.
const FAULTS: usize = 8;

/// The most checks of a registry.
pub const MAX_CHECKS: usize = 256;

/// The most groups of a registry, and the most checks of one.
pub const MAX_GROUPS: usize = 64;

/// The most heartbeats of a registry.
pub const MAX_HEARTBEATS: usize = 64;

/// The checks of one service and what they found. Clones are the same registry; one belongs to each base, for two
/// would add their numbers up.
///
/// The checks' tasks end when the last clone is dropped, or at [`shutdown`](Self::shutdown). A check that holds a clone
/// keeps its own registry alive.
#[derive(Clone)]
pub struct Health(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) base: Arc<Base>,
    defaults: Settings,
    checks: RwLock<Vec<Arc<Entry>>>,
    groups: RwLock<Vec<Group>>,
    heartbeats: RwLock<Vec<Heartbeat>>,
    /// The runtime given by `run_on`, for checks registered outside of any.
    runtime: RwLock<Option<Handle>>,
    ended: AtomicBool,
    pub(crate) watchdog: Watchdog,
    pub(crate) broken: Broken,
    pub(crate) startup: Startup,
}

impl Health {
    /// A registry without checks, whose checks have the defaults of [`Settings`].
    pub fn new(base: Arc<Base>) -> Self {
        Self::of(base, Settings::new())
    }

    /// A registry whose checks have `defaults` where they have no settings of their own.
    ///
    /// # Errors
    /// A duration that is zero, or `stale_after` shorter than an interval and a time-out.
    pub fn with(base: Arc<Base>, defaults: Settings) -> Result<Self, SettingsError> {
        defaults.resolve(Settings::new())?;
        Ok(Self::of(base, defaults))
    }

    fn of(base: Arc<Base>, defaults: Settings) -> Self {
        let inner = Arc::new(Inner {
            watchdog: Watchdog::new(base.clock.clone()),
            broken: Broken::default(),
            startup: Startup::default(),
            base,
            defaults,
            checks: RwLock::default(),
            groups: RwLock::default(),
            heartbeats: RwLock::default(),
            runtime: RwLock::default(),
            ended: AtomicBool::new(false),
        });
        inner.base.sources.register(Arc::new(Numbers(Arc::downgrade(&inner))));
        Self(inner)
    }

    /// Registers a check with the registry's settings: see [`check_with`](Self::check_with).
    ///
    /// ```
    /// # let health = obs_health::Health::new(obs_core::Base::new(obs_core::Resource::new("orders")));
    /// # #[derive(Clone)] struct Pool;
    /// # impl Pool { async fn ping(&self) -> Result<(), std::io::Error> { Ok(()) } }
    /// # let pool = Pool;
    /// health.check("postgres", move || {
    ///     let pool = pool.clone();
    ///     async move { pool.ping().await }
    /// })?;
    /// # Ok::<(), obs_health::RegisterError>(())
    /// ```
    ///
    /// # Errors
    /// As [`check_with`](Self::check_with).
    pub fn check(&self, name: impl Into<String>, check: impl Check) -> Result<(), RegisterError> {
        self.check_with(name, Settings::new(), check)
    }

    /// Registers a check and starts it: on the tokio runtime this is called in, else on the one given to
    /// [`run_on`](Self::run_on), else as soon as one is given. Until its first run has ended it is unknown, which for a
    /// critical check is not ready.
    ///
    /// The name is a label on metrics: 1 to 64 characters of `A-Za-z0-9._-`.
    ///
    /// # Errors
    /// A name that is no label or is taken, settings that contradict each other, a registry that is full
    /// ([`MAX_CHECKS`]) or has been shut down.
    pub fn check_with(
        &self,
        name: impl Into<String>,
        settings: Settings,
        check: impl Check,
    ) -> Result<(), RegisterError> {
        let name = name.into();
        if !is_label(&name) {
            return Err(RegisterError::Name(name.chars().take(LONGEST_NAME).collect()));
        }
        let settings = match settings.resolve(self.0.defaults) {
            Ok(settings) => settings,
            Err(source) => return Err(RegisterError::Settings { check: name, source }),
        };
        let entry = Arc::new(Entry::new(name, settings, Box::new(check)));
        self.0.add(&entry)?;
        let given = || self.0.runtime.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(runtime) = Handle::try_current().ok().or_else(given) {
            self.0.start(&entry, &runtime);
        }
        Ok(())
    }

    /// Has readiness for one purpose told apart: the group is ready while the service is in traffic and each of `checks`
    /// has passed, whatever their importance is for the whole; others do not matter to it. `/readyz?group=checkout` tells of
    /// it, and the metric `health_group_ready`.
    ///
    /// The checks may be registered later; until then the group is not ready. A group of a name that is there takes
    /// its place.
    ///
    /// ```
    /// # let health = obs_health::Health::new(obs_core::Base::new(obs_core::Resource::new("orders")));
    /// health.group("checkout", ["postgres", "payments"])?;
    /// # Ok::<(), obs_health::RegisterError>(())
    /// ```
    ///
    /// # Errors
    /// A name, of the group or of a check, that is no label; no check, or more than [`MAX_GROUPS`]; a registry that has as
    /// many groups as it may, or has been shut down.
    pub fn group<C: Into<String>>(
        &self,
        name: impl Into<String>,
        checks: impl IntoIterator<Item = C>,
    ) -> Result<(), RegisterError> {
        let name = name.into();
        // One more than may be is enough to know.
        let mut names: Vec<String> = Vec::new();
        for check in checks.into_iter().map(Into::into) {
            if names.len() <= MAX_GROUPS && !names.contains(&check) {
                names.push(check);
            }
        }
        let checks = names;
        if let Some(wrong) = checks.iter().chain([&name]).find(|name| !is_label(name)) {
            return Err(RegisterError::Name(wrong.chars().take(LONGEST_NAME).collect()));
        }
        if checks.is_empty() {
            return Err(RegisterError::EmptyGroup(name));
        }
        if checks.len() > MAX_GROUPS {
            return Err(RegisterError::TooMany { what: "checks in a group", most: MAX_GROUPS });
        }
        if self.0.has_ended() {
            return Err(RegisterError::ShutDown);
        }
        let group = Group { name, checks };
        let mut groups = self.0.groups.write().unwrap_or_else(PoisonError::into_inner);
        let before = groups.len();
        groups.retain(|known| known.name != group.name);
        if groups.len() == before && before == MAX_GROUPS {
            return Err(RegisterError::TooMany { what: "groups", most: MAX_GROUPS });
        }
        groups.push(group);
        Ok(())
    }

    /// Makes a heartbeat part of liveness, from now on: where it is missed, `/healthz` answers 503, but not while the
    /// service drains, for a loop that has ended in good order beats no more.
    ///
    /// # Errors
    /// A greatest age of zero, a registry that is full ([`MAX_HEARTBEATS`]) or has been shut down.
    pub fn liveness(&self, heartbeat: Heartbeat) -> Result<(), RegisterError> {
        if heartbeat.max_age().is_zero() {
            return Err(RegisterError::MaxAge);
        }
        if self.0.has_ended() {
            return Err(RegisterError::ShutDown);
        }
        let mut heartbeats = self.0.heartbeats.write().unwrap_or_else(PoisonError::into_inner);
        if heartbeats.len() == MAX_HEARTBEATS {
            return Err(RegisterError::TooMany { what: "heartbeats", most: MAX_HEARTBEATS });
        }
        heartbeat.start(&self.0.base.clock);
        heartbeats.push(heartbeat);
        Ok(())
    }

    /// Runs on `runtime` each check that has no running task: those registered outside of any runtime, and those whose
    /// runtime is gone. Checks registered later, outside of any runtime, run there too.
    pub fn run_on(&self, runtime: &Handle) {
        *self.0.runtime.write().unwrap_or_else(PoisonError::into_inner) = Some(runtime.clone());
        let entries = self.0.checks().clone();
        for entry in entries {
            self.0.start(&entry, runtime);
        }
    }

    /// Ends all tasks, for good. Does not wait for them: a run under way is dropped where it waits. What was found stays
    /// until it is stale.
    pub fn shutdown(&self) {
        self.0.end();
    }

    /// Whether the service takes traffic: what `/readyz` says.
    pub fn readiness(&self) -> Readiness {
        let now = self.0.base.clock.monotonic();
        let checks = self.0.checks();
        let states = checks.iter().map(|entry| entry.stands(now));
        Readiness::of(self.0.stands(), states)
    }

    /// Whether the service takes traffic for the purpose of a group: what `/readyz?group=..` says. `None` where there is no
    /// such group.
    pub fn group_readiness(&self, name: &str) -> Option<Readiness> {
        // Watches ask as often as there are watches: nothing is copied.
        let groups = self.0.groups.read().unwrap_or_else(PoisonError::into_inner);
        let group = groups.iter().find(|group| group.name == name)?;
        let checks = self.0.checks();
        Some(Readiness::of(self.0.stands(), group.states(&checks, self.0.base.clock.monotonic())))
    }

    /// The names of the groups, in the order of registration.
    pub fn groups(&self) -> Vec<String> {
        self.0.groups().into_iter().map(|group| group.name).collect()
    }

    /// Each check of a group as it stands, which for the group is critical; those that are not registered are unknown.
    pub(crate) fn group_checks(&self, name: &str) -> Option<Vec<CheckReport>> {
        let group = self.0.groups().into_iter().find(|group| group.name == name)?;
        let reports = self.checks();
        let report = |name: String| {
            let known = reports.iter().find(|report| report.name == name).cloned();
            let mut report = known.unwrap_or_else(|| CheckReport {
                name,
                status: Status::Unknown,
                importance: Importance::Critical,
                is_excused: false,
                error: Some("no check of this name is registered".to_owned()),
                age: None,
                duration: None,
                since: None,
                last_failure: None,
                history: Vec::new(),
            });
            (report.importance, report.is_excused) = (Importance::Critical, false);
            report
        };
        Some(group.checks.into_iter().map(report).collect())
    }

    /// Whether the process should be left running: what `/healthz` says.
    pub fn is_alive(&self) -> bool {
        self.why_not_alive().is_none()
    }

    /// Why it should not be: what `/healthz` says, for people. Nothing while the service drains, which ends it anyway.
    pub fn why_not_alive(&self) -> Option<String> {
        if self.phase() >= Phase::Draining {
            return None;
        }
        let broken = self.0.broken.why().map(|why| format!("broken: {why}"));
        let missed = self.heartbeats().iter().any(Heartbeat::is_missed);
        let missed = missed.then(|| "not responding".to_owned());
        let mut faults = broken.into_iter().chain(missed).chain(self.0.watchdog.faults());
        let mut told: Vec<_> = faults.by_ref().take(FAULTS).collect();
        match faults.count() {
            0 => {}
            more => told.push(format!("and {more} more")),
        }
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// Each check as it stands, in the order of registration.
    pub fn checks(&self) -> Vec<CheckReport> {
        let now = self.0.base.clock.monotonic();
        self.0.checks().iter().map(|entry| entry.report(now)).collect()
    }

    /// Each heartbeat, in the order of registration.
    pub fn heartbeats(&self) -> Vec<Heartbeat> {
        self.0.heartbeats.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The phase as probes see it, with steps of the start-up open or not.
    pub(crate) fn stands(&self, is_open: bool) -> Phase {
        self.0.stands_with(is_open)
    }

    /// Whether the start-up is over, with all of its steps.
    #[cfg(feature = "grpc")]
    pub(crate) fn has_started(&self) -> bool {
        self.0.stands() != Phase::Starting
    }

    /// Steps of the start-up that are not done, for people.
    pub(crate) fn outstanding(&self) -> Option<String> {
        self.0.startup.outstanding(self.0.base.clock.monotonic())
    }

    pub(crate) fn base(&self) -> &Base {
        &self.0.base
    }

    /// The phase the service is in.
    pub fn phase(&self) -> Phase {
        self.0.base.lifecycle.phase()
    }
}

impl Inner {
    pub(crate) fn checks(&self) -> RwLockReadGuard<'_, Vec<Arc<Entry>>> {
        self.checks.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The phase as probes see it: a start-up with steps that are not done has not ended.
    pub(crate) fn stands(&self) -> Phase {
        self.stands_with(!self.startup.is_over())
    }

    fn stands_with(&self, is_open: bool) -> Phase {
        match self.base.lifecycle.phase() {
            Phase::Ready if is_open => Phase::Starting,
            phase => phase,
        }
    }

    pub(crate) fn groups(&self) -> Vec<Group> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, entry: &Arc<Entry>) -> Result<(), RegisterError> {
        let mut checks = self.checks.write().unwrap_or_else(PoisonError::into_inner);
        if self.has_ended() {
            return Err(RegisterError::ShutDown);
        }
        if checks.iter().any(|known| known.name == entry.name) {
            return Err(RegisterError::Taken(entry.name.clone()));
        }
        if checks.len() == MAX_CHECKS {
            return Err(RegisterError::TooMany { what: "checks", most: MAX_CHECKS });
        }
        checks.push(Arc::clone(entry));
        Ok(())
    }

    /// Starts the check's task unless it has one that runs.
    fn start(&self, entry: &Arc<Entry>, runtime: &Handle) {
        let mut task = entry.task();
        // Looked at under the lock that `end` takes, so that no task is started behind its back.
        if !self.has_ended() && task.as_ref().is_none_or(|task| task.is_finished()) {
            let run = runner::run(Arc::clone(entry), self.base.clock.clone());
            *task = Some(runtime.spawn(run).abort_handle());
        }
    }

    fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.watchdog.end();
        for entry in self.checks().iter() {
            if let Some(task) = &*entry.task() {
                task.abort();
            }
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("phase", &self.phase()).field("checks", &self.checks()).finish()
    }
}

pub(crate) fn is_label(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_part)
}
