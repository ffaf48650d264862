//! What sqlx asks of whatever queries are executed on.

use std::ops::DerefMut;

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::{Database, Describe, Either, Error, Execute, Executor, SqlStr};

use super::fault::{judged, judged_one};
use super::rows::{Rows, pour};
use super::stated::Stated;
use super::{Connection, Pool};

impl<'c, C, DB> Executor<'c> for &'c mut Connection<C>
where
    C: DerefMut<Target: sqlx::Connection<Database = DB>> + Send,
    DB: Database<Connection = C::Target>,
    for<'a> &'a mut C::Target: Executor<'a, Database = DB>,
{
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let query = Stated::<DB>::of(query);
        let (database, inner) = (self.database.clone(), &mut *self.inner);
        Box::pin(Rows::new(|slot| async move {
            let sql = query.sql.clone();
            let opened = database.query(sql.as_str()).open();
            let asked = async { pour::<DB>(inner.fetch_many(query), &slot).await };
            opened.run(asked, judged).await.map(drop)
        }))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let query = Stated::<DB>::of(query);
        let (database, inner) = (self.database.clone(), &mut *self.inner);
        Box::pin(async move {
            let sql = query.sql.clone();
            let opened = database.query(sql.as_str()).open();
            opened.run(inner.fetch_optional(query), judged_one).await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'c: 'e,
    {
        self.inner.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'c: 'e,
    {
        self.inner.describe(sql)
    }
}

impl<'p, DB: Database> Executor<'p> for &Pool<DB>
where
    for<'a> &'a mut DB::Connection: Executor<'a, Database = DB>,
{
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
    where
        E: 'q + Execute<'q, DB>,
    {
        let query = Stated::<DB>::of(query);
        let pool = self.clone();
        Box::pin(Rows::new(|slot| async move {
            let sql = query.sql.clone();
            let opened = pool.database().query(sql.as_str()).open();
            let asked = async {
                let mut connection = pool.give().await?;
                pour::<DB>((&mut *connection).fetch_many(query), &slot).await
            };
            opened.run(asked, judged).await.map(drop)
        }))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        E: 'q + Execute<'q, DB>,
    {
        let query = Stated::<DB>::of(query);
        let pool = self.clone();
        Box::pin(async move {
            let sql = query.sql.clone();
            let opened = pool.database().query(sql.as_str()).open();
            let asked = async {
                let mut connection = pool.give().await?;
                (&mut *connection).fetch_optional(query).await
            };
            opened.run(asked, judged_one).await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { (&mut *pool.give().await?).prepare_with(sql, parameters).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { (&mut *pool.give().await?).describe(sql).await })
    }
}
