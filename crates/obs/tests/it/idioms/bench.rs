//! Requests through the layer, with the lines and spans they leave in memory.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use obs::Fused;
use obs_core::{Base, Resource};
use obs_logs::{AccessLog, Logs, LogsGuard, Output};
use obs_middleware::ServerLayer;
use obs_trace::sink::FinishedSpan;
use obs_trace::{Sampler, ServerSpans, Tracer};
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

type Server = ServerLayer<(Arc<ServerSpans>, Arc<AccessLog>)>;

/// One base with a subscriber, a server layer, and all in memory.
pub(crate) struct Bench {
    pub(crate) dispatch: Dispatch,
    server: Server,
    lines: obs_logs::Memory,
    spans: obs_trace::sink::Memory,
    _guard: LogsGuard,
}

/// What a request left.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) lines: Vec<Value>,
    pub(crate) spans: Vec<FinishedSpan>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(|fused| fused, Sampler::always_on(), "info", "info")
    }

    pub(crate) fn sampling(sampler: Sampler) -> Self {
        Self::with(|fused| fused, sampler, "info", "info")
    }

    pub(crate) fn filtered(logs: &str, traces: &str) -> Self {
        Self::with(|fused| fused, Sampler::always_on(), logs, traces)
    }

    pub(crate) fn with(
        choose: impl FnOnce(Fused) -> Fused,
        sampler: Sampler,
        log_filter: &str,
        trace_filter: &str,
    ) -> Self {
        // While there is only one subscriber, `tracing` asks only the thread that meets a call site first, and the
        // answer of a thread without a subscriber would stand for all.
        static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
        ANOTHER.get_or_init(|| Dispatch::new(NoSubscriber::default()));
        let base = Base::new(Resource::new("shop"));
        let lines = obs_logs::Memory::new();
        let logs = Logs::builder(Arc::clone(&base)).filter(log_filter.parse().unwrap());
        let (logs, guard) = logs.output(Output::memory(&lines)).build().unwrap();
        let spans = obs_trace::sink::Memory::new();
        let tracer = Tracer::builder(Arc::clone(&base)).sampler(sampler).sink(spans.clone()).build();
        let fused = choose(Fused::new().logs(&logs).traces(&tracer, trace_filter.parse().unwrap()));
        let observers = (Arc::new(ServerSpans::new(&tracer)), Arc::new(AccessLog::new(logs)));
        let server = ServerLayer::new(Arc::clone(&base), observers);
        Self { dispatch: Dispatch::new(fused), server, lines, spans, _guard: guard }
    }

    /// Serves one request with this id; the response's body is read to its end.
    pub(crate) async fn serve<F>(&self, id: &str, handler: impl FnOnce() -> F) -> F::Output
    where
        F: Future,
    {
        let output = Mutex::new(None);
        let mut handler = Some(handler);
        let service = self.server.layer(service_fn(|_: Request<Full<Bytes>>| {
            let handler = handler.take().expect("one request");
            let output = &output;
            async move {
                let done = handler().await;
                *output.lock().unwrap() = Some(done);
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"done"))))
            }
        }));
        let request = Request::builder().uri("/work").header("x-request-id", id);
        let response = service.oneshot(request.body(Full::default()).unwrap()).await.unwrap();
        response.into_body().collect().await.unwrap();
        output.into_inner().unwrap().expect("the handler has run")
    }

    /// Runs on a runtime of the calling thread, with this subscriber.
    pub(crate) fn block_on<F: Future>(&self, work: F) -> F::Output {
        let _default = tracing::dispatcher::set_default(&self.dispatch);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let output = tokio::task::LocalSet::new().block_on(&runtime, work);
        drop(runtime);
        assert!(obs_core::context::current().is_none(), "nothing is left in the scope");
        output
    }

    /// Runs on a runtime of several threads, each with this subscriber.
    pub(crate) fn block_on_threads<F: Future>(&self, work: F) -> F::Output {
        let dispatch = self.dispatch.clone();
        let enter = move || std::mem::forget(tracing::dispatcher::set_default(&dispatch));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .on_thread_start(enter)
            .enable_all()
            .build()
            .unwrap();
        let _default = tracing::dispatcher::set_default(&self.dispatch);
        runtime.block_on(work)
    }

    /// What was left so far; every span has closed.
    #[track_caller]
    pub(crate) fn left(&self) -> Left {
        assert_eq!(self.open(), 0, "spans are open");
        self.left_open()
    }

    /// What was left so far, while spans may be open.
    pub(crate) fn left_open(&self) -> Left {
        let lines = self.lines.lines();
        let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        Left { lines, spans: self.spans.spans() }
    }

    /// How many spans are open.
    pub(crate) fn open(&self) -> usize {
        self.dispatch.downcast_ref::<Fused>().unwrap().open_spans()
    }
}

impl Left {
    /// The one line with this message.
    #[track_caller]
    pub(crate) fn line(&self, message: &str) -> &Value {
        let mut found = self.lines.iter().filter(|line| line["message"] == message);
        let line = found.next().unwrap_or_else(|| panic!("no line {message:?} in {:#?}", self.lines));
        assert!(found.next().is_none(), "{message:?} twice in {:#?}", self.lines);
        line
    }

    /// The one span of this name.
    #[track_caller]
    pub(crate) fn span(&self, name: &str) -> &FinishedSpan {
        let mut found = self.spans.iter().filter(|span| span.name == name);
        let span = found.next().unwrap_or_else(|| panic!("no span {name:?} in {:#?}", self.spans));
        assert!(found.next().is_none(), "{name:?} twice in {:#?}", self.spans);
        span
    }

    /// The server span of a request.
    #[track_caller]
    pub(crate) fn server(&self, id: &str) -> &FinishedSpan {
        let trace = &self.access(id)["trace_id"];
        let is = |span: &&FinishedSpan| {
            span.kind == obs_trace::Kind::Server && *trace == span.ids.trace_id.to_string()
        };
        self.spans.iter().find(is).unwrap_or_else(|| panic!("no server span of {id} in {:#?}", self.spans))
    }

    #[track_caller]
    fn access(&self, id: &str) -> &Value {
        let mut found =
            self.lines.iter().filter(|line| line["target"] == "obs::access" && line["request_id"] == id);
        let line = found.next().unwrap_or_else(|| panic!("no access line of {id} in {:#?}", self.lines));
        assert!(found.next().is_none(), "{id} twice");
        line
    }

    /// The line stands in the span, and in the request.
    #[track_caller]
    pub(crate) fn stands_in(&self, message: &str, span: &FinishedSpan, request: &str) {
        let line = self.line(message);
        assert_eq!(line["trace_id"], span.ids.trace_id.to_string(), "{line}");
        assert_eq!(line["span_id"], span.ids.span_id.to_string(), "{line}");
        assert_eq!(line["request_id"], request, "{line}");
    }

    /// The line carries no ids at all.
    #[track_caller]
    pub(crate) fn stands_alone(&self, message: &str) {
        let line = self.line(message);
        for key in ["trace_id", "span_id", "request_id"] {
            assert!(line.get(key).is_none(), "{line}");
        }
    }

    /// The first span is a child of the second.
    #[track_caller]
    pub(crate) fn is_child(&self, child: &str, parent: &FinishedSpan) {
        let child = self.span(child);
        assert_eq!(child.ids.trace_id, parent.ids.trace_id, "{child:?}");
        assert_eq!(child.parent_id(), Some(parent.ids.span_id), "{child:?}");
    }
}
