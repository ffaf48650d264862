//! What the web config file chooses, looked at again as connections come: certificates are renewed while the service runs.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue};
use obs_core::keys::target;

use super::counts::Counts;
use super::tls::Tls;
use super::users::Users;
use crate::config::{WebConfig, read_web_again};
use crate::reload::Stamp;

/// How long after one look the next may come.
const PAUSE: Duration = Duration::from_secs(1);

/// What the file chooses, and what is known of those who came.
pub(super) struct Web {
    pub(super) users: Users,
    state: Arc<Mutex<State>>,
    counts: Arc<Counts>,
}

/// What holds for a connection, from its beginning to its end.
#[derive(Default)]
pub(super) struct Current {
    pub(super) tls: Option<Tls>,
    /// Names and hashes.
    pub(super) users: Vec<(String, String)>,
    /// Onto every answer.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

struct State {
    current: Arc<Current>,
    /// `None` where there is no file, or somebody looks at it.
    file: Option<File>,
}

/// The file as it was when it was last looked at.
struct File {
    config: WebConfig,
    looked: Instant,
    stamps: Vec<Option<Stamp>>,
    /// What was last said to be wrong with it.
    wrong: Option<String>,
}

impl Web {
    pub(super) fn new(config: Option<&WebConfig>, counts: Arc<Counts>) -> io::Result<Self> {
        let (current, file) = match config {
            None => (Current::default(), None),
            Some(config) => {
                let stamps = stamps(config);
                let current = Current::of(config).map_err(io::Error::other)?;
                let (config, looked) = (config.clone(), Instant::now());
                (current, Some(File { config, looked, stamps, wrong: None }))
            }
        };
        let state = Arc::new(Mutex::new(State { current: Arc::new(current), file }));
        Ok(Self { users: Users::new(), state, counts })
    }

    /// What holds for a connection that begins now.
    pub(super) async fn current(&self) -> Arc<Current> {
        let due = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = state.file.as_ref().is_some_and(|file| file.looked.elapsed() >= PAUSE);
            is_due.then(|| state.file.take()).flatten()
        };
        if let Some(file) = due {
            // Looking waits for the file system; others go on with what there was. A look goes on where the connection
            // that it began with does not.
            let (state, counts) = (Arc::clone(&self.state), Arc::clone(&self.counts));
            let looked = tokio::task::spawn_blocking(move || look(file, &state, &counts));
            // Only a panic in somebody's subscriber comes here, which its hook has told.
            let _ = looked.await;
        }
        Arc::clone(&self.state.lock().unwrap_or_else(PoisonError::into_inner).current)
    }
}

/// Takes up what is good, and says once what is not.
fn look(mut file: File, state: &Mutex<State>, counts: &Counts) {
    file.looked = Instant::now();
    let seen = stamps(&file.config);
    let mut new = None;
    if seen != file.stamps {
        file.stamps = seen;
        match again(&file.config) {
            Ok((config, current)) => {
                file.stamps = stamps(&config);
                (file.config, file.wrong) = (config, None);
                new = Some(Arc::new(current));
            }
            Err(wrong) => {
                let name = file.config.file.display().to_string();
                if file.wrong.as_ref() != Some(&wrong) {
                    tracing::error!(target: target::ADMIN, file = name, error = wrong, "web config kept");
                }
                file.wrong = Some(wrong);
            }
        }
        counts.web_config_is_right(file.wrong.is_none());
    }
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(new) = new {
        state.current = new;
    }
    state.file = Some(file);
}

fn again(before: &WebConfig) -> Result<(WebConfig, Current), String> {
    let config = read_web_again(&before.file).map_err(|mistakes| mistakes.to_string())?;
    // What is served beyond this machine was decided by them at the start.
    if config.tls.is_some() != before.tls.is_some() {
        return Err(String::from("TLS is turned on or off, which needs a restart"));
    }
    if config.identifies() != before.identifies() {
        return Err(String::from("whether anybody has to say who they are changes, which needs a restart"));
    }
    let current = Current::of(&config)?;
    Ok((config, current))
}

impl Current {
    fn of(config: &WebConfig) -> Result<Self, String> {
        let tls = config.tls.as_ref().map(Tls::new).transpose();
        let tls = tls.map_err(|(key, what)| format!("tls_server_config.{key}: {what}"))?;
        let header =
            |(name, value): &(&str, String)| Some((name.parse().ok()?, HeaderValue::from_str(value).ok()?));
        let headers = config.headers.iter().filter_map(header).collect();
        Ok(Self { tls, users: config.users.clone(), headers })
    }
}

/// Of each file that counts, what tells that it has changed.
fn stamps(config: &WebConfig) -> Vec<Option<Stamp>> {
    let tls = config.tls.iter();
    let of_tls = tls.flat_map(|tls| [Some(&tls.cert_file), Some(&tls.key_file), tls.client_ca_file.as_ref()]);
    let paths = std::iter::once(Some(&config.file)).chain(of_tls).flatten();
    paths.map(|path: &PathBuf| Stamp::of(path).ok()).collect()
}
