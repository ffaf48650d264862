//! Resource attributes, by the OpenTelemetry semantic conventions.

use super::macros::names;

names! {
    /// The service's name.
    SERVICE_NAME = "service.name";
    /// The service's version.
    SERVICE_VERSION = "service.version";
    /// The group of services it belongs to.
    SERVICE_NAMESPACE = "service.namespace";
    /// A random id of this process.
    SERVICE_INSTANCE_ID = "service.instance.id";
    /// Such as `prod`.
    DEPLOYMENT_ENVIRONMENT_NAME = "deployment.environment.name";
    /// Such as `cn-east`.
    CLOUD_REGION = "cloud.region";
    /// The Kubernetes cluster.
    K8S_CLUSTER_NAME = "k8s.cluster.name";
    /// The revision of the service's code.
    VCS_REF_HEAD_REVISION = "vcs.ref.head.revision";
    /// `obs`.
    TELEMETRY_SDK_NAME = "telemetry.sdk.name";
    /// `rust`.
    TELEMETRY_SDK_LANGUAGE = "telemetry.sdk.language";
    /// The version of obs.
    TELEMETRY_SDK_VERSION = "telemetry.sdk.version";
}
