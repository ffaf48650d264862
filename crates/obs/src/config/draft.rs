//! A configuration while it is being put together: what was chosen last, where, and what was wrong.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::error::{ConfigError, Mistake};
use super::key::{Key, Value};
use super::{Config, near};

/// More mistakes are counted and not told one by one.
const MOST: usize = 100;
/// What a mistake repeats of a text, in characters.
const SHOWN: usize = 64;

/// A line and a column, both from 1; the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Where a mistake stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the file, at what path of keys.
    File(At, String),
    /// In a file that the file names: which, where, and at what path.
    Beside(String, At, String),
    /// The file as a whole, or what names it.
    Whole(String),
    /// A variable.
    Variable(&'static str),
    /// A setter of the builder.
    Setter(&'static str),
}

#[derive(Debug)]
struct Fault {
    place: Place,
    what: String,
}

/// A configuration while it is being put together.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) config: Config,
    /// The file's name as mistakes show it.
    file: String,
    chosen: BTreeMap<String, Place>,
    /// The words chosen, which may say more than what they come to.
    words: BTreeMap<&'static str, &'static str>,
    wrong: Vec<String>,
    faults: Vec<Fault>,
    untold: usize,
}

impl Draft {
    pub(super) fn new(config: Config, file: &str) -> Self {
        let (chosen, wrong, faults) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { config, file: file.to_owned(), chosen, words: BTreeMap::new(), wrong, faults, untold: 0 }
    }

    /// Takes a choice over whatever was chosen before.
    pub(super) fn choose(&mut self, key: &'static Key, value: Value, place: Place) {
        self.reveal(key.path);
        if let Value::Word(word) = value {
            self.words.insert(key.path, word);
        }
        (key.set)(&mut self.config, value);
        self.chosen.insert(key.path.to_owned(), place);
    }

    /// Remembers where a part of a value stands: a header of many.
    pub(super) fn locate(&mut self, path: String, place: Place) {
        self.chosen.insert(path, place);
    }

    /// From here on, what stands at `path` is not printed.
    pub(super) fn conceal(&mut self, path: String) {
        self.config.concealed.insert(path);
    }

    /// What a variable says is no secret of the file's.
    fn reveal(&mut self, path: &str) {
        self.config.concealed.retain(|known| !is_under(known, path));
        self.chosen.retain(|known, _| known == path || !is_under(known, path));
    }

    /// Where the choice at `path` was made. Code where no other has made it.
    pub(super) fn place(&self, path: &str) -> Place {
        let mut at = path;
        loop {
            if let Some(place) = self.chosen.get(at) {
                return place.clone();
            }
            if let Some(key) = Key::at(at) {
                return Place::Setter(key.setter);
            }
            match at.rsplit_once('.') {
                Some((section, _)) => at = section,
                None => return Place::Whole(path.to_owned()),
            }
        }
    }

