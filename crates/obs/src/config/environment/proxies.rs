//! Proxies by the variables that other programs read too, by upper case first and then by lower case.

use super::super::proxy::ProxyVariables;
use super::Reader;

/// They are taken as they are: whether one makes sense is asked where it would be used.
pub(super) fn proxies(read: &mut Reader<'_, '_>) {
    // A server that runs this for each request puts the request's headers into variables, `Proxy` as `HTTP_PROXY`: then
    // that is whatever a client says.
    let is_cgi = read.raw("REQUEST_METHOD").is_some();
    let http: &[_] = if is_cgi { &["http_proxy"] } else { &["HTTP_PROXY", "http_proxy"] };
    let all = ["ALL_PROXY", "all_proxy"];
    let proxies = ProxyVariables {
        http: first(read, http).or_else(|| first(read, &all)),
        https: first(read, &["HTTPS_PROXY", "https_proxy"]).or_else(|| first(read, &all)),
        no: first(read, &["NO_PROXY", "no_proxy"]).map(|(_, list)| list),
    };
    read.draft.config.proxies = proxies;
}

fn first(read: &Reader<'_, '_>, names: &[&'static str]) -> Option<(&'static str, String)> {
    // What is no text is told as what is no URL.
    names.iter().find_map(|name| Some((*name, read.raw(name)?.to_string_lossy().into_owned())))
}
