//! What context travels in: headers, metadata, a message's headers, the variables of a child process.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::process::Command;

use super::{b3, baggage, jaeger, w3c};

/// A name under which something of a context travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Header {
    /// `traceparent`.
    Traceparent,
    /// `tracestate`.
    Tracestate,
    /// `baggage`.
    Baggage,
    /// `b3`.
    B3,
    /// `x-b3-traceid`.
    B3TraceId,
    /// `x-b3-spanid`.
    B3SpanId,
    /// `x-b3-parentspanid`, which is removed and never written.
    B3ParentSpanId,
    /// `x-b3-sampled`.
    B3Sampled,
    /// `x-b3-flags`.
    B3Flags,
    /// `uber-trace-id`.
    UberTraceId,
    /// `x-trace-id`.
    TraceId,
    /// `x-request-id`.
    RequestId,
}

impl Header {
    /// All there are.
    pub const ALL: [Self; 12] = [
        Self::Traceparent,
        Self::Tracestate,
        Self::Baggage,
        Self::B3,
        Self::B3TraceId,
        Self::B3SpanId,
        Self::B3ParentSpanId,
        Self::B3Sampled,
        Self::B3Flags,
        Self::UberTraceId,
        Self::TraceId,
        Self::RequestId,
    ];

    /// The name in headers and metadata, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traceparent => w3c::TRACEPARENT,
            Self::Tracestate => w3c::TRACESTATE,
            Self::Baggage => baggage::BAGGAGE,
            Self::B3 => b3::B3,
            Self::B3TraceId => b3::X_B3_TRACE_ID,
            Self::B3SpanId => b3::X_B3_SPAN_ID,
            Self::B3ParentSpanId => b3::X_B3_PARENT_SPAN_ID,
            Self::B3Sampled => b3::X_B3_SAMPLED,
            Self::B3Flags => b3::X_B3_FLAGS,
            Self::UberTraceId => jaeger::UBER_TRACE_ID,
            Self::TraceId => "x-trace-id",
            Self::RequestId => "x-request-id",
        }
    }

    /// The name of the variable it travels in from a process to its child: upper case, with `_` for `-` (OpenTelemetry,
    /// "Environment Variables as Context Propagation Carriers").
    pub fn variable(self) -> String {
        self.as_str().to_ascii_uppercase().replace('-', "_")
    }
}

/// What context is read from.
pub trait Extractor {
    /// The values under a name, in the order they came.
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]>;

    /// The value that stands there once. Several are as good as none: nobody could say which is right.
    fn once(&self, header: Header) -> Option<&[u8]> {
        let mut values = self.values(header);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }
}

/// What context is written to.
pub trait Injector {
    /// Puts a value in the place of all that stand under the name.
    fn set(&mut self, header: Header, value: &str);

    /// Takes out all that stands under the name.
    fn erase(&mut self, header: Header);
}

/// Pairs as the headers of a message are: names in whatever case.
impl<K: AsRef<str>, V: AsRef<[u8]>> Extractor for [(K, V)] {
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        let is_it = move |(name, _): &&(K, V)| name.as_ref().eq_ignore_ascii_case(header.as_str());
        self.iter().filter(is_it).map(|(_, value)| value.as_ref())
    }
}

impl<K: AsRef<str>, V: AsRef<[u8]>> Extractor for Vec<(K, V)> {
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        self.as_slice().values(header)
    }
}

impl<K: AsRef<str> + for<'a> From<&'a str>, V: for<'a> From<&'a str>> Injector for Vec<(K, V)> {
    fn set(&mut self, header: Header, value: &str) {
        self.erase(header);
        self.push((K::from(header.as_str()), V::from(value)));
    }

    fn erase(&mut self, header: Header) {
        self.retain(|(name, _)| !name.as_ref().eq_ignore_ascii_case(header.as_str()));
    }
}

impl<V: AsRef<[u8]>, S: BuildHasher> Extractor for HashMap<String, V, S> {
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        self.get(header.as_str()).map(AsRef::as_ref).into_iter()
    }
}

impl<V: for<'a> From<&'a str>, S: BuildHasher> Injector for HashMap<String, V, S> {
    fn set(&mut self, header: Header, value: &str) {
        self.insert(header.as_str().to_owned(), V::from(value));
    }

    fn erase(&mut self, header: Header) {
        self.remove(header.as_str());
    }
}

impl<V: AsRef<[u8]>> Extractor for BTreeMap<String, V> {
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        self.get(header.as_str()).map(AsRef::as_ref).into_iter()
    }
}

impl<V: for<'a> From<&'a str>> Injector for BTreeMap<String, V> {
    fn set(&mut self, header: Header, value: &str) {
        self.insert(header.as_str().to_owned(), V::from(value));
    }

    fn erase(&mut self, header: Header) {
        self.remove(header.as_str());
    }
}

/// Any header map, read by a closure: it is given a name in lower case and gives the values that stand under it, of which there may
/// be none, one as an `Option`, or several. What it gives may not be borrowed from itself.
///
/// ```
/// use std::collections::HashMap;
/// use obs_core::propagate::{Extractor, Header, Reading};
///
/// let attributes = HashMap::from([("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]);
/// let carrier = Reading::new(|name| attributes.get(name).map(|value| value.as_bytes()));
/// assert_eq!(carrier.once(Header::Traceparent).map(<[u8]>::len), Some(55));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a, F> {
    read: F,
    values: PhantomData<&'a [u8]>,
}

