//! The file changes while the service runs: what is taken up, what is told, and what stays.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use obs::Obs;
use obs_core::Observer;
use obs_core::observe::{Candidate, Method};
use serde_json::Value;

use super::file::Yaml;
use crate::process::alone;
use crate::scrape::Scrape;
use crate::service::{TempFile, exchange, request, until};

/// A service of its own with this file, and what it tells of it.
struct Running {
    obs: Obs,
    file: Yaml,
    lines: TempFile,
}

impl Running {
    fn install(name: &str, text: &str) -> Self {
        let (file, lines) = (Yaml::new(name, text), TempFile::new(&format!("{name}.log")));
        let obs = file.builder().log_file(&lines.0).install().unwrap();
        Self { obs, file, lines }
    }

    /// The lines about the configuration so far: level, message, and the keys or the error.
    fn told(&self) -> Vec<(String, String, String)> {
        self.obs.flush(Duration::from_secs(10));
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let lines = self.lines.lines().into_iter().filter(|line| line["target"] == "obs::config");
        lines
            .map(|line| {
                assert_eq!(line["file"], self.file.path.to_str().unwrap());
                let said = text(&line, "keys") + &text(&line, "error");
                (text(&line, "level"), text(&line, "message"), said)
            })
            .collect()
    }

    /// Waits for the next lines, which are these.
    #[track_caller]
    fn tells(&self, before: usize, expected: &[(&str, &str, &str)]) {
        until("it is told", || self.told().len() >= before + expected.len());
        let told = self.told();
        let told: Vec<_> =
            told[before..].iter().map(|(level, message, said)| (&**level, &**message, &**said)).collect();
        let shown = |said: &str| said.replace("obs.yaml", self.file.path.to_str().unwrap());
        let expected: Vec<_> =
            expected.iter().map(|(level, message, said)| (*level, *message, shown(said))).collect();
        let expected: Vec<_> =
            expected.iter().map(|(level, message, said)| (*level, *message, &**said)).collect();
        assert_eq!(told, expected);
    }

    fn scrape(&self) -> Scrape {
        let response = exchange(self.obs.admin_addr().unwrap(), &request("GET", "/metrics", "")).unwrap();
        Scrape::parse(&response.body)
    }

    /// How many reloads were applied, rejected and unchanged, and whether the last went well.
    fn counted(&self) -> [f64; 4] {
        let scrape = self.scrape();
        let count = |result| scrape.sum("obs_config_reloads_total", &[("result", result)]);
        let success = scrape.sum("obs_config_last_reload_success", &[]);
        [count("applied"), count("rejected"), count("unchanged"), success]
    }

    fn hang_up(&self) {
        let kill = Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status();
        assert!(kill.unwrap().success());
    }
}

/// A new file in the place of the old one, as editors and Kubernetes put it.
fn exchanged(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, path).unwrap();
}

#[test]
fn changes_are_taken_up_and_what_needs_a_restart_is_named() {
    alone(module_path!(), "changes_are_taken_up_and_what_needs_a_restart_is_named", &[], || {
        let running = Running::install("taken-up", "logs: { level: info }");
        assert_eq!(running.counted(), [0.0, 0.0, 0.0, 1.0]);
        running.file.write("logs: { level: debug }\ntraces: { ratio: 0.5 }\ndrain: { delay: 1s }");
        running.tells(
            0,
            &[
                ("INFO", "configuration reloaded", "logs.level, traces.ratio"),
                ("WARN", "changes need a restart", "drain.delay"),
            ],
        );
        assert_eq!(running.counted(), [1.0, 0.0, 0.0, 1.0]);
        exchanged(&running.file.path, "logs: { level: \"warn,obs=info\" }");
        running.tells(2, &[("INFO", "configuration reloaded", "logs.level, traces.ratio")]);
    });
}

/// Whether the head of a trace of this request would be recorded.
fn is_recorded(obs: &Obs, method: Method, path: &str) -> bool {
    let candidate = Candidate::new(obs.base().ids.trace_id(), None).of_request(method, path);
    obs.observers().sample(&candidate).unwrap()
}

