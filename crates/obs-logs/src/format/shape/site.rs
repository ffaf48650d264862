//! What is known of a call site for one shape: what stands in front of its lines, and what its fields are called.

use obs_core::fields::Value;
use obs_core::keys::{ecs as schema, log_attribute, target};
use tracing_core::Level;

use super::ecs::Paths;
use super::naming::{Turn, label};
use super::own::Own;
use super::shapes::{ECS_VERSION, Name};
use super::value::{Bounds, Said};
use super::{Look, Shape, otlp, record};
use crate::format::{Buffer, Site};

/// One field of a call site.
#[derive(Debug)]
pub(super) struct Field {
    /// `None` where it is left out.
    pub(super) name: Option<Name>,
    /// A second field made of the same value.
    pub(super) second: Option<Name>,
    pub(super) turn: Turn,
    /// Whether nothing in front of it, nor the line itself, can have its name.
    pub(super) is_free: bool,
}

/// One call site, or one kind of line of our own, in one shape.
#[derive(Debug)]
pub(crate) struct ShapedSite {
    /// What stands behind the time: level and target; in OTLP what stands in front of it too, up to `split`.
    pub(super) head: Buffer,
    pub(super) split: usize,
    /// What stands in front of the service; where people read, the target.
    pub(super) logger: Buffer,
    pub(super) level: Level,
    /// File and line.
    pub(super) caller: Buffer,
    pub(super) fields: Vec<Field>,
    pub(super) paths: Paths,
    /// Text and kind of a panic, where the message is one.
    pub(super) panic: Option<[Option<Name>; 2]>,
}

impl ShapedSite {
    pub(super) fn new(shape: &Shape, site: &Site) -> Self {
        let (mut head, mut split) = (Buffer::new(), 0);
        if shape.look == Look::Otlp {
            head.extend(shape.service.as_slice());
            otlp::push_scope(&mut head, site.raw.target, shape.max_name);
            split = head.len();
            otlp::push_severity(&mut head, site.level);
        } else if shape.look == Look::Record {
            push_known(&mut head, shape, Own::Target, site.raw.target);
        } else if !matches!(shape.look, Look::Pretty { .. }) {
            push_own(&mut head, shape, Own::Level, site.level.as_str());
            if shape.look != Look::Ecs {
                push_own(&mut head, shape, Own::Target, site.raw.target);
            }
        }
        let mut logger = Buffer::new();
        if shape.look == Look::Ecs {
            push_own(&mut logger, shape, Own::EcsVersion, ECS_VERSION);
            push_own(&mut logger, shape, Own::Target, site.raw.target);
        } else if matches!(shape.look, Look::Pretty { .. }) {
            shape.push_word(&mut logger, site.raw.target);
        }
        let mut shaped = Self {
            head,
            split,
            logger,
            level: site.level,
            caller: caller(shape, site),
            fields: Vec::new(),
            paths: Paths::default(),
            panic: None,
        };
        shaped.paths.copy_from(&shape.paths);
        shaped.name_fields(shape, site);
        shaped
    }

    fn name_fields(&mut self, shape: &Shape, site: &Site) {
        let (naming, mut text) = (&shape.naming, String::new());
        if site.raw.is_own && site.raw.target == target::PANIC {
            let names = match shape.look {
                Look::Ecs => Some([schema::ERROR_MESSAGE, schema::ERROR_TYPE]),
                Look::Otlp | Look::Record => {
                    Some([log_attribute::EXCEPTION_MESSAGE, log_attribute::EXCEPTION_TYPE])
                }
                _ => None,
            };
            self.panic = names.map(|names| {
                names.map(|name| {
                    naming
                        .of_label(name, name, &mut self.paths, &mut text)
                        .then(|| Name::new(shape.look, &text))
                })
            });
        }
        for code in &site.raw.names {
            let field = if site.raw.is_own {
                let (default, second, turn) = label(shape.look, code);
                let mut of = |default| {
                    naming
                        .of_label(code, default, &mut self.paths, &mut text)
                        .then(|| Name::new(shape.look, &text))
                };
                Field { name: of(default), second: second.and_then(of), turn, is_free: false }
            } else if *code == obs_core::keys::field::MESSAGE {
                Field { name: None, second: None, turn: Turn::Same, is_free: false }
            } else {
                let named = naming.of_user(code, &mut self.paths, &mut text);
                let name = named.then(|| Name::new(shape.look, &text));
                let is_free = name.as_ref().is_some_and(|name| {
                    let before = self.fields.iter().filter_map(|field| Some(field.name.as_ref()?.hash));
                    !before.chain(shape.hashes.iter().copied()).any(|hash| hash == name.hash)
                });
                Field { name, second: None, turn: Turn::Same, is_free }
            };
            self.fields.push(field);
        }
    }
}

fn push_own(out: &mut Buffer, shape: &Shape, own: Own, value: &str) {
    if let Some(name) = shape.own(own) {
        out.extend(&name.key);
        shape.push_word(out, value);
    }
}

/// An attribute of a record whose text is known ahead.
fn push_known(out: &mut Buffer, shape: &Shape, own: Own, value: &str) {
    if let Some(name) = shape.own(own) {
        let bounds = Bounds { limit: usize::MAX, field: Some(shape.max_name) };
        record::push_attribute(out, &name.text, Said::Value(Value::Str(value)), bounds);
    }
}

fn caller(shape: &Shape, site: &Site) -> Buffer {
    let mut out = Buffer::new();
    let Some((file, line)) = site.raw.place else { return out };
    match shape.look {
        Look::Json | Look::Logfmt | Look::Pretty { .. } => {
            push_own(&mut out, shape, Own::Caller, &format!("{file}:{line}"));
        }
        Look::Ecs => {
            push_own(&mut out, shape, Own::Caller, file);
            if let Some(name) = shape.own(Own::CallerLine) {
                out.extend(&name.key);
                out.extend(line.to_string().as_bytes());
            }
        }
        Look::Record => {
            push_known(&mut out, shape, Own::Caller, file);
            if let Some(name) = shape.own(Own::CallerLine) {
                let (line, bounds) = (Value::U64(line.into()), Bounds { limit: usize::MAX, field: None });
                record::push_attribute(&mut out, &name.text, Said::Value(line), bounds);
            }
        }
        Look::Otlp => {
            if let Some(name) = shape.own(Own::Caller) {
                out.extend(&name.key);
                out.extend(b"{\"stringValue\":");
                shape.push_word(&mut out, file);
                out.extend(b"}}");
            }
            if let Some(name) = shape.own(Own::CallerLine) {
                out.extend(&name.key);
                out.extend(format!("{{\"intValue\":\"{line}\"}}}}").as_bytes());
            }
        }
    }
    out
}
