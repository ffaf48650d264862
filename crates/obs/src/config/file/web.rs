//! The web config file: what of its format is taken, and what is refused by name.

use std::path::{Path, PathBuf};

use super::super::draft::{At, Draft, Place, shown};
use super::super::environment::Lookup;
use super::super::key::{Kind, Value};
use super::super::web::{Clients, WebConfig, WebTls};
use super::super::{Config, ConfigError};
use super::find::{LARGEST, regular};
use super::read::{Reader, shown_path, unknown};
use super::scalar::Read;
use super::tree::{Entry, Node, Tree};

const SECTIONS: [&str; 3] = ["tls_server_config", "http_server_config", "basic_auth_users"];
const TLS: [&str; 6] =
    ["cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version", "max_version"];
const CLIENTS: [&str; 3] = ["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"];
const VERSIONS: [&str; 2] = ["TLS12", "TLS13"];
/// The headers of the format, with the values it takes; any where there are none.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-XSS-Protection", &[]),
    ("Strict-Transport-Security", &[]),
];
/// What the format has and is not taken, with what to do instead.
const REFUSED: [(&str, &str); 11] = [
    ("rate_limit", "each peer is held to a rate anyway"),
    ("tls_server_config.cert", "certificates stand in files: `cert_file`"),
    ("tls_server_config.key", "keys stand in files: `key_file`"),
    ("tls_server_config.client_ca", "certificates stand in files: `client_ca_file`"),
    ("tls_server_config.client_ca_text", "certificates stand in files: `client_ca_file`"),
    ("tls_server_config.client_allowed_sans", "an authority for scrapers alone does the same"),
    ("tls_server_config.cipher_suites", "all suites there are, are good ones"),
    ("tls_server_config.prefer_server_cipher_suites", "there is no choice of it"),
    ("tls_server_config.curve_preferences", "there is no choice of them"),
    ("http_server_config.read_timeout", "time-outs are fixed"),
    ("http_server_config.write_timeout", "time-outs are fixed"),
];
/// A hash that takes longer than a scrape waits is no use.
const COSTS: std::ops::RangeInclusive<u32> = 4..=16;

/// Where what the file says stands in mistakes that are found later.
const PATH: &str = "admin.web_config";

/// Reads the web config file, if one is named; its path begins in `folder` where the file of the configuration names it.
pub(in crate::config) fn read_web(draft: &mut Draft, folder: Option<&Path>, lookup: Lookup<'_>) {
    let Some(named) = draft.config.admin_web_config.clone() else { return };
    let in_file = draft.in_file(PATH).is_some();
    let path = folder.filter(|_| in_file).unwrap_or(Path::new("")).join(&named);
    draft.config.web = read(draft, &path, &path.display().to_string(), lookup);
}

/// The same file once more.
///
/// # Errors
/// What is wrong with it now.
pub(crate) fn read_web_again(path: &Path) -> Result<WebConfig, ConfigError> {
    let name = path.display().to_string();
    let mut draft = Draft::new(Config::new(""), &name);
    let web = read(&mut draft, path, &name, &super::super::environment::process);
    draft.finish().map(|_| web.unwrap_or_default())
}

fn read(draft: &mut Draft, path: &Path, name: &str, lookup: Lookup<'_>) -> Option<WebConfig> {
    let bytes = match regular(path, LARGEST) {
        Ok(bytes) => bytes,
        Err(why) => {
            draft.fault(draft.place(PATH), format!("{name} {why}"));
            return None;
        }
    };
    // The service may change its working directory.
    let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let before = draft.mistakes();
    let mut reader = Reader::new(draft, lookup, Some(name));
    // A file with nothing in it chooses nothing.
    let web = match reader.tree(&bytes) {
        Some(root) => reader.web(&root, &file),
        None => WebConfig::default(),
    };
    // What is half wrong says nothing.
    (draft.mistakes() == before).then_some(WebConfig { file, ..web })
}

