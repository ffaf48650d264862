//! Wrong outputs, routes and bounds, each with the very words it is refused with.

use crate::config::file::Yaml;

const OUTPUTS: &str = "logs:\n  outputs: { main: { type: stdout }, errors: { type: memory } }\n";

/// What is said of each text that is not what is expected of it.
fn others(name: &str, cases: &[(&str, &[&str])]) -> String {
    let file = Yaml::new(name, "");
    let mut others = Vec::new();
    for (text, expected) in cases {
        file.write(text);
        let mistakes = file.builder().build().err().map(|error| match error {
            obs::Error::Config(mistakes) => {
                let shown = |mistake: &obs::config::Mistake| {
                    mistake.to_string().replace(file.path.to_str().unwrap(), "obs.yaml")
                };
                mistakes.mistakes().iter().map(shown).collect::<Vec<_>>()
            }
            other => vec![format!("{other:?}")],
        });
        if mistakes.as_ref().is_none_or(|mistakes| mistakes != expected) {
            others.push(format!("{text}\n  said {mistakes:#?}\n  for  {expected:#?}"));
        }
    }
    others.join("\n")
}

#[track_caller]
fn check(name: &str, cases: &[(&str, &[&str])]) {
    let others = others(name, cases);
    assert!(others.is_empty(), "{others}");
}

#[test]
fn a_wrong_output_is_told_in_its_place() {
    check(
        "logs-wrong-outputs",
        &[
            (
                "logs:\n  outputs:\n    main: { format: json }",
                &["obs.yaml:3:11: logs.outputs.main: has no `type`"],
            ),
            (
                "logs: { outputs: { main: { type: file, keep: 3 } } }",
                &["obs.yaml:1:26: logs.outputs.main: a `file` has a `path`"],
            ),
            (
                "logs:\n  outputs:\n    main: { type: stdout, path: x, max_size: 1MiB, sync: batch }",
                &[
                    "obs.yaml:3:27: logs.outputs.main.path: has no effect: `type` is not `file`",
                    "obs.yaml:3:36: logs.outputs.main.max_size: has no effect: `type` is not `file`",
                    "obs.yaml:3:52: logs.outputs.main.sync: has no effect: `type` is not `file`",
                ],
            ),
            (
                "logs: { outputs: { central: { type: kafka, brokers: 'kafka:9092' } } }",
                &[
                    "obs.yaml:1:37: logs.outputs.central.type: lines are not sent to `kafka` from here; write a `file`, or `stdout`, and have an agent such as Alloy, Vector or the OpenTelemetry Collector send them on",
                ],
            ),
            (
                "logs:\n  outputs: { main: { type: stdout, format: otpl } }\n  routes: [{ default: main }]",
                &["obs.yaml:2:44: logs.outputs.main.format: `otpl` is wrong; did you mean `otlp`?"],
            ),
            (
                "logs: { outputs: { main: { typ: stdout } } }",
                &["obs.yaml:1:28: logs.outputs.main.typ: unknown key; did you mean `type`?"],
            ),
            (
                "logs: { outputs: { main: { type: stdot } } }",
                &["obs.yaml:1:34: logs.outputs.main.type: `stdot` is wrong; did you mean `stdout`?"],
            ),
            (
                "logs: { outputs: { main: stdout } }",
                &[
                    "obs.yaml:1:26: logs.outputs.main: expected an output such as { type: stdout, format: json }",
                ],
            ),
            (
                "logs: { outputs: [stdout] }",
                &[
                    "obs.yaml:1:18: logs.outputs: expected outputs by name, such as { main: { type: stdout, format: json } }, not a list",
                ],
            ),
            (
                "logs: { outputs: { 'a b': { type: stdout } } }",
                &["obs.yaml:1:20: logs.outputs.a b: a name has letters, digits, `_` and `-`, 64 at most"],
            ),
            (
                "logs: { outputs: { a: { type: stdout }, a: { type: stderr } } }",
                &["obs.yaml:1:41: logs.outputs.a: stands here a second time, first in line 1"],
            ),
            (
                "logs: { outputs: { a: { type: memory, max_line: 100B, queue: 5 } } }",
                &[
                    "obs.yaml:1:49: logs.outputs.a.max_line: `100B` is wrong, expected a size such as 64KiB, 8MiB or 1GiB, from 1KiB to 256KiB",
                    "obs.yaml:1:62: logs.outputs.a.queue: `5` has no unit, expected a size such as 64KiB, 8MiB or 1GiB, from 4KiB to 1TiB",
                ],
            ),
            (
                "logs:\n  outputs:\n    a: { type: memory, rename: { message: msg, level: msg }, drop: [level] }",
                &["obs.yaml:3:5: logs.outputs.a: `message` and `level` are both renamed to `msg`"],
            ),
            (
                "logs:\n  outputs:\n    a: { type: memory, rename: { user: who }, drop: [user] }\n    b: { type: file, path: x, format: otlp, rename: { a: a } }",
                &[
                    "obs.yaml:3:5: logs.outputs.a: `user` is both renamed and dropped",
                    "obs.yaml:4:5: logs.outputs.b: `a` is renamed to itself",
                ],
            ),
            (
                "logs:\n  outputs:\n    a: { type: stdout }\n    b: { type: file, path: x.log }\n    c: { type: file, path: x.log, keep: 3 }\n    d: { type: stdout, format: ecs }",
                &[
                    "obs.yaml:5:5: logs.outputs.c: writes to the same place as `b`, where their lines would mix",
                    "obs.yaml:6:5: logs.outputs.d: writes to the same place as `a`, where their lines would mix",
                ],
            ),
            (
                "logs: { outputs: { main: { path: x } } }",
                &["obs.yaml:1:26: logs.outputs.main: has no `type`"],
            ),
            (
                "logs: { outputs: {} }",
                &["obs.yaml:1:18: logs.outputs: is empty, expected one output at least"],
            ),
        ],
    );
}