#[test]
fn sampling_is_taken_up_while_requests_are_decided_on() {
    alone(module_path!(), "sampling_is_taken_up_while_requests_are_decided_on", &[], || {
        let running = Running::install("sampling", "traces: { ratio: 0 }");
        let recorded = |method, path| is_recorded(&running.obs, method, path);
        assert!(!recorded(Method::Post, "/orders/7"));
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let asks = || {
                while !stop.load(Ordering::Relaxed) {
                    assert!(!recorded(Method::Get, "/health"), "what both files say is always so");
                }
            };
            let asker = scope.spawn(asks);
            running.file.write(
                "traces:\n  ratio: 1\n  per_second: 5\n  routes:\n    - { route: '/health*', ratio: 0 }\n    \
                 - { route: 'POST /orders/{id}', ratio: 1, per_second: 1000000 }\n  tail: { slow: 1s }",
            );
            running.hang_up();
            let keys = "traces.ratio, traces.per_second, traces.routes, traces.tail.slow";
            running.tells(0, &[("INFO", "configuration reloaded", keys)]);
            stop.store(true, Ordering::Relaxed);
            asker.join().unwrap();
        });
        assert!((0..100).all(|_| recorded(Method::Post, "/orders/7")), "by its own limit");
        let others = (0..1_000).filter(|_| recorded(Method::Get, "/orders/7")).count();
        assert!((1..10).contains(&others), "{others} at five a second");
        assert_eq!(running.scrape().sum("obs_tail_bytes", &[]), 0.0);
        running.file.write("traces: { ratio: 0, routes: [{ route: orders, ratio: 0 }] }");
        running.hang_up();
        let error = "obs.yaml:1:32: traces.routes[0].route: route is no path";
        until("it is refused", || running.told().len() == 2);
        let told = &running.told()[1].2.replace(running.file.path.to_str().unwrap(), "obs.yaml");
        assert!(told.starts_with(error), "{told}");
        assert!(recorded(Method::Post, "/orders/7"), "what was wrong has changed nothing");
        running.file.write("traces: { ratio: 1 }");
        running.hang_up();
        until("it is taken up", || running.told().len() == 3);
        assert!((0..100).all(|_| recorded(Method::Get, "/health")), "neither routes nor a limit are left");
    });
}

#[test]
fn garbage_is_refused_once_and_the_way_back_is_open() {
    alone(module_path!(), "garbage_is_refused_once_and_the_way_back_is_open", &[], || {
        let running = Running::install("garbage", "logs: { level: info }");
        running.file.write("logs: { levl: debug }\ntraces: { ratio: 5 }");
        let error = "2 mistakes in the configuration:\n  \
                     obs.yaml:1:9: logs.levl: unknown key; did you mean `level`?\n  \
                     obs.yaml:2:18: traces.ratio: `5` is wrong, expected a number from 0 to 1";
        running.tells(0, &[("ERROR", "configuration kept", error)]);
        assert_eq!(running.counted(), [0.0, 1.0, 0.0, 0.0]);
        running.file.write(b"\xff\xfe");
        running.tells(1, &[("ERROR", "configuration kept", "obs.yaml:1:1: is not UTF-8")]);
        std::fs::remove_file(&running.file.path).unwrap();
        let gone = "cannot be read: No such file or directory (os error 2)";
        running.tells(2, &[("ERROR", "configuration kept", gone)]);
        assert_eq!(running.counted(), [0.0, 3.0, 0.0, 0.0]);
        running.file.write("logs: { level: info }");
        running.tells(3, &[("INFO", "configuration unchanged", "")]);
        assert_eq!(running.counted(), [0.0, 3.0, 1.0, 1.0]);
        running.file.write("logs: { level: debug }");
        running.tells(4, &[("INFO", "configuration reloaded", "logs.level")]);
        // What is told once is not told again, however often it is looked at.
        assert_eq!(running.told().len(), 5);
    });
}

#[test]
fn a_wrong_file_that_is_touched_is_still_wrong() {
    alone(module_path!(), "a_wrong_file_that_is_touched_is_still_wrong", &[], || {
        let running = Running::install("touched", "logs: { level: info }");
        let secret = running.file.beside("secret");
        let level = format!("logs: {{ level: \"${{file:{}}}\" }}", secret.display());
        running.file.write(&level);
        until("it is refused", || running.counted() == [0.0, 1.0, 0.0, 0.0]);
        exchanged(&running.file.path, &level);
        until("it is looked at", || running.counted() == [0.0, 2.0, 0.0, 0.0]);
        assert_eq!(running.told().len(), 1, "told once");
        std::fs::write(&secret, "debug").unwrap();
        exchanged(&running.file.path, &level);
        running.tells(1, &[("INFO", "configuration reloaded", "logs.level")]);
        assert_eq!(running.counted(), [1.0, 2.0, 0.0, 1.0]);
    });
}