    /// The word that the file or the environment has chosen at `path`.
    pub(super) fn word(&self, path: &str) -> Option<&'static str> {
        self.words.get(path).copied()
    }

    /// Where in the file the choice at `path` was made, if it was the file's and still counts.
    pub(super) fn in_file(&self, path: &str) -> Option<Place> {
        self.chosen.get(path).filter(|place| matches!(place, Place::File(..))).cloned()
    }

    /// Whether anything but the code has chosen what stands at `path`.
    pub(super) fn is_chosen(&self, path: &str) -> bool {
        self.chosen.contains_key(path)
    }

    /// Whether what was written at `path`, or a part of it, was wrong, so that what stands there says nothing.
    pub(super) fn is_wrong(&self, path: &str) -> bool {
        let is_in = |known: &str| {
            known.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.wrong.iter().any(|known| is_in(known))
    }

    pub(super) fn fault(&mut self, place: Place, what: impl Into<String>) {
        if let Place::File(_, path) = &place {
            self.wrong.push(path.clone());
        }
        let what = what.into();
        // A variable may be read for several keys.
        let is_variable = matches!(place, Place::Variable(_));
        if is_variable && self.faults.iter().any(|known| known.place == place && known.what == what) {
            return;
        }
        if self.faults.len() < MOST {
            self.faults.push(Fault { place, what });
        } else {
            self.untold += 1;
        }
    }

    /// How many mistakes there are so far.
    pub(super) fn mistakes(&self) -> usize {
        self.faults.len() + self.untold
    }

    /// What a part of obs finds wrong with a value that could be read.
    pub(super) fn found(&mut self, mistake: Mistake) {
        let Mistake { place: path, what } = mistake;
        // Where the key of an output has no place of its own, its name does not stand in the place.
        let what = match key_of_output(&path) {
            Some(key) if !self.chosen.contains_key(&path) => format!("its `{key}`: {what}"),
            _ => what,
        };
        let concealed = self.config.concealed.iter().any(|known| is_under(&path, known));
        let what = if concealed { String::from(CONCEALED) } else { what };
        self.fault(self.place(&path), what);
    }

    /// The configuration, if nothing was wrong.
    pub(super) fn finish(mut self) -> Result<Config, ConfigError> {
        // Stable: of one place, in the order they were found.
        self.faults.sort_by(|a, b| a.place.order(&b.place));
        let file = &self.file;
        let mut mistakes: Vec<_> = self
            .faults
            .into_iter()
            .map(|Fault { place, what }| Mistake { place: place.text(file), what })
            .collect();
        if self.untold > 0 {
            let what = format!("{} further mistakes are not shown", self.untold);
            mistakes.push(Mistake { place: String::from("and"), what });
        }
        ConfigError::checked(self.config, mistakes)
    }
}

/// Whether the sampler of this name records a share that can be chosen.
pub(super) fn takes_a_ratio(sampler: &str) -> bool {
    sampler.ends_with("traceidratio")
}

/// The key of one of several outputs, where the path is one.
pub(super) fn key_of_output(path: &str) -> Option<&str> {
    path.strip_prefix("logs.outputs.")?.split_once('.').map(|(_, key)| key)
}

/// Said in place of what would repeat a secret.
const CONCEALED: &str = "what `${..}` put here is wrong; it is not shown";

impl Place {
    /// The file from its top, then what is said of it as a whole, then the environment and the code.
    fn order(&self, other: &Self) -> Ordering {
        let rank = |place: &Self| match place {
            Self::File(at, _) => (0, Some(*at)),
            Self::Beside(_, at, _) => (1, Some(*at)),
            Self::Whole(_) => (2, None),
            Self::Variable(_) => (3, None),
            Self::Setter(_) => (4, None),
        };
        rank(self).cmp(&rank(other))
    }

    fn text(&self, file: &str) -> String {
        match self {
            Self::File(At { line, column }, path) if path.is_empty() => format!("{file}:{line}:{column}"),
            Self::File(At { line, column }, path) => format!("{file}:{line}:{column}: {path}"),
            Self::Beside(file, At { line, column }, path) if path.is_empty() => {
                format!("{file}:{line}:{column}")
            }
            Self::Beside(file, At { line, column }, path) => format!("{file}:{line}:{column}: {path}"),
            Self::Whole(name) => name.clone(),
            Self::Variable(name) => String::from(*name),
            Self::Setter(name) => format!("Builder::{name}"),
        }
    }
}

/// Whether `path` is `section` or stands under it.
fn is_under(path: &str, section: &str) -> bool {
    path.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A text as a mistake repeats it: in code, cut, and unable to break a line.
pub(super) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let dots = if text.chars().nth(SHOWN).is_some() { ".." } else { "" };
    format!("`{}{dots}`", cut.replace('`', "'"))
}

/// What is said of a word that is none of those known.
pub(super) fn wrong_word(text: &str, known: &[&str], expected: &str) -> String {
    match near::nearest(text, known.iter().copied()) {
        Some(meant) => format!("{} is wrong; did you mean `{meant}`?", shown(text)),
        None => format!("{} is wrong, expected {expected}", shown(text)),
    }
}
