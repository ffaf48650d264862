//! What the demo is asked for, and the six ports that come of it.

use std::time::Duration;

use crate::arguments::Arguments;
use crate::service::Addresses;
use crate::shop::Part;
use crate::{Result, ports};

const PORT: u16 = 8080;
const ADMIN_PORT: u16 = 9464;
/// Each flag names the first of as many ports.
const PORTS: u16 = Part::ALL.len() as u16;

#[derive(Debug, PartialEq)]
pub(super) struct Options {
    pub(super) limit: Option<Duration>,
    pub(super) story: Story,
    port: u16,
    admin_port: u16,
}

/// Which request's story is told.
#[derive(Debug, PartialEq)]
pub(super) enum Story {
    No,
    /// One that shows most.
    Any,
    /// That of this trace or request, of the running or the last demo.
    Of(String),
}

impl Options {
    pub(super) fn read(arguments: &[String]) -> Result<Self> {
        let mut arguments = Arguments::new(arguments);
        let limit = arguments.duration("--for")?;
        let port = first(&mut arguments, "--port", PORT)?;
        let admin_port = first(&mut arguments, "--admin-port", ADMIN_PORT)?;
        let story = match arguments.optional_value("--show-trace")? {
            None => Story::No,
            Some(None) => Story::Any,
            Some(Some(id)) => Story::Of(id),
        };
        arguments.end()?;
        if port.abs_diff(admin_port) < PORTS {
            return Err(format!(
                "--port {port} and --admin-port {admin_port} overlap: each is the first of {PORTS} ports"
            ));
        }
        Ok(Self { limit, story, port, admin_port })
    }

    /// Where the three are to listen; a port that is taken is an error.
    pub(super) fn addresses(&self) -> [Addresses; 3] {
        Part::ALL.map(|part| {
            let offset = part as u16;
            let service = ports::loopback(self.port + offset);
            Addresses { service, admin: ports::loopback(self.admin_port + offset) }
        })
    }

    /// Says which of the six ports is taken, and by which flag to move it.
    pub(super) fn check_ports(&self) -> Result {
        for part in Part::ALL {
            let (name, offset) = (part.name(), part as u16);
            let flag = "--port N (gateway N, orders N+1, payments N+2)";
            ports::available(self.port + offset, name, flag)?;
            let flag = "--admin-port N (/metrics of gateway N, of orders N+1, of payments N+2)";
            ports::available(self.admin_port + offset, &format!("/metrics of {name}"), flag)?;
        }
        Ok(())
    }
}

fn first(arguments: &mut Arguments, flag: &str, default: u16) -> Result<u16> {
    let port = arguments.port(flag)?.unwrap_or(default);
    match port.checked_add(PORTS - 1) {
        Some(_) => Ok(port),
        None => Err(format!("{flag} is the first of {PORTS} ports; after {port} there are not as many")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Options> {
        Options::read(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn each_flag_is_read() {
        let options = read("--for 20s --show-trace --port 100 --admin-port=200").unwrap();
        assert_eq!((options.limit, &options.story), (Some(Duration::from_secs(20)), &Story::Any));
        let [_, _, payments] = options.addresses();
        assert_eq!((payments.service, payments.admin), (ports::loopback(102), ports::loopback(202)));
        assert_eq!(read("--show-trace ab").unwrap().story, Story::Of("ab".to_owned()));
        assert_eq!(read("").unwrap().story, Story::No);
    }

    #[test]
    fn ports_that_overlap_or_do_not_fit_are_refused() {
        for (words, said) in [
            ("--port 9464", "overlap"),
            ("--port 9462", "overlap"),
            ("--admin-port 8082", "overlap"),
            ("--port 65534", "first of 3"),
            ("--what", "--what"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(said), "{words}: {error}");
        }
        assert!(read("--port 9461").is_ok() && read("--admin-port 65533").is_ok());
    }
}
