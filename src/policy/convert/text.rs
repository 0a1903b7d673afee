//! Native policies as YAML.

use std::fmt::Write as _;

use super::plan::{Native, NativeAction, NativeSigner};
use crate::policy::draft::{DraftKey, KeySource};
use crate::policy::model::Mode;
use crate::policy::native::{API_VERSION, KIND};

// Writing to a String cannot fail, so the results of `write!` below are dropped.

/// The documents, with `---` between.
pub(super) fn documents(natives: &[Native<'_>]) -> String {
    natives.iter().map(document).collect::<Vec<_>>().join("---\n")
}

fn document(native: &Native<'_>) -> String {
    let mut text = format!(
        "apiVersion: {API_VERSION}\nkind: {KIND}\nmetadata:\n  name: {}\nspec:\n",
        quoted(&native.name)
    );
    let mut line = |line: String| {
        let _ = writeln!(text, "  {line}");
    };
    if native.mode != Mode::Enforce {
        line(format!("mode: {:?}", native.mode));
    }
    match native.action {
        NativeAction::Allow => line("action: Allow".to_owned()),
        NativeAction::Deny => line("action: Deny".to_owned()),
        NativeAction::Require(_) => {}
    }
    line("images:".to_owned());
    line(format!("  include: {}", list(native.include.iter())));
    if !native.exclude.is_empty() {
        line(format!("  exclude: {}", list(native.exclude.iter())));
    }
    if !native.exclude_namespaces.is_empty() {
        line(format!("excludeNamespaces: {}", list(native.exclude_namespaces.iter())));
    }
    if !native.signature_repositories.is_empty() {
        line(format!("signatureRepositories: {}", list(native.signature_repositories.iter())));
    }
    if let NativeAction::Require(signers) = &native.action {
        line("signers:".to_owned());
        signers.iter().for_each(|signer| text.push_str(&signer_text(signer)));
    }
    text
}

fn signer_text(signer: &NativeSigner<'_>) -> String {
    let mut text = format!("    - name: {}\n      keys:\n", signer.name);
    signer.keys.iter().for_each(|key| text.push_str(&key_text(key)));
    if let Some(earlier) = signer.countersigns {
        let _ = writeln!(text, "      countersigns: {earlier}");
    }
    text
}

/// A key as an element of a list.
fn key_text(key: &DraftKey) -> String {
    let object = |field: &str, namespace: &str, name: &str| {
        format!("        - {field}: {{namespace: {}, name: {}}}\n", quoted(namespace), quoted(name))
    };
    match key {
        DraftKey::Spelled(key) => {
            let pem = key.to_pem();
            let lines = pem.lines().map(|line| format!("            {line}\n"));
            format!("        - pem: |\n{}", lines.collect::<String>())
        }
        DraftKey::From(KeySource::ConfigMap { namespace, name }) => object("configMapRef", namespace, name),
        DraftKey::From(KeySource::Secret { namespace, name }) => object("secretRef", namespace, name),
        DraftKey::From(KeySource::Reference(reference)) => format!("        - ref: {}\n", quoted(reference)),
    }
}

fn list<T: ToString>(items: impl Iterator<Item = T>) -> String {
    format!("[{}]", items.map(|item| quoted(&item.to_string())).collect::<Vec<_>>().join(", "))
}

/// A text in quotes, which YAML reads as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
