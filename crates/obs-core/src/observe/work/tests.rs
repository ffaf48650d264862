//! Each way in which work ends, as an observer sees it.

use std::sync::{Arc, Mutex};
use std::task::Waker;

use super::*;
use crate::context::{self, Context, TraceFlags};
use crate::fields::Value;
use crate::keys::metric;
use crate::observe::{Candidate, Operation, OperationEnd, OperationObserver};
use crate::propagate::Caller;
use crate::{Base, IdSource, Resource};

#[derive(Debug, Default)]
struct Spy {
    is_recording: bool,
    seen: Mutex<Vec<String>>,
}

impl OperationObserver for Spy {
    fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
        Some(candidate.decided().unwrap_or(self.is_recording))
    }

    fn finish(&self, _: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>) {
        let text = |(key, value): &(&str, Value<'_>)| match value {
            Value::Str(text) => format!("{key}={text}"),
            other => format!("{key}={other:?}"),
        };
        let attributes = operation.attributes.iter().map(text).collect::<Vec<_>>().join(" ");
        let (outcome, fault, error) = (end.outcome.as_str(), end.fault, end.error);
        let parent = operation.parent.is_some();
        let text = format!("{:?} {parent} {outcome} {fault:?} {error:?} {attributes}", operation.name.0);
        self.seen.lock().unwrap().push(text);
    }
}

/// Work that counts how often it is asked what it is.
#[derive(Debug, Default)]
struct Task {
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl Task {
    fn note(&self, what: &'static str) {
        self.asked.lock().unwrap().push(what);
    }
}

impl Describe for Task {
    fn kind(&self) -> OperationKind {
        OperationKind::Internal
    }
    fn name(&self) -> (&str, Option<&str>) {
        self.note("name");
        ("task", None)
    }
    fn measures(&self) -> Option<&'static Measures> {
        Some(&metric::JOB)
    }
    fn labels(&self) -> impl AsRef<[&'static str]> {
        self.note("labels");
        ["task"]
    }
    fn prepare(&mut self) {
        self.note("prepare");
    }
    fn attributes<'a>(&'a self, list: &mut Attributes<'a>) {
        self.note("attributes");
        list.text("job.name", "task");
        list.text("empty", "");
    }
}

fn setup(is_recording: bool) -> (Arc<Base>, Arc<Spy>) {
    let base = Base::new(Resource::new("test"));
    let spy = Arc::new(Spy { is_recording, seen: Mutex::default() });
    base.operations.register(Arc::<Spy>::clone(&spy));
    (base, spy)
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(Waker::noop()))
}

fn finished<F: Future>(future: F) -> F::Output {
    match poll(std::pin::pin!(future)) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

/// Prints, and tells that it was asked to.
struct Loud(Arc<Mutex<u32>>);

impl std::fmt::Display for Loud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        *self.0.lock().unwrap() += 1;
        f.write_str("no such order")
    }
}

#[test]
fn work_is_told_once_with_what_came_of_it() {
    let (base, spy) = setup(true);
    finished(Opened::here(Some(&base), Task::default()).run(async {}, |answer, _| Judged::of(answer)));
    let fails = async { Err::<(), _>(std::fmt::Error) };
    let failed = Opened::here(Some(&base), Task::default()).run(fails, |answer, _| Judged::of(answer));
    finished(failed).unwrap_err();
    let named = Opened::here(Some(&base), Task::default());
    let named = named.run(async { Err::<(), _>("23505") }, |answer, _| {
        Judged::by(answer, |code| if *code == "23505" { "unique_violation" } else { "other" })
    });
    finished(named).unwrap_err();
    let error = std::fmt::Error;
    assert_eq!(
        *spy.seen.lock().unwrap(),
        [
            String::from("\"task\" false success None None job.name=task obs.outcome=success"),
            format!(
                "\"task\" false server_error Some(\"core::fmt::Error\") Some({:?}) job.name=task \
                 obs.outcome=server_error error.type=core::fmt::Error",
                error.to_string()
            ),
            String::from(
                "\"task\" false server_error Some(\"unique_violation\") Some(\"23505\") job.name=task \
                 obs.outcome=server_error error.type=unique_violation"
            ),
        ]
    );
}

