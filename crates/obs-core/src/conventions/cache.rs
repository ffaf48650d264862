//! Looks into caches.
//!
//! ```
//! use obs_core::conventions::cache::Cache;
//! use obs_core::{Base, Resource};
//!
//! # async fn get(_: &str) -> Result<Option<u32>, std::io::Error> { Ok(None) }
//! # async fn example() -> Result<(), std::io::Error> {
//! let users = Cache::new(Some(Base::new(Resource::new("shop"))), "redis");
//! let user = users.get("user:42").run(get("user:42")).await?; // a miss, told as `user:?`
//! # drop(user);
//! # Ok(())
//! # }
//! ```
//!
//! Of a key its pattern is told: its first part where that is a word (letters of one case and `_`, at most two digits, 16 bytes), and
//! `?` in the place of each other. Parts end at `:` or `/`. A key that begins with what is somebody's, such as `alice:cart`, needs
//! [`Look::pattern`]: its first part looks like any word.

use std::fmt::Display;
use std::sync::Arc;

use crate::Base;
use crate::fields::Value;
use crate::keys::{attribute, metric};
use crate::observe::work::{Attributes, Describe, Judged, Opened};
use crate::observe::{Measures, OperationKind, Target};

/// Products whose names are values of `db.system.name`, or would be by its rules: a cache named by one is asked over a
/// connection.
const SYSTEMS: [&str; 4] = ["redis", "valkey", "memcached", "dragonfly"];

/// A cache that is looked into. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cache {
    base: Option<Arc<Base>>,
    name: Target,
    system: &'static str,
}

impl Cache {
    /// The cache `name`, which is the label `cache`. Where that is the name of a product that is asked over a connection, such as
    /// `redis`, it is the product as well; else the cache is this process's own. Without a base looks are only run.
    pub fn new(base: Option<Arc<Base>>, name: impl Into<Target>) -> Self {
        let name = name.into();
        let system = SYSTEMS.into_iter().find(|system| *system == name.as_str()).unwrap_or_default();
        Self { base, name, system }
    }

    /// The product that holds it, by the name the conventions have for it, where the cache is not called by that.
    #[must_use]
    pub fn system(mut self, system: &'static str) -> Self {
        self.system = system;
        self
    }

    /// A look for `key`.
    pub fn get<'k>(&self, key: &'k str) -> Look<'k> {
        let told = Told {
            cache: self.name,
            system: self.system,
            operation: "GET",
            key,
            shown: Shown::Pattern,
            is_hit: None,
            pattern: String::new(),
        };
        Look { base: self.base.clone(), told }
    }
}

/// One look, before it is run.
#[derive(Debug)]
#[must_use = "it is told of when it is run"]
pub struct Look<'k> {
    base: Option<Arc<Base>>,
    told: Told<'k>,
}

/// What is told of a look. Handed to whoever judges its answer.
#[derive(Debug)]
pub struct Told<'k> {
    cache: Target,
    system: &'static str,
    operation: &'static str,
    key: &'k str,
    shown: Shown<'k>,
    is_hit: Option<bool>,
    pattern: String,
}

/// What is told of the key.
#[derive(Clone, Copy, Debug)]
enum Shown<'k> {
    Pattern,
    Given(&'k str),
    Raw,
}

impl<'k> Look<'k> {
    /// The command, where it is another than `GET`.
    pub fn operation(mut self, operation: &'static str) -> Self {
        self.told.operation = operation;
        self
    }

    /// What is told in the place of the key. Needed for keys that begin with a user's name, or with anything else that is somebody's.
    pub fn pattern(mut self, pattern: &'k str) -> Self {
        self.told.shown = Shown::Given(pattern);
        self
    }

    /// Tells the key as it is: for keys that hold nobody's data.
    pub fn raw_key(mut self) -> Self {
        self.told.shown = Shown::Raw;
        self
    }

    /// Runs it: something is a hit, nothing a miss.
    ///
    /// # Cancel safety
    /// As `future` itself; a drop is told as cancelled.
    pub async fn run<A: Found>(self, future: impl Future<Output = A>) -> A {
        self.open().run(future, Told::judged).await
    }

    /// As [`Look::run`], for answers of another form: `is_hit` says what they mean.
    ///
    /// # Errors
    /// Those of `future`, as they are.
    pub async fn run_as<T, E: Display>(
        self,
        future: impl Future<Output = Result<T, E>>,
        is_hit: impl FnOnce(&T) -> bool,
    ) -> Result<T, E> {
        let judge = |answer: &Result<T, E>| answer.as_ref().ok().map(is_hit);
        self.open().run(future, |answer, told| told.looked(judge(answer), Judged::of(answer))).await
    }

    /// Begins it, for whoever runs and judges it in a way of their own.
    pub fn open(self) -> Opened<Told<'k>> {
        Opened::here(self.base.as_ref(), self.told)
    }
}

