//! The graph of crates is a star with two hubs: a leaf knows obs-core and obs-export, and no other leaf.

use super::super::manifest::dependencies;
use super::super::run::Finding;
use super::super::tree::Manifest;

/// Crates that may know several: the umbrella and the command.
const FREE: [&str; 2] = ["obs", "obs-cli"];

/// The only crates obs-core may depend on: it is everybody's, so it brings nothing along.
const CORE_MAY: [&str; 1] = ["tracing-core"];

pub(crate) fn edges(manifests: &[Manifest]) -> Vec<Finding> {
    let ours: Vec<_> = manifests.iter().filter_map(|manifest| crate_name(&manifest.path)).collect();
    let mut findings = Vec::new();
    for manifest in manifests {
        let Some(name) = crate_name(&manifest.path).filter(|name| !FREE.contains(name)) else { continue };
        for dependency in dependencies(&manifest.text) {
            let package = dependency.package.as_str();
            // Itself with other features, for its own tests.
            if package == name {
                continue;
            }
            let among_ours = package.starts_with("obs-") || ours.contains(&package);
            let text = match (name, package) {
                ("obs-core", package) if among_ours || !CORE_MAY.contains(&package) => {
                    format!(
                        "obs-core is the vocabulary and depends on {} at most, not on {package}",
                        CORE_MAY[0]
                    )
                }
                ("obs-export", package) if among_ours && package != "obs-core" => {
                    format!("obs-export knows bytes, not {package}; of ours it may depend on obs-core")
                }
                (_, package) if among_ours && !["obs-core", "obs-export"].contains(&package) => {
                    format!(
                        "{name} is a leaf and may not know {package}; of ours it may depend on obs-core and obs-export"
                    )
                }
                _ => continue,
            };
            findings.push(Finding { path: manifest.path.clone(), line: dependency.line, rule: None, text });
        }
    }
    findings
}

/// The crate of `crates/NAME/Cargo.toml`.
fn crate_name(path: &str) -> Option<&str> {
    path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")
}
