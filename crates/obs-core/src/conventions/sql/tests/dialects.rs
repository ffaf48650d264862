//! What is data by each system's manual is not told, and what is not is.

use super::super::*;

/// Each statement with what is told of it, by these systems.
fn told(systems: &[&str], statements: &[(&str, &str)]) {
    for system in systems {
        for (query, expected) in statements {
            assert_eq!(sanitized(query, Dialect::of(system)), *expected, "{system}: {query}");
        }
    }
}

/// The values of `db.system.name` that have names in double quotes whatever is set, by their manuals.
const NAMES_IN_DOUBLE_QUOTES: &[&str] = &[
    "postgresql",
    "cockroachdb",
    "oracle.db",
    "trino",
    "clickhouse",
    "ibm.db2",
    "snowflake",
    "aws.redshift",
    "ibm.netezza",
    "h2database",
    "hsqldb",
    "derby",
    "sap.hana",
    "sap.maxdb",
    "teradata",
    "cassandra",
];

#[test]
fn double_quotes_hold_text_where_nobody_says_that_they_hold_names() {
    let query = "SELECT \"Name 1\" FROM t WHERE a = 'b'";
    told(NAMES_IN_DOUBLE_QUOTES, &[(query, "SELECT \"Name 1\" FROM t WHERE a = ?")]);
    // MySQL, "String Literals"; GoogleSQL, "String and bytes literals"; Databricks, "STRING type"; Hive, "LanguageManual
    // Types"; SQLite, "Double-quoted String Literals Are Accepted"; SQL Server, "SET QUOTED_IDENTIFIER"; Firebird, "SET SQL
    // DIALECT"; InterSystems, "Delimited Identifiers". The others may be anything.
    let systems = [
        "mysql",
        "mariadb",
        "gcp.bigquery",
        "gcp.spanner",
        "spark",
        "hive",
        "databricks",
        "sqlite",
        "microsoft.sql_server",
        "firebirdsql",
        "intersystems.cache",
        "other_sql",
        "ibm.informix",
        "",
        "nobody's",
    ];
    told(
        &systems,
        &[
            (
                "SELECT a FROM t WHERE b = \"x y\" AND c IN (\"d\", \"e\")",
                "SELECT a FROM t WHERE b = ? AND c IN (?)",
            ),
            ("SELECT a FROM t WHERE b = \"it's\" AND c = 'd'", "SELECT a FROM t WHERE b = ? AND c = ?"),
        ],
    );
    // SQLCipher, "PRAGMA key".
    told(
        &["sqlite"],
        &[("PRAGMA key = \"x'2DD29CA851E7B56E4697B0E1F08507293D761A05CE4D1B62'\"", "PRAGMA key = ?")],
    );
}

#[test]
fn what_stands_where_only_a_table_may_is_its_name_all_the_same() {
    for query in
        ["SELECT a FROM \"orders\"", "SELECT a FROM orders WHERE b = \"c\"", "SELECT a FROM [orders]"]
    {
        assert_eq!(summary(query, Dialect::of("sqlite")).to_string(), "SELECT orders", "{query}");
    }
    assert_eq!(summary("CALL \"x\"", Dialect::UNKNOWN).to_string(), "CALL");
    assert_eq!(summary("SELECT a FROM \"x\"", Dialect::of("mysql")).to_string(), "SELECT");
}

