//! Whatever a statement is, data in it is never told.

use obs_trace::sql::{Dialect, MAX_TEXT, sanitized, summary};
use proptest::prelude::*;

proptest! {
    #[test]
    fn nothing_in_quotes_is_ever_told(before in "[a-z =,(]{0,10}", data in "[ -~é]{0,30}", after in "[a-z =,)]{0,10}") {
        // Marked, so that it can be told from the rest.
        let data = format!("SECRET{}", data.replace('\'', "''"));
        let told = sanitized(&format!("{before}'{data}'{after}"), Dialect::STANDARD);
        prop_assert!(!told.contains("SECRET"), "{told}");
    }

    #[test]
    fn whatever_comes_is_read_to_its_end(query in "[ -~éß\n'\"$`/*\\-]{0,60}") {
        for system in ["postgresql", "mysql", "microsoft.sql_server"] {
            let told = sanitized(&query, Dialect::of(system));
            prop_assert!(told.len() <= MAX_TEXT);
            let _ = summary(&query, Dialect::of(system));
        }
    }
}
