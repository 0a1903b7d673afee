//! Keys by the names that cases call them, and signatures as their owners make them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::model::candidate::Read;
use countersign::model::envelope::{IN_TOTO, pae};
use countersign::model::{Candidate, Claims, Digest, Format, PublicKey, bundle, payload, statement};
use countersign::policy::KeySource;
use countersign::signer::Signer as _;
use countersign::signer::keyring::file::{self, LocalSigner, PrivateKeyText};

/// Names of keys in cases, and the files of the test kit that hold them.
const KEYS: [(&str, &str); 7] = [
    ("build", "p256"),
    ("build-next", "p384"),
    ("build-third", "rsa2048"),
    ("validation", "ed25519"),
    ("validation-next", "p521"),
    ("stranger", "p256-other"),
    ("release", "rsa3072"),
];
/// Other spellings of keys: public halves only.
const SPELLINGS: [(&str, &str); 2] =
    [("build-compressed", "p256-compressed"), ("build-third-pkcs1", "rsa2048-pkcs1")];

fn text(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testkit/keys");
    std::fs::read_to_string(folder.join(file)).unwrap()
}

/// The keys that can sign, by name.
fn signers() -> &'static BTreeMap<&'static str, LocalSigner> {
    static SIGNERS: OnceLock<BTreeMap<&'static str, LocalSigner>> = OnceLock::new();
    SIGNERS.get_or_init(|| {
        let open = |(name, stem): &(&'static str, &str)| match file::parse(&text(&format!("{stem}.pem"))) {
            Ok(PrivateKeyText::Plain(signer)) => (*name, signer),
            other => panic!("{stem}: {other:?}"),
        };
        KEYS.iter().map(open).collect()
    })
}

/// Whether a key of that name can sign.
pub(crate) fn can_sign(name: &str) -> bool {
    signers().contains_key(name)
}

/// The public key of that name.
pub(crate) fn public(name: &str) -> Option<PublicKey> {
    static PUBLIC: OnceLock<BTreeMap<&'static str, PublicKey>> = OnceLock::new();
    let read = |(name, stem): &(&'static str, &str)| {
        (*name, PublicKey::from_pem(&text(&format!("{stem}.pub.pem"))).unwrap())
    };
    PUBLIC.get_or_init(|| KEYS.iter().chain(&SPELLINGS).map(read).collect()).get(name).cloned()
}

/// Every public key, by how policies refer to it: `ref: NAME`, or an object `NAME` in the namespace `keys`.
pub(crate) fn fetched() -> BTreeMap<KeySource, PublicKey> {
    let mut fetched = BTreeMap::new();
    for (name, _) in KEYS.iter().chain(&SPELLINGS) {
        let (namespace, object) = ("keys".to_owned(), (*name).to_owned());
        for source in [
            KeySource::Reference(object.clone()),
            KeySource::Reference(format!("k8s://{namespace}/{object}")),
            KeySource::Secret { namespace: "cosign-system".to_owned(), name: object.clone() },
            KeySource::ConfigMap { namespace: namespace.clone(), name: object.clone() },
            KeySource::Secret { namespace: namespace.clone(), name: object.clone() },
        ] {
            fetched.insert(source, public(name).unwrap());
        }
    }
    fetched
}

/// The text of a public key, indented to stand in a policy.
pub(crate) fn pem(name: &str, indent: &str) -> String {
    let key = public(name).unwrap_or_else(|| panic!("no key `{name}`"));
    key.to_pem().lines().collect::<Vec<_>>().join(&format!("\n{indent}"))
}

/// A signature by the key `by` on `digest`, as found in a registry.
pub(crate) fn signature(
    by: &str,
    format: Format,
    repository: &str,
    digest: &Digest,
    claims: &Claims,
) -> Read {
    let signer = &signers()[by];
    let message = match format {
        Format::Legacy => payload::to_bytes(repository, digest, claims),
        Format::Bundle => statement::to_bytes(digest, claims),
    };
    match format {
        Format::Legacy => {
            let signature = STANDARD.encode(sign(signer, &message));
            Candidate::legacy("a layer".to_owned(), message, Some(&signature), false)
        }
        Format::Bundle => {
            let signature = sign(signer, &pae(IN_TOTO, &message));
            let bytes = bundle::to_bytes(&message, &signature, signer.public_key());
            Candidate::bundle("a referrer".to_owned(), &bytes)
        }
    }
}

fn sign(signer: &LocalSigner, message: &[u8]) -> Vec<u8> {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| tokio::runtime::Builder::new_current_thread().build().unwrap());
    runtime.block_on(signer.sign(message)).unwrap()
}
