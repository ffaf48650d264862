//! Which proxies a way out goes through, from what was chosen and what the environment says.

use obs_export::http::{Bypass, Endpoint, Proxies, Proxy};

use crate::config::{ProxyChoice, ProxyVariables};

/// For a way out to these places.
///
/// # Errors
/// What is wrong with the proxy that one of them would be asked through, in words that hold no secret.
pub(super) fn proxies(
    choice: &ProxyChoice,
    variables: &ProxyVariables,
    endpoints: &[Endpoint],
) -> Result<Proxies, String> {
    match choice {
        ProxyChoice::None => Ok(Proxies::none()),
        ProxyChoice::Url(url) => {
            Proxy::parse(url).map(Proxies::all).map_err(|error| format!("its `proxy`: {error}"))
        }
        ProxyChoice::Environment => {
            let bypass = Bypass::parse(variables.no.as_deref().unwrap_or_default());
            // What others set these for may be none of ours: a proxy that nothing goes through is not looked at.
            let is_used = |https| {
                let of_scheme = |endpoint: &&Endpoint| endpoint.is_https() == https;
                endpoints.iter().filter(of_scheme).any(|endpoint| !bypass.takes(endpoint))
            };
            let mut proxies = Proxies::none();
            if let Some(proxy) = parsed(variables.http.as_ref().filter(|_| is_used(false)))? {
                proxies = proxies.http(proxy);
            }
            if let Some(proxy) = parsed(variables.https.as_ref().filter(|_| is_used(true)))? {
                proxies = proxies.https(proxy);
            }
            Ok(proxies.bypass(bypass))
        }
    }
}

fn parsed(variable: Option<&(&'static str, String)>) -> Result<Option<Proxy>, String> {
    let Some((name, text)) = variable else { return Ok(None) };
    let proxy = Proxy::parse(text);
    proxy.map(Some).map_err(|error| {
        format!("its `proxy` is that of the environment, whose `{name}` cannot be used: {error}; with `proxy: none` it goes without")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<(&'static str, String)> {
        Some(("ALL_PROXY", text.to_owned()))
    }

    #[test]
    fn a_proxy_of_the_environment_is_a_mistake_only_where_it_would_be_used() {
        let socks = told("socks5://ada:hunter2@proxy:1080");
        let variables = ProxyVariables { http: socks.clone(), https: socks, no: Some("inside".to_owned()) };
        let of = |url: &str| {
            let endpoint = Endpoint::parse(url).unwrap();
            proxies(&ProxyChoice::Environment, &variables, &[endpoint])
        };
        for url in ["http://localhost:4318", "http://127.0.0.1:4318", "http://a.inside"] {
            assert!(of(url).is_ok(), "{url}");
        }
        let error = of("http://collector:4318").unwrap_err();
        assert_eq!(
            error,
            "its `proxy` is that of the environment, whose `ALL_PROXY` cannot be used: proxy has a scheme other than \
             http; with `proxy: none` it goes without"
        );
        let endpoint = [Endpoint::parse("http://collector").unwrap()];
        assert_eq!(proxies(&ProxyChoice::None, &variables, &endpoint), Ok(Proxies::none()));
    }

    #[test]
    fn a_proxy_by_url_is_for_all_and_one_of_the_environment_passes_by_what_it_names() {
        let endpoint = [Endpoint::parse("http://collector").unwrap()];
        let chosen = ProxyChoice::Url(String::from("proxy:3128"));
        let proxy = || Proxy::parse("http://proxy:3128").unwrap();
        let none = ProxyVariables::default();
        assert_eq!(proxies(&chosen, &none, &endpoint), Ok(Proxies::all(proxy())));
        let variables =
            ProxyVariables { http: told("proxy:3128"), https: told("?"), no: Some("x".to_owned()) };
        let expected = Proxies::none().http(proxy()).bypass(Bypass::parse("x"));
        assert_eq!(proxies(&ProxyChoice::Environment, &variables, &endpoint), Ok(expected));
        let wrong = ProxyChoice::Url(String::from("http://ada:hunter2@"));
        assert_eq!(proxies(&wrong, &none, &endpoint).unwrap_err(), "its `proxy`: proxy has no host");
    }
}
