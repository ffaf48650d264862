//! What is served where: beyond this machine only numbers and probes, unless who asks is known and what is said is private.

use super::{Access, Endpoint};
use crate::config::{Admin, Config};

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exposed {
    /// Whatever there is.
    All,
    /// The same, where others reach it: nothing but the least to whoever does not say who they are.
    Known,
    /// What is for everybody.
    Open,
}

impl Exposed {
    pub(super) fn of(config: &Config) -> Self {
        let web = config.web.as_ref();
        let knows_who_asks = config.admin_token.is_some() || web.is_some_and(|web| web.identifies());
        let is_private = config.admin_insecure || web.is_some_and(|web| web.tls.is_some());
        match config.admin.is_public() {
            false => Self::All,
            true if knows_who_asks && is_private => Self::Known,
            true => Self::Open,
        }
    }

    pub(super) fn shows(self, endpoint: &Endpoint) -> bool {
        self != Self::Open || endpoint.access != Access::Guarded
    }

    /// Whether a probe says more than it has to, to whoever wants to know it.
    pub(super) fn shows_strangers_more(self) -> bool {
        self == Self::All
    }

    /// The paths of those that are not served.
    pub(super) fn hidden(self, endpoints: &[Endpoint]) -> Vec<&'static str> {
        endpoints.iter().filter(|endpoint| !self.shows(endpoint)).map(|endpoint| endpoint.path).collect()
    }
}

/// Why, and what to do about it.
pub(super) const WHY: &str = "not served at an address that other machines reach, unless `admin.web_config` has TLS and \
    there is an `admin.token`, users or certificates that clients must show; see docs/admin.md";

/// Says so, once.
#[cfg(feature = "logs")]
pub(super) fn tell(at: &Admin, paths: &[&str]) {
    let (addr, paths) = (at.to_string(), paths.join(", "));
    tracing::warn!(target: obs_core::keys::target::ADMIN, addr, paths, "{WHY}");
}

/// There are no lines.
#[cfg(not(feature = "logs"))]
pub(super) fn tell(_: &Admin, _: &[&str]) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Clients, WebConfig, WebTls};

    fn exposed(addr: &str, choose: impl FnOnce(&mut Config)) -> Exposed {
        let mut config = Config::new("orders");
        config.admin = Admin::At(addr.parse().unwrap());
        choose(&mut config);
        Exposed::of(&config)
    }

    fn tls(clients: Clients) -> Option<WebTls> {
        let (cert_file, key_file) = ("a".into(), "b".into());
        Some(WebTls { cert_file, key_file, clients, client_ca_file: None, versions: (true, true) })
    }

    #[test]
    fn beyond_this_machine_it_takes_both_credentials_and_privacy() {
        let token = |config: &mut Config| config.admin_token = Some(String::from("s"));
        let web = |clients, users: &[&str]| {
            let users = users.iter().map(|name| ((*name).to_owned(), String::new())).collect();
            Some(WebConfig { tls: tls(clients), users, ..WebConfig::default() })
        };
        for addr in ["0.0.0.0:9464", "10.0.0.7:9464", "[::]:9464", "[::ffff:10.0.0.7]:9464"] {
            assert_eq!(exposed(addr, |_| ()), Exposed::Open, "{addr}");
            assert_eq!(exposed(addr, token), Exposed::Open, "in the clear: {addr}");
            assert_eq!(exposed(addr, |config| config.admin_insecure = true), Exposed::Open, "{addr}");
            assert_eq!(
                exposed(addr, |config| config.web = web(Clients::MayShow, &[])),
                Exposed::Open,
                "{addr}"
            );
            assert_eq!(
                exposed(addr, |config| config.web = web(Clients::MustShow, &[])),
                Exposed::Known,
                "{addr}"
            );
            assert_eq!(
                exposed(addr, |config| config.web = web(Clients::Anybody, &["a"])),
                Exposed::Known,
                "{addr}"
            );
            let behind_a_mesh = |config: &mut Config| {
                token(config);
                config.admin_insecure = true;
            };
            assert_eq!(exposed(addr, behind_a_mesh), Exposed::Known, "{addr}");
        }
        for addr in ["127.0.0.1:9464", "[::1]:9464", "[::ffff:127.0.0.1]:9464", "127.0.0.5:0"] {
            assert_eq!(exposed(addr, |_| ()), Exposed::All, "{addr}");
        }
        assert_eq!(
            exposed("0.0.0.0:1", |config| config.admin = Admin::Unix("/run/a.sock".into())),
            Exposed::All
        );
    }
}
