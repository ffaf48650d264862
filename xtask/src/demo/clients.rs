//! What one client of the shop does: it orders, reads its order, logs in, scans, or goes away.

use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use super::answers::{Answer, Answers};
use crate::http::{Connection, Response};
use crate::ids::Ids;
use crate::json::{Json, quoted};

/// Paths a scanner tries; none of them exists.
const SCANNED: [&str; 6] =
    ["/wp-login.php", "/.env", "/admin", "/v1/users", "/cgi-bin/luci", "/actuator/env"];
const USERS: [&str; 4] = ["ada", "grace", "edsger", "barbara"];
const ITEMS: [&str; 4] = ["teapot", "kettle", "cup", "saucer"];
/// Where customers are.
const REGIONS: [&str; 2] = ["cn-east", "us-west"];

/// When a client that goes away does so: before its order has gone through three services.
const ABORT_AFTER: Duration = Duration::from_millis(2);
/// How many of the newest orders are read again.
const SEEN: usize = 64;

/// What one request does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Order,
    Read,
    Login,
    WrongPassword,
    Scan,
    Abort,
}

/// One round of the load; each thread goes round and round.
pub(super) const ROUND: [Kind; 20] = {
    use Kind::{Abort, Login, Order, Read, Scan, WrongPassword};
    [
        Login,
        Order,
        Read,
        Order,
        Scan,
        Read,
        Order,
        Abort,
        Read,
        Order,
        WrongPassword,
        Order,
        Read,
        Login,
        Order,
        Read,
        Order,
        Scan,
        Read,
        Order,
    ]
};

/// What clients know of one another: the ids of orders.
#[derive(Debug, Default)]
pub(super) struct Orders {
    seen: Mutex<Vec<u64>>,
}

impl Orders {
    /// Takes note of the order an answer tells of.
    fn note(&self, body: &str) {
        let id = Json::parse(body).ok().and_then(|json| json.at(&["id"])?.number());
        let Some(id) = id.filter(|id| *id >= 1.0) else { return };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // In the place of an older one, so that reads are spread over some time.
        let at = id as usize % SEEN;
        if at < seen.len() { seen[at] = id as u64 } else { seen.push(id as u64) }
    }

    fn any(&self, random: u64) -> Option<u64> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let at = random.checked_rem(seen.len() as u64)?;
        seen.get(at as usize).copied()
    }
}

/// A request as it is sent.
#[derive(Debug, PartialEq)]
struct Request {
    method: &'static str,
    target: String,
    /// Empty for none.
    json: String,
}

/// One client: it has a connection for as long as the gateway keeps it.
pub(super) struct Client<'a> {
    gateway: SocketAddr,
    connection: Option<Connection>,
    ids: Ids,
    orders: &'a Orders,
    answers: &'a Answers,
}

impl<'a> Client<'a> {
    pub(super) fn new(gateway: SocketAddr, orders: &'a Orders, answers: &'a Answers) -> Self {
        Self { gateway, connection: None, ids: Ids::new(), orders, answers }
    }

    /// Sends one request, and notes what came of it.
    pub(super) fn send(&mut self, kind: Kind) {
        // A gateway that is gone is the main thread's to report; nothing was sent to it.
        let Ok(mut connection) = self.connection.take().map_or_else(|| Connection::open(self.gateway), Ok)
        else {
            return;
        };
        let request = self.request(kind);
        let region = REGIONS[self.ids.number() as usize % REGIONS.len()];
        let headers = [("X-Customer-Region", region), ("User-Agent", "shop-demo")];
        let sent = SystemTime::now();
        if kind == Kind::Abort {
            let _ = connection.write_json(request.method, &request.target, &headers, &request.json);
            sleep(ABORT_AFTER);
            self.answers.count_left();
            return;
        }
        match send(&mut connection, &request, &headers) {
            Ok(response) => {
                if request.method == "POST" {
                    self.orders.note(&response.text());
                }
                self.answers.keep(Answer::new(sent, request.method, &request.target, &response));
                if stays_open(&response) {
                    self.connection = Some(connection);
                }
            }
            Err(_) => self.answers.count_unanswered(),
        }
    }

    fn request(&mut self, kind: Kind) -> Request {
        let number = self.ids.number();
        let one_of = |words: [&'static str; 4]| words[number as usize % 4];
        let login = |password| {
            let json = format!("{{\"user\":{},\"password\":{}}}", quoted(one_of(USERS)), quoted(password));
            Request { method: "POST", target: "/v1/login".to_owned(), json }
        };
        let get = |target: String| Request { method: "GET", target, json: String::new() };
        match kind {
            Kind::Login => login("open sesame"),
            Kind::WrongPassword => login("letmein"),
            Kind::Scan => get(SCANNED[number as usize % SCANNED.len()].to_owned()),
            // Before the first order there is none to read, and this one is not found.
            Kind::Read => get(format!("/v1/orders/{}", self.orders.any(number).unwrap_or(1))),
            Kind::Order | Kind::Abort => {
                let (user, item) = (quoted(one_of(USERS)), quoted(one_of(ITEMS)));
                let json = format!("{{\"user\":{user},\"item\":{item},\"quantity\":{}}}", 1 + number % 3);
                Request { method: "POST", target: "/v1/orders".to_owned(), json }
            }
        }
    }
}

fn send(connection: &mut Connection, request: &Request, headers: &[(&str, &str)]) -> io::Result<Response> {
    let Request { method, target, json } = request;
    if json.is_empty() {
        connection.send(method, target, headers)
    } else {
        connection.send_json(method, target, headers, json)
    }
}

fn stays_open(response: &Response) -> bool {
    !response.header("connection").eq_ignore_ascii_case("close")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::bounded::Bounded;
    use crate::ports::loopback;

    #[test]
    fn a_round_has_each_kind_and_is_mostly_orders_and_reads() {
        let count = |kind| ROUND.iter().filter(|&&other| other == kind).count();
        for kind in [Kind::Login, Kind::WrongPassword, Kind::Scan, Kind::Abort] {
            assert!((1..=3).contains(&count(kind)), "{kind:?}");
        }
        assert!(count(Kind::Order) + count(Kind::Read) >= ROUND.len() / 2);
    }

    #[test]
    fn orders_that_were_answered_are_read_again() {
        let orders = Orders::default();
        assert_eq!(orders.any(7), None);
        for body in ["{\"id\":5,\"state\":\"paid\"}", "{\"error\":\"x\"}", "text", "{\"token\":\"t\"}"] {
            orders.note(body);
        }
        assert_eq!((orders.any(7), orders.any(8)), (Some(5), Some(5)));
        (1..=1_000).for_each(|id| orders.note(&format!("{{\"id\":{id}}}")));
        let all: Vec<_> = (0..SEEN as u64).filter_map(|at| orders.any(at)).collect();
        assert!(all.len() == SEEN && all.iter().all(|&id| id == 5 || id > 900), "{all:?}");
    }

    #[test]
    fn bodies_are_json() {
        let path = std::env::temp_dir().join(format!("xtask-clients-{}", std::process::id()));
        let (orders, answers) =
            (Orders::default(), Answers::new(Bounded::create("answers", &path, 0).unwrap()));
        let mut client = Client::new(loopback(1), &orders, &answers);
        for kind in ROUND {
            let request = client.request(kind);
            match request.method {
                "POST" => assert!(Json::parse(&request.json).unwrap().at(&["user"]).is_some(), "{request:?}"),
                _ => assert!(request.json.is_empty(), "{request:?}"),
            }
        }
        std::fs::remove_file(path).unwrap();
    }
}
