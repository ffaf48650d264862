//! One line per check, and the count at the end.

use crate::Result;

#[derive(Default)]
pub(super) struct Report {
    passed: usize,
    failed: usize,
}

impl Report {
    /// Takes one check's result: what it saw, or what was wrong.
    pub(super) fn check(&mut self, name: &str, result: Result<String>) {
        match &result {
            Ok(seen) if seen.is_empty() => println!("ok    {name}"),
            Ok(seen) => println!("ok    {name}: {seen}"),
            Err(error) => println!("FAIL  {name}: {error}"),
        }
        if result.is_ok() { self.passed += 1 } else { self.failed += 1 }
    }

    pub(super) fn all_passed(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }

    /// The last line.
    pub(super) fn closing_line(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_counted() {
        let mut report = Report::default();
        assert!(!report.all_passed(), "nothing checked is nothing passed");
        report.check("a", Ok("seen".to_owned()));
        assert!(report.all_passed());
        report.check("b", Err("wrong".to_owned()));
        assert!(!report.all_passed());
        assert_eq!(report.closing_line(), "1 passed, 1 failed");
    }
}
