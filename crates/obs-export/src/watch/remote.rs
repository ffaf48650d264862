//! One way out to another machine, as it is handed to whoever watches it.

use std::fmt;
use std::sync::Arc;

use obs_core::meter::{Meter, Source};

use super::{Question, Traffic};
use crate::queue::Queue;

/// One way out to another machine: its queue, its traffic, and how it is asked whether it is there. As a source it tells
/// the numbers of its traffic; those of its queue are the queue's.
#[derive(Clone)]
#[must_use]
pub struct Remote {
    queue: Queue,
    traffic: Traffic,
    question: Option<Arc<dyn Question>>,
}

impl Remote {
    /// A queue and what becomes of it on the wire.
    pub fn new(queue: Queue, traffic: Traffic) -> Self {
        Self { queue, traffic, question: None }
    }

    /// How it is asked whether it is there; default not at all.
    pub fn probe(self, question: impl Question + 'static) -> Self {
        self.asked(Arc::new(question))
    }

    /// The same of a question that others have too.
    pub fn asked(mut self, question: Arc<dyn Question>) -> Self {
        self.question = Some(question);
        self
    }

    /// Its name on metrics.
    pub fn pipeline(&self) -> &'static str {
        self.queue.pipeline()
    }

    /// What waits for it.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// What was sent to it.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// How it is asked whether it is there, if it is.
    pub fn question(&self) -> Option<&dyn Question> {
        self.question.as_deref()
    }
}

impl Source for Remote {
    fn collect(&self, meter: &mut dyn Meter) {
        self.traffic.tell(self.pipeline(), meter);
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("pipeline", &self.pipeline())
            .field("traffic", &self.traffic)
            .field("question", &self.question)
            .finish_non_exhaustive()
    }
}
