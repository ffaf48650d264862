//! What a line becomes, over each way.

use obs_export::socket::SocketSettings;
use obs_logs::{Facility, Format, Output};
use proptest::prelude::*;
use serde_json::json;
use tracing::{debug, error, info, trace, warn};

use crate::receivers::{Manner, Receiver};
use crate::sending::{Sending, inside_a_request, line, numbers, syslog};

const ID: &str = "obs@32473";

#[test]
fn a_line_is_a_message_with_its_ids_as_structured_data() {
    let receiver = Receiver::tcp(|_| Manner::Reads);
    let output = Output::from(syslog(&receiver.url).facility(Facility::Local3)).format(Format::Logfmt);
    let sending = Sending::to(output);
    sending.say(|| {
        inside_a_request("ORD-2024-98765", || info!(target: "shop::cart", order = 42, "say \"hi\"\n] [x"));
        error!(target: "an_application_of_many_parts::payment::card", "outside");
    });
    let [first, second] = receiver.all(2).try_into().unwrap();
    assert_eq!((first.facility, first.severity), (19, 6));
    assert_eq!(first.timestamp, "2026-10-03T12:34:56.123456Z");
    assert_eq!(first.hostname.as_deref(), Some("h1.example.com"));
    assert_eq!(first.app_name.as_deref(), Some("orders"));
    assert_eq!(first.procid, Some(std::process::id().to_string()));
    assert_eq!(first.msgid.as_deref(), Some("shop::cart"));
    assert_eq!(first.data.keys().collect::<Vec<_>>(), [ID]);
    let params = [
        ("trace_id", "0af7651916cd43dd8448eb211c80319c"),
        ("span_id", "b7ad6b7169203331"),
        ("request_id", "ORD-2024-98765"),
    ];
    assert_eq!(first.data[ID], params.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(
        first.msg.as_deref(),
        Some(
            r#"timestamp=2026-10-03T12:34:56.123456Z level=INFO target=shop::cart message="say \"hi\"\n] [x" order=42 service=orders trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331 request_id=ORD-2024-98765"#
        )
    );
    assert_eq!((second.severity, second.msgid.as_deref()), (3, Some("payment::card")));
    assert!(second.data.is_empty());
    assert_eq!(sending.books(), (2, 2, vec![]));
}

#[test]
fn levels_are_severities_of_the_facility() {
    let receiver = Receiver::unix_datagram();
    let sending = Sending::to(syslog(&receiver.url));
    sending.say(|| {
        error!("a");
        warn!("a");
        info!("a");
        debug!("a");
        trace!("a");
    });
    let found: Vec<_> = receiver.all(5).iter().map(|message| (message.facility, message.severity)).collect();
    // Daemon; Error, Warning, Informational, Debug, Debug.
    assert_eq!(found, [(3, 3), (3, 4), (3, 6), (3, 7), (3, 7)]);
}

#[test]
fn lines_arrive_in_order_over_each_way() {
    for receiver in [
        Receiver::tcp(|_| Manner::Reads),
        Receiver::unix(|_| Manner::Reads),
        Receiver::udp(),
        Receiver::unix_datagram(),
    ] {
        let sending = Sending::to(syslog(&receiver.url));
        // In parts, so that no buffer of datagrams runs over.
        for part in 0..20_u64 {
            sending.say(|| (part * 50..(part + 1) * 50).for_each(|n| info!(n, "a line")));
            receiver.wait(part as usize * 50 + 50);
        }
        assert_eq!(numbers(&receiver.all(1_000)), (0..1_000).collect::<Vec<_>>(), "{}", receiver.url);
        assert_eq!(sending.books(), (1_000, 1_000, vec![]), "{}", receiver.url);
    }
}

#[test]
fn all_that_was_said_is_there_at_the_end() {
    let receiver = Receiver::tcp(|_| Manner::Reads);
    let mut sending = Sending::to(syslog(&receiver.url));
    sending.begin(|| (0..20_000_u64).for_each(|n| info!(n, "a line")));
    sending.end(crate::sending::LONG);
    assert_eq!(numbers(&receiver.all(20_000)), (0..20_000).collect::<Vec<_>>());
    assert_eq!(sending.books(), (20_000, 20_000, vec![]));
}

#[test]
fn a_name_of_any_kind_is_printable_and_not_too_long() {
    let receiver = Receiver::unix(|_| Manner::Reads);
    let name = format!("größer \n\0 [\"{}", "x".repeat(300));
    let sending = Sending::of(&name, syslog(&receiver.url).sd_id("shop@99999.1").unwrap());
    sending.say(|| inside_a_request("a", || info!("a")));
    let [message] = receiver.all(1).try_into().unwrap();
    assert_eq!(message.app_name, Some(format!("gr__er____[\"{}", "x".repeat(36))));
    assert_eq!(message.param("shop@99999.1", "request_id"), Some("a"));
    assert_eq!(line(&message)["service"], json!(name));
}

#[test]
fn a_datagram_has_no_more_than_its_limit_and_says_that_it_was_cut() {
    let receiver = Receiver::udp();
    let limits = [(SocketSettings::new(), 2_048), (SocketSettings::new().datagram_bytes(9_000), 9_000)];
    for (at, (settings, limit)) in limits.into_iter().enumerate() {
        let sending = Sending::to(syslog(&receiver.url).settings(settings));
        sending.say(|| info!(text = "é".repeat(10_000), "long"));
        let message = receiver.all(at + 1).pop().unwrap();
        let msg = message.msg.unwrap();
        assert!(msg.ends_with("é…") && msg.starts_with("{\"timestamp\""), "{msg}");
        // The rest of the message is its head.
        assert!((limit - 200..limit - 80).contains(&msg.len()), "{} of {limit}", msg.len());
        assert_eq!(sending.books(), (1, 1, vec![]));
    }
}

#[test]
fn what_no_datagram_of_unixs_takes_is_cut_to_what_it_takes() {
    let receiver = Receiver::unix_datagram();
    let sending = Sending::to(syslog(&receiver.url));
    sending.say(|| {
        info!(text = "x".repeat(250_000), "long");
        info!("short");
    });
    let [long, short] = receiver.all(2).try_into().unwrap();
    let long = long.msg.unwrap();
    assert!(long.ends_with("x…") && long.len() > 100_000, "{}", long.len());
    assert_eq!(line(&short)["message"], "short");
    assert_eq!(sending.books(), (2, 2, vec![]));
}

#[test]
fn a_stream_takes_the_longest_line_whole() {
    for receiver in [Receiver::tcp(|_| Manner::Reads), Receiver::unix(|_| Manner::Reads)] {
        let sending = Sending::to(syslog(&receiver.url));
        sending.say(|| (0..5).for_each(|n: u64| info!(n, text = "x".repeat(250_000), "long")));
        let messages = receiver.all(5);
        assert_eq!(numbers(&messages), [0, 1, 2, 3, 4]);
        assert!(messages.iter().all(|message| line(message)["text"].as_str().unwrap().len() == 250_000));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_said_is_one_message_and_comes_as_it_was(
        said in proptest::collection::vec((any::<String>(), "[A-Za-z0-9._~+/=@-]{1,128}"), 1..8),
    ) {
        let receiver = Receiver::unix(|_| Manner::Reads);
        let sending = Sending::to(syslog(&receiver.url));
        sending.say(|| {
            for (text, id) in &said {
                inside_a_request(id, || info!(%text, "{text}"));
            }
        });
        let messages = receiver.all(said.len());
        prop_assert_eq!(messages.len(), said.len());
        for (message, (text, id)) in messages.iter().zip(&said) {
            prop_assert_eq!(message.param(ID, "request_id"), Some(id.as_str()));
            // What is secret by its looks is taken out, and nothing else is.
            let told = line(message);
            if !told.to_string().contains("[redacted]") {
                prop_assert_eq!(&told["message"], &json!(text));
                prop_assert_eq!(&told["text"], &json!(text));
            }
        }
    }
}
