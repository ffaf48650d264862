//! Who is speaking.

use obs_core::keys::resource;

use super::super::{Key, Kind, Reload, Value};
use super::forms::{ATTRIBUTES, same};
use super::macros::part;

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "service.name",
        kind: Kind::Text,
        default: "the name given to `init`",
        variables: &[ATTRIBUTES, same("OTEL_SERVICE_NAME")],
        setter: "new",
        reload: Reload::No,
        doc: "The service's name: on every line, span and push.",
        get: |config| Value::Text(config.resource.name.clone()),
        set: |config, value| {
            if let Value::Text(text) = value {
                config.resource.name = text;
            }
        },
    },
    part!(
        "service.version",
        resource::SERVICE_VERSION,
        &[ATTRIBUTES, same("OBS_VERSION")],
        "The service's version."
    ),
    part!(
        "service.namespace",
        resource::SERVICE_NAMESPACE,
        &[ATTRIBUTES],
        "The group of services it belongs to, such as `shop`."
    ),
    part!(
        "service.env",
        resource::DEPLOYMENT_ENVIRONMENT_NAME,
        &[ATTRIBUTES, same("OBS_ENV")],
        "The environment, such as `prod`."
    ),
    part!(
        "service.region",
        resource::CLOUD_REGION,
        &[ATTRIBUTES, same("OBS_REGION")],
        "The region, such as `cn-east`."
    ),
    part!(
        "service.cluster",
        resource::K8S_CLUSTER_NAME,
        &[ATTRIBUTES, same("OBS_CLUSTER")],
        "The Kubernetes cluster."
    ),
    Key {
        path: "service.attributes",
        kind: Kind::Pairs,
        default: "",
        variables: &[ATTRIBUTES],
        setter: "attribute",
        reload: Reload::No,
        doc: "Further attributes of the service, by their OpenTelemetry names.",
        get: |config| {
            let own = |(key, _): &&(String, String)| key != resource::SERVICE_NAMESPACE;
            Value::Pairs(config.resource.attributes.iter().filter(own).cloned().collect())
        },
        set: |config, value| {
            if let Value::Pairs(pairs) = value {
                pairs.into_iter().for_each(|(key, value)| config.resource.set(&key, value));
            }
        },
    },
];
