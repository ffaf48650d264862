//! A journal whose output has gone is not forgotten in silence.

use std::net::TcpListener;

use super::running::{Running, yaml};
use crate::process::alone;

fn file(outputs: &str) -> String {
    format!("journal: {{ directory: FOLDER/j }}\nlogs: {{ outputs: {{ {outputs} }} }}\n")
}

#[test]
fn records_of_an_output_that_was_renamed_are_told_at_the_start_and_those_of_others_are_not() {
    let name = "records_of_an_output_that_was_renamed_are_told_at_the_start_and_those_of_others_are_not";
    let told = alone(module_path!(), name, &[], || {
        let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let output = |name: &str| {
            format!("{name}: {{ type: loki, url: 'http://{away}', durable: true, probe: false }}")
        };
        let running = Running::build("forgotten", &file(&[output("old"), output("kept")].join(", ")));
        running.within(|| (0..7).for_each(|id| tracing::info!(target: "shop", id)));
        let Running { obs, yaml: written } = running;
        drop(obs);
        // One without records is no loss, and one that another has is that one's own.
        let again = |outputs: &str| {
            let folder = written.beside("");
            written.write(file(outputs).replace("FOLDER", folder.to_str().unwrap().trim_end_matches('/')));
            written.builder().build().unwrap()
        };
        eprintln!("== renamed");
        let holds_kept = again(&[output("new"), output("kept")].join(", "));
        eprintln!("== in use");
        let other = yaml("forgotten-other", "logs: { outputs: { a: { type: memory } } }");
        let text = std::fs::read_to_string(&written.path).unwrap();
        let (journal, _) = text.split_once('\n').unwrap();
        other.write(format!("{journal}\nlogs: {{ outputs: {{ {} }} }}\n", output("old")));
        drop(other.builder().build().unwrap());
        drop(holds_kept);
        eprintln!("== as before");
        drop(again(&[output("old"), output("kept")].join(", ")));
    });
    let said: Vec<_> =
        told.lines().filter(|line| line.starts_with("== ") || line.contains("obs replay")).collect();
    let [renamed, line, in_use, before] = said[..] else { panic!("{told}") };
    assert_eq!([renamed, in_use, before], ["== renamed", "== in use", "== as before"], "{told}");
    assert!(line.contains("/j/logs_old holds 7 records of an output that is not there"), "{line}");
}
