//! Single values out of the file's nodes, with what is wrong where one is not to be had.

use super::super::draft::{shown, wrong_word};
use super::super::environment::Lookup;
use super::super::key::{Kind, Value};
use super::secret::expand;
use super::tree::{Node, Tree};

/// A value that could be read, and whether it is kept from being shown.
pub(super) struct Read {
    pub(super) value: Value,
    pub(super) concealed: bool,
}

/// Reads one scalar as what `kind` asks for.
///
/// # Errors
/// What is wrong with it; `None` where that was told already.
pub(super) fn scalar(node: &Node, kind: Kind, lookup: Lookup<'_>) -> Result<Read, Option<String>> {
    let text = match &node.value {
        Tree::Text(text) => text,
        Tree::Null if kind.takes_null() => return Ok(Read { value: Value::None, concealed: false }),
        _ => return Err(mismatch(node, kind)),
    };
    let expanded = expand(text, lookup)?;
    match kind.parse(&expanded.text) {
        Some(value) => Ok(Read { value, concealed: expanded.concealed }),
        None if expanded.concealed => {
            Err(Some(format!("what `${{..}}` put here is wrong, expected {}", kind.expected())))
        }
        None => Err(Some(wrong(&expanded.text, kind))),
    }
}

/// What is said of a node that is another kind of thing.
pub(super) fn mismatch(node: &Node, kind: Kind) -> Option<String> {
    let found = match &node.value {
        Tree::Null => return Some(format!("has no value, expected {}", kind.expected())),
        // Headers as a variable has them, say: they may hold secrets.
        Tree::Text(_) if kind == Kind::Pairs => String::from("a text"),
        Tree::Text(text) => shown(text),
        Tree::List(_) => String::from("a list"),
        Tree::Map(_) => String::from("keys of its own"),
        Tree::Broken => return None,
    };
    Some(format!("expected {}, not {found}", kind.expected()))
}

fn wrong(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Word(words) => wrong_word(text, words, &kind.expected()),
        // The slip that is made most often.
        Kind::Time(..) | Kind::Bytes(..)
            if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            format!("{} has no unit, expected {}", shown(text), kind.expected())
        }
        _ => format!("{} is wrong, expected {}", shown(text), kind.expected()),
    }
}
