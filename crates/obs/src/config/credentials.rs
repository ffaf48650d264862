//! Who we are to another machine and whom we believe: the same keys wherever something is sent.

use std::fmt;
use std::path::PathBuf;

use obs_core::redact::REDACTED;

use super::key::{Kind, Value};

/// Who we are to another machine, and whom we believe over TLS. Prints without the password and the token.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// Credentials by the scheme `Basic`; default none.
    pub user: Option<String>,
    /// Of the user. Never printed.
    pub password: Option<String>,
    /// A token by the scheme `Bearer`; default none. Never printed.
    pub token: Option<String>,
    /// A PEM file with the authorities to believe over TLS; default those of the system.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with the certificate to show over TLS, and its chain; default none.
    pub certificate: Option<PathBuf>,
    /// A PEM file with its private key.
    pub key_file: Option<PathBuf>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, password, token, ca_file, certificate, key_file } = self;
        f.debug_struct("Credentials")
            .field("user", user)
            .field("password", &password.as_ref().map(|_| REDACTED))
            .field("token", &token.as_ref().map(|_| REDACTED))
            .field("ca_file", ca_file)
            .field("certificate", certificate)
            .field("key_file", key_file)
            .finish()
    }
}

/// One key of them, whatever section it stands in.
pub(super) struct Credential {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) get: fn(&Credentials) -> Value,
    pub(super) set: fn(&mut Credentials, Value),
}

impl Credential {
    /// What may stand there.
    pub(super) const KIND: Kind = Kind::Text;
}

macro_rules! text {
    ($at:ident, $doc:literal) => {
        Credential {
            name: stringify!($at),
            doc: $doc,
            get: |credentials| Value::from_text(credentials.$at.as_deref()),
            set: |credentials, value| {
                if let Value::Text(text) = value {
                    credentials.$at = Some(text);
                }
            },
        }
    };
}

macro_rules! path {
    ($at:ident, $doc:literal) => {
        Credential {
            name: stringify!($at),
            doc: $doc,
            get: |credentials| {
                let path = credentials.$at.as_ref().map(|path| path.to_string_lossy());
                Value::from_text(path.as_deref())
            },
            set: |credentials, value| {
                if let Value::Text(text) = value {
                    credentials.$at = Some(PathBuf::from(text));
                }
            },
        }
    };
}

pub(super) const USER: Credential = text!(user, "Credentials by the scheme `Basic`, with `password`.");
pub(super) const PASSWORD: Credential = text!(password, "Of `user`.");
pub(super) const TOKEN: Credential = text!(token, "A token by the scheme `Bearer`.");
pub(super) const CA_FILE: Credential =
    path!(ca_file, "A PEM file with the authorities to believe over TLS, in the place of the system's.");
pub(super) const CERTIFICATE: Credential =
    path!(certificate, "A PEM file with the certificate to show over TLS, its chain after it.");
pub(super) const KEY_FILE: Credential = path!(key_file, "A PEM file with the private key of `certificate`.");

/// Those that are nothing without another, and that other.
pub(super) const LEAN: [(Credential, Credential); 2] = [(PASSWORD, USER), (KEY_FILE, CERTIFICATE)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_password_nor_token_is_printed() {
        let secret = || Some(String::from("hunter2"));
        let credentials = Credentials { password: secret(), token: secret(), ..Credentials::default() };
        let printed = format!("{credentials:?}");
        assert!(!printed.contains("hunter2") && printed.contains("redacted"), "{printed}");
    }
}
