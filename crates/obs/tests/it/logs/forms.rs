//! What lines look like, as the file says.

use super::running::Running;

/// A line without its time, which differs, and with the number of its line in this file.
fn still(text: &str, line: u32) -> String {
    let mut still = String::new();
    let mut rest = text;
    // As RFC 3339 has it: 2026-10-03T12:34:56.123456Z
    while let Some(at) = rest.find("T").filter(|at| *at >= 10 && rest[at - 10..*at].starts_with("20")) {
        let end = rest[at..].find('Z').unwrap() + at + 1;
        still.push_str(&rest[..at - 10]);
        still.push_str("NOW");
        rest = &rest[end..];
    }
    still.push_str(rest);
    still.replace(&format!(":{line}"), ":LINE").replace(&format!(":{line}\""), ":LINE\"")
}

#[test]
fn each_output_has_a_form_of_its_own() {
    let text = "
service: { version: 1.10, env: prod }
logs:
  caller: false
  outputs:
    json: { type: memory }
    logfmt: { type: memory, format: logfmt }
    plain: { type: memory, format: pretty, colour: off }
    bright: { type: memory, format: pretty, colour: on }
    ecs: { type: memory, format: ecs }
    otlp: { type: file, path: FOLDER/otlp.log, format: otlp }
";
    let running = Running::build("forms", text);
    running.within(|| {
        tracing::warn!(target: "shop", password = "hunter2", user = "ada \"x\"", rows = 7, "Bearer b3BlbiBzZXNhbWU was sent");
    });
    let line = |output: &str| still(&running.obs.lines_in(output).unwrap().concat(), 0);
    assert_eq!(
        line("json"),
        r#"{"timestamp":"NOW","level":"WARN","target":"shop","message":"Bearer [redacted] was sent","password":"[redacted]","user":"ada \"x\"","rows":7,"service":"orders"}"#
    );
    assert_eq!(
        line("logfmt"),
        r#"timestamp=NOW level=WARN target=shop message="Bearer [redacted] was sent" password=[redacted] user="ada \"x\"" rows=7 service=orders"#
    );
    assert_eq!(
        line("plain"),
        r#"NOW WARN  shop: Bearer [redacted] was sent password=[redacted] user="ada \"x\"" rows=7"#
    );
    assert!(line("bright").contains("\u{1b}[33m"), "{}", line("bright"));
    let ecs: serde_json::Value = serde_json::from_str(&line("ecs")).unwrap();
    assert_eq!(
        ecs,
        serde_json::json!({
            "@timestamp": "NOW", "log.level": "WARN", "message": "Bearer [redacted] was sent",
            "password": "[redacted]", "labels.user": "ada \"x\"", "rows": 7, "ecs.version": "8.17.0",
            "log.logger": "shop", "service.name": "orders", "service.version": "1.10",
            "service.environment": "prod",
        })
    );
    let otlp = &running.lines("otlp.log")[0]["resourceLogs"][0];
    let record = &otlp["scopeLogs"][0]["logRecords"][0];
    assert_eq!(otlp["scopeLogs"][0]["scope"]["name"], "shop");
    assert_eq!((&record["severityNumber"], &record["severityText"]), (&13.into(), &"WARN".into()));
    assert_eq!(record["body"]["stringValue"], "Bearer [redacted] was sent");
    assert_eq!(record["attributes"][2]["value"]["intValue"], "7");
}

#[test]
fn fields_are_renamed_left_out_and_cut_on_one_output_alone() {
    let text = "
logs:
  caller: true
  outputs:
    all: { type: memory }
    less:
      type: memory
      rename: { message: msg, timestamp: '@t', user: who }
      drop: [service, rows]
      max_field: 16B
    short: { type: memory, max_line: 1KiB, drop: [caller] }
";
    let running = Running::build("shapes", text);
    let long = "x".repeat(3_000);
    let line = line!() + 1;
    running.within(|| tracing::info!(target: "shop", user = "ada", rows = 7, long, "said"));
    let all = |output: &str| still(&running.obs.lines_in(output).unwrap().concat(), line);
    let caller = format!("{}:LINE", file!());
    assert_eq!(
        all("all"),
        format!(
            r#"{{"timestamp":"NOW","level":"INFO","target":"shop","message":"said","user":"ada","rows":7,"long":"{long}","service":"orders","caller":"{caller}"}}"#
        )
    );
    let cut = "x".repeat(16);
    let less = all("less");
    assert!(
        less.starts_with(&format!(
            r#"{{"@t":"NOW","level":"INFO","target":"shop","msg":"said","who":"ada","long":"{cut}…","#
        )) && less.ends_with(r#","truncated":true}"#)
            && !less.contains("service")
            && !less.contains("rows"),
        "{less}"
    );
    let short = &running.obs.lines_in("short").unwrap()[0];
    assert!(short.len() < 1_024 && short.len() > 600, "{}", short.len());
    assert!(short.ends_with(r#""truncated":true}"#) && !short.contains("caller"), "{short}");
}
