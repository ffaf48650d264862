//! Texts as services write them, before and after; then any text at all.

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(redact(text), expected);
    assert_eq!(redact(expected), expected, "what is redacted stays as it is");
}

/// Stays as it is.
#[track_caller]
fn plain(text: &str) {
    assert_eq!(redact(text), text);
}

/// A token that a key server signed, with all three parts: RFC 7519, section 3.1.
const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog\
                     Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[test]
fn credentials_behind_a_scheme_are_found_in_any_case() {
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        check(&format!("sent {scheme} abcd1234XY to db"), &format!("sent {scheme} [redacted] to db"));
    }
    // Of RFC 7617, section 2.
    check("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "basic [redacted]");
    check("(Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==)", "(Basic [redacted])");
    for text in [
        "bearer authentication failed",
        "Bearer Authentication failed",
        "Basic Authentication",
        "the basic information123 is here",
        "cyberbearer abcd1234XY",
        "forbearer: none",
    ] {
        plain(text);
    }
}

#[test]
fn json_web_tokens_are_found_by_their_parts() {
    check(&format!("jwt {TOKEN}, ok"), "jwt [redacted], ok");
    check(TOKEN, "[redacted]");
    check(&format!("/cb/{TOKEN}/x"), "/cb/[redacted]/x");
    for text in ["eyJ", "an eyJ.eyJ.eyJ is short", "heyJude.is.a.song", "eyJhbGciOiJIUzI1NiJ9 is a header"] {
        plain(text);
    }
}

#[test]
fn numbers_of_cards_are_found_in_groups_and_alone() {
    // Numbers that the networks give out for tests.
    for card in [
        "4111111111111111",
        "5555555555554444",
        "378282246310005",
        "6011000990139424",
        "30569309025904",
        "2223003122003222",
        "4222222222222",
    ] {
        check(card, "[redacted]");
        check(&format!("paid by {card}."), "paid by [redacted].");
        check(&format!("(card:{card},x)"), "(card:[redacted],x)");
    }
    check("4111 1111 1111 1111 12/27", "[redacted] 12/27");
    check("no 17: 4111-1111-1111-1111-ok", "no 17: [redacted]-ok");
    check("on 10 4111 1111 1111 1111 20", "on 10 [redacted] 20");
    check("3782 822463 10005", "[redacted]");
    for text in [
        "4111111111111112",
        "order 1234567812345678",
        "1764457353123 ms, 1764457353123456789 ns",
        "41111111111111110000000000",
        "a4111111111111111",
        "4111111111111111f",
        "0.4111111111111111",
        "4111111111111111.5",
        "4111  1111  1111  1111",
        "550e8400-e29b-41d4-a716-446655440000",
        "12345678-4111-1111-8111-111111111111",
        "0000000000000000",
        "2026-11-29 10-30-45-123",
    ] {
        plain(text);
    }
}

#[test]
fn credentials_in_urls_are_found_and_the_rest_of_the_url_stays() {
    check("postgres://shop:hunter2@db:5432/shop", "postgres://[redacted]@db:5432/shop");
    check("(redis://:hunter2@cache:6379/0) is down", "(redis://[redacted]@cache:6379/0) is down");
    check("https://ghp_abc@api.example/v1 said 401", "https://[redacted]@api.example/v1 said 401");
    check("a http://u:p@h and\n\tb http://v:q@i", "a http://[redacted]@h and\n\tb http://[redacted]@i");
    check("url=\"amqp://u:p@h\"", "url=\"amqp://[redacted]@h\"");
    check("https://token:abc@host/path?page=2", "https://[redacted]@host/path?page=2");
    for password in ["p@ss", "p/ss", "p#ss?", "p:ss", "p'ss", "p,ss", "päss🦀", "@"] {
        check(&format!("mysql://u:{password}@h:1/d failed"), "mysql://[redacted]@h:1/d failed");
    }
    for text in [
        "http://host/path?page=2",
        "http://host:8080/path?mail=a@b.example",
        "http://[::1]:8080/@x",
        "ssh://git@host/x",
        "http://token:8080/x",
        "a://b://c",
        "://:@",
    ] {
        plain(text);
    }
}