#[test]
fn what_is_dropped_was_cancelled_and_its_future_dies_inside_of_its_context() {
    struct Dies(Arc<Mutex<Option<context::Ids>>>);
    impl Drop for Dies {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = context::current_ids();
        }
    }
    let (base, spy) = setup(true);
    let (at_death, opened) = (Arc::default(), Opened::here(Some(&base), Task::default()));
    let ids = opened.context().unwrap().ids();
    let dies = Dies(Arc::clone(&at_death));
    let waits = async move {
        let _dies = dies;
        std::future::pending::<()>().await;
    };
    let mut run = Box::pin(opened.run(waits, |(), _| Judged::SUCCESS));
    assert!(poll(run.as_mut()).is_pending());
    assert!(context::current_ids().is_none(), "nothing is left open between polls");
    assert!(spy.seen.lock().unwrap().is_empty());
    drop(run);
    assert_eq!(*at_death.lock().unwrap(), Some(ids));
    drop(Opened::here(Some(&base), Task::default()).run(async {}, |(), _| Judged::SUCCESS));
    drop(Opened::here(Some(&base), Task::default()));
    let cancelled = "\"task\" false cancelled None None job.name=task obs.outcome=cancelled";
    assert_eq!(*spy.seen.lock().unwrap(), [cancelled; 3]);
}

#[test]
fn a_panic_is_told_with_its_text_and_goes_on() {
    let (base, spy) = setup(true);
    let panics = async {
        if true {
            panic!("out of paper")
        }
    };
    let run = Opened::here(Some(&base), Task::default()).run(panics, |(), _| Judged::SUCCESS);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| finished(run))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"out of paper"));
    let call =
        || Opened::here(Some(&base), Task::default()).call(|| panic!("here too"), |(), _| Judged::SUCCESS);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
    let told = |text: &str| {
        format!(
            "\"task\" false panicked Some(\"panicked\") Some({text:?}) job.name=task obs.outcome=panicked \
             error.type=panicked"
        )
    };
    assert_eq!(*spy.seen.lock().unwrap(), [told("out of paper"), told("here too")]);
    assert!(context::current().is_none());
}

#[test]
fn where_nobody_records_only_labels_are_asked_for_and_no_error_is_printed() {
    let (base, spy) = setup(false);
    let (task, printed) = (Task::default(), Arc::new(Mutex::new(0)));
    let asked = Arc::clone(&task.asked);
    let fails = async { Err::<(), _>(Loud(Arc::clone(&printed))) };
    assert!(finished(Opened::here(Some(&base), task).run(fails, |answer, _| Judged::of(answer))).is_err());
    assert_eq!((asked.lock().unwrap().as_slice(), *printed.lock().unwrap()), (["labels"].as_slice(), 0));
    assert_eq!(spy.seen.lock().unwrap().len(), 1, "it counts all the same");
    let (base, _) = setup(true);
    let (task, printed) = (Task::default(), Arc::new(Mutex::new(0)));
    let asked = Arc::clone(&task.asked);
    let fails = async { Err::<(), _>(Loud(Arc::clone(&printed))) };
    assert!(finished(Opened::here(Some(&base), task).run(fails, |answer, _| Judged::of(answer))).is_err());
    assert_eq!(*asked.lock().unwrap(), ["prepare", "labels", "name", "attributes"]);
    assert_eq!(*printed.lock().unwrap(), 1);
    assert_eq!(finished(Opened::here(None, Task::default()).run(async { 7 }, |_, _| Judged::SUCCESS)), 7);
}

#[test]
fn work_inside_of_work_is_its_child() {
    let (base, spy) = setup(true);
    let outer = Opened::here(Some(&base), Task::default());
    let (trace, again) = (outer.context().unwrap().trace_id(), Arc::clone(&base));
    let inner = async move {
        let inner = Opened::here(Some(&again), Task::default());
        assert_eq!(inner.context().unwrap().trace_id(), trace);
        inner.run(async {}, |answer, _| Judged::of(answer)).await;
    };
    finished(outer.run(inner, |answer, _| Judged::of(answer)));
    let seen = spy.seen.lock().unwrap();
    assert!(seen[0].contains("true success") && seen[1].contains("false success"), "{seen:?}");
}

#[test]
fn a_root_goes_on_from_its_caller_and_the_first_observer_decides() {
    let ids = IdSource::seeded(3);
    let remote = |sampled| {
        let flags = TraceFlags::default().random().sampled(sampled);
        Remote::new(context::Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags })
    };
    for (recording, caller, expected) in [
        (false, Some(Caller::Span(remote(true))), true),
        (true, Some(Caller::Span(remote(false))), false),
        (true, Some(Caller::Asks(false)), false),
        (false, Some(Caller::Asks(true)), true),
        (true, Some(Caller::Trace(ids.trace_id())), true),
        (true, None, true),
        (false, None, false),
    ] {
        let (base, _) = setup(recording);
        let root = base.open_root(caller.as_ref(), None);
        assert_eq!(root.is_sampled(), expected, "{caller:?}");
        match caller {
            Some(Caller::Span(remote)) => assert_eq!(root.trace_id(), remote.trace_id),
            Some(Caller::Trace(trace_id)) => {
                assert_eq!(root.trace_id(), trace_id);
                assert!(!root.ids().flags.is_random(), "nobody said that it is");
            }
            _ => assert!(root.ids().flags.is_random()),
        }
    }
    // Where nothing is recorded, the caller's decision is passed on.
    let base = Base::new(Resource::new("test"));
    assert!(base.open_root(Some(&Caller::Span(remote(true))), None).is_sampled());
}

