//! The one protocol of OTLP's signals whose batches are entries side by side, for both ways to send them.

use std::borrow::Cow;

use obs_core::Resource;

use super::{Envelope, Partial, Request, answer, json, partial, rejected};
use crate::http::{Endpoint, Protocol, Response, Verdict};
use crate::proto::Reader;
use crate::queue::{Batch, Losses, Reason};

/// Batches of entries, each with the tag of field 2 and its length in front, as one export request; what the answer
/// says was refused is counted and never sent again. What is too large is cut between two entries, near its middle in
/// bytes.
#[derive(Debug)]
pub struct Export {
    envelope: Envelope,
    /// What is written as JSON.
    json: Option<Request>,
}

impl Export {
    /// For the records of one service.
    pub fn new(resource: &Resource) -> Self {
        Self { envelope: Envelope::new(resource), json: None }
    }

    /// The same written as OTLP's JSON, to be posted as [`CONTENT_TYPE_JSON`](super::CONTENT_TYPE_JSON). What waits is
    /// protobuf as before.
    #[must_use]
    pub fn json(mut self, request: Request) -> Self {
        self.json = Some(request);
        self
    }
}

impl Protocol for Export {
    fn wrap(&mut self, batch: &mut Batch, head: &mut Vec<u8>, _: &mut Vec<u8>) {
        self.envelope.write(batch.bytes.len(), head);
    }

    fn written(&mut self, head: &[u8], batch: &Batch) -> Option<Vec<u8>> {
        let request = self.json?;
        let message = [head, &batch.bytes].concat();
        let mut out = Vec::with_capacity(message.len() * 2);
        // What we have not encoded ourselves ends in the middle, and is refused for that.
        let _ = json(&mut out, request, &message);
        Some(out)
    }

    /// A 2xx answer without a body, or with one in JSON to what was protobuf, is taken at its word. Anything else that is no answer to an
    /// export request comes from something that is no OTLP receiver, which has not kept the entries.
    fn accept(&mut self, response: &Response, batch: &Batch) -> Verdict {
        let is_json = response.content_type() == Some("application/json");
        let rejected = match (is_json, self.json) {
            (true, Some(_)) => answer::read(&response.body).map(|answer| answer.rejected),
            (true, None) => Some(0),
            (false, _) => rejected(&response.body).ok(),
        };
        let rejected = rejected.unwrap_or(batch.records);
        Verdict::Settled(Losses::of(Reason::Rejected, rejected.min(batch.records)))
    }

    fn words<'a>(&self, response: &'a Response) -> Cow<'a, [u8]> {
        let is_json = response.content_type() == Some("application/json");
        if is_json && self.json.is_some() {
            let said = answer::read(&response.body).unwrap_or_default();
            return Cow::Owned(said.message.into_bytes());
        }
        let partial = if is_json { Partial::default() } else { partial(&response.body).unwrap_or_default() };
        Cow::Borrowed(partial.message)
    }

    fn cut_behind(&mut self, batch: &Batch, records: u64) -> Option<usize> {
        let mut entries = Reader::new(&batch.bytes);
        for _ in 0..records {
            entries.next()?.ok()?;
        }
        Some(batch.bytes.len() - entries.left())
    }

    fn cut(&mut self, batch: &Batch) -> Option<(usize, u64)> {
        let mut entries = Reader::new(&batch.bytes);
        let (mut at, mut front) = (0, 0);
        // The last one is never in front, so that there is always something behind.
        while front + 1 < batch.records && (front == 0 || at < batch.bytes.len() / 2) {
            entries.next()?.ok()?;
            at = batch.bytes.len() - entries.left();
            front += 1;
        }
        Some((at, front))
    }
}

/// What to add where a collector at this endpoint is not reached: that its port is the one on which the other way is
/// spoken as a rule. Else nothing.
pub fn port_hint(endpoint: &Endpoint, by_grpc: bool) -> &'static str {
    match (endpoint.port(), by_grpc) {
        (Some(4317), false) => "; on port 4317 gRPC is spoken as a rule, not http/protobuf",
        (Some(4318), true) => "; on port 4318 http/protobuf is spoken as a rule, not gRPC",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto;

    #[test]
    fn only_the_port_of_the_other_way_gets_a_word() {
        for (url, by_http, by_grpc) in [
            ("http://c:4317", true, false),
            ("http://c:4318/v1/traces", false, true),
            ("http://c", false, false),
            ("http://[::1]:9", false, false),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            let hint = |by_grpc| !port_hint(&endpoint, by_grpc).is_empty();
            assert_eq!((hint(false), hint(true)), (by_http, by_grpc), "{url}");
        }
    }

    fn batch(sizes: &[usize]) -> Batch {
        let mut batch = Batch::default();
        for size in sizes {
            proto::bytes(&mut batch.bytes, 2, &vec![b'x'; *size]);
            batch.records += 1;
        }
        batch
    }

    #[test]
    fn a_batch_is_cut_between_entries_near_its_middle_in_bytes() {
        let mut export = Export::new(&Resource::new("shop"));
        for (sizes, at, front) in [
            (&[10, 10, 10, 10][..], 24, 2),
            (&[100, 1, 1, 1], 102, 1),
            (&[1, 1, 1, 100], 9, 3),
            (&[1, 100], 3, 1),
            (&[100, 1], 102, 1),
        ] {
            assert_eq!(export.cut(&batch(sizes)), Some((at, front)), "{sizes:?}");
        }
        // One by itself has no front.
        assert_eq!(export.cut(&batch(&[5])), Some((0, 0)));
        let torn = Batch { bytes: b"\x12\x7fshort".to_vec(), records: 2, ..Batch::default() };
        assert_eq!(export.cut(&torn), None);
    }
}