#[test]
fn an_operator_who_hangs_up_is_answered() {
    alone(module_path!(), "an_operator_who_hangs_up_is_answered", &[], || {
        let running = Running::install("hangup", "logs: { level: info }");
        running.hang_up();
        running.tells(0, &[("INFO", "configuration unchanged", "")]);
        running.file.write("logs: { level: 'loud=' }");
        running.hang_up();
        until("it is told", || running.told().len() == 2);
        let told = running.told();
        assert_eq!((told[1].0.as_str(), told[1].1.as_str()), ("ERROR", "configuration kept"));
        assert!(told[1].2.contains(":1:9: logs.level: "), "{told:?}");
        running.hang_up();
        until("it is told again, because it was asked again", || running.told().len() == 3);
        running.file.write("logs: { level: \"warn,obs=info\" }");
        running.hang_up();
        running.tells(3, &[("INFO", "configuration reloaded", "logs.level")]);
    });
}

#[test]
fn the_environment_stays_over_a_file_that_changes() {
    let name = "the_environment_stays_over_a_file_that_changes";
    alone(module_path!(), name, &[("OBS_TRACE", "warn")], || {
        let running = Running::install("environment", "traces: { level: info }");
        running.file.write("traces: { level: debug }\nlogs: { level: debug }");
        running.tells(0, &[("INFO", "configuration reloaded", "logs.level")]);
    });
}

#[test]
fn a_folder_that_is_exchanged_behind_a_link_is_seen() {
    alone(module_path!(), "a_folder_that_is_exchanged_behind_a_link_is_seen", &[], || {
        let folder = Yaml::new("links", "");
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(to, folder.beside("new")).unwrap();
            std::fs::rename(folder.beside("new"), folder.beside(name)).unwrap();
        };
        // As Kubernetes mounts a ConfigMap: the file points through a link to the folder of the day.
        for (day, level) in [("one", "info"), ("two", "debug")] {
            std::fs::create_dir(folder.beside(day)).unwrap();
            std::fs::write(folder.beside(day).join("obs.yaml"), format!("logs: {{ level: {level} }}"))
                .unwrap();
        }
        link("one", "..data");
        link("..data/obs.yaml", "obs.yaml");
        let lines = TempFile::new("links.log");
        let obs = folder.builder().log_file(&lines.0).install().unwrap();
        let running = Running { obs, file: folder, lines };
        std::os::unix::fs::symlink("two", running.file.beside("new")).unwrap();
        std::fs::rename(running.file.beside("new"), running.file.beside("..data")).unwrap();
        running.tells(0, &[("INFO", "configuration reloaded", "logs.level")]);
    });
}

#[test]
fn secrets_that_change_are_in_no_line() {
    let name = "secrets_that_change_are_in_no_line";
    alone(module_path!(), name, &[("TOKEN", "hunter2")], || {
        let running = Running::install("secrets", "logs: { level: info }");
        running.file.write("logs: { level: '${env:TOKEN}=' }\ntraces: { headers: { a: '${env:TOKEN}' } }");
        until("it is told", || running.told().len() == 1);
        running.file.write("logs: { level: '${env:TOKEN}=warn,info' }");
        until("it is told", || running.told().len() == 2);
        assert_eq!(running.told()[1].2, "logs.level");
        let written = std::fs::read_to_string(&running.lines.0).unwrap();
        assert!(!written.contains("hunter2"), "{written}");
    });
}

#[test]
fn an_installation_of_its_own_hears_of_its_file_through_its_own_subscriber() {
    let name = "an_installation_of_its_own_hears_of_its_file_through_its_own_subscriber";
    alone(module_path!(), name, &[], || {
        let (file, lines) = (Yaml::new("apart", "logs: { level: info }"), TempFile::new("apart.log"));
        let obs = file.builder().log_file(&lines.0).build().unwrap();
        let running = Running { obs, file, lines };
        running.file.write("logs: { level: debug }");
        running.tells(0, &[("INFO", "configuration reloaded", "logs.level")]);
    });
}

#[test]
fn nothing_is_left_when_the_installation_ends() {
    alone(module_path!(), "nothing_is_left_when_the_installation_ends", &[], || {
        let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
        let before = threads();
        let running = Running::install("ended", "logs: { level: info }");
        running.hang_up();
        running.tells(0, &[("INFO", "configuration unchanged", "")]);
        let Running { obs, file, lines } = running;
        drop(obs);
        until("no thread is left behind", || threads() <= before);
        file.write("logs: { level: debug }");
        assert_eq!(lines.lines().len(), 1);
    });
}
