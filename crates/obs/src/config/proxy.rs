//! Through which proxy another machine is asked.

use std::fmt;

use super::redacted::url;

/// Through which proxy another machine is asked. Prints without credentials.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// Through none.
    None,
    /// Through the one that the environment names for it, if it does: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, and
    /// `NO_PROXY` for where none is.
    #[default]
    Environment,
    /// Through this one: `http://user:password@host:port`.
    Url(String),
}

impl ProxyChoice {
    pub(super) fn from_text(text: &str) -> Self {
        match text {
            "none" => Self::None,
            "env" => Self::Environment,
            url => Self::Url(url.to_owned()),
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::None => "none",
            Self::Environment => "env",
            Self::Url(url) => url,
        }
    }
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&url(self.text()))
    }
}

/// What the environment says of proxies, as it stands there: of the URL of each scheme also which variable has it.
#[derive(Clone, Default)]
#[cfg_attr(
    not(any(feature = "traces", feature = "logs-ship")),
    expect(dead_code, reason = "asked for by whoever sends to another machine")
)]
pub(crate) struct ProxyVariables {
    pub(crate) http: Option<(&'static str, String)>,
    pub(crate) https: Option<(&'static str, String)>,
    pub(crate) no: Option<String>,
}
