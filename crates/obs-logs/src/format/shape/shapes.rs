//! The shapes that outputs ask for, each once.

use std::sync::Arc;

use obs_core::Resource;

use super::ecs::Paths;
use super::naming::Naming;
use super::own::Own;
use super::record::Known;
use super::{Look, Spec, otlp};
use crate::format::escape::Style;
use crate::format::logfmt::push_logfmt_text;
use crate::format::text::Text;
use crate::format::{Buffer, Colours, Format, hash};
use crate::sink::Form;

/// The version of the schema whose names lines of [`Format::Ecs`] have.
pub(super) const ECS_VERSION: &str = "8.17.0";

/// What must be left for message and fields, in bytes, when all else is at its longest.
const LEAST_ROOM: usize = 64;
/// Time, level and what stands around them, without their keys.
const HEAD: usize = 64;
/// The same in OTLP, with the keys that are its own.
const OTLP_HEAD: usize = 176;
/// The longest that trace, span and request id get.
const IDS: usize = 32 + 16 + 128;
/// What stands around them, the caller and the mark of a cut, and ends a line, without their keys.
const ENDS: usize = 64;
/// The same in OTLP, with the keys that are its own.
const OTLP_ENDS: usize = 192;

/// A name as it stands on lines of one shape.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) hash: u64,
    /// What stands for it in a mask.
    pub(super) bit: u128,
    pub(super) text: Box<str>,
    /// With all that stands around it; see [`Look::push_key`].
    pub(super) key: Box<[u8]>,
    /// As the key of an attribute of a record.
    pub(super) known: Option<Known>,
}

impl Name {
    pub(super) fn new(look: Look, name: &str) -> Self {
        let known = (look == Look::Record).then(|| Known::new(name)).flatten();
        let hash = hash::of([name, ""]);
        Self { hash, bit: hash::bit(hash), text: name.into(), key: look.key(name), known }
    }

    /// Where people read, ids have shorter names; unless they were given others.
    fn of_own(look: Look, own: Own, name: &str) -> Self {
        let short: Option<&[u8]> = match own {
            Own::TraceId => Some(b" trace="),
            Own::SpanId => Some(b" span="),
            Own::RequestId => Some(b" request="),
            _ => None,
        };
        let short = short.filter(|_| matches!(look, Look::Pretty { .. }) && own.name(look) == Some(name));
        let named = Self::new(look, name);
        Self { key: short.map_or(named.key, Into::into), ..named }
    }
}

/// One way for lines to look: a format, and what an output asks for beyond it.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(super) look: Look,
    pub(super) naming: Naming,
    /// The line's own keys, by [`Own`]; `None` where they are left out.
    own: [Option<Name>; Own::ALL.len()],
    /// Their hashes.
    pub(super) hashes: Vec<u64>,
    /// The bits of these.
    pub(super) mask: u128,
    pub(super) paths: Paths,
    /// Whose lines these are, as it stands behind the event's fields; in OTLP, what each line begins with.
    pub(super) service: Buffer,
    /// The most bytes of a target, or of a file's name.
    pub(super) max_name: usize,
    /// The bytes that are kept for what comes behind the fields.
    pub(super) tail: usize,
}

impl Shape {
    fn new(look: Look, spec: Spec, resource: &Resource) -> Result<Self, String> {
        let naming = Naming::new(look, spec)?;
        let own = Own::ALL.map(|own| naming.own(own).map(|name| Name::of_own(look, own, name)));
        let max_name = (naming.max_line_bytes() / 16).min(1_024);
        let mut paths = Paths::default();
        for name in naming.all_own() {
            let _ = paths.take(name);
        }
        let hashes: Vec<_> = naming.all_own().iter().map(|name| hash::of([name, ""])).collect();
        let mask = hashes.iter().fold(0, |mask, known| mask | hash::bit(*known));
        let service = Buffer::new();
        let mut shape = Self { look, naming, own, hashes, mask, paths, service, max_name, tail: 0 };
        shape.service = shape.service_of(resource);
        shape.tail = shape.longest_tail();
        let least = shape.longest_head() + shape.tail + LEAST_ROOM;
        let max = shape.max_line_bytes();
        if max < least {
            return Err(format!(
                "lines of {max} bytes are too short for what stands on each; at least {least}"
            ));
        }
        Ok(shape)
    }

    /// Whether its lines are records in protobuf.
    pub(super) fn is_record(&self) -> bool {
        self.look == Look::Record
    }

    /// How many bytes the keys of these have.
    fn keys(&self, owns: &[Own]) -> usize {
        owns.iter().filter_map(|own| self.own(*own)).map(|name| name.key.len()).sum()
    }

    /// The most bytes of what stands in front of the message.
    fn longest_head(&self) -> usize {
        let of_look = match self.look {
            Look::Otlp => self.service.len() + OTLP_HEAD,
            _ => self.keys(&[Own::Timestamp, Own::Level, Own::Target]) + HEAD,
        };
        of_look + self.max_name
    }

