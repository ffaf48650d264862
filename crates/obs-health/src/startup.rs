//! Steps of the start-up: named, with how far each has come, and readiness waits for all of them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use obs_core::keys::target;
use obs_core::time::Monotonic;
use obs_core::{Clock, Phase};

use crate::error::RegisterError;
use crate::registry::{Health, LONGEST_NAME, is_label};
use crate::text;

/// The most steps of a start-up.
pub const MAX_STEPS: usize = 64;

/// All steps of one registry, in the order they were begun.
#[derive(Clone, Debug, Default)]
pub(crate) struct Startup(Arc<Mutex<Vec<Begun>>>);

#[derive(Clone, Debug)]
struct Begun {
    name: String,
    /// Tells a step from an earlier one of the same name.
    number: u64,
    done: u64,
    of: u64,
    state: State,
    began: Monotonic,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Runs,
    Done(Duration),
    Failed(Duration, String),
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepStatus {
    /// It is under way.
    Running,
    /// It has ended well.
    Done,
    /// It has failed, or its handle was dropped before it had ended.
    Failed,
}

impl StepStatus {
    /// `running`, `done` or `failed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// One step of the start-up as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepReport {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub status: StepStatus,
    /// How many parts of it are done.
    pub done: u64,
    /// How many parts it has.
    pub of: u64,
    /// How long it has taken until now, or took.
    pub duration: Duration,
    /// Why it failed; at most 256 bytes, without secrets.
    pub error: Option<String>,
}

impl StepReport {
    /// How much of it is done, from 0 to 1.
    pub(crate) fn ratio(&self) -> f64 {
        if self.status == StepStatus::Done { 1.0 } else { self.done as f64 / self.of as f64 }
    }
}

/// `migrations 3/7`, and why it failed.
impl fmt::Display for StepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, done, of, .. } = self;
        write!(f, "{name} {done}/{of}")?;
        match (&self.error, self.status) {
            (Some(error), _) => write!(f, " failed: {error}"),
            (None, StepStatus::Failed) => f.write_str(" failed"),
            (None, _) => Ok(()),
        }
    }
}

/// A step that is under way; it ends by [`done`](Self::done) or [`fail`](Self::fail). Dropped before, it has failed.
#[must_use = "dropped, the step has failed"]
pub struct Step {
    startup: Startup,
    clock: Clock,
    name: String,
    number: u64,
}

impl Step {
    /// A further part is done.
    pub fn advance(&self) {
        self.advance_by(1);
    }

    /// Further parts are done; never more than there are.
    pub fn advance_by(&self, parts: u64) {
        self.change(|step| step.done = step.done.saturating_add(parts).min(step.of));
    }

    /// It has ended well, all of it.
    pub fn done(self) {
        self.end(None);
    }

    /// It has failed. The service stays in start-up, until a step of the same name has ended well or the process is
    /// restarted.
    pub fn fail(self, why: impl fmt::Display) {
        self.end(Some(text::tell(format_args!("{why}"))));
    }

    /// The first end counts; the drop is one more.
    fn end(&self, error: Option<String>) {
        let now = self.clock.monotonic();
        let Some(took) = self.change(|step| {
            let took = now.since(step.began);
            match error.clone() {
                Some(error) => step.state = State::Failed(took, error),
                None => (step.state, step.done) = (State::Done(took), step.of),
            }
            took
        }) else {
            return;
        };
        let (step, seconds) = (self.name.as_str(), took.as_secs_f64());
        // Macros take names of fields as they are written, not as constants: a test holds these to `keys`.
        match error {
            Some(error) => {
                tracing::error!(target: target::HEALTH, step, seconds, error, "a step of the start-up has failed");
            }
            None => tracing::info!(target: target::HEALTH, step, seconds, "a step of the start-up is done"),
        }
    }

