//! A real API server with etcd, as child processes, with certificates of its own.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use reqwest::{Certificate, Client, Identity};
use serde_json::{Value, json};

use crate::support::peers::{free_port, tool};
use crate::support::temp::TempFolder;

/// How long the two servers may take to answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// A cluster without nodes, shared by the tests that run at the same time, gone with the last of them.
pub(crate) struct Cluster {
    folder: TempFolder,
    children: Vec<Child>,
    pub(crate) server: String,
    pub(crate) ca_pem: String,
    pub(crate) admin_chain: String,
    pub(crate) admin_key: String,
    admin: Client,
}

/// The cluster, started by whoever comes first.
pub(crate) async fn cluster() -> Arc<Cluster> {
    static RUNNING: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    let cluster = {
        let mut running = RUNNING.lock().unwrap();
        running.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Cluster::start());
            *running = Arc::downgrade(&cluster);
            cluster
        })
    };
    cluster.wait_until_it_answers().await;
    cluster
}

struct Leaf {
    chain: String,
    key: String,
}

fn issue(authority: &CertifiedIssuer<'_, KeyPair>, names: &[&str], who: &[(DnType, &str)]) -> Leaf {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    for (part, value) in who {
        params.distinguished_name.push(part.clone(), *value);
    }
    let key = KeyPair::generate().unwrap();
    Leaf { chain: params.signed_by(&key, authority).unwrap().pem(), key: key.serialize_pem() }
}

impl Cluster {
    fn start() -> Self {
        // The first one installed counts; all are the same.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = TempFolder::new();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let own = issue(&authority, &["127.0.0.1", "api.cluster.test"], &[(DnType::CommonName, "api")]);
        let admin = issue(
            &authority,
            &[],
            &[(DnType::OrganizationName, "system:masters"), (DnType::CommonName, "admin")],
        );
        let accounts = KeyPair::generate().unwrap();
        folder.write("ca.crt", authority.pem());
        folder.write("api.crt", &own.chain);
        folder.write("api.key", &own.key);
        folder.write("accounts.key", accounts.serialize_pem());
        folder.write("accounts.pub", accounts.public_key_pem());
        let (etcd, port) = (free_port(), free_port());
        let children = vec![start_etcd(folder.path(), etcd), start_api(folder.path(), etcd, port)];
        let identity = format!("{}{}", admin.chain, admin.key);
        // Each test has a runtime of its own: a connection kept from one that is gone fails the next request.
        let client = Client::builder()
            .pool_max_idle_per_host(0)
            .tls_certs_only([Certificate::from_pem(authority.pem().as_bytes()).unwrap()])
            .identity(Identity::from_pem(identity.as_bytes()).unwrap())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            folder,
            children,
            server: format!("https://127.0.0.1:{port}"),
            ca_pem: authority.pem(),
            admin_chain: admin.chain,
            admin_key: admin.key,
            admin: client,
        }
    }

    async fn wait_until_it_answers(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.admin.get(format!("{}/readyz", self.server)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(self.folder.path().join("api.log")).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(20).collect();
                panic!("the API server does not answer: {tail:#?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Creates an object as the administrator.
    pub(crate) async fn create(&self, path: &str, object: &Value) -> Value {
        let request = self.admin.post(format!("{}{path}", self.server));
        let request = request.header("Content-Type", "application/json").body(object.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.bytes().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// What would be stored of an object in YAML or JSON; the server's words where it would not be.
    pub(crate) async fn dry_run(&self, path: &str, text: &str) -> Result<Value, String> {
        let form = if text.starts_with('{') { "application/json" } else { "application/yaml" };
        let request = self.admin.post(format!("{}{path}?dryRun=All", self.server));
        let request = request.header("Content-Type", form).header("Accept", "application/json");
        let answer = request.body(text.to_owned()).send().await.unwrap();
        let status = answer.status();
        let body = answer.bytes().await.unwrap();
        match status.is_success() {
            true => Ok(serde_json::from_slice(&body).unwrap()),
            false => Err(String::from_utf8_lossy(&body).into_owned()),
        }
    }

    /// Reads an object as the administrator.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let answer = self.admin.get(format!("{}{path}", self.server)).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    /// Deletes an object as the administrator.
    pub(crate) async fn delete(&self, path: &str) {
        let answer = self.admin.delete(format!("{}{path}", self.server)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// A namespace of its own for a test.
    pub(crate) async fn namespace(&self, name: &str) {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.create("/api/v1/namespaces", &object).await;
    }

    /// A token of a new service account that can do nothing but read one object.
    pub(crate) async fn token_for_one(&self, namespace: &str, resource: &str, name: &str) -> String {
        let account = format!("reads-{resource}-{name}");
        let metadata = json!({"name": account, "namespace": namespace});
        let accounts = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
        let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
        self.create(&accounts, &object).await;
        let rbac = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}");
        let rule =
            json!({"apiGroups": [""], "resources": [resource], "resourceNames": [name], "verbs": ["get"]});
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata,
            "rules": [rule]});
        self.create(&format!("{rbac}/roles"), &role).await;
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]});
        self.create(&format!("{rbac}/rolebindings"), &binding).await;
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let answer = self.create(&format!("{accounts}/{account}/token"), &request).await;
        answer["status"]["token"].as_str().unwrap().to_owned()
    }

    /// A kubeconfig for this cluster with `user` as its user, as YAML (JSON is YAML).
    pub(crate) fn kubeconfig(&self, user: &Value) -> Value {
        let authority = STANDARD.encode(&self.ca_pem);
        json!({"apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test",
                "cluster": {"server": self.server, "certificate-authority-data": authority}}],
            "users": [{"name": "tester", "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "tester"}}]})
    }

    /// The administrator as a kubeconfig's user.
    pub(crate) fn admin_user(&self) -> Value {
        json!({"client-certificate-data": STANDARD.encode(&self.admin_chain),
            "client-key-data": STANDARD.encode(&self.admin_key)})
    }
}

fn spawn(folder: &Path, program: &str, log: &str, arguments: &[String]) -> Child {
    let log = File::create(folder.join(log)).unwrap();
    let mut command = Command::new(tool(program));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

fn start_etcd(folder: &Path, port: u16) -> Child {
    let client = format!("http://127.0.0.1:{port}");
    let arguments = [
        "--data-dir=etcd".to_owned(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
        "--unsafe-no-fsync".to_owned(),
    ];
    spawn(folder, "etcd", "etcd.log", &arguments)
}

fn start_api(folder: &Path, etcd: u16, port: u16) -> Child {
    let arguments = [
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        "--endpoint-reconciler-type=none".to_owned(),
        "--tls-cert-file=api.crt".to_owned(),
        "--tls-private-key-file=api.key".to_owned(),
        "--client-ca-file=ca.crt".to_owned(),
        "--service-account-key-file=accounts.pub".to_owned(),
        "--service-account-signing-key-file=accounts.key".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        "--feature-gates=ImageVolume=true".to_owned(),
        // Without a controller manager no namespace has a default account.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
    ];
    spawn(folder, "kube-apiserver", "api.log", &arguments)
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
