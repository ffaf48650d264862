//! The shop under load, while each of its three is replaced again and again by a new one on the same port.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::wrk;
use crate::e2e::install::Programs;
use crate::json::Json;
use crate::process::{GRACE, Stop};
use crate::service::{Addresses, Inherited, Service};
use crate::shop::{Binaries, Part, Rates, Settings, Shop};
use crate::{Result, ports};

/// How often each is replaced.
const ROUNDS: u32 = 3;
/// From one replacement to the next; with a start it is less than an end takes, so that some overlap.
const PACE: Duration = Duration::from_millis(300);
/// How long wrk sends: longer than all of that.
const LOAD: Duration = Duration::from_secs(14);

/// A client of gRPC as others have it.
const SCRIPT: &str = include_str!("calls.py");

pub(in crate::e2e) struct Rolling<'a> {
    pub(in crate::e2e) programs: &'a Programs,
    pub(in crate::e2e) binaries: &'a Binaries,
    pub(in crate::e2e) otlp: SocketAddr,
    pub(in crate::e2e) database: &'a str,
}

pub(in crate::e2e) fn of_the_shop(rolling: &Rolling<'_>, folder: &Path) -> Result<String> {
    let [gateway, orders, payments] = ports::free()?;
    let services = [gateway, orders, payments];
    let place = Place { rolling, services, folder };
    let first = place.folder("first")?;
    let mut shop = Shop::start(rolling.binaries, &place.settings(&first)?)?;
    let mut calls = Calls::start(&rolling.programs.python, payments)?;
    let load = wrk::Load::start_orders(&rolling.programs.wrk, gateway, LOAD, folder)?;
    let mut told = Vec::new();
    for round in 0..ROUNDS {
        for part in Part::ALL {
            std::thread::sleep(PACE);
            calls.alive()?;
            let folder = place.folder(&format!("{round}-{}", part.name()))?;
            let next = Shop::start_part(rolling.binaries, &place.settings(&folder)?, part)?;
            let current = match part {
                Part::Gateway => &mut shop.gateway,
                Part::Orders => &mut shop.orders,
                Part::Payments => &mut shop.payments,
            };
            let mut before = std::mem::replace(current, next);
            before.process.alive()?;
            before.process.tell(Stop::Terminate);
            told.push(before);
        }
    }
    let replaced = told.len();
    let ended = told.iter_mut().try_for_each(ended);
    let seen = load.end()?;
    let answered = calls.end()?;
    ended?;
    shop.stop(|_, _| {})?;
    Ok(format!("{seen}; {answered} calls; {replaced} replaced, each ended with 0"))
}

struct Place<'a> {
    rolling: &'a Rolling<'a>,
    services: [SocketAddr; 3],
    folder: &'a Path,
}

impl Place<'_> {
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }

    /// On the ports that are shared, with listeners for `/metrics` of their own.
    fn settings<'a>(&'a self, folder: &'a Path) -> Result<Settings<'a>> {
        let [a, b, c] = ports::free()?;
        let [gateway, orders, payments] = self.services;
        let addresses = [(gateway, a), (orders, b), (payments, c)];
        Ok(Settings {
            addresses: addresses.map(|(service, admin)| Addresses { service, admin }),
            otlp: self.rolling.otlp,
            protocol: None,
            database_url: Some(self.rolling.database),
            redis_url: None,
            rates: Rates { fail: Some(0), slow: Some(0), panic: Some(0) },
            is_shared: true,
            configuration: "",
            folder,
            inherited: Inherited::Nothing,
        })
    }
}

fn ended(service: &mut Service) -> Result {
    let status = service.process.wait_for(GRACE)?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{} ended with {status}:\n{}", service.name, service.process.output.tail()))
}

/// Calls payments until it is told to end.
struct Calls(Child);

impl Calls {
    fn start(python: &Path, payments: SocketAddr) -> Result<Self> {
        let mut command = Command::new(python);
        command.args(["-c", SCRIPT, &payments.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().map(Self).map_err(|error| format!("{}: {error}", python.display()))
    }

    fn alive(&mut self) -> Result {
        match self.0.try_wait() {
            Ok(None) => Ok(()),
            other => Err(format!("the client of gRPC has ended: {other:?}")),
        }
    }

    /// How many calls there were, each of which was answered.
    fn end(mut self) -> Result<u64> {
        let gone = |error: std::io::Error| format!("the client of gRPC is gone: {error}");
        self.0.stdin.take().ok_or("no input")?.write_all(b"\n").map_err(gone)?;
        let mut said = String::new();
        std::io::Read::read_to_string(self.0.stdout.as_mut().ok_or("no output")?, &mut said).map_err(gone)?;
        self.0.wait().map_err(gone)?;
        judge(&said)
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn judge(said: &str) -> Result<u64> {
    let said = Json::parse(said.trim())?;
    let number = |name: &str| said.at(&[name]).and_then(Json::number).unwrap_or(-1.0);
    let (sent, answered) = (number("sent"), number("answered"));
    if answered > 0.0 && sent == answered {
        return Ok(answered as u64);
    }
    Err(format!("{sent} calls, {answered} answered: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_without_an_answer_is_a_loss_and_silence_is_none() {
        assert_eq!(judge(r#"{"sent":7,"answered":7,"faults":[]}"#), Ok(7));
        for wrong in [r#"{"sent":7,"answered":6,"faults":["x"]}"#, r#"{"sent":0,"answered":0}"#, "{}", ""] {
            assert!(judge(wrong).is_err(), "{wrong}");
        }
    }
}
