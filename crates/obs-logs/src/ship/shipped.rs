//! A queue's sink for another machine, and what is told there of lines that are missing.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use obs_core::Base;
use obs_core::keys::target;
use obs_export::queue::{Batch, Control, Delivery, Sink};
use obs_export::watch::{Question, Traffic};
use tracing_core::Level;

use super::{Frame, Framed, without_newline};
use crate::sink::{Notices, Owed};

/// What is known of an output to another machine before its name is.
pub(crate) struct Shipped {
    /// Makes what makes its records.
    #[expect(clippy::type_complexity, reason = "a constructor that is called once")]
    pub(crate) frame: Box<dyn FnOnce(&Base) -> Arc<dyn Frame> + Send>,
    /// Whether what is framed are fields of a log record of OTLP, and no line in the output's format.
    #[cfg_attr(not(feature = "ship"), expect(dead_code, reason = "asked for by OTLP"))]
    pub(crate) is_record: bool,
    /// At how many bytes a batch is sent, and how long it gathers until then.
    pub(crate) batch_bytes: usize,
    pub(crate) linger: Duration,
    /// What a journal says its records are: those of another kind of receiver cannot be sent here.
    pub(crate) content: &'static str,
    /// Makes the sink, for its name on metrics.
    #[expect(clippy::type_complexity, reason = "a constructor that is called once")]
    pub(crate) open: Box<dyn FnOnce(&Arc<Base>, &'static str) -> io::Result<Outgoing> + Send>,
}

/// The sink of an output to another machine, and what is to be seen of it from outside.
pub(crate) struct Outgoing {
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) traffic: Traffic,
    /// How it is asked whether it is there.
    pub(crate) question: Arc<dyn Question>,
}

/// Sends what is missing ahead of each batch, in a request of its own: no book counts such lines, and what becomes of
/// them is not mixed up with what becomes of records.
pub(crate) struct Announcing {
    sink: Box<dyn Sink>,
    base: Arc<Base>,
    frame: Arc<dyn Frame>,
    notices: Notices,
    owed: Owed,
}

impl Announcing {
    pub(crate) fn new(
        sink: Box<dyn Sink>,
        base: &Arc<Base>,
        frame: Arc<dyn Frame>,
        notices: Notices,
    ) -> Self {
        Self { sink, base: Arc::clone(base), frame, notices, owed: Owed::default() }
    }

    /// What is told is owed until it has arrived.
    fn announce(&mut self, control: &Control) {
        if self.owed.first().is_none() || control.is_over() {
            return;
        }
        let mut batch = Batch::default();
        for (reason, lost) in self.owed.all() {
            let line = without_newline(self.notices.line(lost, reason));
            let framed = Framed {
                at: self.base.clock.now(),
                level: Level::WARN,
                target: target::LOGS,
                place: None,
                line,
                said: None,
            };
            self.frame.frame(&framed, &mut batch.bytes);
            batch.records += 1;
        }
        if self.sink.deliver(&mut batch, control).losses().total() == 0 {
            self.owed = Owed::default();
        }
    }
}

impl Sink for Announcing {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        let records = batch.records;
        batch.gaps.drain(..).for_each(|gap| self.owed.add(gap.reason, gap.records));
        self.announce(control);
        if records == 0 {
            return Delivery::Delivered;
        }
        let delivery = self.sink.deliver(batch, control);
        delivery.losses().each().for_each(|(reason, lost)| self.owed.add(reason, lost.min(records)));
        delivery
    }

    fn rest(&mut self) -> Option<Duration> {
        self.sink.rest()
    }

    fn resume(&mut self, note: &[u8]) {
        self.sink.resume(note);
    }

    fn flush(&mut self) {
        self.sink.flush();
    }
}
