//! Which outputs have a key.

use super::LogPlace;

/// Which outputs have a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Of {
    All,
    Files,
    /// Files, and outputs to other machines.
    Kept,
    /// Outputs to other machines.
    Network,
    /// Those among them that are asked by HTTP.
    Http,
    /// All that are not written by ourselves.
    Sent,
    Loki,
    Elastic,
    Otlp,
    Syslog,
    Journald,
}

impl Of {
    /// As the page calls them.
    #[cfg_attr(not(feature = "config"), expect(dead_code, reason = "only the schema and the page ask"))]
    pub(in crate::config) fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Files => "files",
            Self::Kept => "files, network, `journald`",
            Self::Network => "network",
            Self::Http => "`loki`, `elasticsearch`, `otlp`",
            Self::Sent => "network, `journald`",
            Self::Loki => "`loki`",
            Self::Elastic => "`elasticsearch`",
            Self::Otlp => "`otlp`",
            Self::Syslog => "`syslog`",
            Self::Journald => "`journald`",
        }
    }

    /// Why a key comes to nothing for an output of another kind, where it does.
    #[cfg_attr(not(feature = "config"), expect(dead_code, reason = "only a file has such keys"))]
    pub(in crate::config) fn void(self, to: &LogPlace) -> Option<&'static str> {
        match self {
            Self::Files if !matches!(to, LogPlace::File(_)) => Some("`type` is not `file`"),
            Self::Kept if !to.is_far() && !matches!(to, LogPlace::File(_) | LogPlace::Journald) => {
                Some("lines are kept for a file or for whoever they are sent to")
            }
            Self::Network if !to.is_far() => {
                Some("`type` is no other machine: `loki`, `elasticsearch`, `otlp` or `syslog`")
            }
            Self::Http if !to.is_http() => Some("`type` is none of `loki`, `elasticsearch` and `otlp`"),
            Self::Sent if !to.is_far() && *to != LogPlace::Journald => {
                Some("`type` is none of `loki`, `elasticsearch`, `otlp`, `syslog` and `journald`")
            }
            Self::Loki if *to != LogPlace::Loki => Some("`type` is not `loki`"),
            Self::Elastic if *to != LogPlace::Elastic => Some("`type` is not `elasticsearch`"),
            Self::Otlp if *to != LogPlace::Otlp => Some("`type` is not `otlp`"),
            Self::Syslog if *to != LogPlace::Syslog => Some("`type` is not `syslog`"),
            Self::Journald if *to != LogPlace::Journald => Some("`type` is not `journald`"),
            _ => None,
        }
    }
}
