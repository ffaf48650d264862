//! What scrapes do to one another and to the probes beside them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use obs_core::keys::{Kind, Metric};
use obs_core::meter::{Meter, Source};

use crate::service::{exchange, request};

static LOOKS: Metric = Metric { name: "looks", help: "", kind: Kind::Gauge, labels: &[] };

/// Says when it is asked, and answers when it is told to.
struct Slow {
    asked: Mutex<Sender<()>>,
    go: Mutex<Receiver<()>>,
    looks: AtomicU64,
}

impl Source for Slow {
    fn collect(&self, meter: &mut dyn Meter) {
        let looks = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
        let _ = self.asked.lock().unwrap().send(());
        let _ = self.go.lock().unwrap().recv();
        meter.gauge(&LOOKS, &[], looks as f64);
    }
}

#[test]
fn a_scrape_that_takes_long_holds_up_no_probe() {
    let any = obs::Admin::At("127.0.0.1:0".parse().unwrap());
    let obs = obs::builder("scraped").no_config_file().admin(any).build().unwrap();
    let ((asked, was_asked), (tell, go)) = (channel(), channel());
    let slow = Slow { asked: Mutex::new(asked), go: Mutex::new(go), looks: AtomicU64::new(0) };
    obs.base().sources.register(Arc::new(slow));
    let admin = obs.admin_addr().unwrap();
    let get = |path: &str| exchange(admin, &request("GET", path, "")).unwrap();
    std::thread::scope(|scope| {
        let scrape = scope.spawn(|| get("/metrics"));
        was_asked.recv().unwrap();
        // The scrape waits for its source meanwhile.
        assert_eq!(get("/healthz").status, 200);
        assert_eq!(get("/nowhere").status, 404);
        tell.send(()).unwrap();
        let scraped = scrape.join().unwrap();
        assert_eq!(scraped.status, 200);
        assert!(scraped.body.contains("looks 1.0\n"), "{}", scraped.body);
    });
}
