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
