//! A hundred thousand random paths and methods: a scanner that would make series without limit elsewhere.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use obs_core::observe::Method;
use tower::{Service, ServiceExt};

use crate::collector::Collector;
use crate::process::alone;
use crate::scrape::Scrape;

const REQUESTS: usize = 100_000;
/// By then caches and queues have their size.
const WARM: usize = 40_000;
/// How much the process may grow after that: far below a hundred bytes for each request, were they kept.
const ROOM: usize = 4 * 1024 * 1024;

/// Bytes of this process in memory, where the system tells.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4_096
}

/// A small generator with a seed, so that a failure comes again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn text(&mut self, set: &[u8], most: u64) -> String {
        let len = 1 + self.next() % most;
        (0..len).map(|_| char::from(set[self.next() as usize % set.len()])).collect()
    }
}

fn request(random: &mut Random) -> axum::http::Request<Body> {
    const PATH: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%{}=$'\"/";
    const METHOD: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let name = random.text(PATH, 60);
    let path = if random.next().is_multiple_of(4) {
        format!("/orders/{}", name.replace('/', ""))
    } else {
        format!("/{name}")
    };
    let method = match random.next() % 4 {
        0 => random.text(METHOD, 20),
        1 => String::from(["GET", "PUT", "DELETE", "OPTIONS", "get", "Patch"][random.next() as usize % 6]),
        _ => String::from("GET"),
    };
    axum::http::Request::builder().method(method.as_str()).uri(path).body(Body::empty()).unwrap()
}

#[test]
fn random_paths_and_methods_make_no_series_and_take_no_memory() {
    alone(module_path!(), "random_paths_and_methods_make_no_series_and_take_no_memory", &[], || {
        // Lines go nowhere, and spans wait in a queue at its bound.
        let obs = obs::builder("shop").admin(obs::Admin::Off).log_file("/dev/null");
        let obs = obs.otlp_endpoint(Collector::absent()).install().unwrap();
        let router: Router = Router::new().route("/orders/{id}", get(async || "an order"));
        let mut service = router.layer(obs.layer());
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        let mut ids = vec![[u128::MAX; 2]; REQUESTS];
        let mut before = 0;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for (n, ids) in ids.iter_mut().enumerate() {
                if n == WARM {
                    before = resident();
                }
                let ready = ServiceExt::<axum::http::Request<Body>>::ready(&mut service).await;
                let response: Result<_, Infallible> = ready.unwrap().call(request(&mut random)).await;
                let response = response.unwrap();
                assert!([200, 404, 405].contains(&response.status().as_u16()), "{}", response.status());
                for (name, id) in ["x-trace-id", "x-request-id"].into_iter().zip(ids) {
                    *id = u128::from_str_radix(response.headers()[name].to_str().unwrap(), 16).unwrap();
                }
                axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            }
        });
        let grown = resident().saturating_sub(before);
        assert!(grown <= ROOM, "grew by {grown} bytes over the last {} requests", REQUESTS - WARM);

        let mut all = ids.into_flattened();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 * REQUESTS, "every id is fresh");

        let scrape = Scrape::of(obs.recorder());
        assert_eq!(scrape.sum("http_requests_total", &[]), REQUESTS as f64);
        for sample in scrape.samples.iter().filter(|sample| sample.name.starts_with("http_")) {
            for (label, value) in &sample.labels {
                let known = match label.as_str() {
                    "route" => ["/orders/{id}", "unmatched"].contains(&value.as_str()),
                    "method" => {
                        Method::parse(value).as_str() == value && value != "TRACE" || value == "_OTHER"
                    }
                    "status_code" => ["200", "404", "405"].contains(&value.as_str()),
                    "le" => true,
                    _ => false,
                };
                assert!(known, "{sample:?}");
            }
        }
        let series = scrape.sum("obs_metric_series", &[]);
        assert!(series < 100.0, "{series} series");
        assert_eq!(
            scrape.sum("obs_pipeline_produced_total", &[("pipeline", "traces_otlp")]),
            REQUESTS as f64
        );
        // The process ends here; nobody needs to wait for a collector that is not there.
        std::mem::forget(obs);
    });
}
