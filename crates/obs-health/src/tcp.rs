//! A check of whether somebody listens.

use tokio::net::TcpStream;

use crate::check::Check;
use crate::error::CheckError;

/// Passes where a connection over TCP is taken: for what has no protocol that could be asked. It is closed again at once, and
/// nothing is said on it.
///
/// ```
/// # async fn check(health: obs_health::Health) -> Result<(), Box<dyn std::error::Error>> {
/// health.check("smtp", obs_health::Tcp::new("mail:25"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tcp(String);

impl Tcp {
    /// Connects to `host:port`, whose name is looked up each time.
    pub fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }
}

impl Check for Tcp {
    async fn check(&self) -> Result<(), CheckError> {
        match TcpStream::connect(self.0.as_str()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(CheckError::new(format_args!("{}: {}", self.0, CheckError::of(&error)))),
        }
    }
}
