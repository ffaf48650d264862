//! What the web config file chooses, looked at again as connections come: certificates are renewed while the service runs.

use std::io;
use std::path::{Path, PathBuf};
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
    /// None at the start, where it was read before anybody looked at what tells that it has changed.
    seen: Seen,
    /// What was last said to be wrong with it.
    wrong: Option<String>,
}

/// Each file that counts, and what it was like before it was read: one that is written meanwhile is another by the next
/// look.
type Seen = Vec<(PathBuf, Option<Stamp>)>;

impl Web {
    pub(super) fn new(config: Option<&WebConfig>, counts: Arc<Counts>) -> io::Result<Self> {
        let (current, file) = match config {
            None => (Current::default(), None),
            Some(config) => {
                let current = Current::of(config).map_err(io::Error::other)?;
                let (config, looked) = (config.clone(), Instant::now());
                (current, Some(File { config, looked, seen: Seen::new(), wrong: None }))
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
    let mut new = None;
    if file.seen.is_empty() || file.seen.iter().any(|(path, stamp)| Stamp::of(path).ok() != *stamp) {
        match again(&file.config, &mut file.seen) {
            Ok((config, current)) => {
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

/// Reads all of it once more; what counts is `seen` then, whatever comes of it.
fn again(before: &WebConfig, seen: &mut Seen) -> Result<(WebConfig, Current), String> {
    seen.clear();
    see(&before.file, seen);
    let config = read_web_again(&before.file).map_err(|mistakes| mistakes.to_string())?;
    let files = config
        .tls
        .iter()
        .flat_map(|tls| [&tls.cert_file, &tls.key_file].into_iter().chain(&tls.client_ca_file));
    files.for_each(|path| see(path, seen));
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

fn see(path: &Path, seen: &mut Seen) {
    seen.push((path.to_owned(), Stamp::of(path).ok()));
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// A web config file and what it names, in a folder of their own.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("obs-web-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn web(&self) -> PathBuf {
            self.0.join("web.yml")
        }

        /// No two of them are equally long, so that each is another whatever the file system's clock says.
        fn write(&self, marker: &str, tls: &str) {
            let headers = format!("http_server_config: {{ headers: {{ X-XSS-Protection: '{marker}' }} }}\n");
            fs::write(self.web(), headers + tls).unwrap();
        }

        /// With a certificate out of this file.
        fn write_tls(&self, marker: &str, certificate: &Path) {
            let (certificate, key) = (certificate.display(), stored("server.key"));
            let tls = format!("{{ cert_file: {certificate}, key_file: {} }}", key.display());
            self.write(marker, &format!("tls_server_config: {tls}\n"));
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn stored(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../obs-export/tests/it/tls").join(name)
    }

    fn read(folder: &Folder) -> WebConfig {
        read_web_again(&folder.web()).unwrap()
    }

    fn web(config: &WebConfig) -> Web {
        Web::new(Some(config), Arc::default()).unwrap()
    }

    /// The marker of what holds after a look.
    fn looked(web: &Web) -> String {
        let file = web.state.lock().unwrap().file.take().expect("nobody else looks");
        look(file, &web.state, &web.counts);
        web.state.lock().unwrap().current.headers[0].1.to_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_written_before_the_listener_is_there_is_seen() {
        let folder = Folder::new("start");
        folder.write("1", "");
        let config = read(&folder);
        folder.write("22", "");
        assert_eq!(looked(&web(&config)), "22");
    }

    #[test]
    fn what_is_written_while_a_look_reads_is_seen_by_the_next() {
        let folder = Folder::new("meanwhile");
        let certificate = stored("server.pem");
        folder.write_tls("1", &certificate);
        let web = web(&read(&folder));
        assert_eq!(looked(&web), "1");
        // Whoever reads it waits here until somebody writes.
        let pipe = folder.0.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        folder.write_tls("22", &pipe);
        std::thread::scope(|scope| {
            let look = scope.spawn(|| looked(&web));
            let mut reads = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
            folder.write_tls("333", &certificate);
            io::copy(&mut fs::File::open(&certificate).unwrap(), &mut reads).unwrap();
            drop(reads);
            assert_eq!(look.join().unwrap(), "22");
        });
        assert_eq!(looked(&web), "333");
    }

    #[test]
    fn a_certificate_that_comes_later_than_its_name_is_taken_up() {
        let folder = Folder::new("later");
        folder.write_tls("1", &stored("server.pem"));
        let web = web(&read(&folder));
        let later = folder.0.join("later.pem");
        folder.write_tls("22", &later);
        assert_eq!(looked(&web), "1");
        fs::copy(stored("server.pem"), &later).unwrap();
        assert_eq!(looked(&web), "22");
    }
}
