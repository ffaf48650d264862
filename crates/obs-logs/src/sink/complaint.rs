//! Tells on standard error that lines cannot be written, without becoming a flood itself.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use obs_core::Clock;
use obs_core::time::Monotonic;

/// How long it is silent after it has spoken.
const PAUSE: Duration = Duration::from_secs(60);

/// Speaks at the first fault and then at most once a minute; of losses and of what is no loss yet by turns of their
/// own, so that neither hides the other.
#[derive(Debug)]
pub(crate) struct Complaint {
    clock: Clock,
    spoken: Option<Monotonic>,
    /// Records lost and not told of yet.
    untold: u64,
    /// When it spoke of what is no loss.
    troubled: Option<Monotonic>,
}

impl Complaint {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, spoken: None, untold: 0, troubled: None }
    }

    /// Notes a loss; speaks to standard error if it is time.
    pub(crate) fn lost(&mut self, output: &str, lost: u64, error: &dyn Display) {
        if let Some(text) = self.text(output, lost, error) {
            // Where even that fails there is nobody left to tell; the books have it.
            let _ = io::stderr().write_all(text.as_bytes());
        }
    }

    /// Tells standard error, if it is time, of something that is amiss although nothing is lost.
    pub(crate) fn trouble(&mut self, output: &str, trouble: &str) {
        if let Some(text) = self.trouble_text(output, trouble) {
            let _ = io::stderr().write_all(text.as_bytes());
        }
    }

    fn trouble_text(&mut self, output: &str, trouble: &str) -> Option<String> {
        let now = self.clock.monotonic();
        if self.troubled.is_some_and(|troubled| now.since(troubled) < PAUSE) {
            return None;
        }
        self.troubled = Some(now);
        Some(format!("obs: log output {}: {}\n", output.escape_debug(), trouble.escape_debug()))
    }

    fn text(&mut self, output: &str, lost: u64, error: &dyn Display) -> Option<String> {
        self.untold += lost;
        let now = self.clock.monotonic();
        if self.spoken.is_some_and(|spoken| now.since(spoken) < PAUSE) {
            return None;
        }
        self.spoken = Some(now);
        let lost = std::mem::take(&mut self.untold);
        Some(format!("obs: log output {}: {lost} lines lost: {error}\n", output.escape_debug()))
    }
}

#[cfg(test)]
mod tests {
    use obs_core::Timestamp;

    use super::*;

    #[test]
    fn it_speaks_at_once_and_then_once_a_minute_of_all_that_was_lost() {
        let clock = Clock::manual(Timestamp::from_unix_nanos(0));
        let mut complaint = Complaint::new(clock.clone());
        let mut say = |lost| complaint.text("a\n.log", lost, &"disk full");
        assert_eq!(say(3).unwrap(), "obs: log output a\\n.log: 3 lines lost: disk full\n");
        assert_eq!(say(5), None);
        clock.advance(PAUSE - Duration::from_nanos(1));
        assert_eq!(say(7), None);
        clock.advance(Duration::from_nanos(1));
        assert_eq!(say(1).unwrap(), "obs: log output a\\n.log: 13 lines lost: disk full\n");
    }

    #[test]
    fn what_is_no_loss_is_told_once_a_minute_too_and_hides_no_loss() {
        let clock = Clock::manual(Timestamp::from_unix_nanos(0));
        let mut complaint = Complaint::new(clock.clone());
        assert_eq!(complaint.trouble_text("a", "b\n").unwrap(), "obs: log output a: b\\n\n");
        assert_eq!(complaint.trouble_text("a", "c"), None);
        assert!(complaint.text("a", 1, &"disk full").is_some());
        clock.advance(PAUSE);
        assert!(complaint.trouble_text("a", "d").is_some());
    }
}
