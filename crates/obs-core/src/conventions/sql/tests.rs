//! What is data is never told, and what a statement does is.

mod dialects;
mod tables;

use super::summary::MAX_NAME;
use super::*;

fn clean(query: &str) -> String {
    sanitized(query, Dialect::STANDARD)
}

#[test]
fn texts_numbers_and_comments_are_taken_out_and_the_rest_is_left() {
    for (query, expected) in [
        ("SELECT 1", "SELECT ?"),
        ("select a1, t2.b FROM t2 where a1='x' and b>-1.5e-3", "select a1, t2.b FROM t2 where a1=? and b>-?"),
        ("SELECT 'it''s', E'a\\'b', B'01', x'ff', N'n', 0xFF, 1_000, .5", "SELECT ?, ?, ?, ?, ?, ?, ?, ?"),
        ("SELECT $$ it's $$, $tag$ $$ $tag$, $1", "SELECT ?, ?, $1"),
        ("SELECT \"Name 1\" FROM \"t'1\"", "SELECT \"Name 1\" FROM \"t'1\""),
        ("SELECT a -- secret\n  FROM /* secret /* nested */ secret */ t", "SELECT a FROM t"),
        (
            "SELECT a::int, b::text FROM t WHERE c = :name AND d = @p1 AND e = ?2",
            "SELECT a::int, b::text FROM t WHERE c = :name AND d = @p1 AND e = ?2",
        ),
        ("SELECT 'never ends", "SELECT ?"),
        ("SELECT /* never ends", "SELECT"),
        ("SELECT $$ never ends", "SELECT ?"),
        (
            "SELECT a FROM t WHERE b IN (1,2 , 3) AND c IN ($1, $2) AND d IN (SELECT 1)",
            "SELECT a FROM t WHERE b IN (?) AND c IN ($1) AND d IN (SELECT ?)",
        ),
        ("INSERT INTO t VALUES (1, 'a'), (2, 'b')", "INSERT INTO t VALUES (?, ?), (?, ?)"),
        ("  SELECT\n\t1  ", "SELECT ?"),
        ("SELECT 'é' AS größe, 7é", "SELECT ? AS größe, ?é"),
        ("", ""),
    ] {
        assert_eq!(clean(query), expected, "{query}");
    }
}

#[test]
fn each_system_has_its_own_quotes() {
    let query = r#"SELECT "a'b", 'c"d', `e` FROM t # f"#;
    assert_eq!(sanitized(query, Dialect::of("mysql")), "SELECT ?, ?, `e` FROM t");
    let query = "SELECT [a'b] FROM [t 1] WHERE c = 'd'";
    assert_eq!(sanitized(query, Dialect::of("microsoft.sql_server")), "SELECT [a'b] FROM [t 1] WHERE c = ?");
    // A backslash is one of the text's own characters.
    assert_eq!(sanitized(r"SELECT '\', 'x'", Dialect::of("oracle.db")), "SELECT ?, ?");
}

#[test]
fn a_text_is_cut_between_its_pieces() {
    let long = format!("SELECT {}", "column, ".repeat(2_000));
    let cut = clean(&long);
    assert!(cut.len() <= MAX_TEXT && cut.len() > MAX_TEXT - 10 && long.starts_with(&cut), "{}", cut.len());
    assert_eq!(clean(&format!("SELECT '{}'", "x".repeat(1 << 20))), "SELECT ?");
}

#[test]
fn a_statement_is_summed_up() {
    for (query, expected, is_joined) in [
        ("SELECT * FROM orders WHERE id = 1", "SELECT orders", false),
        ("select o.id from shop.orders o join items i on true", "SELECT shop.orders", true),
        ("SELECT (SELECT 1) FROM \"My Orders\" AS o", "SELECT My Orders", false),
        ("SELECT 1", "SELECT", false),
        ("SELECT * FROM (SELECT 1) x", "SELECT", false),
        ("insert into \"shop\".\"orders\" (id) values (7)", "INSERT shop.orders", false),
        ("INSERT INTO a SELECT * FROM b", "INSERT a", true),
        ("UPDATE ONLY orders SET x = 1", "UPDATE orders", false),
        ("DELETE FROM orders", "DELETE orders", false),
        (
            "WITH x AS (SELECT 1 FROM y), z (a) AS (SELECT 2) DELETE FROM orders USING x",
            "DELETE orders",
            true,
        ),
        ("-- from the shop\nCREATE TABLE IF NOT EXISTS orders (id int)", "CREATE orders", false),
        ("DROP TABLE IF EXISTS orders", "DROP orders", false),
        ("TRUNCATE TABLE orders", "TRUNCATE orders", false),
        ("CALL refresh(1)", "CALL refresh", false),
        ("BEGIN", "BEGIN", false),
        ("(SELECT 1 FROM a) UNION (SELECT 2 FROM b)", "QUERY", false),
        ("nonsense", "QUERY", false),
        ("", "QUERY", false),
    ] {
        let found = summary(query, Dialect::STANDARD);
        assert_eq!((found.to_string().as_str(), found.is_joined), (expected, is_joined), "{query}");
    }
    let long = format!("SELECT * FROM {}", "t".repeat(MAX_NAME + 1));
    assert_eq!(summary(&long, Dialect::STANDARD).to_string(), "SELECT");
}
