//! The bank behind the payments, which is not always there.

use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

use crate::fate::{End, Fate};

/// How long a slow bank takes.
const SLOW: Duration = Duration::from_millis(300);

/// Charges the card, in a span of its own under the request's.
#[tracing::instrument(skip(fate))]
pub(crate) async fn charge(order: i64, amount_cents: u64, fate: Fate) -> Result<String, ChargeError> {
    // The card on file; whatever prints it, its number is in no line.
    let card = obs::Sensitive::new("4000 0012 3456 7899");
    // Below what is written: it is there for the payments that fail.
    tracing::debug!(?card, "asking the bank");
    if fate.slow {
        tracing::warn!("the bank takes its time");
        tokio::time::sleep(SLOW).await;
    }
    match fate.end {
        End::Paid => Ok(format!("pay-{order}")),
        End::BankUnreachable => {
            let refused =
                io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused by 192.0.2.7:443");
            Err(ChargeError(BankError(refused)))
        }
        End::Panic => panic!("the ledger is out of balance"),
    }
}

/// The card could not be charged. Each error tells of its own level only; a line shows the whole chain.
#[derive(Debug)]
pub(crate) struct ChargeError(BankError);

impl fmt::Display for ChargeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot charge the card")
    }
}

impl Error for ChargeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// The bank did not take the connection.
#[derive(Debug)]
struct BankError(io::Error);

impl fmt::Display for BankError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bank refused the connection")
    }
}

impl Error for BankError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
