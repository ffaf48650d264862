//! Files for TLS that cannot be used are told before anything starts, each with its place.

use crate::certificates::path;
use crate::file::Yaml;

/// What is said of both ways out with these keys.
#[track_caller]
fn wrong(case: &str, keys: &str, expected: (&str, &str)) {
    let text = format!(
        "traces:\n  endpoint: https://c\n{}logs:\n  outputs:\n    far:\n      type: loki\n      url: https://l\n{}",
        keys.replace("KEY", "  "),
        keys.replace("KEY", "      ")
    );
    let yaml = Yaml::new(&format!("tls-wrong-{case}"), &text);
    let told = yaml.mistakes();
    let (key, what) = expected;
    let line = |text: &str| format!("{text}.{key}: {what}");
    let [traces, logs] = told.as_slice() else { panic!("{case}: {told:?}") };
    assert!(traces.starts_with("obs.yaml:") && traces.contains(&line(": traces")), "{case}: {traces}");
    assert!(logs.starts_with("obs.yaml:") && logs.contains(&line(": logs.outputs.far")), "{case}: {logs}");
    assert!(!traces.contains("BEGIN") && !logs.contains("BEGIN"), "{case}: {told:?}");
}

#[test]
fn a_file_that_cannot_be_used_is_told_at_its_key_with_its_path() {
    let (missing, key) = (path("absent.pem"), path("server.key"));
    wrong("missing", &format!("KEYca_file: {missing}\n"), ("ca_file", &format!("{missing}: ")));
    wrong("no-pem", &format!("KEYca_file: {key}\n"), ("ca_file", &format!("{key}: no certificate in it")));
    let (shown, other) = (path("client.pem"), path("server.key"));
    let pair = |certificate: &str, key: &str| format!("KEYcertificate: {certificate}\nKEYkey_file: {key}\n");
    wrong("no-key", &pair(&shown, &shown), ("certificate", &format!("{shown}: ")));
    wrong("other-key", &pair(&shown, &other), ("certificate", &format!("{shown}: ")));
    wrong("folder", "KEYca_file: /proc\n", ("ca_file", "/proc: "));
}

#[test]
fn a_certificate_and_its_key_belong_together() {
    let shown = path("client.pem");
    wrong(
        "alone",
        &format!("KEYcertificate: {shown}\n"),
        ("certificate", "there is no `key_file` beside it"),
    );
}

#[test]
fn a_file_whose_path_was_put_in_is_not_shown() {
    let name = "a_file_whose_path_was_put_in_is_not_shown";
    crate::process::alone(module_path!(), name, &[("HIDDEN", "/hunter2.pem")], || {
        let yaml = Yaml::new("tls-hidden", "traces: { endpoint: 'https://c', ca_file: '${env:HIDDEN}' }\n");
        let [told] = yaml.mistakes().try_into().unwrap();
        assert!(told.contains(": traces.ca_file: ") && !told.contains("hunter2"), "{told}");
    });
}
