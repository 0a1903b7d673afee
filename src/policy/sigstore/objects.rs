//! Which Kubernetes objects a Sigstore policy speaks of (`spec.match`): any entry that fits is enough, and without
//! entries every object fits.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::escape_untrusted;
use crate::policy::resource::{Labels, Resource, Speaks};

/// Resources that policy-controller looks at (its `cmd/webhook`, v0.14.0); it refuses others in `match`.
pub const RESOURCES: [&str; 7] =
    ["pods", "replicasets", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"];

/// One entry of `match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMatch {
    /// API group; empty for the core group.
    pub group: String,
    /// The version; nothing for every one (`*`).
    pub version: Option<String>,
    /// The plural, such as `deployments`.
    pub resource: String,
    /// What its labels must be: all of these.
    pub labels: Vec<LabelRule>,
}

/// What one label must be (apimachinery, `labels.Requirement`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelRule {
    /// It is there, with one of these values.
    In(String, BTreeSet<String>),
    /// It is not there, or has none of these values.
    NotIn(String, BTreeSet<String>),
    /// It is there.
    Exists(String),
    /// It is not there.
    DoesNotExist(String),
}

impl ObjectMatch {
    /// Whether `object` fits. Labels that are not known may be those.
    pub fn fits(&self, object: &Resource) -> Speaks {
        let is_of_type = self.resource == object.plural()
            && self.group == object.group
            && self.version.as_ref().is_none_or(|version| *version == object.version);
        match &object.labels {
            _ if !is_of_type => Speaks::No,
            _ if self.labels.is_empty() => Speaks::Surely,
            None => Speaks::Perhaps,
            Some(labels) if self.labels.iter().all(|rule| rule.fits(labels)) => Speaks::Surely,
            Some(_) => Speaks::No,
        }
    }
}

impl fmt::Display for ObjectMatch {
    /// `deployments.apps/v1`, and whether labels choose among them; escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        let version = self.version.as_deref().unwrap_or("*");
        f.write_str(&escape_untrusted(&format!("{}{group}/{version}", self.resource)))?;
        f.write_str(if self.labels.is_empty() { "" } else { " with certain labels" })
    }
}

impl LabelRule {
    fn fits(&self, labels: &Labels) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Self::Exists(key) => labels.contains_key(key),
            Self::DoesNotExist(key) => !labels.contains_key(key),
        }
    }
}

/// Whether a label can have this key: at most 63 of letters, digits and `-_.`, behind a DNS name and `/` if there is
/// one (Kubernetes, "Labels and Selectors").
pub fn is_label_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let domain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let prefix_fits = |prefix: &str| (1..=253).contains(&prefix.len()) && prefix.bytes().all(domain);
    prefix.is_none_or(prefix_fits) && !name.is_empty() && is_label_value(name)
}

/// Whether a label can have this value: empty, or at most 63 of letters, digits and `-_.`, with a letter or digit at
/// both ends.
pub fn is_label_value(value: &str) -> bool {
    let end = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphanumeric());
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    value.len() <= 63 && value.bytes().all(legal) && end(value.bytes().next()) && end(value.bytes().last())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn object(group: &str, version: &str, kind: &str, labels: &[(&str, &str)]) -> Resource {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let [group, version, kind] = [group, version, kind].map(str::to_owned);
        Resource { group, version, kind, labels: Some(Arc::new(labels)) }
    }

    fn entry(group: &str, version: Option<&str>, resource: &str, labels: Vec<LabelRule>) -> ObjectMatch {
        let (group, version) = (group.to_owned(), version.map(str::to_owned));
        ObjectMatch { group, version, resource: resource.to_owned(), labels }
    }

    #[test]
    fn group_version_and_resource_are_compared_and_a_star_is_any_version() {
        let deployment = object("apps", "v1", "Deployment", &[]);
        for same in
            [entry("apps", Some("v1"), "deployments", vec![]), entry("apps", None, "deployments", vec![])]
        {
            assert_eq!(same.fits(&deployment), Speaks::Surely, "{same:?}");
        }
        for other in [
            entry("", None, "deployments", vec![]),
            entry("apps", Some("v1beta1"), "deployments", vec![]),
            entry("apps", None, "pods", vec![]),
        ] {
            assert_eq!(other.fits(&deployment), Speaks::No, "{other:?}");
        }
    }

    #[test]
    fn every_rule_for_labels_must_hold() {
        let pod = object("", "v1", "Pod", &[("app", "shop"), ("tier", "web")]);
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let app = || "app".to_owned();
        for (rule, fits) in [
            (LabelRule::In(app(), values(&["shop", "store"])), Speaks::Surely),
            (LabelRule::In(app(), values(&["store"])), Speaks::No),
            (LabelRule::In("none".to_owned(), values(&["shop"])), Speaks::No),
            (LabelRule::NotIn(app(), values(&["shop"])), Speaks::No),
            (LabelRule::NotIn("none".to_owned(), values(&["shop"])), Speaks::Surely),
            (LabelRule::Exists(app()), Speaks::Surely),
            (LabelRule::Exists("none".to_owned()), Speaks::No),
            (LabelRule::DoesNotExist(app()), Speaks::No),
        ] {
            assert_eq!(entry("", None, "pods", vec![rule.clone()]).fits(&pod), fits, "{rule:?}");
            let both = vec![LabelRule::Exists("tier".to_owned()), rule];
            assert_eq!(entry("", None, "pods", both).fits(&pod), fits);
        }
        let unknown = Resource { labels: None, ..pod };
        let asks = |rules| entry("", None, "pods", rules).fits(&unknown);
        assert_eq!(asks(vec![LabelRule::Exists("none".to_owned())]), Speaks::Perhaps);
        assert_eq!(asks(vec![]), Speaks::Surely);
        assert_eq!(entry("", None, "jobs", vec![LabelRule::Exists(app())]).fits(&unknown), Speaks::No);
    }

    #[test]
    fn plurals_are_guessed_as_policy_controller_guesses_them() {
        for (kind, plural) in [
            ("Pod", "pods"),
            ("CronJob", "cronjobs"),
            ("NetworkPolicy", "networkpolicies"),
            ("Ingress", "ingresses"),
            ("Endpoints", "endpoints"),
        ] {
            assert_eq!(object("", "v1", kind, &[]).plural(), plural);
        }
    }

    #[test]
    fn keys_and_values_of_labels_are_held_to_kubernetes_rules() {
        for key in ["app", "app.kubernetes.io/name", "A_b-c.1"] {
            assert!(is_label_key(key), "{key}");
        }
        for key in ["", "-a", "a/", "/a", "a/b/c", "A.b/c", &"a".repeat(64)] {
            assert!(!is_label_key(key), "{key}");
        }
        assert!(
            is_label_value("") && is_label_value("1.0") && !is_label_value("-a") && !is_label_value("a b")
        );
    }
}
