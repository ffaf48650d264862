//! A connection whose commands are told of.

use std::fmt;

use obs_core::conventions::cache::Cache;
use obs_core::conventions::db::Database;
use redis::aio::ConnectionLike;
use redis::{Arg, Cmd, Pipeline, RedisFuture, Value};

use super::commands::known;
use super::fault::{judged, judged_all, looked};

/// What is a look into a cache.
const LOOKS: [&str; 3] = ["GET", "GETEX", "HGET"];

/// A connection whose commands are told of, in the place of the one it is around. Cloned where that can be.
#[derive(Clone)]
pub struct Connection<C> {
    database: Database,
    cache: Option<Cache>,
    inner: C,
}

impl<C> Connection<C> {
    /// Tells of what is asked over `inner` as commands to `database`.
    pub fn new(database: Database, inner: C) -> Self {
        Self { database, cache: None, inner }
    }

    /// Tells of `GET`, `GETEX` and `HGET` as looks into this cache. Default as commands.
    #[must_use]
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache.system("redis"));
        self
    }

    /// The connection itself. What is asked over it is not told of.
    pub fn inner(&mut self) -> &mut C {
        &mut self.inner
    }

    /// The connection itself, for good.
    pub fn into_inner(self) -> C {
        self.inner
    }
}

impl<C: ConnectionLike + Send> ConnectionLike for Connection<C> {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        let name = name_of(command);
        let asked = self.inner.req_packed_command(command);
        if let Some(cache) = self.cache.as_ref().filter(|_| LOOKS.contains(&name)) {
            let look = cache.get(argument(command, 1).unwrap_or_default()).operation(name).open();
            return Box::pin(look.run(asked, |answer, told| {
                let (is_hit, judged) = looked(answer);
                told.looked(is_hit, judged)
            }));
        }
        Box::pin(self.database.command(name).open().run(asked, judged))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let name = if pipeline.is_transaction() { "MULTI" } else { "PIPELINE" };
        let opened = self.database.command(name).batch(pipeline.len()).open();
        Box::pin(opened.run(self.inner.req_packed_commands(pipeline, offset, count), judged_all))
    }

    fn get_db(&self) -> i64 {
        self.inner.get_db()
    }
}

fn name_of(command: &Cmd) -> &'static str {
    argument(command, 0).map_or("", |name| known(name.as_bytes()))
}

/// An argument that is text.
fn argument(command: &Cmd, at: usize) -> Option<&str> {
    match command.args_iter().nth(at)? {
        Arg::Simple(bytes) => str::from_utf8(bytes).ok(),
        _ => None,
    }
}

impl<C> fmt::Debug for Connection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("database", &self.database).finish_non_exhaustive()
    }
}
