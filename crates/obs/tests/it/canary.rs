//! Fresh secrets go in at every place that text comes in, and are looked for in everything that goes out.
//!
//! Beside each secret stands a word that is none, which must be found everywhere: nothing passes by writing nothing.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use obs::logs::{Colours, Format, Logs, Memory, Output};
use obs::traces::{Tracer, sink};

use crate::collector::{Answer, Collector};
use crate::config::file::Yaml;
use crate::process::alone_and_heard;
use crate::service::{Service, exchange, request, until};

/// So many characters of a secret in a row are a leak.
const LEAK: usize = 8;

/// The secrets of one run, and the word beside them.
#[derive(Clone, Debug)]
struct Canaries {
    token: String,
    json_web_token: String,
    card: String,
    password: String,
    basic: String,
    word: String,
}

fn random(bytes: usize) -> Vec<u8> {
    let words = std::iter::repeat_with(|| RandomState::new().build_hasher().finish());
    words.flat_map(u64::to_le_bytes).take(bytes).collect()
}

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for piece in bytes.chunks(3) {
        let word =
            piece.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - piece.len()));
        for place in 0..=piece.len() {
            text.push(char::from(SIGNS[(word >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

/// A number whose digits add up as those of a card do, doubling every second one from the right.
fn card() -> String {
    let mut digits: Vec<u32> = random(14).iter().map(|byte| u32::from(byte % 10)).collect();
    digits.insert(0, 4);
    let weigh =
        |(at, digit): (usize, &u32)| if at % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { *digit };
    let sum: u32 = digits.iter().rev().enumerate().map(weigh).sum();
    digits.push((10 - sum % 10) % 10);
    digits.iter().map(u32::to_string).collect()
}

const FORMATS: [Format; 5] =
    [Format::Json, Format::Logfmt, Format::Pretty(Colours::Off), Format::Ecs, Format::Otlp];

impl Canaries {
    fn new() -> Self {
        // A digit and a capital, which chance alone would not grant each time.
        let password = format!("{}A7", base64url(&random(12)));
        Self {
            token: format!("{}A7", base64url(&random(24))),
            json_web_token: format!(
                "{}.{}.{}",
                base64url(br#"{"alg":"HS256","typ":"JWT"}"#),
                base64url(&random(30)),
                base64url(&random(32))
            ),
            card: card(),
            basic: base64url(format!("ada:{password}").as_bytes()),
            password,
            word: format!("w{:016x}", u64::from_le_bytes(random(8).try_into().unwrap())),
        }
    }

    /// Texts with a secret and the word in each.
    fn texts(&self) -> Vec<String> {
        let Self { token, json_web_token, card, password, basic, word } = self;
        let grouped = format!("{} {}-{} {}", &card[..4], &card[4..8], &card[8..12], &card[12..]);
        vec![
            format!("{word} Bearer {token}"),
            format!("{word} bAsIc {basic} {word}"),
            format!("jwt={json_web_token} {word}"),
            format!("{json_web_token} {word}"),
            format!("paid by {card}, {word}"),
            format!("paid by {grouped}; {word}"),
            format!("postgres://ada:{password}@db:5432/{word}"),
            format!("/{word}?X-Amz-Signature={token}&page=2"),
            format!("/cb?code={token}&state=1#{word}"),
            format!("{{\"user\":\"{word}\",\"password\":\"{password}\"}}"),
            format!("{{\"password\" : \"{password}\\\"{password}\", \"user\":\"{word}\"}}"),
            format!("host=db password={password} user={word}"),
            format!("Authorization: Bearer {token}\nx-user: {word}"),
            format!("{word}\ncookie: session={token}; other={token}"),
        ]
    }

    /// A part of a secret that is in there, and of which.
    fn leak(&self, output: &str) -> Option<(String, &str)> {
        for secret in [&self.token, &self.json_web_token, &self.card, &self.password, &self.basic] {
            for at in 0..=secret.len() - LEAK {
                // The header of a token is the same for all.
                let part = &secret[at..at + LEAK];
                let is_header = secret == &self.json_web_token && at < 36;
                if !is_header && output.contains(part) {
                    return Some((part.to_owned(), secret));
                }
            }
        }
        let grouped = format!("{}-", &self.card[4..8]);
        output.contains(&grouped).then_some((grouped, &self.card))
    }

    #[track_caller]
    fn check(&self, place: &str, output: &str) {
        assert!(output.contains(&self.word), "{place} says nothing: {output}");
        if let Some((part, secret)) = self.leak(output) {
            panic!("{place} shows {part} of {secret}: {output}");
        }
    }

    /// As a process of its own is told of them; none has a comma in it.
    fn told(&self) -> String {
        let Self { token, json_web_token, card, password, basic, word } = self;
        [token, json_web_token, card, password, basic, word].map(String::as_str).join(",")
    }

    fn of(told: &str) -> Self {
        let parts: Vec<_> = told.split(',').map(str::to_owned).collect();
        let [token, json_web_token, card, password, basic, word] = parts.try_into().unwrap();
        Self { token, json_web_token, card, password, basic, word }
    }
}

#[test]
fn what_is_looked_for_is_found_where_it_is() {
    let canaries = Canaries::new();
    for text in canaries.texts() {
        assert!(canaries.leak(&text).is_some(), "{text}");
        // As it stands within a line of data.
        let line = serde_json::json!({ "message": text }).to_string();
        assert!(canaries.leak(&line).is_some(), "{line}");
    }
    let Canaries { token, card, password, basic, json_web_token, .. } = &canaries;
    for secret in [token, card, password, basic, json_web_token] {
        assert!(canaries.leak(secret).is_some());
        // A piece from its end, as what was cut short leaves it.
        assert!(canaries.leak(&format!("x{}x", &secret[secret.len() - LEAK..])).is_some());
    }
    assert_eq!(canaries.leak(&format!("{} and nothing beside", canaries.word)), None);
}

/// As a service has it: nobody thought of what `Debug` shows.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "printed")]
struct Login {
    user: String,
    password: String,
    api_key: Option<String>,
    secrets: Vec<Inner>,
    card: obs::Sensitive<String>,
}

#[derive(Clone, Debug)]
#[expect(dead_code, reason = "printed")]
struct Inner {
    token: (u8, String),
    note: String,
}

impl Login {
    fn of(canaries: &Canaries) -> Self {
        let Canaries { token, password, word, .. } = canaries.clone();
        Self {
            user: word.clone(),
            password: format!("{password}\"{password}\\"),
            api_key: Some(token.clone()),
            secrets: vec![Inner { token: (1, token), note: word }],
            card: obs::Sensitive::new(canaries.card.clone()),
        }
    }
}

#[derive(Debug)]
struct Failed(String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // In pieces of one character, as a `Display` may print.
        self.0.chars().try_for_each(|char| write!(f, "{char}"))
    }
}

impl std::error::Error for Failed {}

/// Events and spans of every kind.
fn tell(canaries: &Canaries) {
    let word = canaries.word.as_str();
    for text in canaries.texts() {
        let error = Failed(text.clone());
        let error: &dyn std::error::Error = &error;
        let span = tracing::info_span!("work", attribute = text, shown = %Failed(text.clone()), late = tracing::field::Empty, word);
        let _entered = span.enter();
        span.record("late", &*text);
        tracing::info!(field = text, "{word}");
        tracing::info!(field = ?text, "{text}");
        tracing::info!(field = %Failed(text.clone()), error, "{}", Failed(text.clone()));
        tracing::info!(message = text);
        tracing::error!(err = ?Failed(text.clone()), "{word}");
    }
    let login = Login::of(canaries);
    tracing::info!(?login, "{login:?}");
    tracing::info!(login = format!("{login:#?}"), password = canaries.password, "{word}");
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {}", canaries.token).parse().unwrap());
    headers.insert("cookie", format!("a={}", canaries.token).parse().unwrap());
    headers.insert("x-word", word.parse().unwrap());
    tracing::info!(?headers, "{headers:?}");
}

#[test]
fn no_format_of_a_line_shows_a_secret_and_no_span_does() {
    let canaries = Canaries::new();
    let base = obs_core::Base::new(obs::Resource::new("canaries"));
    let memories = FORMATS.map(|_| Memory::new());
    let formats = FORMATS;
    let spans = sink::Memory::new();
    let tracer = Tracer::builder(base.clone()).sink(spans.clone()).build();
    for all in [false, true] {
        let mut logs = Vec::new();
        if all {
            let mut builder = Logs::builder(base.clone());
            for (at, (memory, format)) in memories.iter().zip(formats).enumerate() {
                builder = builder.output(Output::memory(memory).named(format!("canary{at}")).format(format));
            }
            logs.push(builder.build().unwrap());
        } else {
            for (memory, format) in memories.iter().zip(formats) {
                logs.push(
                    Logs::builder(base.clone())
                        .output(Output::memory(memory).format(format))
                        .build()
                        .unwrap(),
                );
            }
        }
        for (logs, _guard) in &logs {
            let fused = obs::Fused::new().logs(logs).traces(&tracer, "info".parse().unwrap());
            tracing::subscriber::with_default(fused, || tell(&canaries));
        }
    }
    let count = canaries.texts().len();
    for (memory, format) in memories.iter().zip(formats) {
        let lines = memory.lines();
        assert_eq!(lines.len(), 2 * (count * 5 + 3), "{format:?}");
        lines.iter().for_each(|line| canaries.check(&format!("{format:?}"), line));
    }
    let spans = spans.spans();
    assert_eq!(spans.len(), (1 + formats.len()) * count);
    spans.iter().for_each(|span| canaries.check("a span", &format!("{span:?}")));
}

/// Outputs in every format, and one that renames and bounds.
fn outputs(mut builder: obs::logs::Builder, memories: &[Memory]) -> obs::logs::Builder {
    for (at, (memory, format)) in memories.iter().zip(FORMATS).enumerate() {
        builder = builder.output(Output::memory(memory).named(format!("held{at}")).format(format));
    }
    let last = &memories[FORMATS.len()];
    builder
        .output(Output::memory(last).rename("field", "other").rename("message", "msg").max_field_bytes(4_000))
}

#[test]
fn no_line_that_was_held_back_or_left_out_shows_a_secret() {
    use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
    use obs_core::observe::{End, Method, Request, conclude};

    let canaries = Canaries::new();
    let base = obs_core::Base::new(obs::Resource::new("canaries"));
    let memories: Vec<_> = (0..=FORMATS.len()).map(|_| Memory::new()).collect();
    let builder = Logs::builder(base.clone())
        .filter("warn".parse().unwrap())
        .sampling(obs::logs::Sampling::new().first(1).thereafter(0))
        .recorder(obs::logs::FlightRecorder::new().process_bytes(1 << 30).request_bytes(1 << 24));
    let (logs, mut guard) = outputs(builder, &memories).build().unwrap();
    let access = obs::logs::AccessLog::new(logs.clone());
    let run = || {
        let fused = obs::Fused::new().logs(&logs);
        tracing::subscriber::with_default(fused, || tell(&canaries));
    };
    // Held, as nothing below WARN is written, and then dumped.
    let ids =
        Ids { trace_id: base.ids.trace_id(), span_id: base.ids.span_id(), flags: TraceFlags::default() };
    let request = Context::root(ids, Local::server(base.ids.request_id(), None));
    {
        let _poll = enter_poll(&request);
        run();
    }
    let end = End::new(obs::Outcome::Panicked, Duration::from_millis(1));
    conclude(&access, &request, &Request::new(Method::Get, &canaries.word), &end);
    // Left out, the second time, and told of.
    logs.set_filter("info".parse().unwrap());
    run();
    run();
    guard.shutdown(Duration::from_secs(10));
    let count = canaries.texts().len();
    for (at, memory) in memories.iter().enumerate() {
        let lines = memory.lines();
        let of = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
        assert!(of("recorded") >= 4 * count + 3, "{at}: {}", of("recorded"));
        assert!(of("lines like this") > count, "{at}: {}", of("lines like this"));
        lines.iter().for_each(|line| canaries.check(&format!("output {at}"), line));
    }
}

/// What a handler of a service does with what came.
async fn handle(canaries: Canaries, headers: HeaderMap) -> StatusCode {
    obs::Context::local(&obs_core::context::current().unwrap())
        .set_field("whole", obs_core::fields::Value::Str(&canaries.texts()[0]));
    tell(&canaries);
    tracing::warn!(?headers, word = canaries.word, "came");
    StatusCode::OK
}

fn panics(canaries: &Canaries) -> StatusCode {
    panic!("{} {}", canaries.texts().join(" "), canaries.word)
}

/// Every place that lines go to, in every form.
const LIVE: &str = "
service: { namespace: WORD, attributes: { api_key: 'TOKEN' } }
admin: { token: 'TOKEN' }
traces: { endpoint: 'COLLECTOR', probe: false }
logs:
  outputs:
    json: { type: file, path: FOLDER/json.log }
    logfmt: { type: file, path: FOLDER/logfmt.log, format: logfmt }
    pretty: { type: file, path: FOLDER/pretty.log, format: pretty }
    ecs: { type: file, path: FOLDER/ecs.log, format: ecs }
    otlp: { type: file, path: FOLDER/otlp.log, format: otlp }
    out: { type: stdout }
    err: { type: stderr, format: logfmt }
";
/// How many requests come to it and end well.
const WELL: usize = 4;

#[test]
fn nothing_a_live_service_writes_or_shows_has_a_secret_in_it() {
    let name = "nothing_a_live_service_writes_or_shows_has_a_secret_in_it";
    let canaries = Canaries::new();
    let told = canaries.told();
    let (out, err) = alone_and_heard(module_path!(), name, &told, |told| live(&Canaries::of(told)));
    for (place, text) in [("standard output", out), ("standard error", err)] {
        assert_eq!(text.matches("obs::panic").count(), 1, "{place}: {text}");
        assert_eq!(text.matches("obs::access").count(), WELL + 1, "{place}: {text}");
        canaries.check(place, &text);
    }
}

fn live(canaries: &Canaries) {
    let Canaries { token, password, card, word, .. } = canaries.clone();
    let collector = Collector::start(Answer::Ok);
    let file = Yaml::new("canaries", "");
    let folder = file.beside("");
    let text = LIVE.replace("WORD", &word).replace("TOKEN", &token).replace("COLLECTOR", &collector.url());
    file.write(text.replace("FOLDER/", folder.to_str().unwrap()));
    let obs = file.builder().install().unwrap();
    let (handled, panicked) = (canaries.clone(), canaries.clone());
    let router = Router::new()
        .route("/{*path}", get(async move |headers: HeaderMap| handle(handled.clone(), headers).await))
        .route("/panic", get(async move || panics(&panicked)));
    let service = Service::start(router.layer(obs.layer()));
    let checks = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    for (index, text) in canaries.texts().into_iter().enumerate() {
        let text = text.replace('\n', " ");
        let error = format!("{word} {text}");
        let check = move || std::future::ready(Err::<(), _>(error.clone()));
        obs.health().check(format!("check{index}"), check).unwrap();
    }
    obs.health().run_on(checks.handle());
    let headers = format!(
        "user-agent: {word} Bearer {token}\r\nreferer: http://ada:{password}@h/{word}?sig={token}\r\n\
         authorization: Bearer {token}\r\ncookie: session={token}\r\nx-word: {word}\r\n"
    );
    let paths: [_; WELL] = [
        format!("/{word}?token={token}"),
        format!("/{word}/{card}"),
        format!("/{word}/u://a:{password}@h"),
        format!("/{word}/password={password}"),
    ];
    for path in paths {
        let response = exchange(service.addr, &request("GET", &path, &headers)).unwrap();
        assert_eq!(response.status, 200, "{path}");
    }
    assert!(exchange(service.addr, &request("GET", "/panic", &headers)).is_none());
    let admin = obs.admin_addr().unwrap();
    let probe = |path: &str| exchange(admin, &request("GET", path, "")).unwrap().body;
    let all = canaries.texts().len();
    until("all checks have failed", || probe("/readyz?verbose").matches(&*word).count() >= all);
    until("the spans have come", || {
        obs.flush(Duration::from_secs(10));
        collector.spans().iter().filter(|span| span.kind == 2).count() == WELL + 1
    });
    canaries.check("a probe", &probe("/readyz?verbose"));
    canaries.check("the configuration", &obs.config().redacted());
    let ask = |method: &str, path: &str| {
        let answer = exchange(admin, &request(method, path, &format!("authorization: Bearer {token}\r\n")));
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        canaries.check(&format!("{method} {path}"), &answer.body);
    };
    ask("GET", "/config");
    let target = format!("/loglevel?target=shop::{word}");
    ask("PUT", &format!("{target}&level=debug&for=1h"));
    ask("GET", "/loglevel");
    assert_eq!(exchange(admin, &request("GET", "/loglevel", "")).unwrap().status, 401, "without the token");
    canaries.check("its Debug", &format!("{:?}", obs.config()));
    // No name of it is a label.
    let metrics = probe("/metrics");
    canaries.check("the scrape", &format!("{metrics} {word}"));
    assert!(metrics.contains("http_requests_total"), "{metrics}");
    drop(obs);
    let mut counts = Vec::new();
    for format in ["json", "logfmt", "pretty", "ecs", "otlp"] {
        let text = std::fs::read_to_string(folder.join(format!("{format}.log"))).unwrap();
        let of = |target: &str| text.lines().filter(|line| line.contains(target)).count();
        assert_eq!((of("obs::panic"), of("obs::access")), (1, WELL + 1), "{format}");
        assert_eq!(of("obs::logs"), 1, "{format}: that a level was changed");
        for line in text.lines() {
            canaries.check(&format!("a line of {format}"), line);
        }
        counts.push(text.lines().count());
    }
    assert!(counts[0] >= WELL * (all * 5 + 4), "{counts:?}");
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    for span in collector.spans() {
        canaries.check("a span", &format!("{span:?}"));
    }
    for body in collector.bodies() {
        canaries.check("a request of spans", &String::from_utf8_lossy(&body));
    }
}
