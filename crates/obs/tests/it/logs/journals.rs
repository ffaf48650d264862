//! Journals that are not as one would have them: of a newer version, damaged, held by others, or with no way to be.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use obs::{Error, Replayed};

use super::durable::{nobody, pushed_since};
use super::running::{Running, yaml};
use crate::config::file::Yaml;
use crate::process::{alone_and_heard, alone_under, is_alone};
use crate::receiver::Receiver;
use crate::service::LONG;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The one output of these tests, whose lines wait for a receiver that is not there, and where a journal is.
const TEXT: &str = "
journal: { directory: FOLDER/j, max: 1MiB }
logs: { outputs: { main: { type: loki, url: 'http://127.0.0.1:1', durable: true, probe: false } } }
";

/// Why nothing is started, with all causes, as `main` prints it.
#[track_caller]
fn refused(yaml: &Yaml) -> String {
    format!("{:?}", yaml.builder().build().map(drop).unwrap_err())
}

fn files(folder: &Path) -> Files {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// What a service leaves behind that has said three lines to nobody.
fn left(name: &str, text: &str) -> Yaml {
    let running = Running::build(name, text);
    running.within(|| (0..3).for_each(|id| tracing::info!(target: "shop", id, "one of three")));
    let Running { obs, yaml } = running;
    drop(obs);
    yaml
}

/// CRC-32 as gzip has it, by another program.
fn crc32(bytes: &[u8]) -> u32 {
    use std::io::Write;
    let mut command = std::process::Command::new("gzip");
    command.arg("-c").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap().stdout;
    // RFC 1952, section 2.3.1: the checksum stands in front of the length at the end.
    u32::from_le_bytes(output[output.len() - 8..output.len() - 4].try_into().unwrap())
}

/// What a replay says of the one journal that it could not try.
#[track_caller]
fn told_of(replayed: Result<Vec<Result<Replayed, Error>>, Error>) -> String {
    let [replayed] = replayed.unwrap().try_into().unwrap();
    format!("{:?}", replayed.unwrap_err())
}

#[test]
fn a_journal_of_a_newer_version_is_refused_by_start_and_replay_and_nothing_is_changed() {
    let yaml = left("journal-newer", TEXT);
    let folder = yaml.beside("j/logs_main");
    // As the page about journals has it: the version at 8, the checksum of 60 bytes behind them.
    let cursor = folder.join("cursor");
    let mut bytes = std::fs::read(&cursor).unwrap();
    for at in [0, 2048] {
        bytes[at + 8] = 2;
        let checksum = crc32(&bytes[at..at + 60]);
        bytes[at + 60..at + 64].copy_from_slice(&checksum.to_le_bytes());
    }
    std::fs::write(&cursor, bytes).unwrap();
    let before = files(&folder);
    let what = "cursor has version 2 of the journal's format, which is newer than this library";
    let told = refused(&yaml);
    assert!(told.contains("logs_main/") && told.contains(what), "{told}");
    let told = told_of(yaml.builder().replay(&folder, LONG));
    assert!(told.contains("logs_main/") && told.contains(what), "{told}");
    assert!(files(&folder) == before);
}

#[test]
fn a_place_where_no_journal_can_be_is_named_with_what_the_system_says() {
    for (name, directory, what, cause) in [
        ("a-file", "FOLDER/obs.yaml", "cannot make ", "Not a directory"),
        // Nobody may make a directory there, whoever it is.
        ("proc", "/proc/self/task", "cannot make ", ""),
        ("null", "/dev/null", "cannot make ", "Not a directory"),
    ] {
        let yaml = yaml(&format!("journal-{name}"), &TEXT.replace("FOLDER/j", directory));
        let told = refused(&yaml);
        let directory = directory.replace("FOLDER", yaml.path.parent().unwrap().to_str().unwrap());
        let start = "logs could not be started: ";
        assert!(told.starts_with(start), "{told}");
        assert!(told.contains(&format!("{what}{directory}/logs_main: ")), "{told}");
        assert!(told.contains(cause) && told.contains("os error"), "{told}");
    }
    let text = "journal: { directory: /proc/self/task }\ntraces: { endpoint: 'http://c', durable: true }\n";
    let told = refused(&yaml("journal-spans", text));
    assert!(
        told.contains("traces could not be started: cannot make /proc/self/task/traces_otlp: "),
        "{told}"
    );
}

#[test]
fn a_journal_that_another_process_holds_is_refused_with_its_id_by_start_and_replay() {
    let name = "a_journal_that_another_process_holds_is_refused_with_its_id_by_start_and_replay";
    let holder = (!is_alone()).then(|| Running::build("journal-held", TEXT));
    let path = holder.as_ref().map(|holder| holder.yaml.path.display().to_string()).unwrap_or_default();
    let told = format!("{} {path}", std::process::id());
    alone_and_heard(module_path!(), name, &told, |told| {
        let (pid, path) = told.split_once(' ').unwrap();
        let begun = || obs::builder("orders").admin(obs::Admin::Off).config_file(path);
        let what = format!("j/logs_main is in use by process {pid}");
        let told = format!("{:?}", begun().build().map(drop).unwrap_err());
        assert!(told.contains(&what), "{told}");
        let folder = Path::new(path).parent().unwrap().join("j");
        let told = told_of(begun().replay(folder, LONG));
        assert!(told.contains(&what), "{told}");
    });
    drop(holder);
}

/// A limit on how long a file may be is one that root has too, and it looks like a file system without room.
#[test]
fn where_no_segment_can_be_written_nothing_is_started_and_the_file_is_named() {
    let name = "where_no_segment_can_be_written_nothing_is_started_and_the_file_is_named";
    // In blocks of 512 bytes; what is over it is refused and ends nobody.
    alone_under("trap '' XFSZ; ulimit -f 64; ", module_path!(), name, || {
        let told = refused(&yaml("journal-full", TEXT));
        assert!(
            told.starts_with("logs could not be started: journal of log output main: cannot write "),
            "{told}"
        );
        assert!(told.contains("/j/logs_main/0000000000000000000"), "{told}");
        assert_eq!(told.matches("File too large").count(), 1, "{told}");
    });
}

/// A journal of three lines for a Loki that was not there, and is now.
struct Held {
    yaml: Yaml,
    loki: Receiver,
    files: Files,
    segment: PathBuf,
    /// Where the records stand in the segment.
    records: Vec<Range<usize>>,
}

impl Held {
    fn new(name: &str) -> Self {
        let at = nobody();
        let text = TEXT.replace("127.0.0.1:1", &at).replace("type: loki", "type: loki, encoding: json");
        let yaml = left(name, &text);
        let files = files(&yaml.beside("j/logs_main"));
        let is_segment = |path: &&PathBuf| path.extension().is_some_and(|end| end == "segment");
        let segment = files.keys().find(is_segment).unwrap().clone();
        let records = records(&files[&segment]);
        assert_eq!(records.len(), 3);
        Self { loki: Receiver::at(&at, 200), yaml, files, segment, records }
    }

    /// The same files, one of them changed.
    fn with(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Files {
        let mut files = self.files.clone();
        change(files.get_mut(path).unwrap());
        files
    }

    fn put(&self, held: &Files) -> PathBuf {
        let folder = self.yaml.beside("j/logs_main");
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        held.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
        folder
    }

    /// Delivers what these files hold: which lines came, and how many are told as lost.
    #[track_caller]
    fn replayed(&self, held: &Files, what: &str) -> (Vec<u64>, u64) {
        let folder = self.put(held);
        let before = self.loki.requests().len();
        let replayed = self.yaml.builder().replay(&folder, LONG).expect(what).pop();
        let replayed = replayed.expect(what).expect(what);
        let came = pushed_since(&self.loki, before);
        assert_eq!((replayed.delivered, replayed.left), (came.len() as u64, 0), "{what}");
        (came, replayed.dropped)
    }
}

/// Records by the page about journals: behind 64 bytes, each at the next multiple of 8, with its length at 4 and its
/// payload at 24.
fn records(segment: &[u8]) -> Vec<Range<usize>> {
    let (mut at, mut records) = (64_usize, Vec::new());
    while segment[at..at + 4] == [0xFF, 0x4A, 0xF5, 0xC1] {
        let length = u32::from_le_bytes(segment[at + 4..at + 8].try_into().unwrap());
        records.push(at..at + 24 + length as usize);
        at = records[records.len() - 1].end.next_multiple_of(8);
    }
    records
}

#[test]
fn a_segment_that_is_cut_anywhere_costs_what_was_behind_the_cut_and_no_start() {
    let held = Held::new("journal-cut");
    // Each byte is cut at by the journal's own tests; here each part of a record is, and what is next to its ends.
    let ends: Vec<_> = held.records.iter().flat_map(|record| [record.start, record.end]).collect();
    let is_near = |at: &usize| at.is_multiple_of(5) || ends.iter().any(|end| end.abs_diff(*at) < 4);
    for length in (0..=held.records[2].end).rev().filter(is_near) {
        let files = held.with(&held.segment, |bytes| bytes.truncate(length));
        let (came, lost) = held.replayed(&files, &format!("cut at {length}"));
        let whole = held.records.iter().filter(|record| record.end <= length).count() as u64;
        // What is missing at the end cannot be told from what was never finished.
        assert_eq!((came, lost), ((0..whole).collect(), 0), "cut at {length}");
    }
}

#[test]
fn a_byte_that_is_changed_costs_one_record_which_is_counted_as_damaged() {
    let held = Held::new("journal-changed");
    let places = (0..64).step_by(5).chain(held.records.iter().flat_map(|record| record.clone().step_by(11)));
    for at in places {
        let files = held.with(&held.segment, |bytes| bytes[at] ^= 0x55);
        let (came, lost) = held.replayed(&files, &format!("byte {at}"));
        let hit = held.records.iter().position(|record| record.contains(&at)).map(|hit| hit as u64);
        let left: Vec<_> = (0..3).filter(|id| hit != Some(*id)).collect();
        assert_eq!((came, lost), (left, u64::from(hit.is_some_and(|hit| hit < 2))), "byte {at}");
    }
    // The service itself counts it by its reason, and goes on.
    held.put(&held.with(&held.segment, |bytes| bytes[held.records[1].start + 30] ^= 1));
    let before = held.loki.requests().len();
    let running = Running { obs: held.yaml.builder().build().unwrap(), yaml: held.yaml };
    running.within(|| tracing::info!(target: "shop", id = 3, "said later"));
    running.flush();
    let labels = [("pipeline", "logs_main"), ("reason", "damaged")];
    assert_eq!(running.sum("obs_pipeline_dropped_total", &labels), 1.0);
    assert_eq!(running.sum("obs_pipeline_recovered_total", &[("pipeline", "logs_main")]), 3.0);
    assert_eq!(pushed_since(&held.loki, before), [0, 2, 3]);
}

#[test]
fn what_stands_beside_segments_may_be_cut_or_nonsense_and_no_line_is_lost() {
    let held = Held::new("journal-beside");
    let folder = held.segment.parent().unwrap();
    let mut random = 1_u64;
    let mut nonsense = |length: usize| -> Vec<u8> {
        let next = |_| {
            // The generator of Knuth's MMIX.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 56) as u8
        };
        (0..length).map(next).collect()
    };
    for name in ["cursor", "note", "lock"] {
        let path = folder.join(name);
        assert!(held.files.contains_key(&path), "{name}");
        let whole = held.files[&path].len();
        let cut = (0..whole.min(140)).step_by(9).chain([whole / 2, whole.saturating_sub(1)]);
        let cut = cut.map(|length| held.with(&path, |bytes| bytes.truncate(length))).collect::<Vec<_>>();
        let other = [0, 1, 63, 64, 256, 4_096, 9_000].map(|length| {
            let bytes = nonsense(length);
            held.with(&path, |held| *held = bytes)
        });
        for (number, files) in cut.into_iter().chain(other).enumerate() {
            let (came, lost) = held.replayed(&files, &format!("{name}, {number}"));
            assert_eq!((came, lost), (vec![0, 1, 2], 0), "{name}, {number}");
        }
    }
}
