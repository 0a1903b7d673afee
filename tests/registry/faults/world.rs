//! A registry with a signed image in it, another registry that must learn nothing, and our commands on them.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

use crate::support::cli::{Countersign, Run};
use crate::support::image::{self, Pushed};
use crate::support::keys::TestKey;
use crate::support::registry::{Auth, Config, TestRegistry};
use crate::support::tunnel::Tunnel;

const REPOSITORY: &str = "shop/app";
/// Never to be seen outside the credentials file and the `Authorization` header.
pub(super) const PASSWORD: &str = "s3cret-of-the-registry";
pub(super) const USER: &str = "robot";

/// What the image was signed with before, by [`Keys::signer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Signed {
    Not,
    Legacy,
    Bundle,
    Both,
}

/// What the world is like.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) config: Config,
    pub(super) signed: Signed,
    /// The limit for a whole command.
    pub(super) timeout: &'static str,
    /// The password in the credentials file, if there is one.
    pub(super) password: Option<&'static str>,
    /// Whether the token server is the other registry, which so may see the password.
    pub(super) tokens_elsewhere: bool,
    /// Whether the authority of the certificate is known.
    pub(super) trusted: bool,
}

/// A registry with the referrers API.
pub(super) fn native(signed: Signed) -> Setting {
    let config = Config::default();
    Setting { config, signed, timeout: "120s", password: None, tokens_elsewhere: false, trusted: true }
}

/// A registry without it.
pub(super) fn fallback(signed: Signed) -> Setting {
    Setting { config: Config::without_referrers(), ..native(signed) }
}

impl Setting {
    /// With little patience, for what would go on for ever.
    pub(super) fn impatient(self) -> Self {
        Self { timeout: "6s", ..self }
    }

    /// With a credentials file, and a registry that demands credentials in this way.
    pub(super) fn with_auth(mut self, auth: Auth, password: &'static str) -> Self {
        self.config.auth = auth;
        self.password = Some(password);
        self
    }

    /// As `registry.test`, over https.
    pub(super) fn tls(mut self) -> Self {
        self.config.tls = true;
        self
    }

    /// With so many referrers on a page.
    pub(super) fn paged(mut self, size: usize) -> Self {
        self.config.page_size = Some(size);
        self
    }
}

/// The keys of all worlds.
pub(super) struct Keys {
    /// Signed before.
    pub(super) signer: TestKey,
    /// Never signs.
    pub(super) stranger: TestKey,
    /// Signs now.
    pub(super) newcomer: TestKey,
}

pub(super) fn keys() -> &'static Keys {
    static KEYS: LazyLock<Keys> =
        LazyLock::new(|| Keys { signer: TestKey::new(), stranger: TestKey::new(), newcomer: TestKey::new() });
    &KEYS
}

/// Registries that hold the image signed in each way; other registries begin with a copy.
fn seed(setting: &Setting, onto: &TestRegistry) -> Pushed {
    type Seeds = HashMap<(bool, Signed), (TestRegistry, Pushed)>;
    static SEEDS: LazyLock<Mutex<Seeds>> = LazyLock::new(Mutex::default);
    let mut seeds = SEEDS.lock().unwrap();
    let kind = (setting.config.referrers, setting.signed);
    let (seed, image) = seeds.entry(kind).or_insert_with(|| {
        let registry =
            TestRegistry::start(Config { referrers: setting.config.referrers, ..Config::default() });
        let image = image::image(&registry, REPOSITORY, "1.4", "one");
        let format = match setting.signed {
            Signed::Not => return (registry, image),
            Signed::Legacy => "legacy",
            Signed::Bundle => "bundle",
            Signed::Both => "both",
        };
        let sign = Countersign::new().args(["sign", &image.pinned(), "--format", format, "--key"]);
        sign.arg(keys().signer.private()).run().expect_code(0);
        (registry, image)
    });
    onto.take_content_of(seed);
    image.clone()
}

pub(super) struct World {
    pub(super) registry: TestRegistry,
    /// Holds the same content over plain HTTP, as a place that requests may be led to.
    pub(super) other: TestRegistry,
    pub(super) image: Pushed,
    setting: Setting,
    tunnel: Option<Tunnel>,
}

trait WithoutSecrets {
    /// Demands that no output holds the password, a token or an encoded login.
    fn without_secrets(self) -> Self;
}

impl WithoutSecrets for Run {
    fn without_secrets(self) -> Self {
        use base64::Engine as _;
        let login = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let printed = self.all();
        for secret in [PASSWORD, &login, "Bearer test.", "PRIVATE KEY"] {
            assert!(!printed.contains(secret), "`{secret}` was printed");
        }
        self
    }
}

impl World {
    pub(super) fn new(setting: &Setting) -> Self {
        let other_auth = if setting.tokens_elsewhere { setting.config.auth.clone() } else { Auth::Open };
        let other = TestRegistry::start(Config { auth: other_auth, ..Config::default() });
        let mut config = setting.config.clone();
        if setting.tokens_elsewhere {
            config.auth = config.auth.at(&format!("{}/token", other.url()));
        }
        let registry = TestRegistry::start(config);
        let mut image = seed(setting, &registry);
        other.take_content_of(&registry);
        let tunnel = setting.config.tls.then(|| Tunnel::start(&[("registry.test", registry.host())]));
        image.host = if tunnel.is_some() { "registry.test" } else { registry.host() }.to_owned();
        Self { registry, other, image, setting: setting.clone(), tunnel }
    }

