//! Where lines go and in which form, from what was chosen to what the engine of logs takes.

use std::fmt;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use obs_logs::{Colours, Compression, FileOutput, Format, Memory, Output, Policy, Sync};

use super::{far, journald, syslog, watched};
use crate::config::{
    Config, Journal, LogDestination, LogFile, LogFormat, LogOutput, LogPlace, LogSync, Logs as Choices,
    Rotation, WhenFull,
};

/// Why an output cannot be had, and at which of its keys, where one is at fault. Repeats no secret.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) key: Option<&'static str>,
    pub(super) what: String,
}

impl Problem {
    #[cfg_attr(not(feature = "logs-ship"), expect(dead_code, reason = "other machines have such keys"))]
    pub(super) fn at(key: &'static str, what: impl fmt::Display) -> Self {
        Self { key: Some(key), what: what.to_string() }
    }
}

impl From<String> for Problem {
    fn from(what: String) -> Self {
        Self { key: None, what }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            Some(key) => write!(f, "its `{key}`: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// How long a batch is tried, where nothing else is chosen.
const RETRY_FOR: Duration = Duration::from_secs(300);

/// The one output, where there are none by name; `None` where lines go nowhere.
pub(super) fn single(choices: &Choices) -> Option<Output> {
    let (output, is_terminal) = match &choices.output {
        LogOutput::Off => return None,
        LogOutput::Stdout => (Output::stdout(), std::io::stdout().is_terminal()),
        LogOutput::Stderr => (Output::stderr(), std::io::stderr().is_terminal()),
        LogOutput::File(path) => (file(path, choices.rotate, choices.keep), false),
    };
    Some(output.format(format(choices.format, choices.colour, is_terminal)))
}

/// One of several outputs; one in memory is noted in `memories`.
///
/// # Errors
/// What cannot be asked of whoever takes lines, or of a journal, in words.
pub(super) fn named(
    chosen: &LogDestination,
    config: &Config,
    journal: &Journal,
    memories: &mut Vec<(String, Memory)>,
) -> Result<Output, Problem> {
    let (output, is_terminal) = match &chosen.to {
        LogPlace::Stdout => (Output::stdout(), std::io::stdout().is_terminal()),
        LogPlace::Stderr => (Output::stderr(), std::io::stderr().is_terminal()),
        LogPlace::File(path) => (kept(path, &chosen.file).into(), false),
        LogPlace::Memory => {
            let memory = Memory::new();
            memories.push((chosen.name.clone(), memory.clone()));
            (Output::memory(&memory), false)
        }
        LogPlace::Loki | LogPlace::Elastic | LogPlace::Otlp => {
            (far::output(chosen, &config.resource, &config.proxies)?, false)
        }
        LogPlace::Syslog => (syslog::output(&chosen.ship, patience(chosen))?, false),
        LogPlace::Journald => (journald::output(&chosen.ship, patience(chosen))?, false),
    };
    watched::fits(chosen)?;
    let policy = match chosen.when_full {
        WhenFull::DropNewest => Policy::DropNewest,
        WhenFull::DropOldest => Policy::DropOldest,
        WhenFull::DropBelow => Policy::DropBelow(super::level(chosen.keep_level)),
        WhenFull::Block => Policy::Block(chosen.wait),
    };
    let output = output.policy(policy);
    let output = output.named(&chosen.name);
    let mut output = match chosen.to {
        // Its receiver knows no other.
        LogPlace::Elastic => output.format(Format::Ecs),
        _ => output.format(format(chosen.format, chosen.colour, is_terminal)),
    };
    for (from, to) in &chosen.rename {
        output = output.rename(from, to);
    }
    output = chosen.drop.iter().fold(output, Output::drop_field);
    if let Some(bytes) = size(chosen.max_line) {
        output = output.max_line_bytes(bytes);
    }
    if let Some(bytes) = size(chosen.max_field) {
        output = output.max_field_bytes(bytes);
    }
    if let Some(bytes) = size(chosen.queue) {
        output = output.capacity_bytes(bytes);
    }
    if chosen.durable {
        output = super::kept::durable(output, chosen, journal)?;
    }
    Ok(output)
}

/// How long a batch is tried. What survives the process is not given up while it runs, unless that was chosen.
pub(super) fn patience(chosen: &LogDestination) -> Duration {
    let otherwise = if chosen.durable { Duration::MAX } else { RETRY_FOR };
    chosen.ship.retry_for.unwrap_or(otherwise)
}

/// A size in memory; one that no machine has is the largest.
fn size(bytes: Option<u64>) -> Option<usize> {
    bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn format(chosen: Option<LogFormat>, colour: Option<bool>, is_terminal: bool) -> Format {
    let colours = match colour {
        None => Colours::Auto,
        Some(true) => Colours::On,
        Some(false) => Colours::Off,
    };
    match chosen {
        Some(LogFormat::Json) => Format::Json,
        Some(LogFormat::Logfmt) => Format::Logfmt,
        Some(LogFormat::Ecs) => Format::Ecs,
        Some(LogFormat::Otlp) => Format::Otlp,
        None if !is_terminal => Format::Json,
        Some(LogFormat::Pretty) | None => Format::Pretty(colours),
    }
}

/// A file that is rotated, pruned and synced as was chosen.
fn kept(path: &Path, chosen: &LogFile) -> FileOutput {
    let mut file = FileOutput::new(path).rotate(rotation(chosen.rotate)).make_directory();
    if let Some(bytes) = chosen.max_size {
        file = file.max_bytes(bytes);
    }
    if let Some(files) = chosen.keep {
        file = file.keep_files(files);
    }
    if let Some(age) = chosen.keep_age {
        file = file.keep_age(age);
    }
    if let Some(bytes) = chosen.keep_size {
        file = file.keep_bytes(bytes);
    }
    if chosen.gzip {
        file = file.compress(Compression::Gzip);
    }
    file = file.sync(match chosen.sync {
        LogSync::Never => Sync::Never,
        LogSync::Batch => Sync::EachBatch,
        LogSync::Interval => Sync::Every(chosen.sync_every),
    });
    match chosen.disk_full_wait {
        Some(limit) => file.when_full(obs_logs::WhenFull::Block(limit)),
        None => file,
    }
}

fn rotation(rotate: Rotation) -> obs_logs::Rotation {
    match rotate {
        Rotation::Never => obs_logs::Rotation::Never,
        Rotation::Hourly => obs_logs::Rotation::Hourly,
        Rotation::Daily => obs_logs::Rotation::Daily,
    }
}

fn file(path: &Path, rotate: Rotation, keep: Option<usize>) -> Output {
    if rotate == Rotation::Never {
        return Output::file(path);
    }
    Output::rolling(path).rotate(rotation(rotate)).keep(keep.unwrap_or(0)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is chosen for a file, as it prints itself.
    fn said(choose: impl Fn(&mut LogFile)) -> String {
        let mut chosen = LogFile::default();
        choose(&mut chosen);
        format!("{:?}", kept(Path::new("/var/log/orders.log"), &chosen))
    }

    /// Beside what it chooses, all is as without a choice.
    #[track_caller]
    fn check(choose: impl Fn(&mut LogFile), (before, after): (&str, &str)) {
        let plain = said(|_| ());
        assert_eq!(plain.matches(before).count(), 1, "{before}: {plain}");
        assert_eq!(said(choose), plain.replace(before, after));
    }

    #[test]
    fn each_choice_of_a_file_is_told_to_the_file_and_no_other_is() {
        const SECONDS: fn(u64) -> Duration = Duration::from_secs;
        let plain = said(|_| ());
        assert!(
            plain.contains("path: \"/var/log/orders.log\"") && plain.contains("compress: None"),
            "{plain}"
        );
        assert!(plain.contains("makes_directory: true"), "{plain}");
        check(|file| file.rotate = Rotation::Hourly, ("rotation: Never", "rotation: Hourly"));
        check(|file| file.rotate = Rotation::Daily, ("rotation: Never", "rotation: Daily"));
        check(|file| file.max_size = Some(8_192), ("max_bytes: 0", "max_bytes: 8192"));
        check(|file| file.keep = Some(7), ("files: 0", "files: 7"));
        check(|file| file.keep_age = Some(SECONDS(36)), ("age: 0ns", "age: 36s"));
        check(|file| file.keep_size = Some(9_001), (" bytes: 0", " bytes: 9001"));
        check(|file| file.sync = LogSync::Batch, ("sync: Never", "sync: EachBatch"));
        check(|file| file.sync = LogSync::Interval, ("sync: Never", "sync: Every(1s)"));
        let each_five = |file: &mut LogFile| (file.sync, file.sync_every) = (LogSync::Interval, SECONDS(5));
        check(each_five, ("sync: Never", "sync: Every(5s)"));
        let waits = |file: &mut LogFile| file.disk_full_wait = Some(SECONDS(3));
        check(waits, ("when_full: Drop", "when_full: Block(3s)"));
        assert!(said(|file| file.gzip = true).contains("compress: Some("));
    }
}
