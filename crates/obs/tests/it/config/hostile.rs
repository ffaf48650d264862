//! Files that are none, or too much of one.

use std::time::{Duration, Instant};

use super::file::Yaml;
use crate::process::alone;

/// Bytes that are in memory, where the system tells.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

#[test]
fn what_is_no_file_is_refused() {
    let file = Yaml::new("no-file", "");
    let named = |path: &std::path::Path| {
        let error = obs::builder("orders").config_file(path).build().unwrap_err();
        error.to_string().replace(path.to_str().unwrap(), "obs.yaml")
    };
    assert_eq!(named(&file.beside("absent.yaml")), "Builder::config_file: obs.yaml does not exist");
    assert_eq!(named(&std::env::temp_dir()), "obs.yaml: is a directory");
    // A device that never ends, and a pipe that nobody writes to.
    assert_eq!(named("/dev/zero".as_ref()), "obs.yaml: is no regular file");
    let pipe = file.beside("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(named(&pipe), "obs.yaml: is no regular file");
    // A file that is one, and whose bytes are not to be had.
    #[cfg(target_os = "linux")]
    assert_eq!(named("/proc/self/mem".as_ref()), "obs.yaml: cannot be read: Input/output error (os error 5)");
    let looped = file.beside("loop");
    std::os::unix::fs::symlink(&looped, &looped).unwrap();
    assert!(named(&looped).starts_with("obs.yaml: cannot be read: "), "{}", named(&looped));
}

#[test]
fn a_file_that_must_not_be_read_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let file = Yaml::new("unreadable", "logs: { level: info }");
    std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o000)).unwrap();
    match std::fs::read(&file.path) {
        Err(_) => assert_eq!(file.mistakes(), ["obs.yaml: cannot be read: Permission denied (os error 13)"]),
        // Whoever may do everything may read it as well.
        Ok(_) => assert!(file.build().is_ok()),
    }
}

#[test]
fn bytes_that_are_no_text_are_found() {
    let file = Yaml::new("no-text", "");
    file.write(b"logs:\n  level: \xc3\xa4\xff");
    assert_eq!(file.mistakes(), ["obs.yaml:2:11: is not UTF-8"]);
    // UTF-16, as some editors write it.
    file.write(b"\xff\xfel\0o\0g\0s\0:\0");
    assert_eq!(file.mistakes(), ["obs.yaml:1:1: is not UTF-8"]);
    file.write(b"logs: { level: \"\0\" }");
    assert_eq!(file.mistakes().len(), 1);
}

#[test]
fn bombs_and_large_files_are_refused_soon_and_in_little_memory() {
    let name = "bombs_and_large_files_are_refused_soon_and_in_little_memory";
    alone(module_path!(), name, &[], || {
        let file = Yaml::new("bomb", "");
        let laughs: String = (1..30)
            .map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")))
            .collect();
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a, ".repeat(1_000));
        for (bomb, words) in [
            (format!("a0: &a0 [lol]\n{laughs}"), "holds more than 20000 values or 4 MiB of text"),
            (long, "holds more than 20000 values or 4 MiB of text"),
            ("[".repeat(1_000_000), "nested deeper than 16 levels"),
            ("x".repeat(10 * 1024 * 1024), "is larger than 1024 KiB"),
        ] {
            file.write(&bomb);
            drop(bomb);
            let (before, start) = (resident(), Instant::now());
            let mistakes = file.mistakes();
            let (took, grown) = (start.elapsed(), resident().saturating_sub(before));
            assert_eq!(mistakes.len(), 1);
            assert!(mistakes[0].contains(words), "{mistakes:?}");
            assert!(took < Duration::from_secs(1), "{words}: {took:?}");
            assert!(grown < 32 * 1024 * 1024, "{words}: {grown} bytes");
        }
    });
}

#[test]
fn the_variable_names_the_file() {
    let named_by = |parent| std::env::temp_dir().join(format!("obs-it-config-named-{parent}.yaml"));
    let path = named_by(std::process::id());
    let named = [("OBS_CONFIG", path.to_str().unwrap())];
    alone(module_path!(), "the_variable_names_the_file", &named, || {
        let path = named_by(std::os::unix::process::parent_id());
        std::fs::write(&path, "service: { name: payments }").unwrap();
        let obs = obs::builder("orders").admin(obs::Admin::Off).no_config_file().build();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(obs.unwrap().base().resource.name, "payments");
    });
}

#[test]
fn the_variable_turns_the_file_off() {
    alone(module_path!(), "the_variable_turns_the_file_off", &[("OBS_CONFIG", "off")], || {
        let obs = obs::builder("orders").admin(obs::Admin::Off).config_file("/no/such.yaml").build();
        assert_eq!(obs.unwrap().base().resource.name, "orders");
    });
}

#[test]
fn the_file_beside_the_service_is_found_without_a_word() {
    alone(module_path!(), "the_file_beside_the_service_is_found_without_a_word", &[], || {
        let file = Yaml::new("beside", "service: { name: payments }");
        std::env::set_current_dir(file.path.parent().unwrap()).unwrap();
        let name = |builder: obs::Builder| {
            builder.admin(obs::Admin::Off).build().unwrap().base().resource.name.clone()
        };
        assert_eq!(name(obs::builder("orders")), "payments");
        assert_eq!(name(obs::builder("orders").no_config_file()), "orders");
        file.write("logs: { levl: info }");
        let error = obs::builder("orders").build().unwrap_err().to_string();
        assert_eq!(error, "obs.yaml:1:9: logs.levl: unknown key; did you mean `level`?");
    });
}