#[test]
fn an_error_is_called_by_the_path_of_its_type_but_for_what_holds_any() {
    use std::rc::Rc;
    assert_eq!(Failure::of_type::<std::io::Error>().kind(), "std::io::error::Error");
    assert_eq!(Failure::of_type::<Arc<std::io::Error>>().kind(), "std::io::error::Error");
    assert_eq!(Failure::of_type::<Rc<Box<std::io::Error>>>().kind(), "std::io::error::Error");
    assert_eq!(Failure::of_type::<Box<dyn std::error::Error>>(), Failure::OTHER);
    assert_eq!(Failure::of_type::<Arc<dyn std::error::Error + Send + Sync>>(), Failure::OTHER);
    assert_eq!(Failure::of_type::<Rc<str>>(), Failure::OTHER);
    assert_eq!(Failure::of_type::<std::borrow::Cow<'static, str>>(), Failure::OTHER);
    assert_eq!(Failure::of_type::<&str>(), Failure::OTHER);
}

/// An observer that has spans wait, of what nobody sampled.
#[derive(Debug, Default)]
struct Holds {
    seen: Mutex<Vec<Described>>,
}

/// The name of a span, whether it has a beginning, how many attributes, and the error.
type Described = (String, bool, usize, Option<String>);

impl OperationObserver for Holds {
    fn sample(&self, _: &Candidate<'_>) -> Option<bool> {
        Some(false)
    }
    fn begun(&self, root: &Context) {
        root.local().hold(0_u8);
    }
    fn finish(&self, _: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>) {
        let is_timed = operation.started != crate::time::Timestamp::default();
        let seen = (operation.name.0.into(), is_timed, operation.attributes.len(), end.error.map(Into::into));
        self.seen.lock().unwrap().push(seen);
    }
}

#[test]
fn what_waits_is_described_though_nobody_sampled_it() {
    let base = Base::new(Resource::new("test"));
    let holds = Arc::new(Holds::default());
    base.operations.register(Arc::<Holds>::clone(&holds));
    let root = base.open_root(None, None);
    let opened = Opened::root(&base, root, None, Task::default());
    assert!(!opened.context().unwrap().is_sampled() && opened.is_recorded());
    let again = Arc::clone(&base);
    let work = async move {
        let fails = async { Err::<(), _>("no such order") };
        Opened::here(Some(&again), Task::default()).run(fails, |answer, _| Judged::of(answer)).await
    };
    finished(opened.run(work, |answer, _| Judged::of(answer))).unwrap_err();
    // `job.name`, the outcome and the type of the error.
    let described = (String::from("task"), true, 3, Some(String::from("no such order")));
    assert_eq!(*holds.seen.lock().unwrap(), [described.clone(), described]);
}

#[test]
fn an_error_that_cannot_be_printed_is_told_once_and_its_answer_given() {
    enum Bad {
        Panics,
        Refuses,
        Endless,
    }
    impl std::fmt::Display for Bad {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no: ")?;
            match self {
                Self::Panics => panic!("while it prints"),
                Self::Refuses => Err(std::fmt::Error),
                Self::Endless => loop {
                    f.write_str("and on ")?;
                },
            }
        }
    }
    for (bad, expected) in [(Bad::Panics, "no: [panicked]"), (Bad::Refuses, "no: "), (Bad::Endless, "")] {
        let (base, spy) = setup(true);
        let fails = async { Err::<(), _>(bad) };
        let run =
            Opened::here(Some(&base), Task::default()).run(fails, |answer, _| Judged::by(answer, |_| "bad"));
        assert!(finished(run).is_err(), "the caller has the answer");
        let seen = spy.seen.lock().unwrap();
        assert_eq!(seen.len(), 1, "{expected}");
        assert!(seen[0].starts_with("\"task\" false server_error Some(\"bad\")"), "{seen:?}");
        if expected.is_empty() {
            assert!(seen[0].len() < super::opened::MAX_ERROR + 200, "{}", seen[0].len());
        } else {
            assert!(seen[0].contains(&format!("Some({expected:?})")), "{seen:?}");
        }
    }
}
