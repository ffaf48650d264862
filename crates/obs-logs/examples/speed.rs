//! How long a call takes and how much reaches a file.
use obs_core::{Base, Resource};
use obs_logs::*;
use std::time::{Duration, Instant};
use tracing_subscriber::layer::SubscriberExt;

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn line(n: u64) {
    tracing::info!(
        order = n,
        sku = "A-1042",
        quantity = 3u64,
        price = 12.5f64,
        currency = "EUR",
        paid = true,
        customer = 88123u64,
        city = "Chengdu",
        carrier = "SF",
        weight = 250u64,
        "order accepted"
    );
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let threads: u64 = a[1].parse().unwrap();
    let lines: u64 = a[2].parse().unwrap();
    let max: u64 = a[3].parse().unwrap();
    let mode = a[4].as_str();
    let dir = std::path::PathBuf::from(&a[5]);
    let _ = std::fs::remove_dir_all(&dir);
    let mut file = FileOutput::new(dir.join("o.log"))
        .make_directory()
        .max_bytes(max)
        .keep_files(if max > 0 { 4 } else { 0 });
    if a.get(6).is_some() {
        file = file.compress(Compression::Gzip);
    }
    let out = file.format(Format::Json).capacity_bytes(64 << 20);
    let out = match mode {
        "block" => out.policy(Policy::Block(Duration::from_secs(30))),
        "oldest" => out.policy(Policy::DropOldest),
        "below" => out.policy(Policy::DropBelow(tracing::Level::WARN)),
        _ => out,
    };
    let (logs, mut guard) = Logs::builder(Base::new(Resource::new("orders"))).output(out).build().unwrap();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(logs.layer())).unwrap();
    if mode == "burst" {
        // Calls alone: bursts that fit, with rests between.
        let mut best = f64::MAX;
        let mut all = vec![];
        for _ in 0..200 {
            let t = Instant::now();
            std::thread::scope(|s| {
                for _ in 0..threads {
                    s.spawn(|| {
                        for n in 0..lines / threads {
                            line(n)
                        }
                    });
                }
            });
            let ns = t.elapsed().as_nanos() as f64 * 1.0 / (lines / threads) as f64;
            best = best.min(ns);
            all.push(ns);
            logs.flush(Duration::from_secs(10)).unwrap();
        }
        all.sort_by(f64::total_cmp);
        println!(
            "threads {threads}: call best {best:.0} ns median {:.0} ns (per call on each thread)",
            all[all.len() / 2]
        );
    } else {
        let (t, c) = (Instant::now(), cpu());
        std::thread::scope(|s| {
            for _ in 0..threads {
                s.spawn(|| {
                    for n in 0..lines / threads {
                        line(n)
                    }
                });
            }
        });
        let returned = t.elapsed();
        logs.flush(Duration::from_secs(100)).unwrap();
        let all = t.elapsed();
        let k = logs.queues().next().unwrap().counts();
        println!(
            "threads {threads} {mode} max {max}: {:.2} M lines/s (returned {:.2}), cpu {:.0} ns/line, dropped {} delivered {} blocked {:?}",
            lines as f64 / all.as_secs_f64() / 1e6,
            lines as f64 / returned.as_secs_f64() / 1e6,
            (cpu() - c) * 1e9 / lines as f64,
            k.dropped(),
            k.delivered,
            k.blocked
        );
    }
    guard.shutdown(Duration::from_secs(10));
    let _ = std::fs::remove_dir_all(&dir);
}
