//! Which table a statement is of, and whether it is the only one.

use super::super::*;

fn check(statements: &[(&str, &str, bool)]) {
    for (query, expected, is_joined) in statements {
        let found = summary(query, Dialect::STANDARD);
        assert_eq!((found.to_string().as_str(), found.is_joined), (*expected, *is_joined), "{query}");
    }
}

#[test]
fn several_tables_are_seen_as_several() {
    check(&[
        ("SELECT * FROM a, b WHERE a.c = b.c", "SELECT a", true),
        ("SELECT * FROM a AS x (c, d), b", "SELECT a", true),
        ("SELECT * FROM generate_series(1, 2), b", "SELECT generate_series", true),
        ("SELECT a FROM t UNION SELECT b FROM u", "SELECT t", true),
        ("SELECT a FROM t WHERE b IN (SELECT b FROM u)", "SELECT t", true),
        ("SELECT (SELECT b FROM u) FROM t", "SELECT t", true),
        ("WITH x AS (SELECT a FROM t) SELECT a FROM x", "SELECT x", true),
        ("UPDATE a, b SET a.c = b.c", "UPDATE a", true),
        ("UPDATE a SET b = u.b FROM u", "UPDATE a", true),
        ("DELETE FROM a USING u WHERE a.b = u.b", "DELETE a", true),
        ("MERGE INTO a USING b ON a.c = b.c", "MERGE a", true),
        ("TRUNCATE a, b", "TRUNCATE a", true),
        ("DROP TABLE a, b", "DROP a", true),
        ("LOCK TABLES a READ, b WRITE", "LOCK a", true),
    ]);
}

#[test]
fn one_table_is_seen_as_one() {
    check(&[
        ("SELECT a, b FROM t WHERE c IN (1, 2) ORDER BY a, b", "SELECT t", false),
        ("SELECT a, b FROM t GROUP BY a, b LIMIT 1, 2", "SELECT t", false),
        ("UPDATE a SET b = 1, c = 2", "UPDATE a", false),
        ("INSERT INTO a (b, c) VALUES (1, 2), (3, 4)", "INSERT a", false),
        ("SELECT EXTRACT(EPOCH FROM x) FROM t WHERE EXTRACT(year FROM y) = 1", "SELECT t", false),
        ("SELECT TRIM(BOTH 'x' FROM y), SUBSTRING(z FROM 1 FOR 2) FROM t", "SELECT t", false),
        ("SELECT a FROM t WHERE b = EXTRACT(EPOCH FROM x)", "SELECT t", false),
        ("SELECT a IS DISTINCT FROM b FROM t WHERE c IS NOT DISTINCT FROM d", "SELECT t", false),
        ("SELECT a FROM t WHERE (b IS DISTINCT FROM c)", "SELECT t", false),
        ("COPY t FROM STDIN", "COPY t", false),
        ("COPY t (a, b) FROM '/tmp/x' WITH (FORMAT csv)", "COPY t", false),
        ("CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (2)", "CREATE p", false),
        ("ALTER TABLE t ALTER COLUMN a TYPE int USING a::int", "ALTER t", false),
        ("SELECT a FROM t ARRAY JOIN b", "SELECT t", false),
    ]);
}

#[test]
fn an_index_is_on_a_table() {
    check(&[
        ("CREATE INDEX i ON t (a)", "CREATE t", false),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY shop.t USING gin (a, b)",
            "CREATE shop.t",
            false,
        ),
        ("CREATE INDEX ON t (a)", "CREATE t", false),
        ("DROP INDEX i ON t", "DROP t", false),
        ("DROP INDEX i", "DROP", false),
        ("EXECUTE IMMEDIATE 'SELECT 1'", "EXECUTE", false),
    ]);
}