#[test]
fn a_wrong_route_is_told_in_its_place() {
    let with = |routes: &str| format!("{OUTPUTS}  routes:\n    - {routes}");
    let cases: Vec<(String, Vec<&str>)> = vec![
        (
            with("{ match: { level: ERROR }, output: loki }"),
            vec![
                "obs.yaml:4:7: logs.routes[0]: there is no output `loki` in `logs.outputs`, which has `main`, `errors`",
            ],
        ),
        (
            with("{ default: [main, errrs] }"),
            vec![
                "obs.yaml:4:7: logs.routes[0]: there is no output `errrs` in `logs.outputs`, which has `main`, `errors`",
            ],
        ),
        (
            with("{ default: main }\n    - { match: { level: ERROR }, output: errors }"),
            vec![
                "obs.yaml:5:7: logs.routes[1]: no line comes this far: route 1 takes every line that it would",
            ],
        ),
        (
            with(
                "{ match: { level: '>=WARN' }, output: errors }\n    - { match: { level: '<WARN' }, output: main }\n    - { default: main }",
            ),
            vec![
                "obs.yaml:6:7: logs.routes[2]: no line comes this far: the routes before take every line that it would",
            ],
        ),
        (
            with("{ match: { level: ERROR, not: { level: '>=WARN' } }, output: main }"),
            vec!["obs.yaml:4:7: logs.routes[0]: no line can match: its conditions exclude each other"],
        ),
        (
            with("{ match: { tenant: acme }, output: main }"),
            vec![
                "obs.yaml:4:18: logs.routes[0].match.tenant: unknown key; known here are `level`, `env`, `module`, `target`, `all`, `any`, `not` and `fields`; a field of lines stands under `fields`: { fields: { tenant: acme } }",
            ],
        ),
        (
            with("{ match: { levl: ERROR }, output: main }"),
            vec!["obs.yaml:4:18: logs.routes[0].match.levl: unknown key; did you mean `level`?"],
        ),
        (
            with("{ match: { level: LOUD }, output: main }"),
            vec![
                "obs.yaml:4:25: logs.routes[0].match.level: `LOUD` is wrong: expected a level such as `ERROR`, or a range such as `>=WARN` or `DEBUG..INFO`",
            ],
        ),
        (
            with("{ match: { any: [{ level: INFO }, { not: { level: '>ERROR' } }] }, output: main }"),
            vec![
                "obs.yaml:4:57: logs.routes[0].match.any[1].not.level: `>ERROR` is wrong: expected a level such as `ERROR`, or a range such as `>=WARN` or `DEBUG..INFO`",
            ],
        ),
        (
            with("{ match: { level: [INFO, LOUD], not: { level: QUIET } }, output: main }"),
            vec![
                "obs.yaml:4:32: logs.routes[0].match.level: `LOUD` is wrong: expected a level such as `ERROR`, or a range such as `>=WARN` or `DEBUG..INFO`",
                "obs.yaml:4:53: logs.routes[0].match.not.level: `QUIET` is wrong: expected a level such as `ERROR`, or a range such as `>=WARN` or `DEBUG..INFO`",
            ],
        ),
        (
            with("{ match: {}, output: main }"),
            vec!["obs.yaml:4:16: logs.routes[0].match: is empty; a route with `default` takes every line"],
        ),
        (
            with("{ match: { level: [] }, output: main }"),
            vec!["obs.yaml:4:25: logs.routes[0].match.level: is empty, expected one value at least"],
        ),
        (
            with("{ match: { fields: acme }, output: main }"),
            vec![
                "obs.yaml:4:26: logs.routes[0].match.fields: expected fields and their values such as { tenant: acme, status: '>=500' }",
            ],
        ),
        (
            with("{ match: { any: { level: INFO } }, output: main }"),
            vec![
                "obs.yaml:4:23: logs.routes[0].match.any: expected a list of conditions such as [{ level: ERROR }, { module: payment }]",
            ],
        ),
        (
            with("{ match: { level: INFO } }"),
            vec!["obs.yaml:4:7: logs.routes[0]: expected `match` and `output`, or `default` alone"],
        ),
        (
            with("{ match: { level: INFO }, outputs: main }"),
            vec!["obs.yaml:4:33: logs.routes[0].outputs: unknown key; did you mean `output`?"],
        ),
        (
            with("main"),
            vec![
                "obs.yaml:4:7: logs.routes[0]: expected a route such as { match: { level: ERROR }, output: main } or { default: main }",
            ],
        ),
    ];
    let cases: Vec<_> = cases.iter().map(|(text, expected)| (text.as_str(), expected.as_slice())).collect();
    check("logs-wrong-routes", &cases);
}

