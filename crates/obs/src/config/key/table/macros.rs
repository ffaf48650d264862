//! Rows of one kind, written without what they have in common.

/// An attribute of the service that has a key of its own.
macro_rules! part {
    ($path:literal, $attribute:expr, $variables:expr, $doc:literal) => {
        Key {
            path: $path,
            kind: Kind::Text,
            default: "",
            variables: $variables,
            setter: "attribute",
            reload: Reload::No,
            doc: $doc,
            get: |config| {
                let found = config.resource.iter().find(|(key, _)| *key == $attribute);
                Value::from_text(found.map(|(_, value)| value))
            },
            set: |config, value| {
                if let Value::Text(text) = value {
                    config.resource.set($attribute, text);
                }
            },
        }
    };
}

/// A field of the configuration that holds the value as it is.
macro_rules! field {
    ($path:literal, $kind:expr, $default:literal, [$($variable:expr),*], $setter:literal, $reload:ident, $doc:literal,
     $variant:ident at $($at:ident).+) => {
        Key {
            path: $path,
            kind: $kind,
            default: $default,
            variables: &[$($variable),*],
            setter: $setter,
            reload: Reload::$reload,
            doc: $doc,
            get: |config| Value::$variant(config.$($at).+.clone()),
            set: |config, value| {
                if let Value::$variant(value) = value {
                    config.$($at).+ = value;
                }
            },
        }
    };
}

/// A field of the configuration that holds a whole number.
macro_rules! whole {
    ($path:literal, $kind:expr, $default:literal, [$($variable:expr),*], $setter:literal, $doc:literal,
     $($at:ident).+) => {
        Key {
            path: $path,
            kind: $kind,
            default: $default,
            variables: &[$($variable),*],
            setter: $setter,
            reload: Reload::No,
            doc: $doc,
            get: |config| Value::Whole(u64::try_from(config.$($at).+).unwrap_or(u64::MAX)),
            set: |config, value| {
                if let Some(number) = value.whole() {
                    config.$($at).+ = number;
                }
            },
        }
    };
}

/// A field of the configuration that holds one of a few choices, each with its word.
macro_rules! choice {
    ($path:literal, $default:literal, [$($variable:expr),*], $setter:literal, $doc:literal, $($at:ident).+,
     $($word:literal = $choice:path),+) => {
        Key {
            path: $path,
            kind: Kind::Word(&[$($word),+]),
            default: $default,
            variables: &[$($variable),*],
            setter: $setter,
            reload: Reload::No,
            doc: $doc,
            get: |config| match config.$($at).+ {
                $($choice => Value::Word($word),)+
            },
            set: |config, value| {
                config.$($at).+ = match value {
                    $(Value::Word($word) => $choice,)+
                    _ => return,
                };
            },
        }
    };
}

/// One of the credentials that a section has.
macro_rules! credential {
    ($path:literal, $key:ident, [$($variable:expr),*], $($at:ident).+) => {
        Key {
            path: $path,
            kind: Credential::KIND,
            default: "",
            variables: &[$($variable),*],
            setter: "otlp_credentials",
            reload: Reload::No,
            doc: credentials::$key.doc,
            get: |config| (credentials::$key.get)(&config.$($at).+),
            set: |config, value| (credentials::$key.set)(&mut config.$($at).+, value),
        }
    };
}

pub(super) use {choice, credential, field, part, whole};
