//! Standard output and standard error as outputs by name, heard from outside.

use super::running::{Running, ids, parsed};
use crate::process::alone_and_heard;

/// The numbers on lines of logfmt, in their order.
fn numbers(text: &str) -> Vec<u64> {
    let lines = text.lines().filter(|line| line.starts_with("timestamp="));
    let id = |line: &str| line.split(' ').find_map(|pair| pair.strip_prefix("id=")?.parse().ok());
    lines.filter_map(id).collect()
}

#[test]
fn each_stream_gets_the_lines_its_route_sends_and_no_others() {
    let name = "each_stream_gets_the_lines_its_route_sends_and_no_others";
    let (out, err) = alone_and_heard(module_path!(), name, "", |_| {
        // What is said of tests ends in front of the first line.
        println!();
        let text = "
logs:
  level: debug
  outputs: { out: { type: stdout }, err: { type: stderr, format: logfmt } }
  routes:
    - { match: { target: both }, output: [out, err] }
    - { match: { level: '>=WARN' }, output: err }
    - { match: { target: nowhere }, output: [] }
    - { default: out }
";
        let running = Running::build("streams", text);
        running.within(|| {
            for id in [0, 10, 20_u64] {
                tracing::info!(target: "shop", id = id + 1);
                tracing::warn!(target: "shop", id = id + 2);
                tracing::debug!(target: "both", id = id + 3);
                tracing::debug!(target: "nowhere", id = id + 4);
                tracing::error!(target: "nowhere", id = id + 5);
                tracing::debug!(target: "shop", id = id + 6);
            }
        });
        running.flush();
        let scrape = running.scrape();
        for (pipeline, lines) in [("logs_out", 9.0), ("logs_err", 9.0)] {
            assert_eq!(scrape.sum("obs_pipeline_delivered_total", &[("pipeline", pipeline)]), lines);
        }
    });
    let lines = parsed(out.lines().filter(|line| line.starts_with('{')));
    assert_eq!(ids(&lines), [1, 3, 6, 11, 13, 16, 21, 23, 26]);
    assert_eq!(numbers(&err), [2, 3, 5, 12, 13, 15, 22, 23, 25]);
    // Neither has a line of the other's in its own form.
    assert!(!out.contains(" id=") && !err.contains("\"id\""), "{out}\n{err}");
}
