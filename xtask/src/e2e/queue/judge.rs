//! pika, on the other side of the broker.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::e2e::lines::field;
use crate::e2e::pipe::{pipe, said};
use crate::json::{Json, quoted};

const SCRIPT: &str = include_str!("judge.py");

/// Does things at the broker.
pub(super) struct Judge<'a> {
    pub(super) python: &'a Path,
    pub(super) broker: SocketAddr,
}

/// A message as it lay in a queue.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) body: String,
    pub(super) message_id: String,
    /// Names of all headers, in their order.
    pub(super) headers: Vec<String>,
    /// The value of `x-kind`.
    pub(super) kind: String,
    pub(super) traceparent: String,
    pub(super) valid: bool,
    pub(super) sampled: bool,
    pub(super) trace_id: String,
    pub(super) span_id: String,
}

impl Judge<'_> {
    /// Has a topic exchange, and queues that are bound to it by a key each.
    pub(super) fn declare(&self, exchange: &str, queues: &[(&str, &str)]) -> Result {
        let queues: Vec<_> =
            queues.iter().map(|(queue, key)| format!("{}:{}", quoted(queue), quoted(key))).collect();
        let asked = format!(
            "{{\"do\":\"declare\",\"exchange\":{},\"queues\":{{{}}}}}\n",
            quoted(exchange),
            queues.join(",")
        );
        self.ask(asked, 1).map(drop)
    }

    /// Takes one message out of a queue.
    pub(super) fn get(&self, queue: &str) -> Result<Found> {
        let answers = self.ask(format!("{{\"do\":\"get\",\"queue\":{}}}\n", quoted(queue)), 1)?;
        let answer = answers.first().filter(|answer| is(answer, "found"));
        let answer = answer.ok_or_else(|| format!("{queue} is empty"))?;
        let text = |name: &str| field(answer, name).to_owned();
        let headers = answer.at(&["headers"]).map(Json::array).unwrap_or_default();
        Ok(Found {
            body: text("body"),
            message_id: text("message_id"),
            headers: headers.iter().map(ToString::to_string).collect(),
            kind: text("kind"),
            traceparent: text("traceparent"),
            valid: is(answer, "valid"),
            sampled: is(answer, "sampled"),
            trace_id: text("trace_id"),
            span_id: text("span_id"),
        })
    }

    /// Sends a message for each of the lists of headers: names, and values of a kind that the script has.
    pub(super) fn publish(&self, exchange: &str, key: &str, all: &[Vec<(&str, &str, String)>]) -> Result {
        let asked = all.iter().map(|headers| {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, kind, value)| format!("{}:[{},{}]", quoted(name), quoted(kind), quoted(value)))
                .collect();
            format!(
                "{{\"do\":\"publish\",\"exchange\":{},\"key\":{},\"body\":\"by pika\",\"headers\":{{{}}}}}\n",
                quoted(exchange),
                quoted(key),
                headers.join(",")
            )
        });
        self.ask(asked.collect(), all.len()).map(drop)
    }

    fn ask(&self, input: String, answers: usize) -> Result<Vec<Json>> {
        let mut command = Command::new(self.python);
        command.args(["-c", SCRIPT, &self.broker.port().to_string()]);
        let output = pipe(&mut command, input.as_bytes())?;
        if !output.status.success() {
            return Err(format!("pika: {}", said(&output)));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let answered = text.lines().map(Json::parse).collect::<Result<Vec<_>>>()?;
        match answered.len() {
            count if count == answers => Ok(answered),
            count => Err(format!("pika: {count} answers of {answers}")),
        }
    }
}

fn is(answer: &Json, name: &str) -> bool {
    answer.at(&[name]) == Some(&Json::Bool(true))
}