impl Reader<'_, '_> {
    fn web(&mut self, root: &Node, file: &Path) -> WebConfig {
        let mut web = WebConfig::default();
        let folder = file.parent().unwrap_or(Path::new(""));
        for Entry { key, at, node } in self.entries("", root) {
            let missing = match key.as_str() {
                "tls_server_config" if !cfg!(feature = "admin-tls") => "admin-tls",
                "basic_auth_users" if !cfg!(feature = "admin-basic-auth") => "admin-basic-auth",
                _ => "",
            };
            if !missing.is_empty() {
                self.fault(at, &key, format!("obs was built without its feature `{missing}`"));
                continue;
            }
            match key.as_str() {
                "tls_server_config" => web.tls = self.web_tls(&node, folder),
                "http_server_config" => web.headers = self.web_http(&node),
                "basic_auth_users" => web.users = self.web_users(&node),
                _ => self.stranger("", &key, at, &SECTIONS),
            }
        }
        web
    }

    /// The keys under a section, each once; none where it is something else, which is told.
    fn entries(&mut self, section: &str, node: &Node) -> Vec<Entry> {
        match &node.value {
            Tree::Map(entries) => self.unique(section, entries.clone()),
            Tree::Null | Tree::Broken => Vec::new(),
            Tree::Text(_) | Tree::List(_) => {
                self.fault(node.at, section, "expected keys of its own");
                Vec::new()
            }
        }
    }

    /// Tells of a key that is not taken.
    fn stranger(&mut self, section: &str, key: &str, at: At, known: &[&str]) {
        let path = shown_path(section, key);
        let what = match REFUSED.iter().find(|(refused, _)| *refused == path) {
            Some((_, instead)) => format!("is not taken: {instead}"),
            None => unknown(key, known),
        };
        self.fault(at, &path, what);
    }

    fn web_tls(&mut self, node: &Node, folder: &Path) -> Option<WebTls> {
        const SECTION: &str = "tls_server_config";
        let (mut cert, mut key_file, mut ca) = (None, None, None);
        let (mut clients, mut least, mut most) = (Clients::Anybody, 0, 1);
        for Entry { key, at, node } in self.entries(SECTION, node) {
            let path = shown_path(SECTION, &key);
            match key.as_str() {
                "cert_file" => cert = self.web_file(&path, &node, folder),
                "key_file" => key_file = self.web_file(&path, &node, folder),
                "client_ca_file" => ca = self.web_file(&path, &node, folder),
                "client_auth_type" => {
                    if let Some(word) = self.web_word(&path, &node, &CLIENTS) {
                        clients = [Clients::Anybody, Clients::MayShow, Clients::MustShow][word];
                    }
                }
                "min_version" => least = self.web_word(&path, &node, &VERSIONS).unwrap_or(least),
                "max_version" => most = self.web_word(&path, &node, &VERSIONS).unwrap_or(most),
                _ => self.stranger(SECTION, &key, at, &TLS),
            }
        }
        if least > most {
            self.fault(node.at, SECTION, "its `min_version` is above its `max_version`");
        }
        // Both directions: authorities without anybody to vouch for, and nobody to vouch for those who show something.
        match (clients, &ca) {
            (Clients::Anybody, Some(_)) => {
                let what = "has a `client_ca_file`, but no `client_auth_type` that asks for certificates";
                self.fault(node.at, SECTION, what);
            }
            (Clients::MayShow | Clients::MustShow, None) => {
                self.fault(node.at, SECTION, "verifies clients, which needs `client_ca_file`");
            }
            _ => {}
        }
        let missing = [("cert_file", cert.is_none()), ("key_file", key_file.is_none())];
        if let Some((word, _)) = missing.iter().find(|(_, missing)| *missing) {
            return self.refuse(node.at, SECTION, Some(format!("has no `{word}`")));
        }
        let versions = (least == 0, most == 1);
        Some(WebTls { cert_file: cert?, key_file: key_file?, clients, client_ca_file: ca, versions })
    }

    fn web_file(&mut self, path: &str, node: &Node, folder: &Path) -> Option<PathBuf> {
        match self.text(node) {
            Ok((text, _)) => {
                let place = self.place(node.at, path);
                self.locate(format!("{PATH}.{path}"), place);
                Some(folder.join(text))
            }
            Err(what) => self.refuse(node.at, path, what),
        }
    }