    /// Changes it while it is under way; `None` where it is not.
    fn change<T>(&self, change: impl FnOnce(&mut Begun) -> T) -> Option<T> {
        let mut steps = self.startup.lock();
        let mine = |step: &&mut Begun| step.number == self.number && step.state == State::Runs;
        steps.iter_mut().find(mine).map(change)
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.end(Some("given up before it had ended".to_owned()));
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Startup {
    /// Whether every step there is has ended well.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().iter().all(|step| matches!(step.state, State::Done(_)))
    }

    pub(crate) fn reports(&self, now: Monotonic) -> Vec<StepReport> {
        let report = |step: &Begun| {
            let (status, duration, error) = match &step.state {
                State::Runs => (StepStatus::Running, now.since(step.began), None),
                State::Done(took) => (StepStatus::Done, *took, None),
                State::Failed(took, error) => (StepStatus::Failed, *took, Some(error.clone())),
            };
            StepReport { name: step.name.clone(), status, done: step.done, of: step.of, duration, error }
        };
        self.lock().iter().map(report).collect()
    }

    /// What is not done yet, for people.
    pub(crate) fn outstanding(&self, now: Monotonic) -> Option<String> {
        let open = self.reports(now).into_iter().filter(|step| step.status != StepStatus::Done);
        let open: Vec<_> = open.map(|step| step.to_string()).collect();
        (!open.is_empty()).then(|| open.join(", "))
    }

    fn begin(&self, name: &str, of: u64, began: Monotonic) -> Result<u64, RegisterError> {
        let mut steps = self.lock();
        let number = steps.iter().map(|step| step.number).max().unwrap_or(0) + 1;
        let new = Begun { name: name.to_owned(), number, done: 0, of: of.max(1), state: State::Runs, began };
        match steps.iter().position(|step| step.name == name) {
            Some(at) if matches!(steps[at].state, State::Failed(..)) => steps[at] = new,
            Some(_) => return Err(RegisterError::StepTaken(name.to_owned())),
            None if steps.len() == MAX_STEPS => {
                return Err(RegisterError::TooMany { what: "steps", most: MAX_STEPS });
            }
            None => steps.push(new),
        }
        Ok(number)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health {
    /// Begins a step of the start-up that has `of` parts, 1 at least. Until it and all others have ended well, `/startupz` and
    /// `/readyz` say `starting`, whatever else is ready, and how far they have come.
    ///
    /// The name is a label on metrics: 1 to 64 characters of `A-Za-z0-9._-`. One that has failed may be begun again.
    ///
    /// ```
    /// # let health = obs_health::Health::new(obs_core::Base::new(obs_core::Resource::new("orders")));
    /// # let pending = ["0001_orders.sql", "0002_lines.sql"];
    /// # fn apply(_: &str) -> Result<(), std::io::Error> { Ok(()) }
    /// let migrations = health.step("migrations", pending.len() as u64)?;
    /// for migration in pending {
    ///     apply(migration)?; // left here, by `?` or by a panic, the step has failed
    ///     migrations.advance();
    /// }
    /// migrations.done();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A name that is no label, or of a step that runs or is done; more than [`MAX_STEPS`]; a start-up that has ended: the
    /// service is ready or draining, and no step of it is open.
    pub fn step(&self, name: impl Into<String>, of: u64) -> Result<Step, RegisterError> {
        let name = name.into();
        if !is_label(&name) {
            return Err(RegisterError::Name(name.chars().take(LONGEST_NAME).collect()));
        }
        let startup = &self.0.startup;
        if self.0.has_ended() {
            return Err(RegisterError::ShutDown);
        }
        if self.phase() > Phase::Ready || self.phase() == Phase::Ready && startup.is_over() {
            return Err(RegisterError::Started(name));
        }
        let clock = self.0.base.clock.clone();
        let number = startup.begin(&name, of, clock.monotonic())?;
        Ok(Step { startup: startup.clone(), clock, name, number })
    }

    /// Each step of the start-up as it stands, in the order they were begun.
    pub fn steps(&self) -> Vec<StepReport> {
        self.0.startup.reports(self.0.base.clock.monotonic())
    }
}