    /// The most bytes of what stands behind the fields.
    fn longest_tail(&self) -> usize {
        let behind = [
            Own::Message,
            Own::TraceId,
            Own::SpanId,
            Own::RequestId,
            Own::Caller,
            Own::CallerLine,
            Own::Truncated,
            Own::Recorded,
        ];
        let of_look = match self.look {
            Look::Otlp | Look::Record => OTLP_ENDS,
            Look::Ecs => {
                let logger = self.keys(&[Own::EcsVersion, Own::Target]) + self.max_name + ECS_VERSION.len();
                self.service.len() + logger + ENDS
            }
            _ => self.service.len() + ENDS,
        };
        self.keys(&behind) + IDS + self.max_name + of_look
    }

    pub(super) fn own(&self, own: Own) -> Option<&Name> {
        self.own[own as usize].as_ref()
    }

    pub(super) fn max_line_bytes(&self) -> usize {
        self.naming.max_line_bytes()
    }

    fn service_of(&self, resource: &Resource) -> Buffer {
        let mut out = Buffer::new();
        if self.look == Look::Otlp {
            otlp::push_open(&mut out, resource, self.max_name);
            return out;
        }
        let parts = [
            (Own::Service, Some(&resource.name)),
            (Own::ServiceVersion, resource.version.as_ref()),
            (Own::Environment, resource.env.as_ref()),
        ];
        for (own, value) in parts {
            if let (Some(name), Some(value)) = (self.own(own), value) {
                out.extend(&name.key);
                self.push_word(&mut out, value);
            }
        }
        if matches!(self.look, Look::Pretty { .. }) {
            out.clear();
        }
        out
    }

    /// Appends a text known ahead as a value.
    pub(super) fn push_word(&self, out: &mut Buffer, value: &str) {
        let limit = out.len() + self.max_name;
        match self.look {
            Look::Json | Look::Ecs | Look::Otlp => {
                out.push(b'"');
                Text { out, limit, style: Style::Quoted, cut: false }.push(value);
                out.push(b'"');
            }
            Look::Logfmt => drop(push_logfmt_text(out, value, limit)),
            Look::Pretty { .. } | Look::Record => {
                Text { out, limit, style: Style::Bare, cut: false }.push(value)
            }
        }
    }
}

/// The shapes of one engine, in the order of their numbers; clones share those that are there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shapes(Arc<Vec<Arc<Shape>>>);

impl Shapes {
    /// The form of an output's lines, which shares a shape with those that ask for the same.
    ///
    /// # Errors
    /// In words, what of `spec` makes no sense.
    pub(crate) fn form(
        &mut self,
        format: Format,
        terminal: bool,
        spec: Spec,
        resource: &Resource,
    ) -> Result<Form, String> {
        if let Some(fault) = spec.fault() {
            return Err(fault);
        }
        let coloured = match format {
            Format::Pretty(Colours::Auto) => terminal,
            Format::Pretty(colours) => colours == Colours::On,
            _ => false,
        };
        let plain = spec.is_plain(format);
        let look = match format {
            Format::Json if plain => return Ok(Form::Json),
            Format::Logfmt if plain => return Ok(Form::Logfmt),
            Format::Pretty(_) if plain => return Ok(Form::Pretty { coloured }),
            Format::Json => Look::Json,
            Format::Logfmt => Look::Logfmt,
            Format::Pretty(_) => Look::Pretty { coloured },
            Format::Ecs => Look::Ecs,
            Format::Otlp => Look::Otlp,
        };
        self.look(look, spec, resource)
    }

    /// The form of an output that sends log records of OTLP.
    ///
    /// # Errors
    /// As [`Shapes::form`].
    #[cfg(feature = "ship")]
    pub(crate) fn record(&mut self, spec: Spec, resource: &Resource) -> Result<Form, String> {
        match spec.fault() {
            Some(fault) => Err(fault),
            None => self.look(Look::Record, spec, resource),
        }
    }

    fn look(&mut self, look: Look, spec: Spec, resource: &Resource) -> Result<Form, String> {
        let same = |shape: &Arc<Shape>| shape.look == look && *shape.naming.spec() == spec;
        let number = match self.0.iter().position(same) {
            Some(known) => known,
            None => {
                let shape = Shape::new(look, spec, resource)?;
                // What tells of losses of an output before this one has a list of its own.
                let all = Arc::make_mut(&mut self.0);
                all.push(Arc::new(shape));
                all.len() - 1
            }
        };
        match u8::try_from(number) {
            Ok(number) if number < Form::MOST_SHAPES => Ok(Form::Shaped(number)),
            _ => Err(format!("its lines look like none of the {} others", Form::MOST_SHAPES)),
        }
    }

    pub(super) fn all(&self) -> &[Arc<Shape>] {
        &self.0
    }

    /// Whether both are the same list.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Where the list lives.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}
