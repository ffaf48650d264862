//! What an operator writes is taken, or refused with a word that helps.

use std::path::Path;

use crate::service::{Service, command};
use crate::shop::{GATEWAY, ORDERS, PAYMENTS, database, folder, source};

const SERVICES: [(&str, &str); 3] = [("gateway", GATEWAY), ("orders", ORDERS), ("payments", PAYMENTS)];

/// Starts `binary` with that file; what it logs tells its name.
async fn check(service: &str, binary: &str, config: &Path, folder: &Path) {
    let database = database(folder);
    let variables = [
        ("GATEWAY_ADDR", "127.0.0.1:0"),
        ("ORDERS_ADDR", "127.0.0.1:0"),
        ("PAYMENTS_ADDR", "127.0.0.1:0"),
        ("DATABASE_URL", &database),
    ];
    let lines = Service::start(binary, config, folder, &variables).await.end().await;
    assert!(!lines.is_empty() && lines.iter().all(|line| line["service"] == service), "{lines:?}");
}

#[tokio::test]
async fn each_service_takes_its_own_file() {
    let folder = folder("each_service_takes_its_own_file");
    for (service, binary) in SERVICES {
        check(service, binary, &source(&format!("{service}/obs.yaml")), &folder).await;
    }
}

#[tokio::test]
async fn each_service_takes_the_shared_file_and_keeps_its_name() {
    let folder = folder("each_service_takes_the_shared_file");
    for (service, binary) in SERVICES {
        check(service, binary, &source("obs.yaml"), &folder).await;
    }
}

#[tokio::test]
async fn each_service_ships_to_all_by_the_shared_file_and_keeps_what_nobody_takes() {
    for (service, binary) in SERVICES {
        let folder = folder(&format!("ships_by_the_file_{service}"));
        let database = database(&folder);
        let variables = [
            ("GATEWAY_ADDR", "127.0.0.1:0"),
            ("ORDERS_ADDR", "127.0.0.1:0"),
            ("PAYMENTS_ADDR", "127.0.0.1:0"),
            ("DATABASE_URL", &database),
            // Nobody is there.
            ("LOKI_URL", "http://127.0.0.1:1"),
            ("ELASTIC_URL", "http://127.0.0.1:1"),
            ("COLLECTOR_URL", "http://127.0.0.1:1"),
            ("SYSLOG_URL", "tcp://127.0.0.1:1"),
            ("OBS_DRAIN_TIMEOUT", "2s"),
        ];
        let config = source("shipping.yaml");
        let started = Service::start_by_file(binary, &config, &folder, "shipping.lines.json", &variables);
        let lines = started.await.end().await;
        assert!(!lines.is_empty() && lines.iter().all(|line| line["service"] == service), "{lines:?}");
        for way in ["logs_loki", "logs_elk", "logs_collector", "logs_syslog", "logs_lines", "traces_otlp"] {
            let segments = std::fs::read_dir(folder.join("shipping.journal").join(way)).unwrap();
            let is_one = |name: std::ffi::OsString| name.to_str().unwrap().ends_with(".segment");
            assert!(segments.flatten().any(|entry| is_one(entry.file_name())), "{service}: {way}");
        }
    }
}

#[tokio::test]
async fn a_value_that_is_wrong_is_told_with_its_variable() {
    for (binary, variable, value) in [
        (GATEWAY, "ORDERS_URL", "nowhere"),
        (GATEWAY, "GATEWAY_ADDR", "8080"),
        (PAYMENTS, "PAYMENTS_FAIL_EVERY", "often"),
        (ORDERS, "DATABASE_URL", "sqlite://no/such/folder/orders.db"),
    ] {
        let output = command(binary, &[(variable, value)]).env("OBS_CONFIG", "off").output().await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(variable), "{variable}: {said}");
        assert!(!said.contains("panicked"), "{variable}: {said}");
    }
}
