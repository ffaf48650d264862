//! The variables that an output of type `otlp` goes by where it says nothing itself.

use super::super::key::Form;

/// A key of such an output, the variable of all signals for it, and that of logs alone, which goes first.
pub(in crate::config) struct OtlpVariables {
    pub(in crate::config) key: &'static str,
    pub(in crate::config) names: [&'static str; 2],
    pub(in crate::config) form: Form,
}

macro_rules! variables {
    ($key:literal, $form:ident, $end:literal) => {
        OtlpVariables {
            key: $key,
            names: [concat!("OTEL_EXPORTER_OTLP_", $end), concat!("OTEL_EXPORTER_OTLP_LOGS_", $end)],
            form: Form::$form,
        }
    };
}

/// In the order of the page.
pub(in crate::config) const OTLP_VARIABLES: [OtlpVariables; 8] = [
    variables!("url", Special, "ENDPOINT"),
    variables!("protocol", Same, "PROTOCOL"),
    variables!("compression", Same, "COMPRESSION"),
    variables!("headers", Special, "HEADERS"),
    variables!("ca_file", Same, "CERTIFICATE"),
    variables!("certificate", Same, "CLIENT_CERTIFICATE"),
    variables!("key_file", Same, "CLIENT_KEY"),
    variables!("timeout", Millis, "TIMEOUT"),
];
