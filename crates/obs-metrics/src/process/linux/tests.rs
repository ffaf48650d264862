//! The reader on files of the test's own making: hostile names, and files that are not there.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use obs_core::{Base, Resource};

use super::{Process, cpu_seconds, number_after, start_seconds};
use crate::{Format, Recorder};

const STAT: &str = "17 (orders) S 1 2 3 4 5 6 7 8 9 10 250 100 700 800 20 0 3 0 4250 0 0";

/// A folder that stands for `/proc`.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("obs-metrics-{}-{name}", std::process::id()));
        fs::create_dir_all(root.join("self")).unwrap();
        for (file, text) in files {
            fs::write(root.join(file), text).unwrap();
        }
        Self(root)
    }

    /// The whole exposition of a base that has only this source.
    fn told(&self) -> String {
        let base = Base::new(Resource::new("test"));
        base.sources.register(Arc::new(Process { root: self.0.clone() }));
        let recorder = Recorder::builder(base).build().unwrap();
        String::from_utf8(recorder.render(Format::OpenMetrics)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_name_with_blanks_and_parentheses_moves_no_field() {
    for name in ["orders", "a) R 1 (b", ")", "((", "a b", ""] {
        let stat = STAT.replacen("orders", name, 1);
        assert_eq!(cpu_seconds(&stat), Some(3.5), "{name}");
        assert_eq!(start_seconds(&stat, "cpu  1 2\nbtime 1000\n"), Some(1_042.5), "{name}");
    }
}

#[test]
fn what_is_not_as_it_should_be_is_no_number() {
    for stat in ["", "17 (orders", "17 (orders) S 1", &STAT.replace("250", "-250"), &STAT.replace("100", "x")]
    {
        assert_eq!(cpu_seconds(stat), None, "{stat}");
    }
    assert_eq!(start_seconds(STAT, "cpu 1\n"), None);
    let limits =
        "Limit          Soft Limit  Hard Limit  Units\nMax open files  unlimited  unlimited  files\n";
    assert_eq!(number_after(limits, "Max open files"), None);
    assert_eq!(number_after("VmRSS:\n", "VmRSS:"), None);
}

#[test]
fn every_family_is_written_like_this() {
    let folder = Folder::new(
        "whole",
        &[
            ("self/stat", STAT),
            ("stat", "cpu  1 2\nbtime 1000\n"),
            ("self/status", "Name:\torders\nVmSize:\t    3072 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n"),
            (
                "self/limits",
                "Max open files            20000                30000                files     \n",
            ),
        ],
    );
    let expected = "\
# HELP obs_metric_series Series held by the recorder.
# TYPE obs_metric_series gauge
obs_metric_series 0.0
# HELP obs_metric_series_cap Series the recorder may hold in all; further ones count in their family's overflow series.
# TYPE obs_metric_series_cap gauge
obs_metric_series_cap 100000.0
# HELP process_cpu_seconds Seconds of processor time the process has used, in user and system mode.
# TYPE process_cpu_seconds counter
# UNIT process_cpu_seconds seconds
process_cpu_seconds_total 3.5
# HELP process_max_fds File descriptors the process may have open: the soft limit.
# TYPE process_max_fds gauge
process_max_fds 20000.0
# HELP process_resident_memory_bytes Bytes of the process's memory that are in RAM.
# TYPE process_resident_memory_bytes gauge
# UNIT process_resident_memory_bytes bytes
process_resident_memory_bytes 1048576.0
# HELP process_start_time_seconds When the process began, in seconds since the Unix epoch.
# TYPE process_start_time_seconds gauge
# UNIT process_start_time_seconds seconds
process_start_time_seconds 1042.5
# HELP process_threads Threads of the process.
# TYPE process_threads gauge
process_threads 3.0
# HELP process_virtual_memory_bytes Bytes of address space the process has mapped.
# TYPE process_virtual_memory_bytes gauge
# UNIT process_virtual_memory_bytes bytes
process_virtual_memory_bytes 3145728.0
# EOF
";
    assert_eq!(folder.told(), expected);
}

#[test]
fn a_file_that_cannot_be_read_leaves_its_families_out() {
    let families = |folder: &Folder| {
        let text = folder.told();
        let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE process_")?.split(' ').next());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(families(&Folder::new("none", &[])), [""; 0]);
    assert_eq!(families(&Folder::new("no-boot", &[("self/stat", STAT)])), ["cpu_seconds"]);
    let kernel_thread = Folder::new("no-memory", &[("self/status", "Name:\tx\nThreads:\t1\n")]);
    assert_eq!(families(&kernel_thread), ["threads"]);
}

#[test]
fn a_kernel_that_does_not_say_how_many_are_open_has_them_listed() {
    let folder = Folder::new("listed", &[]);
    let process = Process { root: folder.0.clone() };
    assert_eq!((process.open_fds(), process.listed_fds()), (None, None));
    fs::create_dir(folder.0.join("self/fd")).unwrap();
    for fd in ["0", "1", "2", "3"] {
        fs::write(folder.0.join("self/fd").join(fd), "").unwrap();
    }
    // The fourth stands for the listing's own.
    assert_eq!(process.listed_fds(), Some(3));
}