impl<'a, I, F> Reading<'a, F>
where
    F: Fn(&'static str) -> I,
    I: IntoIterator<Item = &'a [u8]>,
{
    /// Read by `read`.
    pub fn new(read: F) -> Self {
        Self { read, values: PhantomData }
    }
}

impl<'a, I, F> Extractor for Reading<'a, F>
where
    F: Fn(&'static str) -> I,
    I: IntoIterator<Item = &'a [u8]>,
{
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        (self.read)(header.as_str()).into_iter().map(shorter)
    }
}

/// What lives longer is lent for as long as is asked.
fn shorter<'s, 'a: 's>(value: &'a [u8]) -> &'s [u8] {
    value
}

/// Any header map, written by a closure: it is given a name in lower case with the value to put in the place of all under it, or
/// with none where they are to be taken out.
///
/// ```
/// use obs_core::propagate::{Header, Injector, Writing};
///
/// let mut headers = std::collections::HashMap::new();
/// let mut carrier = Writing::new(|name, value: Option<&str>| match value {
///     Some(value) => drop(headers.insert(name, value.to_owned())),
///     None => drop(headers.remove(name)),
/// });
/// carrier.set(Header::B3, "0");
/// assert_eq!(headers["b3"], "0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Writing<F>(F);

impl<F: FnMut(&'static str, Option<&str>)> Writing<F> {
    /// Written by `write`.
    pub fn new(write: F) -> Self {
        Self(write)
    }
}

impl<F: FnMut(&'static str, Option<&str>)> Injector for Writing<F> {
    fn set(&mut self, header: Header, value: &str) {
        (self.0)(header.as_str(), Some(value));
    }

    fn erase(&mut self, header: Header) {
        (self.0)(header.as_str(), None);
    }
}

/// A child process finds it in its [`Environment`].
impl Injector for Command {
    fn set(&mut self, header: Header, value: &str) {
        self.env(header.variable(), value);
    }

    fn erase(&mut self, header: Header) {
        self.env_remove(header.variable());
    }
}

/// What the process that started this one has written to its environment.
#[derive(Debug, Default)]
pub struct Environment(Vec<(Header, OsString)>);

impl Environment {
    /// Reads the variables by `lookup`, which is `std::env::var_os` as a rule.
    pub fn read(lookup: impl Fn(&OsStr) -> Option<OsString>) -> Self {
        let found = |header: Header| Some((header, lookup(header.variable().as_ref())?));
        Self(Header::ALL.into_iter().filter_map(found).collect())
    }
}

impl Extractor for Environment {
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        let found = self.0.iter().filter(move |(name, _)| *name == header);
        found.map(|(_, value)| value.as_encoded_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets, reads and removes.
    fn holds<C: Extractor + Injector>(mut carrier: C) {
        carrier.set(Header::Traceparent, "first");
        carrier.set(Header::Traceparent, "second");
        carrier.set(Header::B3, "other");
        assert_eq!(carrier.once(Header::Traceparent), Some(&b"second"[..]));
        carrier.erase(Header::Traceparent);
        assert_eq!(carrier.once(Header::Traceparent), None);
        assert_eq!(carrier.once(Header::B3), Some(&b"other"[..]));
    }

    #[test]
    fn maps_and_lists_hold_context() {
        holds(Vec::<(String, Vec<u8>)>::new());
        holds(Vec::<(String, String)>::new());
        holds(HashMap::<String, String>::new());
        holds(BTreeMap::<String, Vec<u8>>::new());
    }

    #[test]
    fn a_name_in_another_case_is_found_and_one_that_stands_twice_is_none() {
        let once = [("Traceparent", "a")];
        assert_eq!(once.as_slice().once(Header::Traceparent), Some(&b"a"[..]));
        let twice = [("traceparent", "a"), ("TRACEPARENT", "a")];
        assert_eq!(twice.as_slice().once(Header::Traceparent), None);
        assert_eq!(twice.as_slice().values(Header::Traceparent).count(), 2);
    }

    #[test]
    fn a_command_gives_its_child_what_an_environment_reads() {
        let mut command = Command::new("child");
        command.set(Header::B3TraceId, "80f198ee56343ba864fe8b2a57d3eff7");
        command.set(Header::Baggage, "a=1");
        command.erase(Header::Baggage);
        let given: Vec<_> = command.get_envs().collect();
        assert!(given.contains(&(OsStr::new("BAGGAGE"), None)), "not even what this process has: {given:?}");
        let lookup = |name: &OsStr| given.iter().find(|(given, _)| *given == name)?.1.map(OsStr::to_owned);
        let environment = Environment::read(lookup);
        assert_eq!(environment.once(Header::B3TraceId), Some(&b"80f198ee56343ba864fe8b2a57d3eff7"[..]));
        assert_eq!(environment.once(Header::Baggage), None);
        assert!(given.iter().any(|(name, _)| *name == "X_B3_TRACEID"), "{given:?}");
    }
}
