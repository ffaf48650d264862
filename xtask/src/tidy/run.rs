//! Runs every rule, takes away what is allowed, and says what is left.

use std::fmt;

use super::allowed::{ALLOWED, Allowed, Rule};
use super::rule;
use super::tree::Tree;
use crate::arguments::Arguments;
use crate::{Result, cargo};

/// One place where a rule does not hold.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    /// The rule an entry of the list can be about; nothing where there are no exceptions.
    pub(crate) rule: Option<Rule>,
    pub(crate) text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.text)
    }
}

pub(crate) fn run(arguments: &[String]) -> Result {
    Arguments::new(arguments).end()?;
    let tree = Tree::read(&cargo::root())?;
    let findings = judge(&tree, ALLOWED);
    if findings.is_empty() {
        println!("{} Rust files and {} manifests are tidy", tree.sources.len(), tree.manifests.len());
        return Ok(());
    }
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    Err(format!("{}\n{} findings", lines.join("\n"), lines.len()))
}

/// Every finding that `allowed` does not cover, and every entry of `allowed` that covers none.
pub(crate) fn judge(tree: &Tree, allowed: &[Allowed]) -> Vec<Finding> {
    let mut findings = rule::edges(&tree.manifests);
    for source in &tree.sources {
        for rule in rule::ON_SOURCES {
            findings.extend(rule(source));
        }
    }
    let stale: Vec<_> = allowed
        .iter()
        .filter(|entry| !findings.iter().any(|finding| covers(entry, finding)))
        .map(|entry| Finding {
            path: "xtask/src/tidy/allowed.rs".to_owned(),
            line: 1,
            rule: None,
            text: format!("no longer needed: {:?} for {} ({})", entry.rule, entry.path, entry.reason),
        })
        .collect();
    findings.retain(|finding| !allowed.iter().any(|entry| covers(entry, finding)));
    findings.extend(stale);
    findings
}

fn covers(entry: &Allowed, finding: &Finding) -> bool {
    let folder = entry.path.ends_with('/') && finding.path.starts_with(entry.path);
    finding.rule == Some(entry.rule) && (folder || finding.path == entry.path)
}
