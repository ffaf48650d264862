//! The line that says how many lines are missing, in the form of the output it stands in.

use std::fmt;
use std::sync::Arc;

use obs_core::Base;
use obs_core::keys::{loss, target};
use obs_export::queue::Reason;
use tracing_core::Level;

use super::Form;
use crate::format::{
    Buffer, IdCache, JsonLine, Label, Line, LogfmtLine, PrettyLine, Service, ShapedLines, Shapes, Site,
    SiteCache, Slot, TimeCache, push_head,
};

/// Makes the lines for one output. They are no records: no book counts them.
pub(crate) struct Notices {
    base: Arc<Base>,
    form: Form,
    shapes: Shapes,
    slots: Vec<Slot>,
    output: String,
    service: Service,
    site: Site,
    labels: [Label; 3],
    time: TimeCache,
    buffer: (Buffer, Vec<u64>),
    line: Buffer,
}

impl Notices {
    /// For the output of this name on metrics.
    pub(crate) fn new(base: &Arc<Base>, (form, shapes): (Form, &Shapes), output: &str) -> Self {
        let labels = Label::all([loss::LOST, loss::REASON, loss::OUTPUT]);
        Self {
            base: Arc::clone(base),
            form,
            shapes: shapes.clone(),
            slots: Vec::new(),
            output: output.to_owned(),
            service: Service::new(&base.resource),
            site: Site::of(target::LOGS, Level::WARN, &base.redaction).knowing(&labels),
            labels,
            time: TimeCache::new(),
            buffer: Default::default(),
            line: Buffer::new(),
        }
    }

    /// The line that says that so many are lost, with its newline.
    pub(crate) fn line(&mut self, lost: u64, reason: Reason) -> &[u8] {
        let now = self.base.clock.now();
        let buffer = (&mut self.buffer.0, &mut self.buffer.1);
        let (labels, output) = (&self.labels, &*self.output);
        let fields = |line: &mut dyn Line| {
            let lines = if lost == 1 { "line" } else { "lines" };
            line.message(&format!("lost {lost} {lines}"));
            line.number(&labels[0], lost);
            line.text(&labels[1], reason.as_str());
            line.text(&labels[2], output);
        };
        match self.form {
            Form::Json => {
                let mut line = JsonLine::open(buffer, &mut self.time, now, &self.site, &self.service);
                fields(&mut line);
                line.identity(&self.service, &mut IdCache::default());
                line.close(None);
                self.buffer.0.as_slice()
            }
            Form::Logfmt => {
                let mut line = LogfmtLine::open(buffer, &mut self.time, now, &self.site, &self.service);
                fields(&mut line);
                line.identity(&self.service);
                line.close(None);
                self.buffer.0.as_slice()
            }
            Form::Pretty { coloured } => {
                let mut line = PrettyLine::open(buffer, &self.site);
                fields(&mut line);
                line.close(None);
                self.line.clear();
                push_head(&mut self.line, &mut self.time, now, &self.site, coloured);
                self.line.extend(self.buffer.0.as_slice());
                self.line.as_slice()
            }
            Form::Shaped(number) => {
                // Rare enough to look at the shape anew.
                let (mut cache, time) = (SiteCache::default(), (&mut self.time, now));
                let needed = self.form.bit();
                let mut lines =
                    ShapedLines::open(&self.shapes, needed, &mut self.slots, &mut cache, time, &self.site);
                lines.each(|line| fields(line));
                lines.identity();
                lines.each(|line| line.close(false));
                self.slots.get(usize::from(number)).map_or(b"", Slot::line)
            }
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").field("form", &self.form).field("output", &self.output).finish()
    }
}

/// What is lost and not told yet, by reason.
#[derive(Debug, Default)]
pub(crate) struct Owed([u64; Reason::ALL.len()]);

impl Owed {
    pub(crate) fn add(&mut self, reason: Reason, lost: u64) {
        self.0[reason as usize] += lost;
    }

    /// One reason for which something is owed.
    pub(crate) fn first(&self) -> Option<(Reason, u64)> {
        self.all().next()
    }

    /// All reasons for which something is owed.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Reason, u64)> {
        let all = Reason::ALL.into_iter().map(|reason| (reason, self.0[reason as usize]));
        all.filter(|(_, lost)| *lost > 0)
    }

    /// It was told.
    pub(crate) fn told(&mut self, reason: Reason) {
        self.0[reason as usize] = 0;
    }
}
