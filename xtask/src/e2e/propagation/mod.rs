//! How traces travel, judged by OpenTelemetry's own propagators for Python: what they write is continued, what goes out is
//! read by them as what was open, and what they take for malformed is as good as none.

mod cases;
mod gateway;
mod judge;

use std::path::Path;

use super::install::Programs;
use super::report::Report;
use crate::Result;
use crate::ids::Ids;
use crate::shop::{Binaries, Part};
use cases::{Case, Known, Verdict};
use gateway::{Gateway, Seen};
use judge::{Caller, Found, Headers};

/// A format, as `OTEL_PROPAGATORS` has it.
struct Format {
    name: &'static str,
    cases: &'static [Case],
    debug: Option<Debugging>,
}

/// A caller that debugs, where a format has it.
#[derive(Clone, Copy)]
struct Debugging {
    /// Its headers, with `{t}` and `{s}` as in the cases.
    headers: &'static [(&'static str, &'static str)],
    /// The header of the call, and how it has to end.
    called: (&'static str, &'static str),
}

const FORMATS: [Format; 4] = [
    Format { name: "tracecontext,baggage", cases: cases::W3C, debug: None },
    Format {
        name: "b3",
        cases: cases::B3,
        debug: Some(Debugging { headers: &[("b3", "{t}-{s}-d")], called: ("b3", "-d") }),
    },
    Format {
        name: "b3multi",
        cases: cases::B3_MULTI,
        debug: Some(Debugging {
            headers: &[("x-b3-traceid", "{t}"), ("x-b3-spanid", "{s}"), ("x-b3-flags", "1")],
            called: ("x-b3-flags", "1"),
        }),
    },
    Format {
        name: "jaeger",
        cases: cases::JAEGER,
        debug: Some(Debugging {
            headers: &[("uber-trace-id", "{t}:{s}:0:3")],
            called: ("uber-trace-id", ":0:3"),
        }),
    },
];

const STATE: &[(&str, &str)] = &[("rojo", "00f067aa0ba902b7"), ("congo", "t61rcWkgMzE")];
const BAGGAGE: &[(&str, &str)] =
    &[("city", "Z\u{fc}rich"), ("user", "ada lovelace"), ("via", "a,b;c=d%20+e")];

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let binaries = Binaries::build()?;
    for format in &FORMATS {
        let folder = folder.join(format.name.replace(',', "-"));
        let gateway = Gateway::start(binaries.of(Part::Gateway), format.name, &folder)?;
        let mut scene = Scene { python: &programs.python, format, gateway, ids: Ids::new() };
        let name = format.name;
        let (continued, written) = match scene.both_ways() {
            Ok((continued, written)) => (continued, written),
            Err(error) => (Err(error.clone()), Err(error)),
        };
        report.check(
            &format!("propagation: what Python writes as {name} is continued on line and span"),
            continued,
        );
        report.check(
            &format!("propagation: what goes out as {name} is read by Python as the span of the call"),
            written,
        );
        let name = format!(
            "propagation: other headers of {name}, and malformed ones, are what Python makes of them"
        );
        report.check(&name, scene.cases());
        if let Some(debugging) = format.debug {
            let name = format!("propagation: debug goes on as debug in {}", format.name);
            report.check(&name, scene.debug(debugging));
        }
    }
    Ok(())
}

struct Scene<'a> {
    python: &'a Path,
    format: &'a Format,
    gateway: Gateway,
    ids: Ids,
}

type Checked = Result<String>;