    pub(super) fn store(&self, tag: &str, media_type: &str, bytes: &[u8]) {
        self.registry.put_manifest(REPOSITORY, tag, media_type, bytes);
    }

    fn command(&self, name: &str) -> Countersign {
        let mut command =
            Countersign::new().args([name, &self.image.pinned(), "--timeout", self.setting.timeout]);
        if let Some(password) = self.setting.password {
            command = command.login(&self.image.host, USER, password);
        }
        if let Some(tunnel) = &self.tunnel {
            command = command.env("HTTPS_PROXY", tunnel.url());
            if self.setting.trusted {
                let authority = command.home().write("ca.pem", self.registry.ca_pem());
                command = command.arg("--ca-file").arg(authority);
            }
        }
        command
    }

    pub(super) fn verify(&self, key: &TestKey) -> Run {
        self.command("verify").args(["--output", "json", "--key"]).arg(key.public()).run().without_secrets()
    }

    pub(super) fn inspect(&self) -> Run {
        self.command("inspect").run().without_secrets()
    }

    pub(super) fn sign(&self, key: &TestKey) -> Run {
        self.command("sign").arg("--key").arg(key.private()).run().without_secrets()
    }

    pub(super) fn sign_json(&self, key: &TestKey) -> Run {
        self.command("sign").args(["--output", "json", "--key"]).arg(key.private()).run().without_secrets()
    }

    /// What is attached to the image now, as the registry holds it.
    pub(super) fn attached(&self) -> Attached {
        let list = |tag: &str, name: &str| {
            let bytes = self.registry.manifest(REPOSITORY, tag);
            let json: Option<Value> = bytes.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok());
            let elements = json.and_then(|json| json[name].as_array().cloned());
            (bytes, elements)
        };
        Attached {
            signatures: list(&self.image.sig_tag(), "layers"),
            fallback: list(&self.image.fallback_tag(), "manifests"),
            referrers: self.registry.referrers(REPOSITORY, &self.image.digest.to_string()),
        }
    }

    /// Signatures whose parts are not all there.
    pub(super) fn half_written(&self, attached: &Attached) -> Vec<String> {
        let manifests =
            attached.referrers.iter().filter_map(|digest| self.registry.manifest(REPOSITORY, digest));
        let lists = manifests.filter_map(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let layers = lists.flat_map(|manifest| manifest["layers"].as_array().cloned().unwrap_or_default());
        let all = layers.chain(attached.signatures.1.iter().flatten().cloned());
        let digests = all.filter_map(|layer| layer["digest"].as_str().map(str::to_owned));
        digests
            .filter(|digest| self.registry.blob(REPOSITORY, digest).is_none())
            .map(|digest| format!("the signature {digest} is half written"))
            .collect()
    }

    /// Why the newcomer's signature is not there in both formats, once the registry behaves.
    pub(super) fn not_signed(&self, before: &Attached, after: &Attached) -> Vec<String> {
        let mut wrong = Vec::new();
        let grown = |before: usize, after: usize| after == before + 1;
        let layers = |attached: &Attached| attached.signatures.1.as_ref().map_or(0, Vec::len);
        if !grown(layers(before), layers(after)) {
            wrong.push("sign ended with 0 without one more layer at the tag".to_owned());
        }
        if !grown(before.referrers.len(), after.referrers.len()) {
            wrong.push(format!("sign ended with 0 without one more bundle: {before:?} {after:?}"));
        }
        let run = self.verify(&keys().newcomer);
        if run.code != 0 {
            wrong.push(format!("sign ended with 0, and verify does not: {run:?}"));
        }
        wrong
    }

    /// Credentials where they do not belong.
    pub(super) fn leaks(&self) -> Vec<String> {
        let elsewhere = self.other.requests().into_iter().filter(|request| request.authorization.is_some());
        let leaked = elsewhere.filter(|request| !(self.setting.tokens_elsewhere && request.path == "/token"));
        leaked.map(|request| format!("credentials went elsewhere: {request:?}")).collect()
    }
}

/// What is attached to an image: each list as stored, and its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attached {
    signatures: (Option<Vec<u8>>, Option<Vec<Value>>),
    fallback: (Option<Vec<u8>>, Option<Vec<Value>>),
    referrers: Vec<String>,
}

impl Attached {
    /// What was there and is not any more.
    pub(super) fn lost_in(&self, after: &Self) -> Vec<String> {
        let mut lost = Vec::new();
        let lists = [
            ("the tag of the signatures", &self.signatures, &after.signatures),
            ("the fallback tag", &self.fallback, &after.fallback),
        ];
        for (place, before, after) in lists {
            let kept = match (&before.1, &after.1) {
                (Some(before), Some(after)) => before.iter().all(|element| after.contains(element)),
                (None, _) => before.0.is_none() || before.0 == after.0,
                (Some(_), None) => false,
            };
            if !kept {
                lost.push(format!("{place} lost something: {before:?} {after:?}"));
            }
        }
        if !self.referrers.iter().all(|digest| after.referrers.contains(digest)) {
            lost.push("a referrer was lost".to_owned());
        }
        lost
    }
}
