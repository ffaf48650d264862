//! What a Cargo.toml depends on, read without a TOML library: section headings and the keys under them.

/// One dependency, under whatever section.
#[derive(Debug, PartialEq)]
pub(crate) struct Dependency {
    /// The package, also where it was given another name.
    pub(crate) package: String,
    pub(crate) line: usize,
}

/// The dependencies of all kinds, those for tests and for targets included.
pub(crate) fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found = Vec::new();
    let mut inside = false;
    for (at, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(heading) = line.strip_prefix('[') {
            let heading = heading.trim_end_matches(']');
            inside = heading.ends_with("dependencies");
            // `[dependencies.name]` is a section of its own.
            if let Some((_, name)) =
                heading.rsplit_once('.').filter(|(table, _)| table.ends_with("dependencies"))
            {
                found.push(Dependency { package: name.trim_matches('"').to_owned(), line: at + 1 });
            }
        } else if let Some(package) = line.strip_prefix("package = ").filter(|_| !inside) {
            // Inside of such a section: its real name.
            if let Some(last) = found.last_mut().filter(|_| at > 0) {
                last.package = package.trim_matches('"').to_owned();
            }
        } else if inside && !line.starts_with('#') {
            let Some((key, value)) = line.split_once('=') else { continue };
            let key = key.trim().split('.').next().unwrap_or_default().trim_matches('"');
            let renamed = value.split_once("package =").and_then(|(_, rest)| rest.split('"').nth(1));
            found.push(Dependency { package: renamed.unwrap_or(key).to_owned(), line: at + 1 });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_writing_a_dependency_is_read() {
        let manifest = r#"
[package]
name = "a"

[dependencies]
b = "1"
# c = "1"
d = { workspace = true, features = ["package"] }
e.workspace = true
f = { package = "g", version = "1" }

[target.'cfg(unix)'.dev-dependencies]
h = "1"

[build-dependencies.i]
version = "1"

[dependencies.j]
package = "k"

[features]
l = []
"#;
        let found: Vec<_> =
            dependencies(manifest).into_iter().map(|found| (found.package, found.line)).collect();
        let expected = [("b", 6), ("d", 8), ("e", 9), ("g", 10), ("h", 13), ("i", 15), ("k", 18)];
        assert_eq!(found, expected.map(|(name, line)| (name.to_owned(), line)));
    }
}
