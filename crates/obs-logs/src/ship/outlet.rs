//! What all receivers over HTTP have in common: where they are, how they are asked, and how patiently.

use std::fmt;
use std::io;
use std::sync::Arc;

use http::Method;
use obs_core::Base;
use obs_export::http::{
    Call, Client, ClientSettings, Encoding, Endpoint, Post, Probe, Protocol, Retry, Traffic,
};

use super::Outgoing;
use crate::sink::Complaint;

/// Places and manners.
#[derive(Clone)]
pub(crate) struct Outlet {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) client: ClientSettings,
    pub(super) retry: Retry,
    pub(super) encoding: Encoding,
    /// At how many bytes a batch is sent, before it is compressed; a request has twice as many at most.
    pub(super) batch_bytes: usize,
    /// What is said beside the first place where it is told of.
    pub(super) hint: &'static str,
}

impl Outlet {
    pub(super) fn new(endpoint: Endpoint, batch_bytes: usize) -> Self {
        // All receivers ask for patience where they have trouble.
        let retry = Retry::new().server_errors();
        let client = ClientSettings::new();
        Self { endpoints: vec![endpoint], client, retry, encoding: Encoding::Plain, batch_bytes, hint: "" }
    }

    /// A sink that posts what `protocol` makes of batches to `path` of each place, and says on standard error what is
    /// lost; and what each place is asked to know whether it is there.
    pub(super) fn open<P: Protocol + 'static>(
        self,
        base: &Base,
        (path, content_type): (&str, &'static str),
        pipeline: &'static str,
        protocol: P,
        question: Question,
    ) -> io::Result<Outgoing> {
        self.open_at(
            base,
            (|endpoint: &Endpoint| endpoint.join(path), content_type),
            pipeline,
            protocol,
            question,
        )
    }

    /// The same to what `place` makes of each place.
    pub(super) fn open_at<P: Protocol + 'static>(
        mut self,
        base: &Base,
        (place, content_type): (impl Fn(&Endpoint) -> Endpoint, &'static str),
        pipeline: &'static str,
        protocol: P,
        question: Question,
    ) -> io::Result<Outgoing> {
        let asked =
            |endpoint: &Endpoint| question.place.map_or_else(|| place(endpoint), |asked| asked(endpoint));
        let calls =
            self.endpoints.iter().map(|endpoint| question.to(asked(endpoint), content_type, self.encoding));
        let probe = Probe::new(self.client.clone(), calls).fine(question.fine);
        self.endpoints = self.endpoints.iter().map(place).collect();
        let post = Post::new(Client::new(self.client.clone())?, self.first()?, content_type, protocol);
        self.tuned(post, base, pipeline, probe)
    }

    /// The same by gRPC.
    #[cfg(feature = "ship-grpc")]
    pub(super) fn call<P: Protocol + 'static>(
        self,
        base: &Base,
        method: &'static str,
        pipeline: &'static str,
        protocol: P,
    ) -> io::Result<Outgoing> {
        let probe = Probe::grpc(self.client.clone(), &self.endpoints, method)?;
        let post = Post::grpc(self.client.clone(), self.first()?, method, protocol)?;
        self.tuned(post, base, pipeline, probe)
    }

    fn first(&self) -> io::Result<Endpoint> {
        self.endpoints.first().cloned().ok_or_else(|| io::Error::other("there is no endpoint"))
    }

    fn tuned<P: Protocol + 'static>(
        self,
        post: Post<P>,
        base: &Base,
        pipeline: &'static str,
        probe: Probe,
    ) -> io::Result<Outgoing> {
        let traffic = Traffic::new();
        let first = self.first()?;
        let hint = self.hint;
        let shown = format!("{} ({first}{hint})", pipeline.trim_start_matches("logs_"));
        let mut complaint = Complaint::new(base.clock.clone());
        let (mut waits, waiting) = (Complaint::new(base.clock.clone()), shown.clone());
        let (mut warns, warning) = (Complaint::new(base.clock.clone()), shown.clone());
        let post = post
            // What has gathered while a receiver was away is as much as the queue holds, and receivers turn down by
            // their limits what no patience makes smaller. A batch that was ready is never cut.
            .most_bytes(self.batch_bytes.saturating_mul(2))
            .endpoints(self.endpoints)
            .retry(self.retry)
            .encoding(self.encoding)
            .clock(base.clock.clone())
            .traffic(&traffic)
            .on_retry(move |retrying| {
                // Once may be a restart; what lasts is worth a word.
                if retrying.attempts > 2 {
                    waits.trouble(&waiting, &retrying.to_string());
                }
            })
            .on_warning(move |words| warns.trouble(&warning, &format!("the receiver warns: {words}")))
            .on_failure(move |failure| complaint.lost(&shown, failure.records, failure));
        Ok(Outgoing { sink: Box::new(post), traffic, question: Arc::new(probe) })
    }
}

/// What a receiver is asked to know whether it is there and would take lines.
pub(crate) struct Question {
    pub(super) method: Method,
    /// Where, by each place as it is given; nothing is where batches go.
    pub(super) place: Option<fn(&Endpoint) -> Endpoint>,
    /// Of the type that batches are of, and compressed as they are.
    pub(super) body: Option<&'static [u8]>,
    /// Statuses that are good answers beside those of any question.
    pub(super) fine: &'static [u16],
}

impl Question {
    fn to(&self, endpoint: Endpoint, content_type: &'static str, encoding: Encoding) -> Call {
        let call = Call::new(self.method.clone(), endpoint);
        self.body.map_or(call.clone(), |body| encoding.encode(call.body(content_type, body)))
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet")
            .field("endpoints", &self.endpoints)
            .field("client", &self.client)
            .field("retry", &self.retry)
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}
