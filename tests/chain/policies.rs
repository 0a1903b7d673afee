//! Policies and manifests as people write them.

use crate::support::keys::TestKey;
use crate::support::registry::TestRegistry;
use crate::world::keys;

/// A policy for images below `PATTERN`, with what else its `spec` has.
pub(crate) fn policy(name: &str, pattern: &str, spec: &str) -> String {
    format!(
        "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\nmetadata:\n  name: {name}\nspec:\n  \
         images: {{include: [\"{pattern}\"]}}\n{spec}"
    )
}

/// `mode` or `action`, as a line of a `spec`.
pub(crate) fn line(member: &str, value: &str) -> String {
    format!("  {member}: {value}\n")
}

/// Signers of a `spec`.
pub(crate) fn signers(signers: &[String]) -> String {
    line("signers", &format!("[{}]", signers.join(", ")))
}

/// A signer with one key, and what else it has.
pub(crate) fn signer(name: &str, key: &TestKey, more: &str) -> String {
    format!("{{name: {name}, keys: [{{ref: '{}'}}]{more}}}", key.public_arg())
}

/// The signers of the chain: the build, and the validation that countersigns it.
pub(crate) fn both() -> String {
    let second = signer("validation", &keys().validation, ", countersigns: build");
    signers(&[signer("build", &keys().build, ""), second])
}

/// Everything in the registry below `shop/` needs both signatures.
pub(crate) fn production(registry: &TestRegistry) -> String {
    policy("production", &format!("{}/shop/**", registry.host()), &both())
}

/// A pod that runs `images`, with comments and an order of its own.
pub(crate) fn pod(name: &str, images: &[&str]) -> String {
    let containers: Vec<String> = images
        .iter()
        .enumerate()
        .map(|(number, image)| {
            format!("    - image: {image} # as the team wrote it\n      name: c{number}\n")
        })
        .collect();
    format!(
        "# {name}, by hand\nkind: Pod\napiVersion: v1\nmetadata:\n  name: {name}\nspec:\n  containers:\n{}",
        containers.concat()
    )
}

/// The same in a namespace.
pub(crate) fn pod_in(namespace: &str, name: &str, images: &[&str]) -> String {
    pod(name, images).replace("metadata:\n", &format!("metadata:\n  namespace: {namespace}\n"))
}