#[test]
fn values_of_secret_keys_are_found_and_what_follows_stays() {
    check("host=db password=hunter2 user=shop", "host=db password=[redacted] user=shop");
    check("password = hunter2", "password = [redacted]");
    check("sslpassword='hunter 2 \\' 3' x", "sslpassword='[redacted]' x");
    check("password=p@ss:w@rd x", "password=[redacted] x");
    check("password=a,b;c&d)e x", "password=[redacted] x");
    check("password=a,user=b", "password=[redacted],user=b");
    check("{\"user\":\"shop\",\"password\":\"hunter2\"}", "{\"user\":\"shop\",\"password\":\"[redacted]\"}");
    check("{\"pin\":1234,\"a\":1}", "{\"pin\":[redacted],\"a\":1}");
    check("Config { api_key: \"a\\\"b\\\\\", port: 1 }", "Config { api_key: \"[redacted]\", port: 1 }");
    check(
        "\"{\\\"token\\\":\\\"abc\\\",\\\"a\\\":1}\"",
        "\"{\\\"token\\\":\\\"[redacted]\\\",\\\"a\\\":1}\"",
    );
    check(
        "Login { user: \"ada\", password: Some(\"a b\") }",
        "Login { user: \"ada\", password: [redacted] }",
    );
    check("L { password: P { a: \"x}\", b: [1, 2] }, c: 3 }", "L { password: [redacted], c: 3 }");
    check("L { secret: [\"x\", \"y\"], c: 3 }", "L { secret: [redacted], c: 3 }");
    check("{password: \"never closed", "{password: \"[redacted]");
    check("{:password=>\"x\"}", "{:password=>\"[redacted]\"}");
    check("accessToken=abc", "accessToken=[redacted]");
    check("password=password=abc", "password=[redacted]");
    check("user[password]=abc&a=1", "user[password]=[redacted]&a=1");
    check("password:hunter2", "password:[redacted]");
    check("password: swordfish", "password: [redacted]");
    check("a: 1\npassword: x1\nb: 2", "a: 1\npassword: [redacted]\nb: 2");
    for text in [
        "password=",
        "password: None, token: null",
        "tokens=7, author=me, eyJ",
        "token_count=5",
        "secret::store is empty",
        "unexpected token: end of file",
        "unexpected token: `}` at 3",
        "invalid token: expired",
        "password authentication failed for user \"shop\"",
    ] {
        plain(text);
    }
}

#[test]
fn headers_and_signed_queries_are_found() {
    check("Authorization: Basic c2hvcDpodW50ZXIy\nHost: db", "Authorization: Basic [redacted]\nHost: db");
    check("sent Authorization: Bearer x to db", "sent Authorization: Bearer [redacted] to db");
    check("authorization: abc1, x: y", "authorization: [redacted], x: y");
    check(
        "authorization: Digest username=\"a\", nonce=\"b\"\nx: y",
        "authorization: Digest [redacted]\nx: y",
    );
    check("cookie: a=b; c=d\r\nx: y", "cookie: [redacted]\r\nx: y");
    check("{\"cookie\": \"a=b; c=d\", \"x\": \"y\"}", "{\"cookie\": \"[redacted]\", \"x\": \"y\"}");
    check("x-api-key: abc1", "x-api-key: [redacted]");
    check("token: Bearer abc def", "token: Bearer [redacted] def");
    for key in [
        "sig",
        "signature",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "X-Goog-Signature",
        "token",
        "access_token",
        "api_key",
        "password",
        "code",
        "key",
    ] {
        check(&format!("/o?a=1&{key}=0a1b%2F&se=2026 x"), &format!("/o?a=1&{key}=[redacted]&se=2026 x"));
        check(&format!("https://h/o?{key}=0a1b#top"), &format!("https://h/o?{key}=[redacted]"));
    }
    plain("ended with code=7, key=orders, /o?page=2&se=2026");
}

#[test]
fn ordinary_texts_stay() {
    for text in [
        "",
        " ",
        "user=42",
        "a@b.example",
        "ask ops@example.org (or @ops)",
        "550e8400-e29b-41d4-a716-446655440000",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "0af7651916cd43dd8448eb211c80319c",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "2026-11-29T10:30:00.123456Z",
        "at 12:30:01, [::1]:5432",
        "GET /users/42/orders?page=2&sort=name HTTP/1.1",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "Order { id: 7, items: [Item { name: \"book\", key: 3 }], total: 12.5 }",
        "tcp connect error: [::1]:5432: timed out after 1s\n\tat 12:30:01",
        "日本語: ошибка = é",
        "obs_core::redact::token: it is here",
    ] {
        plain(text);
    }
}

#[test]
fn a_text_that_is_escaped_already_is_found_as_it_was_before() {
    let rules = Rules::new();
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    for text in [
        "Config { api_key: \"a\\\"b\\\\\", port: 1 }",
        "\"{\\\"token\\\":\\\"a\\\\\\\"b\\\",\\\"a\\\":1}\"",
        "a: 1\npassword: x1\\y\nb: 2",
        "Authorization: Basic c2hvcDpodW50ZXIy\nHost: db",
        "password='a\\'b' c",
        "L { password: P { a: \"x}\\\"\", b: [1, 2] }, c: 3 }",
        "cookie: a=\\b\nx: y",
        "http://u:p\\@h\nx",
    ] {
        let line = escaped(text);
        let (mut out, mut done) = (String::new(), 0);
        for secret in rules.find_in(line.as_bytes(), Escapes::Json) {
            out.push_str(&line[done..secret.start]);
            out.push_str(REDACTED);
            done = secret.end;
        }
        out.push_str(&line[done..]);
        assert_eq!(out, escaped(&redact(text)), "{text}");
        assert!(out.contains(REDACTED), "{text}");
    }
}

