//! The settings of a group in a Pushgateway, checked as a whole.

use std::fmt;
use std::sync::Arc;

use obs_export::http::{ClientSettings, Endpoint, Retry};

use super::{Group, Pushgateway};
use crate::push::books::Books;
use crate::push::{OnFailure, PushError, grouping};
use crate::{BuildError, Recorder};

/// How the body is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    #[default]
    None,
    /// As gzip.
    Gzip,
}

/// What becomes of the group when a [`Periodic`](crate::push::Periodic) ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// It keeps the last push until somebody deletes it: for jobs, whose result is to be seen.
    #[default]
    Keep,
    /// It is deleted after the last push: for services, which are not to be seen when they are gone.
    Delete,
}

/// Makes a [`Pushgateway`]; begun by [`Pushgateway::builder`].
#[must_use = "a group is made by `build`"]
pub struct PushgatewayBuilder {
    recorder: Recorder,
    endpoint: String,
    job: String,
    labels: Vec<(String, String)>,
    compression: Compression,
    client: ClientSettings,
    retry: Retry,
    at_end: AtEnd,
    pipeline: &'static str,
    on_failure: OnFailure,
}

impl PushgatewayBuilder {
    pub(super) fn new(recorder: &Recorder, endpoint: String) -> Self {
        Self {
            recorder: recorder.clone(),
            endpoint,
            job: recorder.0.base.resource.name.clone(),
            labels: Vec::new(),
            compression: Compression::None,
            client: ClientSettings::new(),
            retry: Retry::new(),
            at_end: AtEnd::Keep,
            pipeline: Pushgateway::PIPELINE,
            on_failure: Arc::new(|_| ()),
        }
    }

    /// The label `job` of the group; default the service's name.
    pub fn job(mut self, job: impl Into<String>) -> Self {
        self.job = job.into();
        self
    }

    /// A further label of the group, such as `instance`: pushes of groups that differ in one do not replace each other.
    /// Default: none.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// How the body is sent; default as it is.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Time-outs, credentials and TLS; default [`ClientSettings::new`].
    pub fn client(mut self, client: ClientSettings) -> Self {
        self.client = client;
        self
    }

    /// Retries, within the deadline of each push; default [`Retry::new`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// What becomes of the group when a [`Periodic`](crate::push::Periodic) ends; default [`AtEnd::Keep`].
    pub fn at_end(mut self, at_end: AtEnd) -> Self {
        self.at_end = at_end;
        self
    }

    /// The name it has on metrics, where a service pushes into several groups; default [`Pushgateway::PIPELINE`].
    pub fn pipeline(mut self, name: &'static str) -> Self {
        self.pipeline = name;
        self
    }

    /// Called on the sending thread when a push of a [`Periodic`](crate::push::Periodic) fails; default nothing. Calls
    /// of [`Pushgateway::push`] and its like return their error instead.
    pub fn on_failure(mut self, hook: impl Fn(&PushError) + Send + Sync + 'static) -> Self {
        self.on_failure = Arc::new(hook);
        self
    }

    /// The group. Sends nothing yet, and registers its numbers with the recorder's base.
    ///
    /// # Errors
    /// Every mistake at once: an endpoint that is none, an empty job, and labels whose name is invalid, reserved, `job`
    /// or there twice.
    pub fn build(self) -> Result<Pushgateway, BuildError> {
        let mut mistakes = Vec::new();
        let endpoint = Endpoint::parse(&self.endpoint).map_err(|error| mistakes.push(error.to_string()));
        grouping::check(&self.job, &self.labels, &mut mistakes);
        let (Ok(endpoint), true) = (endpoint, mistakes.is_empty()) else {
            return Err(BuildError { mistakes });
        };
        let books = Books::of(&self.recorder.0.base, self.pipeline);
        Ok(Pushgateway(Arc::new(Group {
            endpoint: endpoint.join(&grouping::path(&self.job, &self.labels)),
            recorder: self.recorder,
            compression: self.compression,
            client: self.client,
            retry: self.retry,
            at_end: self.at_end,
            pipeline: self.pipeline,
            books,
            on_failure: self.on_failure,
        })))
    }
}

impl fmt::Debug for PushgatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushgatewayBuilder")
            .field("job", &self.job)
            .field("labels", &self.labels)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
