//! Each rule on small trees in memory: where it fires, where it does not, and what its list takes away.

use super::allowed::{Allowed, Rule};
use super::run::judge;
use super::tree::Tree;

/// The findings in a tree of these files, each as `path:line`.
fn places(files: &[(&str, &str)], allowed: &[Allowed]) -> Vec<String> {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.add(path, text);
    }
    judge(&tree, allowed).iter().map(|finding| format!("{}:{}", finding.path, finding.line)).collect()
}

/// The lines found in one file with a header.
fn lines(path: &str, code: &str) -> Vec<usize> {
    let text = format!("//! A file.\n{code}");
    let places = places(&[(path, &text)], &[]);
    places.iter().map(|place| place.rsplit(':').next().unwrap().parse().unwrap()).collect()
}

const LIB: &str = "crates/obs-logs/src/lib.rs";

#[test]
fn edges_go_to_the_hubs_alone() {
    let manifest = |dependency: &str| format!("[dependencies]\n{dependency} = {{ workspace = true }}\n");
    let found = |name: &str, dependency: &str| {
        let path = format!("crates/{name}/Cargo.toml");
        let text = manifest(dependency);
        let files = [
            (path.as_str(), text.as_str()),
            ("crates/obs-metrics/Cargo.toml", "[package]\n"),
            ("crates/obs/Cargo.toml", "[package]\n"),
        ];
        places(&files, &[])
    };
    let nothing: [String; 0] = [];
    for (name, dependency) in [
        ("obs-logs", "obs-core"),
        ("obs-logs", "obs-export"),
        ("obs-logs", "tokio"),
        ("obs-export", "obs-core"),
        ("obs-core", "tracing-core"),
        ("obs-cli", "obs-metrics"),
    ] {
        assert_eq!(found(name, dependency), nothing, "{name} -> {dependency}");
    }
    for (name, dependency) in [
        ("obs-logs", "obs-metrics"),
        ("obs-logs", "obs"),
        ("obs-export", "obs-metrics"),
        ("obs-core", "obs-export"),
        ("obs-core", "tokio"),
    ] {
        assert_eq!(
            found(name, dependency),
            [format!("crates/{name}/Cargo.toml:2")],
            "{name} -> {dependency}"
        );
    }
}

#[test]
fn a_forbidden_edge_for_tests_is_found_too() {
    let text =
        "[dependencies]\nobs-core.workspace = true\n[dev-dependencies]\nobs-trace = { path = \"..\" }\n";
    assert_eq!(places(&[("crates/obs-logs/Cargo.toml", text)], &[]), ["crates/obs-logs/Cargo.toml:4"]);
    assert!(places(&[("examples/shop/Cargo.toml", text)], &[]).is_empty());
}

#[test]
fn a_file_without_a_header_is_found() {
    for text in ["fn f() {}", "", "// no\n", "//!\n", "\n//! late\n", "/// of an item\nfn f() {}"] {
        assert_eq!(places(&[(LIB, text)], &[]), [format!("{LIB}:1")], "{text:?}");
    }
    assert!(places(&[("xtask/src/main.rs", "//! Why.\n")], &[]).is_empty());
}

#[test]
fn a_long_file_is_found_and_tests_do_not_count() {
    assert_eq!(lines(LIB, &"fn f() {}\n".repeat(600)), [600]);
    assert!(lines(LIB, &"fn f() {}\n".repeat(599)).is_empty());
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn f() {}\n".repeat(900));
    assert!(lines(LIB, &tests).is_empty());
}

#[test]
fn a_static_is_found_unless_it_is_a_constant() {
    for code in [
        "static A: AtomicU64 = AtomicU64::new(0);",
        "pub(crate) static A: OnceLock<X> = OnceLock::new();",
        "static mut A: u64 = 0;",
        "static A: &Mutex<X> = &M;",
        "static A: Thing = Thing;",
        "pub static $name: Metric =\n    Metric { a: 1 };",
        "static A: [AtomicU64; 2] = X;",
    ] {
        assert_eq!(lines(LIB, code), [2], "{code}");
    }
    for code in [
        "static A: &str = \"static B: Mutex<X> = 1;\";",
        "static A: &[&'static str] = &[];",
        "static A: [u8; 4] = *b\"abcd\";",
        "static A: u64 = 1;",
        "const A: Mutex<X> = Mutex::new();",
        "fn f(x: &'static Mutex<X>, y: Box<dyn T + 'static>) {}",
        "// static A: Mutex<X> = 1;",
        "#[cfg(test)]\nmod tests {\n    static A: AtomicU64 = AtomicU64::new(0);\n}",
    ] {
        assert!(lines(LIB, code).is_empty(), "{code}");
    }
    assert!(lines("examples/a/src/main.rs", "static A: AtomicU64 = AtomicU64::new(0);").is_empty());
}

