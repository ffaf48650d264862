//! What all receivers over HTTP have in common: where they are, how they are asked, and how patiently.

use std::fmt;
use std::io;

use obs_core::Base;
use obs_export::http::{Client, ClientSettings, Encoding, Endpoint, Post, Protocol, Retry};

use crate::sink::Complaint;

/// Places and manners.
#[derive(Clone)]
pub(crate) struct Outlet {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) client: ClientSettings,
    pub(super) retry: Retry,
    pub(super) encoding: Encoding,
    /// The most bytes of a request before it is compressed.
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
    /// lost.
    pub(super) fn post<P: Protocol>(
        self,
        base: &Base,
        (path, content_type): (&str, &'static str),
        pipeline: &'static str,
        protocol: P,
    ) -> io::Result<Post<P>> {
        let place = |endpoint: &Endpoint| endpoint.join(path);
        self.post_at(base, (place, content_type), pipeline, protocol)
    }

    /// The same to what `place` makes of each place.
    pub(super) fn post_at<P: Protocol>(
        mut self,
        base: &Base,
        (place, content_type): (impl Fn(&Endpoint) -> Endpoint, &'static str),
        pipeline: &'static str,
        protocol: P,
    ) -> io::Result<Post<P>> {
        self.endpoints = self.endpoints.iter().map(place).collect();
        let post = Post::new(Client::new(self.client.clone())?, self.first()?, content_type, protocol);
        self.tuned(post, base, pipeline)
    }

    /// The same by gRPC.
    #[cfg(feature = "ship-grpc")]
    pub(super) fn call<P: Protocol>(
        self,
        base: &Base,
        method: &'static str,
        pipeline: &'static str,
        protocol: P,
    ) -> io::Result<Post<P>> {
        let post = Post::grpc(self.client.clone(), self.first()?, method, protocol)?;
        self.tuned(post, base, pipeline)
    }

    fn first(&self) -> io::Result<Endpoint> {
        self.endpoints.first().cloned().ok_or_else(|| io::Error::other("there is no endpoint"))
    }

    fn tuned<P: Protocol>(self, post: Post<P>, base: &Base, pipeline: &'static str) -> io::Result<Post<P>> {
        let first = self.first()?;
        let hint = self.hint;
        let shown = format!("{} ({first}{hint})", pipeline.trim_start_matches("logs_"));
        let mut complaint = Complaint::new(base.clock.clone());
        let (mut waits, waiting) = (Complaint::new(base.clock.clone()), shown.clone());
        let post = post
            .endpoints(self.endpoints)
            .retry(self.retry)
            .encoding(self.encoding)
            .clock(base.clock.clone())
            .on_retry(move |retrying| {
                // Once may be a restart; what lasts is worth a word.
                if retrying.attempts > 2 {
                    waits.trouble(&waiting, &retrying.to_string());
                }
            })
            .on_failure(move |failure| complaint.lost(&shown, failure.records, failure));
        Ok(post)
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
