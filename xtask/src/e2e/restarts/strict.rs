//! Clients that keep their connections and forgive nothing: each request that was written in full has an answer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Result;
use crate::http::Connection;

/// How long a client thinks between its requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause(Duration);

impl Pause {
    /// Busy ones, and some whose connections are idle most of the time.
    pub(super) const ALL: [Self; 6] = [
        Self(Duration::ZERO),
        Self(Duration::ZERO),
        Self(Duration::from_millis(1)),
        Self(Duration::from_millis(7)),
        Self(Duration::from_millis(41)),
        Self(Duration::from_millis(190)),
    ];
}

/// What one client, or all of them, saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    written: usize,
    answered: usize,
    moved: usize,
    faults: Vec<String>,
}

/// Sends until it is over.
pub(super) fn send(service: SocketAddr, pause: Pause, over: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut kept = None;
    while !over.load(Ordering::Relaxed) {
        let used = kept.is_some();
        if let Err(fault) = one(service, &mut kept, &mut seen) {
            seen.faults.push(format!("{} connection: {fault}", if used { "kept" } else { "new" }));
        }
        std::thread::sleep(pause.0);
    }
    seen
}

fn one(service: SocketAddr, kept: &mut Option<Connection>, seen: &mut Seen) -> std::io::Result<()> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => Connection::open(service)?,
    };
    connection.write("GET", "/api/hello", &[])?;
    seen.written += 1;
    let answer = connection.read("GET")?;
    if answer.status != 200 {
        return Err(std::io::Error::other(format!("status {}", answer.status)));
    }
    seen.answered += 1;
    if answer.header("connection").eq_ignore_ascii_case("close") {
        seen.moved += 1;
    } else {
        *kept = Some(connection);
    }
    Ok(())
}

impl Seen {
    pub(super) fn sum(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self::default(), |mut sum, one| {
            sum.written += one.written;
            sum.answered += one.answered;
            sum.moved += one.moved;
            sum.faults.extend(one.faults);
            sum
        })
    }

    pub(super) fn judge(self) -> Result<String> {
        let Self { written, answered, moved, faults } = self;
        if !faults.is_empty() || written != answered {
            let shown = faults[..faults.len().min(5)].join("\n  ");
            return Err(format!(
                "{written} written, {answered} answered, {} faults:\n  {shown}",
                faults.len()
            ));
        }
        if answered == 0 || moved == 0 {
            return Err(format!("{answered} answered, {moved} of them with `Connection: close`"));
        }
        Ok(format!("{written} requests written, {answered} answered, {moved} times told to connect again"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(written: usize, answered: usize, faults: &[&str]) -> Seen {
        Seen { written, answered, moved: 1, faults: faults.iter().map(|fault| (*fault).to_owned()).collect() }
    }

    #[test]
    fn one_request_without_an_answer_is_a_fault() {
        assert!(Seen::sum([seen(2, 2, &[]), seen(3, 3, &[])]).judge().is_ok());
        assert!(Seen::sum([seen(2, 2, &[]), seen(3, 2, &[])]).judge().is_err());
        assert!(Seen::sum([seen(2, 2, &["new connection: reset"])]).judge().unwrap_err().contains("reset"));
        assert!(Seen::sum([]).judge().is_err(), "nothing sent is nothing seen");
    }
}