#[test]
fn choices_that_make_no_sense_together_are_told() {
    check(
        "logs-together",
        &[
            (
                "logs:\n  output: stdout\n  format: json\n  outputs: { main: { type: stdout } }",
                &[
                    "obs.yaml:2:3: logs.output: has no effect: there are `logs.outputs`",
                    "obs.yaml:3:3: logs.format: has no effect: there are `logs.outputs`",
                ],
            ),
            (
                "logs:\n  routes: [{ default: main }]",
                &["obs.yaml:2:3: logs.routes: has no effect: there are no `logs.outputs`"],
            ),
            (
                "logs: { sampling: { thereafter: 5 }, rate_limit: { tick: 2s } }",
                &[
                    "obs.yaml:1:21: logs.sampling.thereafter: has no effect: `logs.sampling.first` is not given",
                    "obs.yaml:1:52: logs.rate_limit.tick: has no effect: `logs.rate_limit.lines` is not given",
                ],
            ),
            (
                "logs: { flight_recorder: { slow: 1s } }",
                &[
                    "obs.yaml:1:28: logs.flight_recorder.slow: has no effect: `logs.flight_recorder.level` is not given",
                ],
            ),
            (
                "logs: { flight_recorder: { level: 'loud=' } }",
                &[
                    "obs.yaml:1:28: logs.flight_recorder.level: log filter directive `loud=`: its level is none of off, error, warn, info, debug, trace",
                ],
            ),
            (
                "logs: { sampling: { first: 0, tick: 1ms }, rate_limit: { lines: 0, up_to: off } }",
                &[
                    "obs.yaml:1:28: logs.sampling.first: `0` is wrong, expected a whole number from 1 to 1000000000",
                    "obs.yaml:1:37: logs.sampling.tick: `1ms` is wrong, expected a duration such as 500ms, 2s or 1m, from 10ms to 24h",
                    "obs.yaml:1:65: logs.rate_limit.lines: `0` is wrong, expected a whole number from 1 to 1000000000",
                    "obs.yaml:1:75: logs.rate_limit.up_to: `off` is wrong, expected `error`, `warn`, `info`, `debug` or `trace`",
                ],
            ),
            (
                "logs:\n  outputs:\n    a: { type: memory, keep_level: info, wait: 1s }\n    b: { type: memory, when_full: block, keep_level: info }\n    c: { type: file, path: /nowhere/x, sync_every: 2s }",
                &[
                    "obs.yaml:3:24: logs.outputs.a.keep_level: has no effect: `when_full` is not `drop_below`",
                    "obs.yaml:3:42: logs.outputs.a.wait: has no effect: `when_full` is not `block`",
                    "obs.yaml:4:42: logs.outputs.b.keep_level: has no effect: `when_full` is not `drop_below`",
                    "obs.yaml:5:40: logs.outputs.c.sync_every: has no effect: `sync` is not `interval`",
                ],
            ),
        ],
    );
}

#[test]
fn every_mistake_of_the_section_is_told_at_once() {
    check(
        "logs-all-at-once",
        &[(
            "\
logs:
  level: loud=
  outputs:
    main: { type: stdout }
    audit: { type: file }
  sampling: { first: some }
  routes:
    - { match: { level: ERROR, tenant: a }, output: main }
",
            &[
                "obs.yaml:2:3: logs.level: log filter directive `loud=`: its level is none of off, error, warn, info, debug, trace",
                "obs.yaml:5:12: logs.outputs.audit: a `file` has a `path`",
                "obs.yaml:6:22: logs.sampling.first: `some` is wrong, expected a whole number from 1 to 1000000000",
                "obs.yaml:8:32: logs.routes[0].match.tenant: unknown key; known here are `level`, `env`, `module`, `target`, `all`, `any`, `not` and `fields`; a field of lines stands under `fields`: { fields: { tenant: acme } }",
            ],
        )],
    );
}
