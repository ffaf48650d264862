//! A configuration that is printed can be read again and says the same.

use super::running::{Running, ids};

const TEXT: &str = "
service: { env: prod }
logs:
  level: 'debug,hyper=warn'
  caller: true
  outputs:
    main: { type: memory, format: json, rename: { message: msg, 'odd \"name\"': 'x: y' }, drop: [service, 'a#b'], max_line: 4KiB, max_field: 1KiB }
    errors: { type: file, path: 'FOLDER/errors \"1\".log', format: ecs, max_size: 1MiB, keep: 3, keep_age: 36h, keep_size: 5MB, compress: gzip, rotate: hourly, sync: interval, sync_every: 2s, disk_full_wait: 1s }
    slow: { type: stderr, format: pretty, colour: on, queue: 64KiB, when_full: drop_below, keep_level: error }
    patient: { type: file, path: FOLDER/patient.log, format: otlp, when_full: block, wait: 10ms, sync: batch }
  routes:
    - { match: { env: [prod, 'p\"re'], level: '>=WARN', module: 'pay*' }, output: [main, errors] }
    - { match: { any: [{ fields: { tenant: 'acme-*', status: '>=500' } }, { target: 'shop::*' }], not: { level: TRACE } }, output: main }
    - { match: { target: noise }, output: [] }
    - { match: { fields: { only: one }, level: [INFO, WARN] }, output: main }
    - { default: errors }
  sampling: { first: 5, thereafter: 0, tick: 10s, follow_trace: false }
  rate_limit: { lines: 1000, up_to: warn }
  flight_recorder: { level: 'trace,h2=off', slow: 2s, slow_quantile: true, request_bytes: 64KiB }
admin: { addr: '127.0.0.1:0', token: hunter2-and-more }
";

fn say(running: &Running) -> (Vec<u64>, Vec<u64>) {
    running.within(|| {
        tracing::warn!(target: "payment", id = 1);
        tracing::info!(target: "payment", id = 2);
        tracing::info!(target: "shop::cart", id = 3);
        tracing::info!(target: "other", id = 4, tenant = "acme-1", status = 503);
        tracing::error!(target: "noise", id = 5);
    });
    let errors = running.text("errors \"1\".log");
    let errors: Vec<_> = errors.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (ids(&running.memory("main")), ids(&errors))
}

#[test]
fn outputs_and_routes_are_printed_so_that_they_can_be_read_again() {
    let first = Running::build("printed", TEXT);
    assert_eq!(say(&first), (vec![1, 3, 4], vec![1, 2]));
    let printed = first.obs.config().redacted();
    assert!(!printed.contains("hunter2") && printed.contains("token: \"[redacted]\""), "{printed}");
    let debug = format!("{:?}", first.obs.config());
    assert!(!debug.contains("hunter2") && debug.contains("acme-*"), "{debug}");
    drop(std::fs::remove_file(first.path("errors \"1\".log")));
    let again = Running::build("printed-again", &printed);
    assert_eq!(again.obs.config().logs, first.obs.config().logs);
    assert_eq!(again.obs.config().redacted(), printed);
    // The second writes to the folder of the first, whose files those are.
    let Running { obs, yaml: _again } = again;
    let second = Running { obs, yaml: first.yaml };
    assert_eq!(say(&second), (vec![1, 3, 4], vec![1, 2]));
}

#[test]
fn what_an_output_takes_from_elsewhere_is_not_printed() {
    let text = "
logs:
  outputs:
    main: { type: file, path: '${file:FOLDER/secret}', format: json }
    plain: { type: memory, rename: { message: '${file:FOLDER/name}' } }
";
    let yaml = super::running::yaml("printed-secret", "");
    std::fs::write(yaml.beside("secret"), yaml.beside("hunter2.log").to_str().unwrap()).unwrap();
    std::fs::write(yaml.beside("name"), "hunter3").unwrap();
    yaml.write(text.replace("FOLDER", yaml.beside("").to_str().unwrap().trim_end_matches('/')));
    let obs = yaml.builder().build().unwrap();
    tracing::dispatcher::with_default(obs.dispatch(), || tracing::info!("said"));
    obs.flush(crate::service::LONG);
    assert!(std::fs::read_to_string(yaml.beside("hunter2.log")).unwrap().contains("said"));
    assert!(obs.lines_in("plain").unwrap()[0].contains("\"hunter3\":\"said\""));
    for shown in [obs.config().redacted(), format!("{:?}", obs.config())] {
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(shown.contains("[redacted]"), "{shown}");
    }
}
