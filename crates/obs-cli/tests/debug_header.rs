//! `obs debug-header` as operators call it.

use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

const KEY: &str = "a key of the test's own";

fn print(arguments: &[&str], key: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_obs"));
    command.arg("debug-header").args(arguments).env_clear();
    command.envs(key.map(|key| ("OBS_DEBUG_KEY", key)));
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What OpenSSL makes of the end that a header names.
fn signed(end: &str) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-hmac", KEY]).stdin(std::process::Stdio::piped());
    let mut openssl = openssl.stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut openssl.stdin.take().unwrap(), format!("obs-debug:{end}").as_bytes())
        .unwrap();
    let output = openssl.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().rsplit("= ").next().unwrap().to_owned()
}

#[test]
fn a_header_is_printed_that_counts_for_as_long_as_was_asked_for() {
    let folder = std::env::temp_dir().join(format!("obs-cli-debug-header-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (config, key) = (folder.join("obs.yaml"), folder.join("key"));
    std::fs::write(&key, format!("{KEY}\n")).unwrap();
    let text = format!("traces: {{ debug_key: '${{file:{}}}', debug_header: x-look }}", key.display());
    std::fs::write(&config, text).unwrap();
    let by_file = print(&["--for", "2h", "--config", config.to_str().unwrap()], None);
    std::fs::remove_dir_all(&folder).unwrap();
    for (output, name, lasting) in
        [(print(&["--for", "10m"], Some(KEY)), "x-obs-debug", 600), (by_file, "x-look", 7_200)]
    {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let (printed, value) = text.trim_end().split_once(": ").unwrap();
        let (end, mac) = value.split_once('.').unwrap();
        assert_eq!((printed, mac), (name, signed(end).as_str()));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let left = end.parse::<u64>().unwrap() - now;
        assert!((lasting - 60..=lasting).contains(&left), "{left}");
    }
}

#[test]
fn what_cannot_be_signed_is_told_and_no_key_is_shown() {
    for (arguments, key, expected) in [
        (&["--for", "10m"][..], None, "there is no `traces.debug_key`"),
        (&["--for", "10m"], Some("hunter2"), "OBS_DEBUG_KEY: key is shorter than 16 bytes"),
        (&["--for", "25h"], Some(KEY), "header would count for more than a day"),
        (&["--for", "10"], Some(KEY), "expected a duration such as 90s, 10m or 2h"),
        (&["--for", "0s"], Some(KEY), "expected a duration from 1s to 24h"),
        (&[], Some(KEY), "--for"),
    ] {
        let output = print(arguments, key);
        let said = said(&output);
        assert!(!output.status.success() && said.contains(expected), "{said}");
        assert!(output.stdout.is_empty() && !said.contains("hunter2") && !said.contains(KEY), "{said}");
    }
}
