//! Which kinds of Kubernetes objects make pods, and where in them; which are known to make none.

use std::str::FromStr;

/// Where a kind's pod specification stands (Kubernetes API reference, v1.34; `extensions` is what old manifests
/// have).
const POD_KINDS: [(&str, &str, &[&str]); 13] = [
    ("", "Pod", &["spec"]),
    ("", "PodTemplate", &["template", "spec"]),
    ("", "ReplicationController", TEMPLATE),
    ("apps", "DaemonSet", TEMPLATE),
    ("apps", "Deployment", TEMPLATE),
    ("apps", "ReplicaSet", TEMPLATE),
    ("apps", "StatefulSet", TEMPLATE),
    ("batch", "CronJob", CRON_JOB),
    ("batch", "Job", TEMPLATE),
    ("extensions", "DaemonSet", TEMPLATE),
    ("extensions", "Deployment", TEMPLATE),
    ("extensions", "Job", TEMPLATE),
    ("extensions", "ReplicaSet", TEMPLATE),
];
/// Where most kinds have it, and where one of a custom kind is looked for.
pub(super) const TEMPLATE: &[&str] = &["spec", "template", "spec"];
const CRON_JOB: &[&str] = &["spec", "jobTemplate", "spec", "template", "spec"];

/// Built-in kinds that make no pods, whatever they hold, by API group (Kubernetes API reference, v1.34).
/// ControllerRevision is none of them: it holds pod templates in a form of each controller's own.
const PODLESS: [(&str, &[&str]); 20] = [
    (
        "",
        &[
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("certificates.k8s.io", &["CertificateSigningRequest", "ClusterTrustBundle"]),
    ("coordination.k8s.io", &["Lease", "LeaseCandidate"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("events.k8s.io", &["Event"]),
    ("extensions", &["Ingress", "NetworkPolicy", "PodSecurityPolicy"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("internal.apiserver.k8s.io", &["StorageVersion"]),
    ("networking.k8s.io", &["IPAddress", "Ingress", "IngressClass", "NetworkPolicy", "ServiceCIDR"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodDisruptionBudget", "PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
    ("resource.k8s.io", &["DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    (
        "storage.k8s.io",
        &[
            "CSIDriver",
            "CSINode",
            "CSIStorageCapacity",
            "StorageClass",
            "VolumeAttachment",
            "VolumeAttributesClass",
        ],
    ),
    ("storagemigration.k8s.io", &["StorageVersionMigration"]),
];

/// What is known of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Makes pods of the specification at this path.
    Pods(&'static [&'static str]),
    /// Makes none.
    Podless,
    /// Not built in.
    Custom,
}

/// What is known of `kind` in `group` (empty for the core group).
pub(super) fn kind(group: &str, kind: &str) -> Kind {
    if let Some((_, _, path)) = POD_KINDS.iter().find(|known| (known.0, known.1) == (group, kind)) {
        return Kind::Pods(path);
    }
    match PODLESS.iter().any(|(known, kinds)| *known == group && kinds.contains(&kind)) {
        true => Kind::Podless,
        false => Kind::Custom,
    }
}

/// Whether a custom kind is known to have a pod template at the usual place, where it has anything there (Argo
/// Rollouts, v1.8; Knative Serving, v1).
pub(super) fn templates_are_pods(group: &str, kind: &str) -> bool {
    const KNOWN: [(&str, &str); 3] = [
        ("argoproj.io", "Rollout"),
        ("serving.knative.dev", "Configuration"),
        ("serving.knative.dev", "Service"),
    ];
    KNOWN.contains(&(group, kind))
}

/// A kind whose objects are not looked into: `KIND` in any group, or `KIND.GROUP`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredKind {
    kind: String,
    group: Option<String>,
}

/// Why a text names no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind: it takes KIND or KIND.GROUP, such as Task or Task.tekton.dev")]
pub struct KindError(String);

impl FromStr for IgnoredKind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        let (kind, group) = text.split_once('.').map_or((text, None), |(kind, group)| (kind, Some(group)));
        let word = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        // Kinds are written so by convention; an image that slipped in behind the option is not.
        let begins_as_a_kind = kind.starts_with(|first: char| first.is_ascii_uppercase());
        if !begins_as_a_kind || !word(kind, "") || !group.is_none_or(|group| word(group, "-.")) {
            return Err(KindError(crate::model::escape_untrusted(text)));
        }
        Ok(Self { kind: kind.to_owned(), group: group.map(str::to_owned) })
    }
}

impl IgnoredKind {
    pub(super) fn covers(&self, group: &str, kind: &str) -> bool {
        self.kind == kind && self.group.as_ref().is_none_or(|own| own == group)
    }
}
