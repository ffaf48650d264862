//! Texts as drivers and clients write them, before and after.

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(redact(text), expected);
    assert_eq!(redact(expected), expected, "what is redacted stays as it is");
}

#[test]
fn a_url_loses_its_user_and_password_and_keeps_its_host() {
    check("postgres://shop:hunter2@db:5432/shop", "postgres://[redacted]@db:5432/shop");
    check("(redis://:hunter2@cache:6379/0) is down", "(redis://[redacted]@cache:6379/0) is down");
    check("https://ghp_abc@api.example/v1 said 401", "https://[redacted]@api.example/v1 said 401");
    check("a http://u:p@h and\n\tb http://v:q@i", "a http://[redacted]@h and\n\tb http://[redacted]@i");
    check("url=\"amqp://u:p@h\"", "url=\"amqp://[redacted]@h\"");
    check("https://token:abc@host/path", "https://[redacted]@host/path");
}

#[test]
fn passwords_that_no_url_may_have_are_found_whole() {
    for password in ["p@ss", "p/ss", "p#ss?", "p://ss", "p:ss", "p'ss\"", "p,ss", "@", "p@s:/@s", "päss🦀"]
    {
        check(&format!("mysql://u:{password}@h:1/d failed"), "mysql://[redacted]@h:1/d failed");
        check(&format!("u:{password}@h:1 failed"), "[redacted]@h:1 failed");
    }
}

#[test]
fn credentials_without_a_scheme_are_found_and_mail_is_left_alone() {
    check("shop:hunter2@tcp(db:3306)/shop: refused", "[redacted]@tcp(db:3306)/shop: refused");
    check("ask ops@example.org (or @ops)", "ask ops@example.org (or @ops)");
    check("a:b@http://c:d@h", "[redacted]@h");
}

#[test]
fn values_of_secret_keys_are_replaced() {
    check("host=db password=hunter2 user=shop", "host=db password=[redacted] user=shop");
    check("password = hunter2", "password = [redacted]");
    check("sslpassword='hunter 2 \\' 3' x", "sslpassword=[redacted] x");
    check("password=hunter\\ 2 x", "password=[redacted] x");
    check("password=p@ss:w@rd x", "password=[redacted] x");
    check("{\"user\":\"shop\",\"password\":\"hunter2\"}", "{\"user\":\"shop\",\"password\":[redacted]}");
    check("Config { api_key: \"a\\\"b\", port: 1 }", "Config { api_key: [redacted], port: 1 }");
    check("\"{\\\"token\\\":\\\"abc\\\",\\\"a\\\":1}\"", "\"{\\\"token\\\":[redacted],\\\"a\\\":1}\"");
    check("{password: \"never closed", "{password: [redacted]");
    check("{:password=>\"x\"}", "{:password=>[redacted]}");
    check("accessToken=abc", "accessToken=[redacted]");
    check("password=", "password=");
    check("password=password=abc", "password=[redacted]");
}

#[test]
fn headers_and_signed_queries_are_secrets() {
    check("Authorization: Basic c2hvcDpodW50ZXIy\nHost: db", "Authorization: [redacted]\nHost: db");
    check("cookie: a=b; c=d\r\nx: y", "cookie: [redacted]\r\nx: y");
    check("x-api-key: abc", "x-api-key: [redacted]");
    check("token: Bearer abc def", "token: [redacted] def");
    check("sent Bearer abcd1234 to db", "sent Bearer [redacted] to db");
    check("bearer authentication failed", "bearer authentication failed");
    check("jwt eyJhbGciOiJIUzI1NiJ9.e30.sig!", "jwt [redacted]");
    check("/o?X-Amz-Signature=0a1b x", "/o?X-Amz-Signature=[redacted] x");
    check("/o?sig=0a1b x", "/o?sig=[redacted] x");
}

#[test]
fn what_every_text_is_looked_for_is_found_too() {
    check("card 4111 1111 1111 1111 was refused", "card [redacted] was refused");
    check("/cb?code=7f3a&state=1 said 400", "/cb?code=[redacted]&state=1 said 400");
}

#[test]
fn plain_errors_are_left_alone() {
    for text in [
        "",
        " ",
        "connection refused (os error 111)",
        "password authentication failed for user \"shop\"",
        "tcp connect error: [::1]:5432: timed out after 1s\n\tat 12:30:01",
        "http://db:5432/shop?sslmode=require said 503",
        "tokens=7, author=me, eyJ",
        "日本語: ошибка = é",
    ] {
        check(text, text);
    }
}
