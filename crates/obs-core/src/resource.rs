//! Who is speaking: the service's identity, the same on every line, span and scrape.

use std::borrow::Cow;

use crate::redact::{REDACTED, Rules};

/// Name, version and place of the service, as data. Each leaf writes it in its own signal's form.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource {
    /// `service.name`; on every line as `service`.
    pub name: String,
    /// `service.version`.
    pub version: Option<String>,
    /// `deployment.environment.name`, such as `prod`.
    pub env: Option<String>,
    /// `cloud.region`, such as `cn-east`.
    pub region: Option<String>,
    /// `k8s.cluster.name`.
    pub cluster: Option<String>,
    /// `service.instance.id`: unique to this process.
    pub instance: Option<String>,
    /// Further attributes, in the order given; a name that has a field of its own above is not repeated here.
    pub attributes: Vec<(String, String)>,
}

impl Resource {
    /// A service with a name and nothing else known.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: None,
            env: None,
            region: None,
            cluster: None,
            instance: None,
            attributes: Vec::new(),
        }
    }

    /// Sets an attribute by its OpenTelemetry name, in its field where it has one.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        use crate::keys::resource as keys;
        let value = value.into();
        match key {
            keys::SERVICE_NAME => self.name = value,
            keys::SERVICE_VERSION => self.version = Some(value),
            keys::DEPLOYMENT_ENVIRONMENT_NAME => self.env = Some(value),
            keys::CLOUD_REGION => self.region = Some(value),
            keys::K8S_CLUSTER_NAME => self.cluster = Some(value),
            keys::SERVICE_INSTANCE_ID => self.instance = Some(value),
            _ => match self.attributes.iter_mut().find(|(name, _)| name == key) {
                Some((_, old)) => *old = value,
                None => self.attributes.push((key.to_owned(), value)),
            },
        }
    }

    /// Takes out what is secret.
    pub(crate) fn redact(&mut self, rules: &Rules) {
        let fields =
            [&mut self.version, &mut self.env, &mut self.region, &mut self.cluster, &mut self.instance];
        for text in fields.into_iter().flatten().chain([&mut self.name]) {
            if let Cow::Owned(clean) = rules.redact(text) {
                *text = clean;
            }
        }
        for (key, value) in &mut self.attributes {
            if rules.is_secret(key) {
                REDACTED.clone_into(value);
            } else if let Cow::Owned(clean) = rules.redact(value) {
                *value = clean;
            }
        }
    }

    /// Every attribute that is known, by its OpenTelemetry name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        use crate::keys::resource as keys;
        [
            (keys::SERVICE_NAME, Some(&self.name)),
            (keys::SERVICE_VERSION, self.version.as_ref()),
            (keys::DEPLOYMENT_ENVIRONMENT_NAME, self.env.as_ref()),
            (keys::CLOUD_REGION, self.region.as_ref()),
            (keys::K8S_CLUSTER_NAME, self.cluster.as_ref()),
            (keys::SERVICE_INSTANCE_ID, self.instance.as_ref()),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?.as_str())))
        .chain(self.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        let mut resource = Resource::new("orders");
        for (key, value) in [
            ("api_key", "abc"),
            ("team", "a"),
            ("db", "postgres://u:hunter2@db/x"),
            ("service.version", "1 pwd=xy"),
        ] {
            resource.set(key, value);
        }
        resource.redact(&Rules::new().plain_key("api_key"));
        let all: Vec<_> = resource.iter().map(|(_, value)| value).collect();
        assert_eq!(all, ["orders", "1 pwd=[redacted]", "abc", "a", "postgres://[redacted]@db/x"]);
        resource.redact(Rules::STANDARD);
        assert_eq!(resource.attributes[0].1, REDACTED);
    }

    #[test]
    fn attributes_with_a_field_go_there_and_others_keep_their_order() {
        let mut resource = Resource::new("orders");
        resource.set("cloud.region", "cn-east");
        resource.set("team", "a");
        resource.set("team", "b");
        resource.set("service.name", "payments");
        let all: Vec<_> = resource.iter().collect();
        assert_eq!(all, [("service.name", "payments"), ("cloud.region", "cn-east"), ("team", "b")]);
    }
}
