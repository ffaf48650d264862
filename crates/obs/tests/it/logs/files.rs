//! Files as the file says: when they are closed, how many are kept, what they are then, and whose name they have.

use std::path::Path;
use std::process::Command;

use super::running::{Running, ids, parsed};
use crate::process::alone;
use crate::service::until;

/// The files of a log, closed ones first and by their names, but for what is being compressed.
fn files_of(folder: &Path, stem: &str) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    let current = format!("{stem}.log");
    let closed = format!("{stem}.");
    let mut names: Vec<_> = names.filter(|name| name.starts_with(&closed)).collect();
    names.sort_by_key(|name| (*name == current, name.clone()));
    names
}

/// What is in a file, by other programs than ours.
fn read(path: &Path) -> String {
    let program = if path.extension().is_some_and(|end| end == "gz") { "zcat" } else { "cat" };
    let output = Command::new(program).arg(path).output().unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_file_is_closed_at_its_size_and_compressed_and_no_line_is_lost() {
    let text = "
logs:
  outputs: { main: { type: file, path: FOLDER/deep/main.log, max_size: 8KiB, compress: gzip, sync: batch } }
";
    let running = Running::build("gzip", text);
    let folder = running.path("deep");
    running
        .within(|| (0..600_u64).for_each(|id| tracing::info!(target: "shop", id, "a line of some length")));
    running.flush();
    let compressed = || files_of(&folder, "main").iter().filter(|name| name.ends_with(".log.gz")).count();
    until("all closed files are compressed", || compressed() + 1 == files_of(&folder, "main").len());
    let names = files_of(&folder, "main");
    assert!(names.len() > 5, "{names:?}");
    let texts: Vec<_> = names.iter().map(|name| read(&folder.join(name))).collect();
    assert!(texts.iter().all(|text| text.len() <= 8 * 1024 && text.ends_with('\n')));
    assert!(texts[..texts.len() - 1].iter().all(|text| text.len() > 7 * 1024), "none was closed early");
    let all = texts.concat();
    assert_eq!(ids(&parsed(all.lines())), (0..600).collect::<Vec<_>>());
    let scrape = running.scrape();
    let count = |metric| scrape.sum(metric, &[("pipeline", "logs_main")]);
    assert_eq!(count("obs_pipeline_delivered_total"), count("obs_pipeline_produced_total"));
}

/// A moment in UTC as `date` tells it.
fn moment(when: &str, form: &str) -> String {
    let output = Command::new("date").args(["-u", "-d", when, &format!("+{form}")]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[test]
fn as_many_files_are_kept_as_the_file_says() {
    let text = "
logs:
  outputs:
    few: { type: file, path: FOLDER/few.log, max_size: 4KiB, keep: 3 }
    small: { type: file, path: FOLDER/small.log, max_size: 4KiB, keep_size: 9KiB }
    young: { type: file, path: FOLDER/young.log, max_size: 4KiB, keep_age: 1h }
    all: { type: file, path: FOLDER/all.log, max_size: 4KiB }
";
    let yaml = super::running::yaml("keep", text);
    // Closed by an earlier process, a little longer and a little shorter ago than files are kept.
    let [old, new] =
        ["61 minutes ago", "58 minutes ago"].map(|when| moment(when, "%Y-%m-%dT%H-%M-%S.000007Z"));
    for stem in ["young", "all"] {
        for at in [&old, &new] {
            std::fs::write(yaml.beside(&format!("{stem}.{at}.log")), "{}\n").unwrap();
        }
    }
    std::fs::write(yaml.beside("young.2020.log"), "of somebody else\n").unwrap();
    let obs = yaml.builder().build().unwrap();
    let running = Running { obs, yaml };
    // All of one length, so that each file has as many of them as it has room for.
    const LINES: u64 = 400;
    running.within(|| {
        (100..100 + LINES).for_each(|id| tracing::info!(target: "shop", id, "a line of some length"));
    });
    running.flush();
    let folder = running.path("");
    let line = read(&folder.join("all.log")).lines().next().unwrap().len() as u64 + 1;
    let each = 4 * 1_024 / line;
    let closed = (LINES - 1) / each;
    assert!(closed > 8 && each * line > 3 * 1_024, "{closed} {each}");
    let count = |stem: &str| files_of(&folder, stem).len() as u64;
    // With the one that is written, and those there were.
    assert_eq!(count("all"), closed + 1 + 2);
    until("few are left", || count("few") == 3);
    until("little is left", || count("small") == 9 * 1_024 / (each * line) + 1);
    until("the old one is removed", || !folder.join(format!("young.{old}.log")).exists());
    assert_eq!(count("young"), closed + 1 + 1 + 1, "and no other");
    let kept = |stem: &str| {
        let text: String = files_of(&folder, stem).iter().map(|name| read(&folder.join(name))).collect();
        ids(&parsed(text.lines()))
    };
    let from =
        |closed_and_kept: u64| (100 + (closed - closed_and_kept) * each..100 + LINES).collect::<Vec<_>>();
    assert_eq!(kept("few"), from(2), "the last ones");
    assert_eq!(kept("small"), from(9 * 1_024 / (each * line)), "the last ones");
    assert_eq!(kept("all"), from(closed), "of others none is removed");
}

#[test]
fn as_many_dated_files_are_kept_as_the_file_says() {
    for (rotate, form, old) in [
        ("daily", "%Y-%m-%d", ["2020-01-01", "2020-01-02", "2020-01-03"]),
        ("hourly", "%Y-%m-%d-%H", ["2020-01-01-22", "2020-01-01-23", "2020-01-02-00"]),
    ] {
        for (keep, left) in [("", 3), (", keep: 3", 2), (", keep: 1", 0)] {
            let text = format!("logs: {{ file: {{ path: FOLDER/orders.log, rotate: {rotate}{keep} }} }}");
            let yaml = super::running::yaml(&format!("dated-{rotate}-{left}"), &text);
            let named = |date: &str| format!("orders.{date}.log");
            old.iter().for_each(|date| std::fs::write(yaml.beside(&named(date)), "old\n").unwrap());
            std::fs::write(yaml.beside("orders-audit.2020-01-01.log"), "of somebody else\n").unwrap();
            let before = moment("now", form);
            let obs = yaml.builder().build().unwrap();
            let running = Running { obs, yaml };
            running.within(|| tracing::info!(target: "shop", id = 1));
            running.flush();
            let after = moment("now", form);
            let names = files_of(&running.path(""), "orders");
            let (current, others) = names.split_last().unwrap();
            let expected: Vec<_> = old[old.len() - left..].iter().map(|date| named(date)).collect();
            assert_eq!(others, expected, "{rotate}{keep}");
            assert!([named(&before), named(&after)].contains(current), "{current}");
            assert_eq!(ids(&running.lines(current)), [1]);
            assert!(running.path("orders-audit.2020-01-01.log").exists());
        }
    }
}

#[test]
fn a_file_that_was_moved_away_is_let_go_of_on_sighup() {
    alone(module_path!(), "a_file_that_was_moved_away_is_let_go_of_on_sighup", &[], || {
        let text = "
logs:
  level: info,obs=warn
  outputs:
    main: { type: file, path: FOLDER/main.log, sync: interval, sync_every: 10ms }
    audit: { type: file, path: FOLDER/audit.log, rotate: daily }
";
        let running = Running::install("sighup", text);
        tracing::info!(target: "shop", id = 1);
        running.flush();
        for name in ["main", "audit"] {
            std::fs::rename(running.path(&format!("{name}.log")), running.path(&format!("{name}.old")))
                .unwrap();
        }
        running.hang_up();
        // Without a line that is written: what was moved is let go of by the signal alone.
        until("both are there anew", || {
            ["main.log", "audit.log"].iter().all(|name| running.path(name).exists())
        });
        tracing::info!(target: "shop", id = 2);
        for name in ["main", "audit"] {
            assert_eq!(ids(&running.lines(&format!("{name}.old"))), [1], "{name}");
            assert_eq!(ids(&running.lines(&format!("{name}.log"))), [2], "{name}");
        }
        let open = std::fs::read_dir("/proc/self/fd").unwrap();
        let open = open.filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok());
        let old: Vec<_> = open.filter(|path| path.extension().is_some_and(|end| end == "old")).collect();
        assert_eq!(old, Vec::<std::path::PathBuf>::new(), "held open");
    });
}

#[test]
fn a_folder_that_is_not_there_is_made_and_one_that_cannot_be_is_told() {
    let text = "
logs: { outputs: { main: { type: file, path: FOLDER/a/b/main.log } } }
";
    let running = Running::build("folders", text);
    running.within(|| tracing::info!(id = 1));
    assert_eq!(ids(&running.lines("a/b/main.log")), [1]);
    let yaml = super::running::yaml(
        "no-folder",
        "logs: { outputs: { main: { type: file, path: /dev/null/x/main.log } } }",
    );
    let error = format!("{:?}", yaml.builder().build().unwrap_err());
    assert!(
        error.contains("/dev/null/x/main.log cannot be opened for appending: Not a directory"),
        "{error}"
    );
    std::fs::write(yaml.beside("secret"), "hunter2").unwrap();
    let path = format!("/dev/null/${{file:{}}}/main.log", yaml.beside("secret").display());
    yaml.write(format!("logs: {{ outputs: {{ main: {{ type: file, path: '{path}' }} }} }}"));
    let error = format!("{:?}", yaml.builder().build().unwrap_err());
    assert!(!error.contains("hunter2") && error.contains("`${..}` is in its path"), "{error}");
}
