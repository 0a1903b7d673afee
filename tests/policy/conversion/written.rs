//! Policies of other tools, generated.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::scene::{ELSEWHERE, KEYS};
use crate::kit;

pub(super) const PATTERNS: [&str; 9] = [
    "*",
    "registry.example.org/*",
    "registry.example.org/shop/*",
    "registry.example.org/shop/app",
    "registry.example.org/*pp",
    "registry.example.org/other/*",
    "registry.example.org/shop/app:latest",
    "busybox",
    "ghcr.io/*",
];
/// Patterns that two readers might read in two ways.
pub(super) const AWKWARD_PATTERNS: [&str; 24] = [
    ":*",
    "*:*",
    "**",
    "*/app",
    "busy*",
    "shop/*",
    "library/*",
    "library/busybox:*",
    "docker.io/*",
    "docker.io/busybox",
    "docker.io/library/*",
    "docker.io:443/library/*",
    "index.docker.io:443/*",
    "Registry-1.docker.io/shop/*",
    "Registry.Example.org/shop/*",
    "registry.example.org./shop/*",
    "registry.example.org:443/*",
    "registry.example.org:0443/*",
    "registry.example.org:5000/*",
    "registry.example.org:5000/shop/app:*",
    "registry:443/*",
    "localhost/*",
    "[::1]:443/*",
    "[0:0::1]/*",
];
pub(super) const GLOBS: [&str; 6] = [
    "**",
    "registry.example.org/**",
    "registry.example.org/shop/*",
    "registry.example.org/*/app@*",
    "index.docker.io/library/*",
    "*.example.org/**",
];
/// Globs that two readers might read in two ways.
pub(super) const AWKWARD_GLOBS: [&str; 20] = [
    "*",
    "index.docker.io/*",
    "index.docker.io/busy*",
    "index.docker.io/busybox@*",
    "index.docker.io/**",
    "index.docker.io/library/**",
    "index.docker.io:443/**",
    "index.docker.io./**",
    "docker.io/**",
    "Docker.io/**",
    "registry-1.docker.io/**",
    "registry.example.org./**",
    "Registry.example.org/**",
    "registry.example.org:443/**",
    "registry.example.org:0443/**",
    "registry.example.org:5000/**",
    "registry.example.org/shop/app",
    "registry:443/**",
    "localhost:443/*",
    "localhost/**",
];

fn pattern(
    plain: &'static [&'static str],
    awkward: &'static [&'static str],
) -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => prop::sample::select(plain), 1 => prop::sample::select(awkward)]
}

pub(super) fn keys_text(indent: &str, field: &str, key: &str) -> String {
    format!("{indent}{field}: |\n{indent}  {}\n", kit::pem(key, &format!("{indent}  ")))
}

/// A policy of the webhook's with all keys, and these entries.
pub(super) fn with_entries(excludes: bool, entries: &str) -> String {
    let mut text = "apiVersion: signing.apps.tanzu.vmware.com/v1beta1\nkind: ClusterImagePolicy\n\
                    metadata: {name: image-policy}\nspec:\n  verification:\n"
        .to_owned();
    if excludes {
        text.push_str("    exclude: {resources: {namespaces: [kube-system]}}\n");
    }
    text.push_str("    keys:\n");
    for key in KEYS {
        let _ = write!(text, "      - name: {key}\n{}", keys_text("        ", "publicKey", key));
    }
    text + "    images:\n" + entries
}

pub(super) fn entry(pattern: &str, keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("{{name: {key}}}")).collect();
    format!("      - {{namePattern: \"{pattern}\", keys: [{}]}}\n", keys.join(", "))
}

/// Entries: a pattern, and which of the keys.
pub(super) fn tanzu() -> impl Strategy<Value = String> {
    let keys = prop::sample::subsequence(&KEYS, 1..=3);
    let one = (pattern(&PATTERNS, &AWKWARD_PATTERNS), keys).prop_map(|(pattern, keys)| entry(pattern, &keys));
    let entries = prop::collection::vec(one, 1..4);
    (entries, any::<bool>()).prop_map(|(entries, excludes)| with_entries(excludes, &entries.concat()))
}

/// A policy of policy-controller's with these globs and authorities.
pub(super) fn with_authorities(mode: &str, globs: &[&str], authorities: &str) -> String {
    let globs: Vec<String> = globs.iter().map(|glob| format!("{{glob: \"{glob}\"}}")).collect();
    format!(
        "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {{name: keys}}\nspec:\n  \
         mode: {mode}\n  images: [{}]\n  authorities:\n{authorities}",
        globs.join(", ")
    )
}

/// An authority: a key by number, or what it says without one.
fn authority(number: usize, which: usize, fetched: bool, hash: Option<&str>, elsewhere: bool) -> String {
    let mut text = format!("    - name: a{number}\n");
    match which {
        3 => return text + "      static: {action: pass}\n",
        4 => return text + "      static: {action: fail, message: never}\n",
        _ => text.push_str("      key:\n"),
    }
    match fetched {
        true => drop(writeln!(text, "        secretRef: {{name: {}}}", KEYS[which])),
        false => text.push_str(&keys_text("        ", "data", KEYS[which])),
    }
    if let Some(hash) = hash {
        let _ = writeln!(text, "        hashAlgorithm: {hash}");
    }
    if elsewhere {
        let _ = writeln!(text, "      source: [{{oci: {ELSEWHERE}}}]");
    }
    text
}

/// What an installation says beside: nothing, settings, a namespace that is not looked at.
const BESIDE: [&str; 4] = [
    "",
    "",
    "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-policy-controller}\ndata: {no-match-policy: warn}\n",
    "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system}\n",
];

/// Authorities, all of them looking elsewhere or none; and what stands beside.
pub(super) fn sigstore() -> impl Strategy<Value = String> {
    let which = prop_oneof![8 => 0..3_usize, 1 => Just(3), 1 => Just(4)];
    let hash = prop::sample::select(vec![None, None, None, Some("sha256"), Some("sha384"), Some("sha512")]);
    let authorities = prop::collection::vec((which, prop::bool::weighted(0.3), hash), 1..4);
    let globs = prop::collection::vec(pattern(&GLOBS, &AWKWARD_GLOBS), 1..3);
    let mode = prop::sample::select(vec!["enforce", "enforce", "warn"]);
    let beside = prop::sample::select(BESIDE.as_slice());
    (globs, authorities, any::<bool>(), mode, beside).prop_map(
        |(globs, authorities, elsewhere, mode, beside)| {
            let each = authorities
                .into_iter()
                .enumerate()
                .map(|(number, (which, fetched, hash))| authority(number, which, fetched, hash, elsewhere));
            with_authorities(mode, &globs, &each.collect::<String>()) + beside
        },
    )
}
