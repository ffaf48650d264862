//! Profiles of the running service, on demand: where it spends processor time, what its memory is for, and where its tasks
//! wait. Nothing is measured while nobody asks.

mod asked;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod cpu;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[path = "cpu_absent.rs"]
mod cpu;
mod flamegraph;
#[cfg_attr(not(all(feature = "profiling-heap", target_os = "linux")), path = "heap_absent.rs")]
mod heap;
mod pprof;
mod samples;
#[cfg_attr(not(all(tokio_unstable, feature = "profiling-tasks")), path = "tasks_absent.rs")]
mod tasks;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use super::{Access, Endpoint, Runs, reply};
use asked::Asked;
use samples::Samples;
use tasks::Tasks;
use turn::{Busy, Turns};

const PROFILE: &str = "/debug/pprof/profile";
const FLAMEGRAPH: &str = "/debug/pprof/flamegraph";
const HEAP: &str = "/debug/pprof/heap";
const TASKS: &str = "/debug/tasks";

/// For how long a connection may last beyond what is measured: names of functions are looked up after it, which takes seconds
/// in a large program.
const BESIDE: Duration = Duration::from_secs(60);

/// Who takes profiles for one installation.
#[derive(Debug, Default)]
pub(crate) struct Profiling {
    turns: Arc<Turns>,
    tasks: Arc<Tasks>,
}

/// Why there is no profile.
#[derive(Debug)]
enum Refusal {
    /// The request makes no sense.
    Wrong(String),
    Busy(Busy),
    /// Not in this program, or on this machine.
    Absent(&'static str),
    Failed(String),
}

impl Profiling {
    /// What is served: each for whoever may see the inside of the service.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let longest = Duration::from_secs(asked::SECONDS.1) + BESIDE;
        let lasting = |path, about, respond: fn(&Turns, &Request<()>) -> Answer| {
            let turns = Arc::clone(&self.turns);
            let respond = move |request: &Request<()>| answer(request, |request| respond(&turns, request));
            let endpoint = Endpoint::new(path, Access::Guarded, Runs::Apart, respond).about(about);
            Endpoint { lasts: Some(longest), ..endpoint }
        };
        let tasks = Arc::clone(&self.tasks);
        let dump = move |request: &Request<()>| {
            answer(request, |request| asked::nothing(request).and_then(|()| tasks.dump()).map(text))
        };
        vec![
            lasting(PROFILE, "where processor time goes, for `go tool pprof`", profile),
            lasting(FLAMEGRAPH, "the same as a picture", flamegraph),
            lasting(HEAP, "what memory is allocated for, for `go tool pprof`", heap),
            Endpoint::new(TASKS, Access::Guarded, Runs::Apart, dump)
                .about("where the tasks of the runtime wait"),
        ]
    }

    /// The runtime that is current is the one whose tasks are meant.
    #[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "whoever serves says so"))]
    pub(crate) fn serving(&self) {
        self.tasks.meet_runtime();
    }

    /// Ends the profile that is under way, and takes no other.
    pub(crate) fn end(&self) {
        self.turns.end();
    }
}

type Answer = Result<Response<Bytes>, Refusal>;

fn profile(turns: &Turns, request: &Request<()>) -> Answer {
    let (_, samples) = measure(turns, request)?;
    let mut response = Response::new(Bytes::from(pprof::encode(&samples)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"profile.pb\""));
    Ok(response)
}

fn flamegraph(turns: &Turns, request: &Request<()>) -> Answer {
    let (asked, samples) = measure(turns, request)?;
    if samples.stacks.is_empty() {
        return Ok(text(format!("no samples: the service used no processor time in {} s", asked.seconds)));
    }
    let mut response = Response::new(Bytes::from(flamegraph::draw(&samples)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    // There is no script in it, and none is to be run if there were.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn heap(turns: &Turns, request: &Request<()>) -> Answer {
    asked::nothing(request)?;
    let _turn = turns.take(Duration::ZERO).map_err(Refusal::Busy)?;
    let mut response = Response::new(Bytes::from(heap::dump()?));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"heap.pb.gz\""));
    Ok(response)
}

/// Samples for as long as is asked for; for less where the installation ends.
fn measure(turns: &Turns, request: &Request<()>) -> Result<(Asked, Samples), Refusal> {
    let asked = Asked::of(request)?;
    let time = Duration::from_secs(asked.seconds);
    let turn = turns.take(time).map_err(Refusal::Busy)?;
    // It begins once all is prepared, which takes a while the first time.
    let samples = cpu::sample(asked.frequency, || turn.wait(time))?;
    Ok((asked, samples))
}

fn answer(request: &Request<()>, respond: impl FnOnce(&Request<()>) -> Answer) -> Response<Bytes> {
    // A `HEAD` would have to measure to know how long its answer is.
    if request.method() != Method::GET {
        let mut response = reply::text(StatusCode::METHOD_NOT_ALLOWED, "only to be asked for: GET");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    let mut response = match respond(request) {
        Ok(response) => response,
        Err(Refusal::Wrong(why)) => reply::text(StatusCode::BAD_REQUEST, &why),
        Err(Refusal::Absent(why)) => reply::text(StatusCode::NOT_IMPLEMENTED, why),
        Err(Refusal::Failed(why)) => reply::text(StatusCode::INTERNAL_SERVER_ERROR, &why),
        Err(Refusal::Busy(Busy { left })) => {
            let mut response =
                reply::text(StatusCode::CONFLICT, "a profile is being taken: there is one at a time");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(left.as_secs() + 1));
            response
        }
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn text(text: String) -> Response<Bytes> {
    reply::text(StatusCode::OK, &text)
}
