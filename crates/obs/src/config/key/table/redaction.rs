//! What is taken for a secret.

use super::super::{Key, Kind, Reload, Value};
use super::macros::field;

pub(super) const KEYS: &[Key] = &[
    field!(
        "redaction.patterns",
        Kind::Flag,
        "`true`",
        [],
        "redaction",
        No,
        "Whether texts are searched for secrets; values under secret keys are taken out in any case.",
        Flag at redaction.patterns
    ),
    field!(
        "redaction.keys",
        Kind::Names,
        "",
        [],
        "redaction",
        No,
        "Further keys whose values are secret, such as `iban`.",
        Names at redaction.keys
    ),
    field!(
        "redaction.plain_keys",
        Kind::Names,
        "",
        [],
        "redaction",
        No,
        "Keys whose values would be secret by their name and are not, such as `session_id`.",
        Names at redaction.plain_keys
    ),
];
