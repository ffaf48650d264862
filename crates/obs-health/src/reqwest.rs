//! A check by `GET`, made by reqwest.

use std::fmt;

use reqwest::{Client, IntoUrl, StatusCode, Url};

use crate::check::Check;
use crate::error::CheckError;

/// How much of a body is read for what it has to contain.
const READ: usize = 64 * 1024;

/// Passes where a `GET` is answered with the status that is expected, any of 200 to 299 by default.
///
/// ```
/// # async fn check(health: obs_health::Health) -> Result<(), Box<dyn std::error::Error>> {
/// use obs_health::reqwest::Get;
///
/// let client = reqwest::Client::new();
/// health.check("payments", Get::new(client, "http://payments:8080/status")?.contains("\"up\""))?;
/// # Ok(())
/// # }
/// ```
///
/// How redirects, TLS and proxies are treated is the client's. How long it may take is [`Settings::timeout`], body included.
/// A body is read where the check has to look into it, and of it 64 KiB.
///
/// Ask for what the other says of itself and no more: a readiness of others that asks yours in turn is a circle, in which
/// none gets ready again.
///
/// [`Settings::timeout`]: crate::Settings::timeout
#[derive(Clone)]
pub struct Get {
    client: Client,
    url: Url,
    status: Option<u16>,
    contains: Option<String>,
}

impl Get {
    /// Asks `url` by `client`.
    ///
    /// # Errors
    /// A text that is no URL.
    pub fn new(client: Client, url: impl IntoUrl) -> Result<Self, reqwest::Error> {
        Ok(Self { client, url: url.into_url()?, status: None, contains: None })
    }

    /// The one status that is good. Default: any of 200 to 299.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// What the first 64 KiB of the body have to contain. Default: nothing, and the body is not read.
    #[must_use]
    pub fn contains(mut self, text: impl Into<String>) -> Self {
        self.contains = Some(text.into());
        self
    }

    fn is_good(&self, status: StatusCode) -> bool {
        self.status.map_or_else(|| status.is_success(), |good| status.as_u16() == good)
    }
}

impl Check for Get {
    async fn check(&self) -> Result<(), CheckError> {
        // The text of the URL is told as it is safe to, below.
        let failed = |error: reqwest::Error| {
            CheckError::new(format_args!(
                "GET {}: {}",
                Place(&self.url),
                CheckError::of(&error.without_url())
            ))
        };
        let mut answer = self.client.get(self.url.clone()).send().await.map_err(failed)?;
        if !self.is_good(answer.status()) {
            return Err(CheckError::new(format_args!("GET {}: {}", Place(&self.url), answer.status())));
        }
        let Some(text) = &self.contains else { return Ok(()) };
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            let room = READ - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == READ {
                break;
            }
        }
        // What it says instead is not told: it may be anything.
        match has(&body, text.as_bytes()) {
            true => Ok(()),
            false => Err(CheckError::new(format_args!(
                "GET {}: the first {} bytes of the body lack what is looked for",
                Place(&self.url),
                body.len()
            ))),
        }
    }
}

fn has(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

/// Where it is, without user, password, query and fragment.
struct Place<'a>(&'a Url);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        if let Some(port) = self.0.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.0.path())
    }
}

impl fmt::Debug for Get {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Place(&self.url).to_string();
        f.debug_struct("Get").field("url", &place).field("status", &self.status).finish_non_exhaustive()
    }
}
