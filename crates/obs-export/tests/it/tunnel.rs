//! TLS targets through a proxy: by tunnels that carry nothing else, and whose refusals are told.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use obs_export::http::{CallError, ClientSettings, Proxy, Tls, TunnelRefused};

use crate::proxy::ask;
use crate::stub::{Answer, Stub};
use crate::tls::{Clients, file, serve};

/// The head of a request, its first line first.
type Head = Vec<String>;

/// A proxy that keeps the head of all that is asked of it, and leads every tunnel to one address.
pub(crate) struct Through {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<Head>>>,
}

impl Through {
    /// To `target`, or with `refusal` for an answer.
    pub(crate) fn start(target: SocketAddr, refusal: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<Head>>>::default();
        let kept = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, kept) = (stream.unwrap(), Arc::clone(&kept));
                std::thread::spawn(move || lead(stream, target, refusal, &kept));
            }
        });
        Self { address, heads }
    }

    pub(crate) fn proxy(&self, credentials: &str) -> Proxy {
        Proxy::parse(&format!("http://{credentials}{}", self.address)).unwrap()
    }

    /// What was asked so far.
    pub(crate) fn heads(&self) -> Vec<Head> {
        self.heads.lock().unwrap().clone()
    }
}

fn lead(mut stream: TcpStream, target: SocketAddr, refusal: Option<&str>, kept: &Mutex<Vec<Head>>) {
    // One byte after the other would do as well: nothing behind the head may be lost.
    let mut reader = BufReader::with_capacity(1, stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        match line.strip_suffix("\r\n").expect("a line") {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    assert!(head[0].starts_with("CONNECT "), "{head:?}");
    let authority = head[0].split(' ').nth(1).unwrap();
    assert!(head.contains(&format!("host: {authority}")), "{head:?}");
    kept.lock().unwrap().push(head);
    if let Some(refusal) = refusal {
        let _ = stream.write_all(refusal.as_bytes());
        return;
    }
    let mut there = TcpStream::connect(target).unwrap();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
    let (mut back, mut from) = (there.try_clone().unwrap(), stream.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut back, &mut from));
    let _ = std::io::copy(&mut stream, &mut there);
    let _ = there.shutdown(std::net::Shutdown::Both);
}

/// All that an error says, and what is under it.
fn chain(error: &CallError) -> String {
    let mut chain = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        chain.push_str(&format!(": {error}"));
        source = error.source();
    }
    chain
}

#[test]
fn a_tls_target_is_reached_through_a_tunnel_that_carries_nothing_else() {
    let through = Through::start(serve(Clients::Anybody), None);
    let settings = ClientSettings::new().tls(Tls::new().ca_file(file("ca.pem")));
    let settings = settings.proxy(through.proxy("ada:hunter2@")).bearer("token").unwrap();
    // By an address of the certificate, which leads elsewhere but for the proxy.
    assert_eq!(ask("https://127.0.0.1", settings.clone()).unwrap(), b"over");
    let [head] = through.heads().try_into().unwrap();
    assert_eq!(head[0], "CONNECT 127.0.0.1:443 HTTP/1.1");
    assert!(head.contains(&"proxy-authorization: Basic YWRhOmh1bnRlcjI=".to_owned()), "{head:?}");
    assert!(!format!("{head:?}").contains("token"), "what is for the target is not shown to the proxy");
    // Who the target is has to be proved through a tunnel too.
    let error = ask("https://elsewhere.invalid", settings).unwrap_err();
    assert!(chain(&error).contains("NotValidForName"), "{error:?}");
}

#[test]
fn a_tunnel_that_is_refused_is_told_in_the_proxys_words_and_without_credentials() {
    let nowhere = "127.0.0.1:1".parse().unwrap();
    for (answer, told) in [
        ("HTTP/1.1 407 Who goes there\r\ncontent-length: 0\r\n\r\n", "407 Who goes there"),
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nconnection: close\r\n\r\n",
            "407 Proxy Authentication Required",
        ),
        ("HTTP/1.0 403 Not on the list\r\n\r\nhunter2", "403 Not on the list"),
        ("HTTP/1.1 502 \r\n\r\n", "502 "),
    ] {
        let through = Through::start(nowhere, Some(answer));
        let settings = ClientSettings::new().proxy(through.proxy("ada:hunter2@"));
        let error = ask("https://target.invalid", settings).unwrap_err();
        let chain = chain(&error);
        let expected = format!("proxy http://{} refuses the tunnel: {told}", through.address);
        assert!(chain.contains(&expected), "{chain}");
        assert!(!chain.contains("hunter2") && !chain.contains("YWRh"), "{chain}");
        assert_eq!(through.heads()[0][0], "CONNECT target.invalid:443 HTTP/1.1");
        let mut source = std::error::Error::source(&error);
        while source.is_some_and(|error| !error.is::<TunnelRefused>()) {
            source = source.and_then(std::error::Error::source);
        }
        assert!(source.is_some(), "{error:?}");
    }
}

#[test]
fn what_is_no_proxy_opens_no_tunnel() {
    let nowhere = "127.0.0.1:1".parse().unwrap();
    let babbling = "HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n";
    for (answer, told) in
        [("", "connection closed"), ("SSH-2.0-x\r\n", "invalid HTTP"), (babbling, "proxy speaks")]
    {
        let through = Through::start(nowhere, Some(answer));
        let error = ask("https://t.invalid", ClientSettings::new().proxy(through.proxy(""))).unwrap_err();
        assert!(chain(&error).contains(told), "{error:?}");
    }
}

#[test]
fn a_proxy_that_says_nothing_takes_no_longer_than_an_attempt_may() {
    let silent = Stub::start([Answer::Hang]);
    let proxy = Proxy::parse(&silent.address.to_string()).unwrap();
    let settings = ClientSettings::new().proxy(proxy).request_timeout(Duration::from_millis(50));
    let error = ask("https://t.invalid", settings).unwrap_err();
    assert!(chain(&error).contains("no answer in time"), "{error:?}");
    assert_eq!(silent.next().line, "CONNECT t.invalid:443 HTTP/1.1");
}
