//! What the runs are made on: registries behind proxies that delay and count, images and keys.

use std::time::Duration;

use super::measure::{Cost, Program};
use super::support::cli::Countersign;
use super::support::image::{self, Pushed};
use super::support::keys::TestKey;
use super::support::peers::{self, Peer};
use super::support::proxy::DelayProxy;
use super::support::temp::TempFolder;

/// Password of the encrypted keys.
const PASSWORD: &str = "benchmark";
const REPOSITORY: &str = "bench/app";

/// A registry, with a proxy in front of it for each delay.
pub struct Bed {
    /// For the table.
    pub name: &'static str,
    /// Whether it has the referrers API.
    pub has_api: bool,
    registry: Peer,
    proxies: [DelayProxy; 2],
    images: usize,
}

/// Milliseconds that the two proxies add to every answer.
pub const DELAYS: [u64; 2] = [0, 20];

impl Bed {
    fn new(name: &'static str, has_api: bool, registry: Peer) -> Self {
        let proxies = DELAYS.map(|delay| DelayProxy::start(registry.host(), Duration::from_millis(delay)));
        Self { name, has_api, registry, proxies, images: 0 }
    }

    /// Both registries.
    pub fn both() -> [Self; 2] {
        [
            Self::new("docker-registry 2.8", false, peers::docker_registry()),
            Self::new("with the referrers API", true, peers::referrers_registry()),
        ]
    }

    /// An image that nobody has signed yet.
    pub fn unsigned(&mut self) -> Pushed {
        self.images += 1;
        image::image(self.registry.host(), REPOSITORY, "latest", &format!("image {}", self.images))
    }

    /// The name of `image` through the proxy of the delay with this index.
    pub fn through(&self, image: &Pushed, delay: usize) -> String {
        format!("{}/{}@{}", self.proxies[delay].host(), image.repository, image.digest)
    }

    /// What `run` took, with the requests it sent through that proxy.
    pub fn counted(&self, delay: usize, run: impl FnOnce() -> Cost) -> Cost {
        self.proxies[delay].reset();
        let cost = run();
        Cost { requests: self.proxies[delay].requests() as f64, ..cost }
    }
}

/// One key, as both programs take it.
pub struct BenchKey {
    plain: TestKey,
    folder: TempFolder,
}

impl BenchKey {
    /// A new P-256 key; also encrypted, by `countersign keys import`, since cosign takes no plain ones.
    pub fn new(countersign: &std::path::Path) -> Self {
        let (plain, folder) = (TestKey::new(), TempFolder::new());
        let importing = Countersign::program(countersign).env("COUNTERSIGN_PASSWORD", PASSWORD);
        let importing = importing.args(["keys", "import", "--key", &plain.private_arg(), "--output-prefix"]);
        importing.arg(folder.join("encrypted")).run().expect_code(0);
        Self { plain, folder }
    }

    /// Path of the private key, unencrypted.
    pub fn plain(&self) -> String {
        self.plain.private_arg()
    }

    /// Path of the same key, encrypted with scrypt (N = 65536).
    pub fn encrypted(&self) -> String {
        self.folder.join("encrypted.key").to_str().unwrap().to_owned()
    }

    /// Path of the public key.
    pub fn public(&self) -> String {
        self.plain.public_arg()
    }
}

/// Both programs.
pub struct Programs {
    /// The release binary.
    pub countersign: Program,
    /// cosign.
    pub cosign: Program,
}

impl Programs {
    /// `countersign` and the peer, both under the measuring program.
    pub fn new(measure: &std::path::Path, countersign: &std::path::Path) -> Self {
        let countersign = Program::new(measure, countersign).env("COUNTERSIGN_PASSWORD", PASSWORD);
        let cosign = Program::new(measure, peers::tool("cosign")).env("COSIGN_PASSWORD", PASSWORD);
        Self { countersign, cosign: cosign.env("COSIGN_YES", "true") }
    }

    /// `cosign sign` in one format, without a transparency log.
    pub fn cosign_sign(&self, key: &str, image: &str, legacy: bool) -> Cost {
        let format = format!("--new-bundle-format={}", !legacy);
        let offline = ["sign", "--tlog-upload=false", "--use-signing-config=false", &format, "--key"];
        self.cosign.run(&[&offline[..], &[key, image]].concat())
    }

    /// `cosign verify` with one key, without a transparency log.
    pub fn cosign_verify(&self, key: &str, image: &str) -> Cost {
        self.cosign.run(&["verify", "--insecure-ignore-tlog=true", "--key", key, image])
    }
}
