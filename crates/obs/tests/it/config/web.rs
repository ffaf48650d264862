//! The web config file: what of its format is taken, and what is refused, each with its place.

use std::path::PathBuf;

use super::file::Yaml;

/// Of `s3cret`, by the bcrypt of Python.
const HASH: &str = "$2b$04$pzuWZ3EpBKBG4G/ROQP2OuK3MoOMt4ceABkBZFWJRCU8L0Y4zT1r6";

fn certificate(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../obs-export/tests/it/tls");
    folder.join(name).to_str().unwrap().to_owned()
}

/// What is said of this web config file, which is called `web.yml`.
#[track_caller]
fn told(name: &str, admin: &str, web: &str) -> Vec<String> {
    let yaml = Yaml::new(&format!("web-{name}"), &format!("admin: {{ web_config: web.yml{admin} }}\n"));
    let file = yaml.beside("web.yml");
    std::fs::write(&file, web).unwrap();
    let shown = |line: String| line.replace(file.to_str().unwrap(), "web.yml");
    match yaml.build() {
        Ok(_) => Vec::new(),
        Err(_) => yaml.mistakes().into_iter().map(shown).collect(),
    }
}

/// What a file has to begin with.
fn tls() -> String {
    format!(
        "tls_server_config:\n  cert_file: {}\n  key_file: {}\n",
        certificate("server.pem"),
        certificate("server.key")
    )
}

#[test]
fn what_the_format_has_and_we_serve_is_taken() {
    let ca = certificate("ca.pem");
    for (name, web) in [
        ("empty", String::new()),
        ("comment", String::from("# nothing\n")),
        (
            "sections",
            String::from("tls_server_config:\n  # cert_file: a\nhttp_server_config:\nbasic_auth_users:\n"),
        ),
        ("tls", tls()),
        ("versions", tls() + "  min_version: TLS13\n  max_version: TLS13\n"),
        (
            "clients",
            tls() + &format!("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: {ca}\n"),
        ),
        ("asked", tls() + &format!("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: {ca}\n")),
        ("users", format!("basic_auth_users:\n  scraper: {HASH}\n  other: {}\n", HASH.replace("$2b", "$2y"))),
        (
            "headers",
            String::from(
                "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n    \
                 X-Content-Type-Options: nosniff\n    Strict-Transport-Security: max-age=1; includeSubDomains\n    \
                 X-XSS-Protection:\n    Content-Security-Policy: \"default-src 'self'\"\n",
            ),
        ),
    ] {
        assert_eq!(told(name, "", &web), [""; 0], "{name}");
    }
}

#[test]
fn what_is_not_taken_is_refused_by_name() {
    for (name, web, expected) in [
        (
            "rate",
            "rate_limit: { interval: 1s }\n",
            "web.yml:1:1: rate_limit: is not taken: each peer is held to a rate anyway",
        ),
        ("section", "tls_config:\n", "web.yml:1:1: tls_config: unknown key"),
        (
            "http2",
            "http_server_config: { http2: true }\n",
            "web.yml:1:30: http_server_config.http2: is not taken: HTTP/1.1 alone is spoken here",
        ),
        (
            "header",
            "http_server_config:\n  headers: { X-Custom: a }\n",
            "web.yml:2:14: http_server_config.headers.X-Custom: unknown key",
        ),
        (
            "value",
            "http_server_config:\n  headers: { X-Frame-Options: maybe }\n",
            "web.yml:2:31: http_server_config.headers.X-Frame-Options: `maybe` is wrong, expected `deny` or `sameorigin`",
        ),
        (
            "smuggled",
            "http_server_config:\n  headers: { X-XSS-Protection: \"0\\r\\nset-cookie: a\" }\n",
            "web.yml:2:32: http_server_config.headers.X-XSS-Protection: holds what no header may",
        ),
        (
            "twice",
            "basic_auth_users:\nbasic_auth_users:\n",
            "web.yml:2:1: basic_auth_users: stands here a second time",
        ),
        ("no-yaml", "basic_auth_users: {\n", "web.yml:1:19: no YAML"),
        ("list", "- a\n", "web.yml:1:1: expected keys of its own"),
    ] {
        let found = told(name, "", web);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(found[0].starts_with(expected), "{name}: {found:?}");
    }
    for (key, value) in [
        ("cert", "a"),
        ("key", "a"),
        ("client_ca", "a"),
        ("client_allowed_sans", "[a]"),
        ("cipher_suites", "[a]"),
        ("prefer_server_cipher_suites", "true"),
        ("curve_preferences", "[CurveP256]"),
    ] {
        let found = told(key, "", &format!("{}  {key}: {value}\n", tls()));
        let [found] = found.as_slice() else { panic!("{key}: {found:?}") };
        let start = format!("web.yml:4:3: tls_server_config.{key}: is not taken: ");
        assert!(found.starts_with(&start), "{found}");
    }
}

