//! What the tests share: the two real registries, key pairs made by cosign and by us, and both command lines.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use countersign::model::key::Algorithm;

use super::support::cli::{Countersign, Run};
use super::support::image::Pushed;
use super::support::keys::ALGORITHMS;
use super::support::peers::{self, Peer};
use super::support::temp::TempFolder;

/// Password of every encrypted key.
pub(super) const PASSWORD: &str = "seven words";

/// Exit code of `cosign verify` when no bundle matches, and for most else.
pub(super) const COSIGN_NO_BUNDLE: i32 = 1;
/// Exit code of `cosign verify` when the image has no signature.
pub(super) const COSIGN_NO_SIGNATURE: i32 = 10;
/// Exit code of `cosign verify` when no legacy signature matches.
pub(super) const COSIGN_NO_LEGACY: i32 = 12;

/// A registry of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// docker-registry 2.8, without the referrers API.
    WithoutReferrers,
    /// go-containerregistry's registry, with it.
    WithReferrers,
}

/// Both of them.
pub(super) const PLACES: [Place; 2] = [Place::WithoutReferrers, Place::WithReferrers];

/// The registries and keys, for as long as a test uses them.
#[derive(Debug)]
pub(super) struct Bed {
    without: Peer,
    with: Peer,
    keys: [OnceLock<Keys>; ALGORITHMS.len()],
}

/// Two key pairs of one algorithm.
#[derive(Debug)]
pub(super) struct Keys {
    /// Made by cosign: `generate-key-pair`, or `import-key-pair` for what it does not generate.
    pub(super) cosigns: Pair,
    /// Made by `countersign keys generate`.
    pub(super) ours: Pair,
    _folders: [TempFolder; 2],
}

/// A key pair in two files; the private key is encrypted.
#[derive(Debug)]
pub(super) struct Pair {
    /// The private key.
    pub(super) private: String,
    /// The public key.
    pub(super) public: String,
    /// Its algorithm.
    pub(super) algorithm: Algorithm,
}

impl Bed {
    /// The one that the tests of this process share. The last that lets go of it ends the registries, which
    /// a static would leave running.
    pub(super) fn share() -> Arc<Self> {
        static SHARED: Mutex<Weak<Bed>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let bed = Arc::new(Self {
                without: peers::docker_registry(),
                with: peers::referrers_registry(),
                keys: Default::default(),
            });
            *shared = Arc::downgrade(&bed);
            bed
        })
    }

    /// `ADDRESS:PORT` of a registry.
    pub(super) fn host(&self, place: Place) -> &str {
        match place {
            Place::WithoutReferrers => self.without.host(),
            Place::WithReferrers => self.with.host(),
        }
    }

    /// The key pairs of an algorithm.
    pub(super) fn keys(&self, algorithm: Algorithm) -> &Keys {
        let number = ALGORITHMS.iter().position(|known| *known == algorithm).unwrap();
        self.keys[number].get_or_init(|| Keys::make(algorithm))
    }

    /// The key pairs that most tests use.
    pub(super) fn p256(&self) -> &Keys {
        self.keys(Algorithm::EcdsaP256)
    }
}

impl Keys {
    fn make(algorithm: Algorithm) -> Self {
        let folders = [TempFolder::new(), TempFolder::new()];
        let [cosigns, ours] = folders.each_ref().map(|folder| folder.join("pair"));
        let prefix = cosigns.to_str().unwrap();
        let making = match unencrypted(algorithm) {
            None => cosign().args(["generate-key-pair", "--output-key-prefix", prefix]),
            Some(key) => cosign().args(["import-key-pair", "--output-key-prefix", prefix, "--key"]).arg(key),
        };
        making.run().expect_code(0);
        let generate = countersign().args(["keys", "generate", "--algorithm", &flag_name(algorithm)]);
        generate.arg("--output-prefix").arg(&ours).run().expect_code(0);
        let pair = |prefix: &PathBuf| Pair {
            private: format!("{}.key", prefix.display()),
            public: format!("{}.pub", prefix.display()),
            algorithm,
        };
        Self { cosigns: pair(&cosigns), ours: pair(&ours), _folders: folders }
    }
}

/// What `--algorithm` calls it.
pub(super) fn flag_name(algorithm: Algorithm) -> String {
    match algorithm {
        Algorithm::EcdsaP256 => "ecdsa-p256".to_owned(),
        Algorithm::EcdsaP384 => "ecdsa-p384".to_owned(),
        Algorithm::EcdsaP521 => "ecdsa-p521".to_owned(),
        Algorithm::Ed25519 => "ed25519".to_owned(),
        Algorithm::Rsa(bits) => format!("rsa-{bits}"),
    }
}

/// A private key for cosign to import; it generates P-256 itself.
fn unencrypted(algorithm: Algorithm) -> Option<PathBuf> {
    let name = flag_name(algorithm).replace("ecdsa-", "").replace('-', "");
    let file = format!("tests/testkit/keys/{name}.pem");
    (algorithm != Algorithm::EcdsaP256).then(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file))
}

/// cosign with the password of the keys.
pub(super) fn cosign() -> Countersign {
    peers::cosign().env("COSIGN_PASSWORD", PASSWORD)
}

/// Our binary with the password of the keys.
pub(super) fn countersign() -> Countersign {
    Countersign::new().env("COUNTERSIGN_PASSWORD", PASSWORD)
}

/// How cosign is told to write a format, without its transparency log.
pub(super) fn cosign_writes(format: &str) -> [String; 3] {
    let bundle = format!("--new-bundle-format={}", format == "bundle");
    ["--tlog-upload=false".to_owned(), "--use-signing-config=false".to_owned(), bundle]
}

/// `cosign sign` in one format; it must work.
#[track_caller]
pub(super) fn cosign_signs(key: &Pair, image: &str, format: &str, more: &[&str]) -> Run {
    let command = cosign().arg("sign").args(cosign_writes(format)).args(["--key", &key.private]);
    command.args(more).arg(image).run().expect_code(0)
}

/// `cosign verify`, with the hash that the key's algorithm needs.
pub(super) fn cosign_verifies(key: &Pair, image: &str, more: &[&str]) -> Run {
    let command = cosign().args(["verify", "--insecure-ignore-tlog=true", "--key", &key.public]);
    command.args(hash_flag(key.algorithm)).args(more).arg(image).run()
}

/// What `cosign verify` has to be told for keys whose hash is not SHA-256.
fn hash_flag(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::EcdsaP384 => Some("--signature-digest-algorithm=sha384"),
        Algorithm::EcdsaP521 => Some("--signature-digest-algorithm=sha512"),
        _ => None,
    }
}

/// `countersign sign`; it must work.
#[track_caller]
pub(super) fn we_sign(key: &Pair, image: &str, more: &[&str]) -> Run {
    countersign().args(["sign", "--key", &key.private]).args(more).arg(image).run().expect_code(0)
}

/// `countersign verify` with several keys.
pub(super) fn we_verify(keys: &[&Pair], image: &str, more: &[&str]) -> Run {
    let keys = keys.iter().flat_map(|key| ["--key", &key.public]);
    countersign().args(["verify", "--output", "json"]).args(keys).args(more).arg(image).run()
}

/// An image with a name of its own in a registry of the bed.
pub(super) fn image(bed: &Bed, place: Place, name: &str) -> Pushed {
    super::support::image::image(bed.host(place), name, "1", name)
}
