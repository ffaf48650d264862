//! The checks that are ready-made, against servers that answer as they should, and as they should not.

use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use obs_health::disk::Room;
use obs_health::redis::{Connect, Ping};
use obs_health::reqwest::Get;
use obs_health::{Check, Fill, Settings, Status, Tcp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::rig::Rig;

/// What a check says that does not pass.
async fn error(check: impl Check) -> Option<String> {
    check.check().await.err().map(|error| error.as_str().to_owned())
}

/// Where nobody listens.
fn nobody() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn tcp_passes_where_somebody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    assert_eq!(error(Tcp::new(&address)).await, None);
    drop(listener);
    assert_eq!(
        error(Tcp::new(&address)).await.unwrap(),
        format!("{address}: Connection refused (os error 111)")
    );
    let told = error(Tcp::new("mail")).await.unwrap();
    assert_eq!(told, "mail: invalid socket address");
}

#[tokio::test]
async fn what_is_too_full_fails() {
    let fill = |used, of, percent| error(Fill::new(move || (used, of)).percent(percent));
    assert_eq!(fill(90, 100, 90).await, None);
    assert_eq!(fill(91, 100, 90).await.unwrap(), "91 of 100 are used, and at most 90 % may be");
    assert_eq!(fill(0, 0, 90).await, None, "what is not there is not full");
    assert_eq!(fill(u64::MAX, u64::MAX, 100).await, None);
    assert!(fill(u64::MAX, u64::MAX, 99).await.is_some());
}

#[tokio::test]
async fn a_disk_is_as_full_as_df_says() {
    let df = Command::new("df").args(["--output=avail", "--block-size=1", "/"]).output().unwrap();
    let free: u64 = String::from_utf8(df.stdout).unwrap().lines().last().unwrap().trim().parse().unwrap();
    assert_eq!(error(Room::at("/").percent(100).bytes(free / 2)).await, None);
    let told = error(Room::at("/").percent(100).bytes(free.saturating_mul(2))).await.unwrap();
    assert!(told.starts_with("/: ") && told.contains(" bytes are free, and at least "), "{told}");
    let found: u64 = told[3..].split(' ').next().unwrap().parse().unwrap();
    // Others write meanwhile.
    assert!(found.abs_diff(free) < free / 10, "{found} {free}");
    let room = Room::at("/no/such/folder");
    let missing = "/no/such/folder: No such file or directory (os error 2)";
    assert_eq!(room.check().await.unwrap_err().as_str(), missing);
    assert_eq!(room.check().await.unwrap_err().as_str(), missing, "each look comes back");
}

#[tokio::test]
async fn a_get_goes_by_status_and_body_and_tells_no_secret() {
    let router = Router::new()
        .route("/up", get(async || "{\"state\":\"up\"}"))
        .route("/down", get(async || (StatusCode::SERVICE_UNAVAILABLE, "password=hunter2")))
        .route("/long", get(async || "x".repeat(10 << 20) + "up"))
        .route("/moved", get(async || Redirect::to("/up")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let get =
        |target: &str| Get::new(client.clone(), format!("http://ann:hunter2@{address}{target}")).unwrap();
    assert_eq!(error(get("/up?token=hunter2")).await, None);
    assert_eq!(error(get("/up").contains("\"up\"")).await, None);
    let down = format!("GET http://{address}/down: 503 Service Unavailable");
    assert_eq!(error(get("/down?token=hunter2#hunter2")).await.unwrap(), down);
    assert_eq!(error(get("/down").status(503)).await, None);
    assert_eq!(error(get("/moved")).await.unwrap(), format!("GET http://{address}/moved: 303 See Other"));
    let lacks = format!("GET http://{address}/up: the first 14 bytes of the body lack what is looked for");
    assert_eq!(error(get("/up").contains("hunter2")).await.unwrap(), lacks);
    let bounded = error(get("/long").contains("up")).await.unwrap();
    assert!(bounded.contains("the first 65536 bytes of the body lack"), "{bounded}");
    server.abort();
    let _ = server.await;

    let nobody = nobody();
    let refused = Get::new(client.clone(), format!("http://ann:hunter2@{nobody}/up?token=hunter2")).unwrap();
    assert!(!format!("{refused:?}").contains("hunter2"));
    let told = error(refused).await.unwrap();
    assert!(told.starts_with(&format!("GET http://{nobody}/up: ")) && !told.contains("hunter2"), "{told}");
    assert!(told.ends_with("Connection refused (os error 111)"), "{told}");
    assert!(Get::new(client, "payments/status").is_err());
}

/// A server that says `answers` to each connection, whatever it is asked, one for each command of redis' start and then.
async fn says(answer: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut read = vec![0; 4_096];
            while let Ok(1..) = connection.read(&mut read).await {
                let text = String::from_utf8_lossy(&read).into_owned();
                // The client says who it is before it asks.
                let commands = text.matches("CLIENT").count();
                let mut all = "+OK\r\n".repeat(commands);
                if text.contains("PING") {
                    all.push_str(answer);
                }
                read.fill(0);
                let _ = connection.write_all(all.as_bytes()).await;
            }
        }
    });
    address
}

#[tokio::test]
async fn redis_has_to_answer_ping_with_pong() {
    let client = |address: std::net::SocketAddr| redis::Client::open(format!("redis://{address}")).unwrap();
    let up = says("+PONG\r\n").await;
    assert_eq!(error(Connect::new(client(up))).await, None);
    let connection = client(up).get_multiplexed_async_connection().await.unwrap();
    assert_eq!(error(Ping::new(connection)).await, None);
    for (answer, expected) in [
        ("-LOADING Redis is loading the dataset in memory\r\n", "loading the dataset"),
        ("-NOAUTH Authentication required.\r\n", "Authentication required"),
        ("+HELLO\r\n", "PING is answered with `HELLO`"),
    ] {
        let told = error(Connect::new(client(says(answer).await))).await.unwrap();
        assert!(told.contains(expected), "{told}");
    }
    let told = error(Connect::new(client(nobody()))).await.unwrap();
    assert!(
        told.starts_with("no connection: ") && told.ends_with("Connection refused (os error 111)"),
        "{told}"
    );
    let secret = redis::Client::open(format!("redis://:hunter2@{}", nobody())).unwrap();
    assert!(!format!("{:?}", Connect::new(secret.clone())).contains("hunter2"));
    assert!(!error(Connect::new(secret)).await.unwrap().contains("hunter2"));
}

#[tokio::test]
async fn servers_that_take_connections_and_say_nothing_are_cut() {
    let rig = Rig::new();
    // Never accepted from, and so as silent as a process that is stopped.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let quick = Settings::new().timeout(Duration::from_millis(20));
    let get = Get::new(reqwest::Client::new(), format!("http://{address}/")).unwrap();
    let redis = Connect::new(redis::Client::open(format!("redis://{address}")).unwrap());
    let channel = tonic::transport::Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    rig.health.check_with("get", quick, get).unwrap();
    rig.health.check_with("redis", quick, redis).unwrap();
    rig.health.check_with("grpc", quick, obs_health::tonic::Peer::new(channel)).unwrap();
    for name in ["get", "redis", "grpc"] {
        while rig.status(name) == Status::Unknown {
            tokio::task::yield_now().await;
        }
        assert_eq!(rig.error(name), "timed out after 20ms", "{name}");
    }
}
