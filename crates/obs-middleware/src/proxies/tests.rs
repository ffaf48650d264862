//! Headers as proxies write them, and as those write them who would rather be somebody else.

use http::HeaderValue;

use super::*;

const PROXY: &str = "10.0.0.9:41000";

fn client(address: ClientAddress, header: ProxyHeader) -> Client {
    let proxies = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
    Client { address, header, proxies: proxies.into() }
}

fn found(header: ProxyHeader, peer: &str, lines: &[&str]) -> Option<String> {
    let name = if header == ProxyHeader::Forwarded { FORWARDED } else { X_FORWARDED_FOR };
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(&name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
    }
    let found = client(ClientAddress::Full, header).of(Some(peer.parse().unwrap()), &headers)?;
    Some(if found.port() == 0 { found.ip().to_string() } else { found.to_string() })
}

fn x(peer: &str, lines: &[&str]) -> Option<String> {
    found(ProxyHeader::XForwardedFor, peer, lines)
}

fn forwarded(line: &str) -> Option<String> {
    found(ProxyHeader::Forwarded, PROXY, &[line])
}

#[test]
fn whoever_is_no_proxy_of_ours_is_the_client_whatever_it_says() {
    assert_eq!(x("203.0.113.7:5000", &["198.51.100.1"]).as_deref(), Some("203.0.113.7:5000"));
    assert_eq!(x("203.0.113.7:5000", &["10.0.0.1, garbage"]).as_deref(), Some("203.0.113.7:5000"));
}

#[test]
fn the_rightmost_address_that_is_no_proxy_is_the_client() {
    for (lines, expected) in [
        (&["203.0.113.7"][..], "203.0.113.7"),
        (&["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (&["198.51.100.1, 203.0.113.7, 10.1.1.1"], "203.0.113.7"),
        (&["198.51.100.1, 203.0.113.7", "10.1.1.1"], "203.0.113.7"),
        (&["not an address, 203.0.113.7"], "203.0.113.7"),
        (&["10.0.0.1, 203.0.113.7 , ,"], "203.0.113.7"),
        (&["2001:db8::1, fd00::2"], "2001:db8::1"),
        (&["203.0.113.7:1234"], "203.0.113.7:1234"),
        (&["[2001:db8::1]:80"], "[2001:db8::1]:80"),
        (&["[2001:db8::1]"], "2001:db8::1"),
        (&["::ffff:203.0.113.7"], "203.0.113.7"),
    ] {
        assert_eq!(x(PROXY, lines).as_deref(), Some(expected), "{lines:?}");
    }
}

#[test]
fn where_all_are_proxies_of_ours_the_furthest_of_them_asked() {
    assert_eq!(x(PROXY, &["10.1.1.1, 10.2.2.2"]).as_deref(), Some("10.1.1.1"));
    assert_eq!(x(PROXY, &[]).as_deref(), Some(PROXY));
    assert_eq!(x(PROXY, &["", " , "]).as_deref(), Some(PROXY));
}

#[test]
fn what_cannot_be_read_names_nobody() {
    for bad in
        ["unknown", "203.0.113.7, _hidden", "203.0.113.7.1", "1.2.3.4:99999", "\"203.0.113.7", "example.com"]
    {
        assert_eq!(x(PROXY, &[bad]), None, "{bad}");
    }
    let (long, many) = ("1".repeat(100_000), vec!["10.0.0.1"; HOPS + 1].join(","));
    assert_eq!(x(PROXY, &[&long]), None);
    assert_eq!(x(PROXY, &[&many]), None);
    let mut headers = HeaderMap::new();
    headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(b"203.0.113.7\xff").unwrap());
    let client = client(ClientAddress::Full, ProxyHeader::XForwardedFor);
    assert_eq!(client.of(Some(PROXY.parse().unwrap()), &headers), None);
}

/// The examples of RFC 7239, sections 4, 6 and 7.
#[test]
fn forwarded_is_read_as_its_standard_has_it() {
    for (line, expected) in [
        ("for=192.0.2.60;proto=http;by=203.0.113.43", Some("192.0.2.60")),
        ("For=\"[2001:db8:cafe::17]:4711\"", Some("[2001:db8:cafe::17]:4711")),
        ("for=192.0.2.43, for=198.51.100.17", Some("198.51.100.17")),
        ("for=192.0.2.43,for=\"[2001:db8:cafe::17]\",for=10.0.0.1", Some("2001:db8:cafe::17")),
        ("for=\"192.0.2.43:47011\"", Some("192.0.2.43:47011")),
        ("for=unknown", None),
        ("for=_mdn", None),
        ("for=\"_gazonk\"", None),
        ("proto=http;by=203.0.113.43", None),
        ("for=192.0.2.43;for=192.0.2.44", None),
    ] {
        assert_eq!(forwarded(line).as_deref(), expected, "{line}");
    }
}

#[test]
fn quotes_hide_no_second_address() {
    // What a client sends stays one element, whatever is in it, and the proxy's own comes last.
    assert_eq!(
        forwarded("for=\"198.51.100.1, for=10.0.0.1\", for=203.0.113.7").as_deref(),
        Some("203.0.113.7")
    );
    for bad in ["for=\"203.0.113.7", "for=203.0.113.7\"", "for=\"203.0.113.7\\\"\"", "for", "="] {
        assert_eq!(forwarded(bad), None, "{bad}");
    }
}

#[test]
fn the_header_that_is_not_chosen_is_not_read() {
    let mut headers = HeaderMap::new();
    headers.append(X_FORWARDED_FOR, HeaderValue::from_static("203.0.113.7"));
    headers.append(FORWARDED, HeaderValue::from_static("for=198.51.100.1"));
    let peer = Some(PROXY.parse().unwrap());
    for (header, expected) in
        [(ProxyHeader::XForwardedFor, "203.0.113.7"), (ProxyHeader::Forwarded, "198.51.100.1")]
    {
        let found = client(ClientAddress::Full, header).of(peer, &headers).unwrap();
        assert_eq!(found.ip().to_string(), expected);
    }
}

#[test]
fn as_much_is_told_as_was_chosen() {
    let headers =
        |text: &'static str| HeaderMap::from_iter([(X_FORWARDED_FOR, HeaderValue::from_static(text))]);
    let tell = |address, text| {
        let client = client(address, ProxyHeader::XForwardedFor);
        client.of(Some(PROXY.parse().unwrap()), &headers(text)).map(|client| client.to_string())
    };
    assert_eq!(tell(ClientAddress::Peer, "203.0.113.7").as_deref(), Some(PROXY));
    assert_eq!(tell(ClientAddress::Off, "203.0.113.7"), None);
    assert_eq!(tell(ClientAddress::Truncated, "203.0.113.7:80").as_deref(), Some("203.0.113.0:0"));
    assert_eq!(tell(ClientAddress::Truncated, "2001:db8:1:2:3:4:5:6").as_deref(), Some("[2001:db8:1::]:0"));
    let client = client(ClientAddress::Full, ProxyHeader::XForwardedFor);
    assert_eq!(client.of(None, &headers("203.0.113.7")), None, "nobody says over what it came");
}
