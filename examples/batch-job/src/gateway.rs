//! Where the numbers are pushed, by the environment.

use std::error::Error;

use obs::metrics::Recorder;
use obs::metrics::push::{ClientSettings, Pushgateway};

/// `PUSHGATEWAY` is its address; `PUSHGATEWAY_USER` and `PUSHGATEWAY_PASSWORD` are sent where both are set.
pub(crate) fn open(recorder: &Recorder) -> Result<Pushgateway, Box<dyn Error>> {
    let read = |name: &str| std::env::var(name).ok();
    let address = read("PUSHGATEWAY").unwrap_or_else(|| "http://127.0.0.1:9091".to_owned());
    let mut client = ClientSettings::new();
    if let (Some(user), Some(password)) = (read("PUSHGATEWAY_USER"), read("PUSHGATEWAY_PASSWORD")) {
        client = client.basic_auth(&user, &password)?;
    }
    Ok(Pushgateway::builder(recorder, address).client(tls::settings(client)).build()?)
}

/// An error and what caused it, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(feature = "tls")]
mod tls {
    //! `PUSHGATEWAY_CA` names a file with the authority that signed the gateway's certificate.

    use obs::metrics::push::{ClientSettings, Tls};

    pub(super) fn settings(client: ClientSettings) -> ClientSettings {
        match std::env::var_os("PUSHGATEWAY_CA") {
            Some(path) => client.tls(Tls::new().ca_file(path)),
            None => client,
        }
    }
}

#[cfg(not(feature = "tls"))]
mod tls {
    //! Without TLS there is nothing to choose.

    use obs::metrics::push::ClientSettings;

    pub(super) fn settings(client: ClientSettings) -> ClientSettings {
        client
    }
}