const UNITS: [&str; 40] = [
    "a",
    "B",
    "7",
    " ",
    "\n",
    "\"",
    "\\",
    "'",
    ":",
    "=",
    "@",
    "/",
    "//",
    "?",
    "&",
    ",",
    ";",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "-",
    ".",
    "é",
    "🦀",
    "eyJ",
    "password",
    "token",
    "Bearer ",
    "Basic ",
    "http://",
    "4111",
    "1111",
    "\\n",
    "\\\"",
    "cookie",
    "[redacted]",
    "Some(",
];

#[test]
fn any_text_is_read_without_a_panic_and_what_is_found_stands_in_order_between_characters() {
    // A generator of numbers, so that each run reads the same texts: Numerical Recipes' constants.
    let mut state = 1_u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let (mut found, mut texts) = (0, 0);
    for _ in 0..20_000 {
        let text: String = (0..next(24)).map(|_| UNITS[next(UNITS.len())]).collect();
        for escapes in [Escapes::None, Escapes::Json] {
            let mut done = 0;
            let is_suspicious = is_suspicious(text.as_bytes());
            for secret in Rules::STANDARD.find_in(text.as_bytes(), escapes) {
                assert!(secret.start >= done && secret.end > secret.start, "{text:?} {secret:?}");
                assert!(text.get(secret.clone()).is_some() && is_suspicious, "{text:?} {secret:?}");
                done = secret.end;
                found += 1;
            }
        }
        let mut bytes = text.into_bytes();
        if !bytes.is_empty() {
            let at = next(bytes.len());
            bytes[at] = next(256) as u8;
        }
        texts += Rules::STANDARD.find_in(&bytes, Escapes::Json).count();
    }
    assert!(found > 1_000 && texts > 500, "{found} {texts}");
}

#[test]
fn what_is_not_suspicious_holds_no_secret() {
    // Every text of the tests above with a secret in it, moved to every place of a block.
    for secret in [
        "Bearer abcd1234XY",
        "basic QWxhZGRpbjpvcGVu",
        TOKEN,
        "4111111111111111",
        "4111 1111-1111 1111",
        "u://a:b@c",
        "pin=1234",
    ] {
        for before in 0..40 {
            for after in 0..20 {
                let text = format!("{}{secret}{}", "~".repeat(before), "~".repeat(after));
                assert!(is_suspicious(text.as_bytes()), "{text}");
            }
        }
    }
    for text in
        ["GET", "/users/42/orders", "/users/{id}/orders", "eu-west-1", "request handled", "acme", "short Jo"]
    {
        assert!(!is_suspicious(text.as_bytes()), "{text}");
    }
}

#[test]
fn texts_made_to_take_long_take_time_in_proportion_to_their_length() {
    let words = [
        "a://",
        "eyJ",
        "cookie: a ",
        "token: a {",
        ",",
        "password=a,",
        "((",
        "token: '\\'",
        "\\\"",
        "11-",
        "bearer ",
        "=",
        ":",
        "1",
        "a=",
        "password: \"",
        "eyJ.",
    ];
    for first in words {
        for second in words {
            let text = format!(
                "password=x{}",
                [first, second].concat().repeat(16 * 1024 / (first.len() + second.len()))
            );
            // Quadratic, this would not end within hours for all pairs.
            assert!(find(&text).count() > 0, "{first} {second}");
        }
    }
}

#[test]
fn in_front_of_the_mark_of_a_cut_the_beginning_of_a_secret_is_one() {
    for (text, left) in [
        ("at https://ada:hunter2\u{2026}", "at https://[redacted]\u{2026}"),
        ("at https://ada:hun/ter2\u{2026}", "at https://[redacted]\u{2026}"),
        ("at https://ghp_0123456789\u{2026}", "at https://[redacted]\u{2026}"),
        ("at amqp://ada:1234\u{2026}", "at amqp://[redacted]\u{2026}"),
        ("at amqp://db.example\u{2026}", "at amqp://db.example\u{2026}"),
        ("at https://db:8080/a/b\u{2026}", "at https://db:8080/a/b\u{2026}"),
        ("at https://ada:pw@db/shop\u{2026}", "at https://[redacted]@db/shop\u{2026}"),
        ("at https://[::1]:80/a\u{2026}", "at https://[::1]:80/a\u{2026}"),
        ("at https://db:hunter2", "at https://db:hunter2"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ\u{2026}", "[redacted]\u{2026}"),
        ("eyJhbGciOiJIUzI1NiJ9.\u{2026}", "eyJhbGciOiJIUzI1NiJ9.\u{2026}"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ"),
        ("sent Bearer b3BlbiB\u{2026}", "sent Bearer [redacted]\u{2026}"),
        ("paid by 4111 1111 1111\u{2026}", "paid by [redacted]\u{2026}"),
        ("paid by 4111 1111\u{2026}", "paid by 4111 1111\u{2026}"),
        ("password=hunt\u{2026}", "password=[redacted]"),
    ] {
        assert_eq!(redact(text), left);
    }
}