    /// Which of the words it is, by its place among them.
    fn web_word(&mut self, path: &str, node: &Node, words: &'static [&'static str]) -> Option<usize> {
        match self.scalar(node, Kind::Word(words)) {
            Ok(Read { value: Value::Word(word), .. }) => words.iter().position(|known| *known == word),
            Ok(_) => None,
            Err(what) => self.refuse(node.at, path, what),
        }
    }

    fn web_http(&mut self, node: &Node) -> Vec<(&'static str, String)> {
        const SECTION: &str = "http_server_config";
        let mut headers = Vec::new();
        for Entry { key, at, node } in self.entries(SECTION, node) {
            let path = shown_path(SECTION, &key);
            match key.as_str() {
                "http2" => match self.scalar(&node, Kind::Flag) {
                    Ok(Read { value: Value::Flag(true), .. }) => {
                        self.fault(node.at, &path, "is not taken: HTTP/1.1 alone is spoken here");
                    }
                    Ok(_) => {}
                    Err(what) => self.refuse(node.at, &path, what).unwrap_or_default(),
                },
                "headers" => headers = self.web_headers(&path, &node),
                _ => self.stranger(SECTION, &key, at, &["http2", "headers"]),
            }
        }
        headers
    }

    fn web_headers(&mut self, section: &str, node: &Node) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        for Entry { key, at, node } in self.entries(section, node) {
            let path = shown_path(section, &key);
            let Some((name, values)) = HEADERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key))
            else {
                self.fault(at, &path, unknown(&key, &HEADERS.map(|(name, _)| name)));
                continue;
            };
            // Blank is as good as none.
            if matches!(&node.value, Tree::Null) || matches!(&node.value, Tree::Text(text) if text.is_empty())
            {
                continue;
            }
            match self.text(&node) {
                Ok((text, _))
                    if !values.is_empty() && !values.contains(&text.to_ascii_lowercase().as_str()) =>
                {
                    let what = format!("{} is wrong, expected `{}`", shown(&text), values.join("` or `"));
                    self.fault(node.at, &path, what);
                }
                // As RFC 9110 section 5.5 has values; what else could end the header and begin another.
                Ok((text, _)) if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
                    self.fault(node.at, &path, "holds what no header may: expected visible ASCII and spaces");
                }
                Ok((text, _)) => headers.push((*name, text)),
                Err(what) => self.refuse(node.at, &path, what).unwrap_or_default(),
            }
        }
        headers
    }

    fn web_users(&mut self, node: &Node) -> Vec<(String, String)> {
        const SECTION: &str = "basic_auth_users";
        let mut users = Vec::new();
        for Entry { key: name, at, node } in self.entries(SECTION, node) {
            let path = shown_path(SECTION, &name);
            if name.contains(':') {
                // RFC 7617 section 2: what is behind the first colon is the password.
                self.fault(at, &path, "is no name of a user: it has a colon");
                continue;
            }
            // Whatever it is, it is not repeated: somebody may have written the password itself.
            match self.text(&node).ok().map(|(hash, _)| (wrong_hash(&hash), hash)) {
                Some((None, hash)) => users.push((name, hash)),
                Some((Some(what), _)) => self.fault(node.at, &path, what),
                None => self.fault(node.at, &path, NO_HASH),
            }
        }
        users
    }

    fn locate(&mut self, path: String, place: Place) {
        self.draft().locate(path, place);
    }
}

const NO_HASH: &str = "expected a bcrypt hash such as `htpasswd -nB` makes, $2y$10$ and 53 characters";

/// What is wrong with a hash, if anything is.
fn wrong_hash(hash: &str) -> Option<String> {
    let is_of_its_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/';
    let rest = ["$2y$", "$2b$", "$2a$"].iter().find_map(|version| hash.strip_prefix(version));
    let parts = rest.and_then(|rest| rest.split_once('$'));
    let Some((cost, _)) = parts
        .filter(|(cost, text)| cost.len() == 2 && text.len() == 53 && text.bytes().all(is_of_its_alphabet))
    else {
        return Some(String::from(NO_HASH));
    };
    match cost.parse::<u32>() {
        Ok(cost) if COSTS.contains(&cost) => None,
        Ok(cost) => Some(format!("has a cost of {cost}, expected {} to {}", COSTS.start(), COSTS.end())),
        Err(_) => Some(String::from(NO_HASH)),
    }
}