#[test]
fn setting_a_global_is_found_outside_of_tests_and_programs() {
    let calls = [
        "tracing::subscriber::set_global_default(s);",
        "metrics::set_global_recorder (r);",
        "std::panic::set_hook(h);",
        "log::set_boxed_logger(l);",
        "log::set_logger(&L);",
    ];
    for call in calls {
        assert_eq!(lines(LIB, &format!("fn f() {{\n{call}\n}}")), [3], "{call}");
        assert!(lines("examples/a/src/main.rs", call).is_empty(), "{call}");
        assert!(lines("crates/obs-logs/tests/it/main.rs", call).is_empty(), "{call}");
    }
    assert!(lines(LIB, "fn set_hook() {}\nfn g() { reset_hook(); }").is_empty());
}

#[test]
fn state_of_a_thread_is_found_once() {
    let code =
        "thread_local! {\n    static A: Cell<u8> = const { Cell::new(0) };\n    static B: Cell<u8> = 0;\n}\n";
    assert_eq!(lines(LIB, code), [2]);
    assert_eq!(lines(LIB, &format!("std::{code}static C: Mutex<X> = 1;")), [6, 2]);
    assert!(lines(LIB, "fn thread_local() {} // thread_local!").is_empty());
}

#[test]
fn a_read_of_the_environment_is_found_outside_of_the_configuration() {
    for code in [
        "fn f() { std::env::var(\"A\"); }",
        "fn f() { env::var_os(\"A\"); }",
        "fn f() { for x in env :: vars() {} }",
        "use std::env::var;",
        "use std::env::{args, var as read};",
    ] {
        assert_eq!(lines(LIB, code), [2], "{code}");
        assert!(lines("crates/obs/src/config/environment.rs", code).is_empty(), "{code}");
        assert!(lines("xtask/src/main.rs", code).is_empty(), "{code}");
        assert!(lines("crates/obs-logs/build.rs", code).is_empty(), "{code}");
    }
    for code in ["fn f() { std::env::args(); }", "fn f() { env!(\"A\"); }", "use std::env::{args, temp_dir};"]
    {
        assert!(lines(LIB, code).is_empty(), "{code}");
    }
}

#[test]
fn unfinished_code_is_found_everywhere() {
    for code in
        ["todo!()", "unimplemented! (\"x\")", "#[ ignore ]", "#[ignore = \"slow\"]", "assert!( true )"]
    {
        let tests = format!("#[cfg(test)]\nmod tests {{\n    fn f() {{\n {code}\n }}\n}}");
        assert_eq!(lines("bench/src/lib.rs", &tests), [5], "{code}");
    }
    for code in ["\"todo!()\"", "// unimplemented!()", "debug_assert!(true)", "assert!(truely)", "my_todo!()"]
    {
        assert!(lines(LIB, &format!("fn f() {{\n{code}\n}}")).is_empty(), "{code}");
    }
}

#[test]
fn the_list_takes_away_what_it_names_and_nothing_else() {
    let file = "//! A file.\nstatic A: AtomicU64 = AtomicU64::new(0);\nfn f() { std::env::var(\"A\"); }\n";
    let entry = |rule, path| Allowed { rule, path, reason: "a test" };
    let files = [(LIB, file)];
    assert_eq!(places(&files, &[entry(Rule::Static, LIB)]), [format!("{LIB}:3")]);
    assert_eq!(places(&files, &[entry(Rule::Static, "crates/obs-logs/")]), [format!("{LIB}:3")]);
    let unneeded = places(&files, &[entry(Rule::Static, LIB), entry(Rule::ThreadLocal, LIB)]);
    assert_eq!(unneeded, [format!("{LIB}:3"), "xtask/src/tidy/allowed.rs:1".to_owned()]);
}
