//! The receiver's process: it answers as the real ones do, keeps bodies as they come, and reads them once all is over.
//!
//! It says `port N` first. `count N` is answered by `counted LINES DIFFERENT BYTES REQUESTS`: lines that arrived, how
//! many of the numbers below N are among them, bytes of bodies as they were on the wire, and requests.

use crate::bodies::Body;
use bench::steered::answer;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

type Kept = Arc<Mutex<Vec<Result<Body, String>>>>;

/// Obeys until the input ends.
pub(crate) fn obey() -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("listen: {error}"))?;
    let port = listener.local_addr().map_err(|error| format!("listen: {error}"))?.port();
    let kept = Kept::default();
    let into = Arc::clone(&kept);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let into = Arc::clone(&into);
            std::thread::spawn(move || receive(&stream, &into));
        }
    });
    answer(&format!("port {port}"));
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| format!("input: {error}"))?;
        let count = line.strip_prefix("count ").and_then(|count| count.parse().ok());
        let counted = counted(&kept, count.ok_or_else(|| format!("unknown command {line:?}"))?);
        answer(&counted.unwrap_or_else(|complaint| format!("complaint {complaint}")));
    }
    Ok(())
}

fn counted(kept: &Kept, below: usize) -> Result<String, String> {
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut seen, mut lines, mut bytes) = (vec![false; below], 0_u64, 0);
    for body in kept.iter() {
        let body = body.as_ref().map_err(String::clone)?;
        bytes += body.bytes.len();
        body.lines(&mut |turn| {
            lines += 1;
            if let Some(seen) = seen.get_mut(turn as usize) {
                *seen = true;
            }
        })?;
    }
    let different = seen.into_iter().filter(|seen| *seen).count();
    Ok(format!("counted {lines} {different} {bytes} {}", kept.len()))
}

fn receive(stream: &TcpStream, into: &Kept) {
    let keep = |body| into.lock().unwrap_or_else(PoisonError::into_inner).push(body);
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    loop {
        match read(&mut reader) {
            Ok(Some(body)) => {
                let answer = answer_to(&body);
                keep(Ok(body));
                let mut writer = stream;
                if writer.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(complaint) => return keep(Err(complaint)),
        }
    }
}

/// One request; nothing where the other side has closed.
fn read(reader: &mut BufReader<&TcpStream>) -> Result<Option<Body>, String> {
    let mut body =
        Body { path: String::new(), content_type: String::new(), encoding: String::new(), bytes: Vec::new() };
    let (mut length, mut line) = (None, String::new());
    loop {
        line.clear();
        match reader.read_line(&mut line) {
            Ok(0) | Err(_) if body.path.is_empty() => return Ok(None),
            Ok(0) => return Err("a request that ends too early".to_owned()),
            Err(error) => return Err(format!("a request: {error}")),
            Ok(_) => {}
        }
        let head = line.trim_end();
        if head.is_empty() {
            break;
        }
        if body.path.is_empty() {
            let path = head.split(' ').nth(1).ok_or_else(|| format!("no request: {head:?}"))?;
            body.path = path.to_owned();
        } else if let Some((name, value)) = head.split_once(':') {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse::<usize>().ok(),
                "content-type" => value.clone_into(&mut body.content_type),
                "content-encoding" => value.clone_into(&mut body.encoding),
                _ => {}
            }
        }
    }
    body.bytes = vec![0; length.ok_or("a request without a length")?];
    reader.read_exact(&mut body.bytes).map_err(|error| format!("a body: {error}"))?;
    Ok(Some(body))
}

fn answer_to(body: &Body) -> String {
    if !body.is_bulk() {
        let status =
            if body.path.ends_with("/push") { "204 No Content" } else { "200 OK\r\ncontent-length: 0" };
        return format!("HTTP/1.1 {status}\r\n\r\n");
    }
    // An item for each document, as Elasticsearch has it.
    let documents = body.plain().map_or(0, |plain| plain.iter().filter(|byte| **byte == b'\n').count() / 2);
    let items = vec![r#"{"create":{"status":201}}"#; documents].join(",");
    let answer = format!(r#"{{"errors":false,"items":[{items}]}}"#);
    let length = answer.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{answer}")
}
