//! The native form of policies: YAML documents of the kind `SignaturePolicy` (docs/policy.md). A document becomes a
//! draft, which names the keys it needs; with those, which others fetch, it becomes a policy. Every error says where
//! it stands and which field is meant.

mod read;
mod signers;
mod written;

use super::draft::{Draft, DraftError};
use crate::model::yaml;

/// `apiVersion` of the native form.
pub const API_VERSION: &str = "policy.countersign.dev/v1alpha1";
/// `kind` of the native form.
pub const KIND: &str = "SignaturePolicy";

/// Reads every document of a text, all of which have this form's kind.
///
/// # Errors
/// [`DraftError`]: an unknown field, or a value that makes no sense.
pub(super) fn drafts(bytes: &[u8]) -> Result<Vec<Draft>, DraftError> {
    yaml::documents::<written::Document>(bytes)?.into_iter().map(read::document).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use crate::policy::draft::{DraftAction, KeySource};
    use crate::policy::drafts;
    use crate::policy::model::{Mode, SignedFor};

    const WHOLE: &str = "\
apiVersion: policy.countersign.dev/v1alpha1
kind: SignaturePolicy
metadata:
  name: production
  labels: {team: shop}
spec:
  mode: Warn
  action: RequireSignatures
  images:
    include: [\"registry.example.org/shop/**\"]
    exclude: [registry.example.org/shop/try]
  excludeNamespaces: [kube-system]
  signatureRepositories: [registry.example.org/signatures]
  signedFor: same
  revoked: {digests: [], keys: []}
  signers:
    - name: build
      keys:
        - ref: build.pub
        - secretRef: {namespace: ci, name: old}
    - name: validation
      keys:
        - configMapRef: {namespace: countersign, name: validation-key-pub}
      countersigns: build
      claims:
        countersign.dev/scan-rules: [\"sha256:1\", \"sha256:2\"]
      maxAge: 30d
      onExpiry: Warn
";

    fn refused(from: &str, to: &str) -> String {
        assert_eq!(WHOLE.matches(from).count(), 1, "{from}");
        drafts(WHOLE.replace(from, to).as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn every_field_is_read() {
        let drafts = drafts(WHOLE.as_bytes()).unwrap();
        let draft = &drafts[0];
        assert_eq!((draft.name(), draft.policy.mode), ("production", Mode::Warn));
        let sources: Vec<&KeySource> = draft.key_sources().map(|(_, source)| source).collect();
        let config_map = KeySource::ConfigMap {
            namespace: "countersign".to_owned(),
            name: "validation-key-pub".to_owned(),
        };
        assert_eq!((sources.len(), sources[0]), (3, &KeySource::Reference("build.pub".to_owned())));
        assert_eq!(sources[2], &config_map);
        let DraftAction::Signers(required) = &draft.required else { panic!("{draft:?}") };
        assert_eq!(required.signed_for, SignedFor::Same);
        assert_eq!(required.signers[1].role.countersigns(), Some("build"));
        assert_eq!(required.signers[1].claims.shown(), "countersign.dev/scan-rules=sha256:1|sha256:2");
        assert!(required.signers[1].max_age.is_some());
    }

    #[test]
    fn an_error_names_line_column_and_field() {
        assert_eq!(
            refused("countersigns: build", "countersigns: biuld"),
            "line 24, column 21: spec.signers[1].countersigns: the signer `validation` countersigns `biuld`, and no \
             signer has that name"
        );
        assert_eq!(
            refused("mode: Warn", "mode: warn"),
            "line 7, column 9: spec.mode: `warn` is none of Enforce, Warn, Audit"
        );
        for (from, to, expected) in [
            ("maxAge: 30d", "maxAge: 30", "spec.signers[1].maxAge: `30` is not a duration"),
            ("      maxAge: 30d\n", "", "spec.signers[1].onExpiry: without `maxAge`"),
            (
                "shop/try",
                "shop/try:1",
                "spec.images.exclude[0]: `registry.example.org/shop/try:1` is not a pattern",
            ),
            ("signedFor: same", "signedFor: [a, b@c]", "line 14, column 18: spec.signedFor[1]: "),
            ("signedFor: same", "signedFor: Same", "spec.signedFor: `Same` is neither"),
            (
                "- name: validation",
                "- name: build",
                "spec.signers[1].name: two signers have the name `build`",
            ),
            ("{digests: [], keys: []}", "{digests: [abc]}", "spec.revoked.digests[0]: "),
            ("- ref: build.pub", "- {}", "spec.signers[0].keys[0]: a key is one of"),
            (
                "action: RequireSignatures",
                "action: Allow",
                "spec.action: an action that asks for no signature",
            ),
            ("kind: SignaturePolicy", "kind: Policy", "kind: `Policy` is not known here"),
            ("kind: SignaturePolicy\n", "", "kind: document 1 has none"),
        ] {
            let error = refused(from, to);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_field_without_a_value_is_an_error_and_drops_no_requirement() {
        for (field, next) in [
            ("  mode: Warn", "\n"),
            ("  action: RequireSignatures", "\n"),
            ("    exclude: [registry.example.org/shop/try]", "\n"),
            ("  excludeNamespaces: [kube-system]", "\n"),
            ("  signatureRepositories: [registry.example.org/signatures]", "\n"),
            ("  signedFor: same", "\n"),
            ("  revoked: {digests: [], keys: []}", "\n"),
            ("{digests: []", ","),
            (" keys: []", "}"),
            ("      countersigns: build", "\n"),
            ("      claims:\n        countersign.dev/scan-rules: [\"sha256:1\", \"sha256:2\"]", "\n"),
            ("      maxAge: 30d", "\n"),
            ("      onExpiry: Warn", "\n"),
        ] {
            let name = field.split_once(':').unwrap().0;
            for null in ["", " null", " ~"] {
                let error = refused(&format!("{field}{next}"), &format!("{name}:{null}{next}"));
                assert!(
                    error.starts_with("line ") && error.contains("a field without a value"),
                    "{name}: {error}"
                );
                let field = name.trim_start_matches(['{', ' ']);
                assert!(error.contains(&format!("{field}: ")), "{name}:{null}: {error}");
            }
        }
    }

    #[test]
    fn an_unknown_field_is_an_error_wherever_it_stands() {
        for (from, to) in [
            ("  mode: Warn", "  mood: Warn"),
            ("    include:", "    includes:"),
            ("  labels:", "  label:"),
            ("      keys:\n        - ref", "      kees:\n        - ref"),
            ("keys: []}", "kees: []}"),
            ("{namespace: ci, name: old}", "{namespace: ci, name: old, key: a}"),
            ("- ref: build.pub", "- reference: build.pub"),
            ("onExpiry:", "onexpiry:"),
        ] {
            let error = refused(from, to);
            assert!(error.starts_with("line ") && error.contains("unknown field"), "{error}");
        }
    }
}
