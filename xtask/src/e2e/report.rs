//! One line per check, and the count at the end.

use crate::Result;

#[derive(Default)]
pub(super) struct Report {
    passed: usize,
    /// Each with what was wrong, said once more at the end: a log may be kept by its end alone.
    failures: Vec<String>,
}

impl Report {
    /// Takes one check's result: what it saw, or what was wrong.
    pub(super) fn check(&mut self, name: &str, result: Result<String>) {
        match result {
            Ok(seen) if seen.is_empty() => println!("ok    {name}"),
            Ok(seen) => println!("ok    {name}: {seen}"),
            Err(error) => {
                let failure = format!("FAIL  {name}: {error}");
                println!("{failure}");
                self.failures.push(failure);
                return;
            }
        }
        self.passed += 1;
    }

    pub(super) fn all_passed(&self) -> bool {
        self.failures.is_empty() && self.passed > 0
    }

    /// What failed, and the count as the last line.
    pub(super) fn closing_lines(&self) -> String {
        let failures = self.failures.iter().map(|failure| format!("{failure}\n"));
        format!("{}{} passed, {} failed", failures.collect::<String>(), self.passed, self.failures.len())
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
        assert_eq!(report.closing_lines(), "FAIL  b: wrong\n1 passed, 1 failed");
    }
}
