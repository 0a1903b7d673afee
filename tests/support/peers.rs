//! The real peers as child processes: docker-registry 2.8 (no referrers API), go-containerregistry's registry
//! (with it) and cosign. `make test-deps` builds or installs them.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::cli::{Countersign, Run};
use super::http;
use super::temp::TempFolder;

/// How long a registry may take to answer its first request.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program `name`, from the test tools of this build or from `PATH`.
pub fn tool(name: &str) -> PathBuf {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(built)
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not here: run `make test-deps`"))
}

/// A port of the loopback address that nothing listens on.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A child process that ends with its owner.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    folder: TempFolder,
    host: String,
}

impl Peer {
    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The folder it keeps its content and log in.
    pub fn folder(&self) -> &TempFolder {
        &self.folder
    }

    fn start(folder: TempFolder, host: String, command: &mut Command) -> Self {
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let child = command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut peer = Self { child, folder, host };
        peer.wait_until_it_answers();
        peer
    }

    fn wait_until_it_answers(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while http::try_request(&self.host, "GET", "/v2/", &[], &[], usize::MAX).is_err() {
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                panic!("no answer from {} ({ended:?}): {log}", self.host);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The distribution's registry 2.8: no referrers API, ignores `If-Match` and `POST` with `?digest=`.
pub fn docker_registry() -> Peer {
    docker_registry_with("")
}

/// The same with more settings (YAML members at the top).
pub fn docker_registry_with(settings: &str) -> Peer {
    let folder = TempFolder::new();
    let host = format!("127.0.0.1:{}", free_port());
    let root = folder.join("content");
    let configuration = format!(
        "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
         storage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
         http: {{addr: \"{host}\"}}\n{settings}",
        root.display()
    );
    let file = folder.write("registry.yml", configuration);
    Peer::start(folder, host, Command::new(tool("docker-registry")).arg("serve").arg(file))
}

/// go-containerregistry's registry: in memory, with the referrers API.
pub fn referrers_registry() -> Peer {
    let host = format!("127.0.0.1:{}", free_port());
    let folder = TempFolder::new();
    Peer::start(folder, host.clone(), Command::new(tool("refregistry")).arg("-listen").arg(host))
}

/// cosign with an empty password and a home of its own; add arguments and run it.
pub fn cosign() -> Countersign {
    Countersign::program(tool("cosign")).env("COSIGN_PASSWORD", "").env("COSIGN_YES", "true")
}

/// `cosign sign` without transparency log, in the bundle format or the legacy one.
pub fn cosign_sign(key: &str, image: &str, legacy: bool, more: &[&str]) -> Run {
    let bundle = format!("--new-bundle-format={}", !legacy);
    let command = cosign().args(["sign", "--tlog-upload=false", "--use-signing-config=false", &bundle]);
    command.args(["--key", key]).args(more).arg(image).run()
}

/// `cosign verify` without transparency log.
pub fn cosign_verify(key: &str, image: &str, more: &[&str]) -> Run {
    let command = cosign().args(["verify", "--insecure-ignore-tlog=true", "--key", key]);
    command.args(more).arg(image).run()
}

/// `cosign attest` with a vulnerability report, without transparency log.
pub fn cosign_attest(key: &str, image: &str, legacy: bool) -> Run {
    let folder = TempFolder::new();
    let predicate = folder.write("scan.json", r#"{"scanner":{"uri":"example","result":{}}}"#);
    let bundle = format!("--new-bundle-format={}", !legacy);
    let command = cosign().args(["attest", "--tlog-upload=false", "--use-signing-config=false", &bundle]);
    command.args(["--key", key, "--type", "vuln", "--predicate"]).arg(predicate).arg(image).run()
}

/// A key pair that cosign makes in `folder`, with an empty password: the private key and the public one.
pub fn cosign_pair(folder: &TempFolder) -> [String; 2] {
    let prefix = folder.join("cosign");
    let make = cosign().args(["generate-key-pair", "--output-key-prefix"]).arg(&prefix);
    make.run().expect_code(0);
    ["key", "pub"].map(|ending| format!("{}.{ending}", prefix.display()))
}