#[test]
fn a_backslash_is_what_each_system_says_it_is() {
    // By one reading two texts with a name between, by the other a text that has the name in it.
    let query = r"SELECT 'a\', b, 'c'";
    // A backslash is a character, as in the standard.
    told(&["trino", "oracle.db", "sqlite", "microsoft.sql_server"], &[(query, "SELECT ?, b, ?")]);
    // Snowflake, "Escape sequences in single-quoted string constants"; ClickHouse, "String";
    // GoogleSQL, "Escape sequences"; Databricks, "STRING type".
    let escaping = ["snowflake", "clickhouse", "gcp.bigquery", "databricks", "spark", "hive"];
    told(&escaping, &[(query, "SELECT ?c?"), (r"SELECT 'it\'s', b, '\\', c", "SELECT ?, b, ?, c")]);
    // Where it is one or the other, nothing behind it is told: PostgreSQL, "standard_conforming_strings"; MySQL, "Server SQL
    // Modes", `NO_BACKSLASH_ESCAPES`.
    told(
        &["postgresql", "aws.redshift", "mysql", "mariadb", "gcp.spanner", "other_sql", "nobody's"],
        &[
            (query, "SELECT ?"),
            (r"SELECT 'it\'s', b", "SELECT ?"),
            (r"SELECT '\\', 'a\b', c", "SELECT ?, ?, c"),
            (r"SELECT '\\\', 'a', c", "SELECT ?"),
            (
                r"SELECT a FROM t WHERE b LIKE 'c' ESCAPE '\' AND d = 'e'",
                "SELECT a FROM t WHERE b LIKE ? ESCAPE ?",
            ),
        ],
    );
    told(&["mysql"], &[(r#"SELECT "a\"b", c"#, "SELECT ?"), (r#"SELECT "a\\", c"#, "SELECT ?, c")]);
    // PostgreSQL, "String Constants with C-Style Escapes", which may go on in the next line; elsewhere it may be a column and the
    // name it is given.
    told(
        &["postgresql", "cockroachdb"],
        &[(r"SELECT E'it\'s', b", "SELECT ?, b"), ("SELECT E'a'\n'it\\'s', b, 'c'", "SELECT ? ?")],
    );
    told(&["microsoft.sql_server", "mysql"], &[(r"SELECT e'a\', 'b'", "SELECT ?")]);
    // ClickHouse and GoogleSQL escape in names as well.
    told(&["clickhouse", "gcp.bigquery"], &[(r"SELECT `a\`b`, 'c'", r"SELECT `a\`b`, ?")]);
    // A name that never ends may be anything.
    told(&["postgresql"], &[("SELECT \"a, 'b'", "SELECT ?")]);
}

#[test]
fn each_system_has_its_own_texts() {
    // Oracle Database, "Text Literals".
    told(
        &["oracle.db"],
        &[
            ("SELECT q'[it's secret]', a, nq'!it's!' FROM t", "SELECT ?, a, ? FROM t"),
            (
                "SELECT Q'{it's}', NQ'<it's>', q'(it's)', q'\"name like '['\"', a FROM t",
                "SELECT ?, ?, ?, ?, a FROM t",
            ),
            ("SELECT q'[never ends', a", "SELECT ?"),
        ],
    );
    told(&["nobody's"], &[("SELECT q'[it's secret]', a", "SELECT ?")]);
    // GoogleSQL, "String and bytes literals" and "Comments".
    told(
        &["gcp.bigquery"],
        &[
            (
                r#"SELECT '''it's''', """a "b" c""", r'it\'s', R"a", br'''it's''', a"#,
                "SELECT ?, ?, ?, ?, ?, a",
            ),
            ("SELECT '''it\\'''s''', '', a # it's\nFROM t", "SELECT ?, ?, a FROM t"),
        ],
    );
    told(
        &["gcp.spanner", "nobody's"],
        &[("SELECT a, '''it's secret''', b", "SELECT a, ?"), ("SELECT '', a", "SELECT ?, a")],
    );
    // Databricks, "STRING type": no escapes behind `r`.
    told(&["databricks", "spark"], &[(r#"SELECT r'a\', b, R"c\", d"#, "SELECT ?, b, ?, d")]);
    // Snowflake, "Dollar-quoted string constants"; H2, "Dollar Quoted String". In others it may be a name.
    told(&["snowflake", "h2database"], &[("SELECT $$it's $ secret$$, a", "SELECT ?, a")]);
    told(&["mysql", "nobody's"], &[("SELECT $a$, 'x $a$', 'secret'", "SELECT ?")]);
    // MySQL, "Schema Object Names"; PostgreSQL, "Identifiers and Key Words": a dollar goes on with a name.
    told(&["mysql", "postgresql"], &[("SELECT a$b$, 'x $b$', c", "SELECT a$b$, ?, c")]);
    // SQL Server, "Constants": money; "Database Identifiers".
    let query = "SELECT $542023.14, $12, @p1, [a]]'b], 'c'";
    told(&["microsoft.sql_server"], &[(query, "SELECT ?, ?, @p1, [a]]'b], ?")]);
    // PostgreSQL, "Bit String Functions and Operators" and "JSON Functions and Operators".
    told(&["postgresql"], &[("SELECT a # b, c #>> '{d}' FROM t", "SELECT a # b, c #>> ? FROM t")]);
}

#[test]
fn each_system_has_its_own_comments() {
    // MySQL, "Comments": the second dash is followed by white space; in `/*!` are parts of the statement, in which a text may
    // hold what ends a comment.
    told(
        &["mysql"],
        &[
            ("SELECT 5--'a\n b', c -- it's\n, d", "SELECT ?--?, c , d"),
            ("SELECT a # it's\nFROM t", "SELECT a FROM t"),
            ("SELECT a /*! , 'b */ secret' */ FROM t", "SELECT a ?"),
            ("SELECT /*!40001 c */ a", "SELECT a"),
        ],
    );
    // Cassandra, "Comments"; Snowflake, "Comments"; ClickHouse, "Comments".
    told(&["cassandra", "snowflake", "clickhouse"], &[("SELECT a // it's\nFROM t", "SELECT a FROM t")]);
    told(&["clickhouse"], &[("SELECT a #! it's\n, b # it's\nFROM t", "SELECT a , b FROM t")]);
    // Of what is not known, only what is the same either way.
    told(
        &["nobody's"],
        &[
            ("SELECT a # b\nFROM t", "SELECT a FROM t"),
            ("SELECT a # it's\nFROM t WHERE b = 'c'", "SELECT a ?"),
            ("SELECT a // it's\n, b", "SELECT a ?"),
            ("SELECT 5--'a\n secret'", "SELECT ??"),
            ("SELECT [it's], 'secret'", "SELECT ?"),
            ("SELECT a[1], b", "SELECT a[?], b"),
            ("SELECT a -- it's\n, b", "SELECT a , b"),
            ("SELECT a -- it's\r, 'b\n secret'", "SELECT a ?"),
            ("SELECT /* a /* b */ 'c */ secret'", "SELECT ?"),
        ],
    );
}

#[test]
fn a_number_behind_a_colon_is_a_place_only_where_a_value_is_due() {
    told(
        &["oracle.db", "postgresql", "nobody's"],
        &[
            (
                "SELECT a FROM t WHERE b = :1 AND c IN (:2,:3) LIMIT :999",
                "SELECT a FROM t WHERE b = :1 AND c IN (:2) LIMIT :999",
            ),
            ("SELECT JSON_OBJECT('card':4111111111111111)", "SELECT JSON_OBJECT(?:?)"),
            (
                "SELECT JSON_OBJECT('cvv':123, 'cvv' :123, 'cvv' : 123)",
                "SELECT JSON_OBJECT(?:?, ? :?, ? : ?)",
            ),
            ("SELECT {cvv:123, cvv :123}, a[b:12], a[:12]", "SELECT {cvv:?, cvv :?}, a[b:?], a[:?]"),
            ("SELECT :4111111111111111, =:41111, ?4111, :12.5", "SELECT :?, =:?, ??, :?"),
            ("SELECT @4111111111111111, @a, $1, $65535, $411111", "SELECT @?, @a, $1, $65535, $?"),
        ],
    );
    // DuckDB, "Struct Data Type".
    told(&["duckdb"], &[("SELECT {'card':4111111111111111}", "SELECT {?:?}")]);
}