impl Scene<'_> {
    /// What Python writes comes in, and what goes out is read by Python.
    fn both_ways(&mut self) -> Result<(Checked, Checked)> {
        let callers: Vec<_> = (0..12).map(|number| self.caller(number)).collect();
        let headers = judge::write(self.python, self.format.name, &callers)?;
        let seen = self.gateway.send(&headers)?;
        let called: Vec<_> = seen.iter().map(|seen| seen.called.clone()).collect();
        let found = judge::read(self.python, self.format.name, &called)?;
        let continued = callers.iter().zip(&seen).try_for_each(|(caller, seen)| continues(caller, seen));
        let mut pairs = callers.iter().zip(&seen).zip(&found);
        let written = pairs.try_for_each(|((caller, seen), found)| self.goes_out(caller, seen, found));
        let count = format!("{} callers", callers.len());
        Ok((continued.map(|()| count.clone()), written.map(|()| count)))
    }

    /// Every other one is not recorded; every third has a trace id of 64 bits.
    fn caller(&mut self, number: usize) -> Caller {
        let (trace_id, span_id) = (self.ids.trace_id(), self.ids.span_id());
        let trace_id = match number % 3 {
            0 => format!("{}{}", "0".repeat(16), &trace_id[16..]),
            _ => trace_id,
        };
        Caller { trace_id, span_id, sampled: number.is_multiple_of(2), state: STATE, baggage: BAGGAGE }
    }

    fn goes_out(&self, caller: &Caller, seen: &Seen, found: &Found) -> Result {
        let failed =
            |what: &str| Err(format!("{what}: Python reads {found:?} of {:?}, for {caller:?}", seen.called));
        if !found.valid || (&found.trace_id, found.sampled) != (&caller.trace_id, caller.sampled) {
            return failed("another trace or decision");
        }
        // Of what is not recorded no span is known, but it is none that was there before.
        let is_call = match &seen.spans {
            Some((_, call)) => call.span_id == found.span_id,
            None => found.span_id != caller.span_id,
        };
        if !is_call {
            return failed("another span");
        }
        if self.format.name.starts_with("tracecontext") {
            let joined = |pairs: &[(&str, &str)]| {
                pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
            };
            if (found.state.as_str(), found.baggage.as_str()) != (&joined(STATE), &joined(BAGGAGE)) {
                return failed("another state or baggage");
            }
        }
        Ok(())
    }

    fn cases(&mut self) -> Checked {
        let ids: Vec<_> =
            self.format.cases.iter().map(|_| (self.ids.trace_id(), self.ids.span_id())).collect();
        let headers: Vec<_> = self
            .format
            .cases
            .iter()
            .zip(&ids)
            .map(|(case, (trace_id, span_id))| case.headers(&Known { trace_id, span_id }))
            .collect();
        let found = judge::read(self.python, self.format.name, &headers)?;
        let seen = self.gateway.send(&headers)?;
        let mut differ = 0;
        for (((case, found), seen), (trace_id, _)) in
            self.format.cases.iter().zip(&found).zip(&seen).zip(&ids)
        {
            let python = match (found.valid, found.sampled) {
                (false, _) => Verdict::Absent,
                (true, true) => Verdict::Sampled,
                (true, false) => Verdict::Unsampled,
            };
            let failed = |what: String| {
                Err(format!("{}: {what}; Python reads {found:?}, and it is {seen:?}", case.name))
            };
            let expected = match case.differs {
                Some((expected, why)) if expected == python => {
                    return failed(format!("no difference any more: {why}"));
                }
                Some((expected, _)) => expected,
                None => python,
            };
            differ += usize::from(case.differs.is_some());
            let is_new = !trace_id.ends_with(&seen.trace_id[16..]);
            let (parent, is_recorded) = match &seen.spans {
                Some((server, _)) => (server.parent_span_id.as_str(), true),
                None => ("", false),
            };
            let right = match expected {
                Verdict::Absent => is_new && is_recorded && parent.is_empty(),
                Verdict::Unsampled => seen.trace_id == found.trace_id && !is_recorded,
                Verdict::Sampled => seen.trace_id == found.trace_id && parent == found.span_id,
            };
            if !right {
                return failed(format!("not {expected:?}"));
            }
        }
        Ok(format!("{} cases, {differ} of them deliberately otherwise", self.format.cases.len()))
    }

    fn debug(&mut self, Debugging { headers, called: (out, end) }: Debugging) -> Checked {
        let (trace_id, span_id) = (self.ids.trace_id(), self.ids.span_id());
        let fill = |value: &str| value.replace("{t}", &trace_id).replace("{s}", &span_id);
        let headers: Headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), fill(value))).collect();
        let seen = self.gateway.send(&[headers])?.remove(0);
        let value = seen.called.iter().find(|(name, _)| name == out).map(|(_, value)| value.as_str());
        let is_recorded = seen.spans.as_ref().is_some_and(|(server, _)| server.parent_span_id == span_id);
        match value {
            Some(value) if is_recorded && seen.trace_id == trace_id && value.ends_with(end) => {
                Ok(value.to_owned())
            }
            _ => Err(format!("{out} is {value:?}: {seen:?}")),
        }
    }
}

/// That line and span are those of the caller's trace.
fn continues(caller: &Caller, seen: &Seen) -> Result {
    let parent = seen.spans.as_ref().map(|(server, _)| server.parent_span_id.as_str());
    let expected = caller.sampled.then_some(caller.span_id.as_str());
    if seen.trace_id == caller.trace_id && parent == expected {
        return Ok(());
    }
    Err(format!(
        "the trace on the line is {}, the parent of its span {parent:?}, of {caller:?}",
        seen.trace_id
    ))
}
