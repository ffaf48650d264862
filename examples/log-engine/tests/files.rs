//! The service as an operator runs it: what its files hold, by obs.yaml alone.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The service in a folder of its own, which goes with it.
struct Service {
    process: Child,
    addr: String,
    folder: PathBuf,
}

impl Service {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("log-engine-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("obs.yaml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_log-engine"));
        command.current_dir(&folder).env_clear().env("OBS_CONFIG", config);
        command.env("LOG_ENGINE_ADDR", "127.0.0.1:0").env("OBS_ADMIN_ADDR", "off");
        let stdout = fs::File::create(folder.join("console")).unwrap();
        let mut process = command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap());
        let mut first = String::new();
        said.read_line(&mut first).unwrap();
        let addr = first.trim().strip_prefix("listening on http://").expect(&first).to_owned();
        // Whatever else it says must not be waited for.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::stderr()));
        Self { process, addr, folder }
    }

    /// The status and the request's id.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().to_owned();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), id)
    }

    /// Ends it as an operator does.
    fn end(&mut self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join(file)).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The lines with all of these texts.
fn with<'a>(lines: &'a [String], texts: &[&str]) -> Vec<&'a String> {
    lines.iter().filter(|line| texts.iter().all(|text| line.contains(text))).collect()
}

#[test]
fn each_line_is_where_the_file_has_it_in_the_form_it_has_there() {
    let mut service = Service::start();
    assert_eq!(service.get("/health").0, 200);
    assert_eq!(service.get("/login?token=abcdef0123456789").0, 200);
    assert_eq!(service.get("/carts/acme-east").0, 200);
    assert_eq!(service.get("/carts/other").0, 200);
    let (paid, good) = service.get("/carts/acme-east/pay");
    let (unpaid, bad) = service.get("/carts/acme-west/pay");
    assert_eq!((paid, unpaid), (200, 502));
    assert_eq!(service.get("/busy").0, 200);
    service.end();
    let files = ["console", "lines.ecs.json", "lines.otlp.json", "audit.jsonl", "errors.log"];
    let [console, elastic, collector, audit, errors] = files.map(|file| service.lines(file));

    // For auditors: renamed, without the service, secrets taken out and what is none left.
    assert_eq!(audit.len(), 1, "{audit:?}");
    let line: Value = serde_json::from_str(&audit[0]).unwrap();
    assert_eq!((&line["event"], &line["service"]), (&Value::from("logged in"), &Value::Null));
    assert_eq!(line["session_id"], "s-1815");
    for key in ["password", "iban", "card"] {
        assert_eq!(line[key], "[redacted]", "{key}");
    }
    assert_eq!(line["query"], "token=[redacted]");

    // For the night: logfmt; what was held of the one payment that failed in front of its access line, of others nothing.
    assert_eq!(with(&errors, &[&good]), Vec::<&String>::new());
    let of_bad = with(&errors, &[&bad]);
    assert_eq!(of_bad.len(), 3, "{errors:?}");
    assert!(of_bad[0].contains("level=ERROR") && of_bad[0].contains("the bank did not answer"));
    assert!(of_bad[1].contains("message=\"asking the bank\"") && of_bad[1].contains("recorded=true"));
    assert!(of_bad[2].contains("target=obs::access") && of_bad[2].contains("status_code=502"));

    // For Elastic: a tenant's lines, by a field of the span around them, in the names of its schema.
    let shown = with(&elastic, &["cart shown"]);
    assert_eq!(shown.len(), 1);
    let line: Value = serde_json::from_str(shown[0]).unwrap();
    assert_eq!((&line["log.level"], &line["service.name"]), (&"INFO".into(), &"log-engine".into()));
    assert!(line["trace.id"].as_str().is_some_and(|id| id.len() == 32), "{line}");
    // Sampled: 120 of 300, and one line about the others.
    assert_eq!(with(&elastic, &["\"message\":\"counting the stock\""]).len(), 120);
    assert_eq!(with(&elastic, &["suppressed 180 lines like this"]).len(), 1);

    // For the collector: all that is left, as it reads it.
    let shown = with(&collector, &["cart shown"]);
    assert_eq!(shown.len(), 1);
    let line: Value = serde_json::from_str(shown[0]).unwrap();
    assert_eq!(line["resourceLogs"][0]["scopeLogs"][0]["scope"]["name"], "log_engine::cart");

    // Nowhere.
    for lines in [&console, &elastic, &collector, &audit, &errors] {
        for text in ["/health", "hunter2", "DE0212", "4111 1111", "abcdef0123456789", "looked into the cart"]
        {
            assert_eq!(with(lines, &[text]), Vec::<&String>::new(), "{text}");
        }
    }
    // All of it is on the console, once.
    let sum = with(&console, &["cart shown"]).len() + with(&console, &["logged in"]).len();
    assert_eq!((sum, with(&console, &[&bad]).len()), (3, 3));
}
