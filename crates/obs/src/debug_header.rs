//! Headers by which an operator has a request recorded.

use std::time::Duration;

use obs_core::Clock;
use obs_trace::signed::DebugKey;

use crate::Error;
use crate::builder::Builder;

impl Builder {
    /// The name and the value of a header by which a request to this service is recorded whatever else decides, for as long as
    /// `lasting` from now on: by `traces.debug_key` of the code, the file or the environment. Nothing is started.
    ///
    /// ```
    /// # fn main() -> Result<(), obs::Error> {
    /// use std::time::Duration;
    ///
    /// let builder = obs::builder("orders").no_config_file().debug_key("sixteen bytes or more");
    /// let (name, value) = builder.sign_debug_header(Duration::from_secs(600))?;
    /// assert_eq!((name.as_str(), value.len()), ("x-obs-debug", "1764510000.".len() + 64));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Builder::build`]; where there is no key; and for more than [`DebugKey::LONGEST`].
    pub fn sign_debug_header(self, lasting: Duration) -> Result<(String, String), Error> {
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| Error::Signal { name: "debug header", source };
        let traces = self.read()?.traces;
        let key = traces.debug_key.ok_or_else(|| failed("there is no `traces.debug_key`".into()))?;
        let key = DebugKey::new(key.as_bytes()).map_err(|error| failed(error.into()))?;
        let value = key.sign(Clock::system().now(), lasting).map_err(|error| failed(error.into()))?;
        Ok((traces.debug_header, value))
    }
}