impl Told<'_> {
    fn judged<'a, A: Found>(answer: &'a A, told: &mut Self) -> Judged<'a> {
        told.looked(answer.is_hit(), answer.judged())
    }

    /// Notes what a look gave, where it did not fail, and has it counted as that.
    pub fn looked<'a>(&mut self, is_hit: Option<bool>, judged: Judged<'a>) -> Judged<'a> {
        self.is_hit = is_hit;
        match is_hit {
            Some(true) => judged.result("hit"),
            Some(false) => judged.result("miss"),
            None => judged,
        }
    }
}

/// What a look gives.
pub trait Found {
    /// Whether there was something; `None` where it failed.
    fn is_hit(&self) -> Option<bool>;
    /// Whether it failed.
    fn judged(&self) -> Judged<'_>;
}

impl<T> Found for Option<T> {
    fn is_hit(&self) -> Option<bool> {
        Some(self.is_some())
    }
    fn judged(&self) -> Judged<'_> {
        Judged::SUCCESS
    }
}

impl<T, E: Display> Found for Result<Option<T>, E> {
    fn is_hit(&self) -> Option<bool> {
        self.as_ref().ok().map(Option::is_some)
    }
    fn judged(&self) -> Judged<'_> {
        Judged::of(self)
    }
}

impl Describe for Told<'_> {
    fn kind(&self) -> OperationKind {
        if self.system.is_empty() { OperationKind::Internal } else { OperationKind::Client }
    }

    fn name(&self) -> (&str, Option<&str>) {
        (self.operation, Some(self.cache.as_str()))
    }

    fn measures(&self) -> Option<&'static Measures> {
        Some(&metric::CACHE_LOOKS)
    }

    fn labels(&self) -> impl AsRef<[&'static str]> {
        [self.cache.as_str()]
    }

    fn prepare(&mut self) {
        if matches!(self.shown, Shown::Pattern) {
            self.pattern = pattern(self.key);
        }
    }

    fn attributes<'a>(&'a self, list: &mut Attributes<'a>) {
        list.text(attribute::DB_SYSTEM_NAME, self.system);
        if !self.system.is_empty() {
            list.text(attribute::DB_OPERATION_NAME, self.operation);
        }
        if let Some(is_hit) = self.is_hit {
            list.put(attribute::CACHE_HIT, Value::Bool(is_hit));
        }
        list.text(
            attribute::CACHE_KEY,
            match self.shown {
                Shown::Pattern => &self.pattern,
                Shown::Given(pattern) => pattern,
                Shown::Raw => self.key,
            },
        );
    }
}

/// How many parts of a key are told of; the rest is one more.
const MAX_PARTS: usize = 8;
/// The longest first part that is taken for a word, in bytes.
const MAX_WORD: usize = 16;

/// `user:?` of `user:42`: nothing but a first word may stand, since any other part may be somebody's.
fn pattern(key: &str) -> String {
    let mut pattern = String::with_capacity(key.len().min(MAX_WORD + 2 * MAX_PARTS));
    let (mut rest, mut parts) = (key, 0);
    loop {
        let end = rest.find([':', '/']);
        let part = &rest[..end.unwrap_or(rest.len())];
        // What has no parts is data as a whole.
        let is_word = parts == 0 && end.is_some() && is_word(part);
        pattern.push_str(if is_word || part.is_empty() { part } else { "?" });
        parts += 1;
        let Some(end) = end.filter(|_| parts < MAX_PARTS) else { return pattern };
        pattern.push_str(&rest[end..=end]);
        rest = &rest[end + 1..];
    }
}

/// Letters of one case with few digits, as names that a program gives are. Names of people have dots, and tokens letters of both
/// cases.
fn is_word(part: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let (has_small, has_large) = (
        part.bytes().any(|byte| byte.is_ascii_lowercase()),
        part.bytes().any(|byte| byte.is_ascii_uppercase()),
    );
    part.len() <= MAX_WORD
        && digits <= 2
        && !(has_small && has_large)
        && part.bytes().all(is_sign)
        && part.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_only_its_first_word_is_told() {
        for (key, expected) in [
            ("user:42", "user:?"),
            ("user:alice:cart", "user:?:?"),
            ("session/0af7651916cd43dd8448eb211c80319c", "session/?"),
            ("v2:user:42", "v2:?:?"),
            ("alice", "?"),
            ("42:user", "?:?"),
            ("0af7651916cd43dd:x", "?:?"),
            ("a1b2c3d4:x", "?:?"),
            ("ada@example.com:x", "?:?"),
            ("john.smith:cart", "?:?"),
            ("ada-lovelace:cart", "?:?"),
            ("dGhpc0lzQVRva2Vu:x", "?:?"),
            ("abcdefghijklmnopqrstuvwxyz:x", "?:?"),
            ("order_items:7", "order_items:?"),
            ("USER:7", "USER:?"),
            ("user:", "user:"),
            ("", ""),
            ("a:1:2:3:4:5:6:7:8:9", "a:?:?:?:?:?:?:?"),
        ] {
            assert_eq!(pattern(key), expected, "{key}");
        }
    }
}