#[test]
fn tls_that_makes_no_sense_is_told_at_its_key() {
    let (missing, key) = (certificate("absent.pem"), certificate("server.key"));
    let pair = |certificate: &str, key: &str| {
        format!("tls_server_config:\n  cert_file: {certificate}\n  key_file: {key}\n")
    };
    for (name, web, expected) in [
        (
            "one",
            String::from("tls_server_config: { cert_file: a }\n"),
            "web.yml:1:20: tls_server_config: has no `key_file`",
        ),
        ("gone", pair(&missing, &key), "web.yml:2:14: tls_server_config.cert_file: "),
        ("no-pem", pair(&key, &key), "web.yml:2:14: tls_server_config.cert_file: "),
        (
            "no-key",
            pair(&certificate("server.pem"), &certificate("server.pem")),
            "web.yml:3:13: tls_server_config.key_file: ",
        ),
        ("other", pair(&certificate("client.pem"), &key), "web.yml:2:14: tls_server_config.cert_file: "),
        (
            "any",
            tls() + "  client_auth_type: RequireAnyClientCert\n",
            "web.yml:4:21: tls_server_config.client_auth_type: `RequireAnyClientCert` is wrong",
        ),
        (
            "no-ca",
            tls() + "  client_auth_type: RequireAndVerifyClientCert\n",
            "web.yml:2:3: tls_server_config: verifies clients, which needs `client_ca_file`",
        ),
        (
            "idle-ca",
            tls() + "  client_ca_file: ca.pem\n",
            "web.yml:2:3: tls_server_config: has a `client_ca_file`, but no `client_auth_type` that asks",
        ),
        (
            "old",
            tls() + "  min_version: TLS11\n",
            "web.yml:4:16: tls_server_config.min_version: `TLS11` is wrong",
        ),
        (
            "none",
            tls() + "  min_version: TLS13\n  max_version: TLS12\n",
            "web.yml:2:3: tls_server_config: its `min_version` is above its `max_version`",
        ),
    ] {
        let found = told(name, "", &web);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(found[0].starts_with(expected), "{name}: {found:?}");
        assert!(!found[0].contains("BEGIN"), "{name}: {found:?}");
    }
}

#[test]
fn a_hash_that_is_none_is_told_and_not_repeated() {
    let user = |hash: &str| format!("basic_auth_users:\n  scraper: '{hash}'\n");
    for (name, web, what) in [
        ("plain", user("hunter2"), "2:12: basic_auth_users.scraper: expected a bcrypt hash"),
        ("short", user(&HASH[..59]), "2:12: basic_auth_users.scraper: expected a bcrypt hash"),
        ("md5", user("$apr1$hunter2$Qm"), "2:12: basic_auth_users.scraper: expected a bcrypt hash"),
        (
            "dear",
            user(&HASH.replace("$04", "$31")),
            "2:12: basic_auth_users.scraper: has a cost of 31, expected 4 to 16",
        ),
        (
            "colon",
            format!("basic_auth_users:\n  'a:b': {HASH}\n"),
            "2:3: basic_auth_users.a…: is no name of a user",
        ),
        (
            "nothing",
            String::from("basic_auth_users:\n  scraper:\n"),
            "2:10: basic_auth_users.scraper: expected a bcrypt",
        ),
    ] {
        let found = told(name, "", &web);
        let [found] = found.as_slice() else { panic!("{name}: {found:?}") };
        assert!(found.starts_with(&format!("web.yml:{what}")), "{name}: {found}");
        assert!(!found.contains("hunter2") && !found.contains("pzuWZ3"), "{name}: {found}");
    }
}

#[test]
fn passwords_go_to_no_address_that_others_reach_in_the_clear() {
    let users = format!("basic_auth_users:\n  scraper: {HASH}\n");
    let public = ", addr: '0.0.0.0:0'";
    let found = told("clear", public, &users);
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert!(
        found.starts_with(
            "obs.yaml:1:10: admin.web_config: what its users send goes over the network in the clear"
        ),
        "{found}"
    );
    assert_eq!(told("mesh", ", addr: '0.0.0.0:0', insecure: true", &users), [""; 0]);
    assert_eq!(told("private", public, &(tls() + &users)), [""; 0]);
    assert_eq!(told("token", ", addr: '0.0.0.0:0', token: abc", &tls()), [""; 0]);
}
