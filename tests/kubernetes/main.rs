//! Keys in a cluster and the images of manifests, against a real API server with etcd and RBAC.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod cluster;
mod manifests;

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::flow::FlowError;
use countersign::flow::keys::{self, IfPresent, Origin, PairOrder, PairReport, RetireReport};
use countersign::kube;
use countersign::model::PublicKey;
use countersign::model::key::Algorithm;
use countersign::signer::cluster::ClusterObjects as _;
use countersign::signer::keyring::KeySource;
use countersign::signer::keyring::LocalPairs;
use countersign::signer::keyring::PasswordSources;
use countersign::signer::keyring::SecretPair;
use countersign::signer::pair::PairError;
use countersign::signer::{KeyRef, KeySourceError, ObjectName, Variables};
use serde_json::{Value, json};

use cluster::{Cluster, cluster};
use support::cli::Countersign;
use support::image;
use support::peers;
use support::registry::{Config, TestRegistry};
use support::temp::TempFolder;

/// What a person with these environment variables can do.
struct Person {
    cluster: Arc<kube::Cluster>,
    keys: KeySource,
    passwords: Arc<PasswordSources>,
    /// What the kubeconfig is in.
    _folder: Option<TempFolder>,
}

impl Person {
    fn with(variables: &[(&str, OsString)]) -> Self {
        let table: Vec<(String, OsString)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let lookup = move |name: &str| table.iter().find(|(known, _)| known == name).map(|(_, v)| v.clone());
        Self::of(Arc::new(lookup), None)
    }

    fn of(variables: Variables, account: Option<&Path>) -> Self {
        let mut cluster = kube::Cluster::new(variables.clone());
        if let Some(folder) = account {
            cluster = cluster.with_service_account(folder.to_owned());
        }
        let cluster = Arc::new(cluster);
        let passwords = Arc::new(PasswordSources::without_terminal(None, variables.clone()));
        let keys = KeySource::new(passwords.clone(), variables, cluster.clone());
        Self { cluster, keys, passwords, _folder: None }
    }

    fn with_kubeconfig(config: &Value) -> Self {
        Self::with_kubeconfig_and(config, &[])
    }

    fn with_kubeconfig_and(config: &Value, variables: &[(&str, OsString)]) -> Self {
        let folder = TempFolder::new();
        let file = folder.write("config", config.to_string()).into_os_string();
        let variables = [variables, &[("KUBECONFIG", file)]].concat();
        Self { _folder: Some(folder), ..Self::with(&variables) }
    }

    fn admin(cluster: &Cluster) -> Self {
        Self::with_kubeconfig(&cluster.kubeconfig(&cluster.admin_user()))
    }

    async fn make(&self, secret: &str, if_present: IfPresent) -> Result<PairReport, FlowError> {
        let store = SecretPair::new(self.cluster.clone(), self.keys.clone(), secret.parse().unwrap());
        let maker = LocalPairs::new(self.passwords.clone(), self.keys.clone());
        let order = PairOrder { origin: Origin::New(Algorithm::EcdsaP256), if_present, dry_run: false };
        keys::make(&maker, &store.unwrap(), &order).await
    }

    async fn retire(&self, secret: &str) -> Result<RetireReport, FlowError> {
        let store = SecretPair::new(self.cluster.clone(), self.keys.clone(), secret.parse().unwrap());
        keys::retire(&store.unwrap(), false).await
    }

    async fn signs(&self, reference: &str, public: &PublicKey) -> Result<(), KeySourceError> {
        let signer = self.keys.signer(&reference.parse().unwrap()).await?;
        let signature = signer.sign(b"message").await.unwrap();
        assert!(public.accepts(b"message", &signature));
        Ok(())
    }

    async fn public(&self, reference: &str) -> Result<PublicKey, KeySourceError> {
        self.keys.public_key(&reference.parse::<KeyRef>().unwrap()).await
    }
}

fn made(report: &PairReport) -> PublicKey {
    PublicKey::from_pem(&report.key.as_ref().unwrap().pem).unwrap()
}

#[tokio::test]
async fn a_pair_made_into_a_secret_signs_and_its_config_map_verifies() {
    let cluster = cluster().await;
    cluster.namespace("made").await;
    let admin = Person::admin(&cluster);
    let report = admin.make("made/build", IfPresent::Refuse).await.unwrap();
    let public = made(&report);
    assert!(report.written);
    admin.signs("k8s://made/build", &public).await.unwrap();
    assert_eq!(admin.public("k8s-configmap://made/build-pub").await.unwrap(), public);
    let secret = cluster.read("/api/v1/namespaces/made/secrets/build").await;
    assert_eq!(secret["immutable"], json!(true));
    // Nobody gave a password, so it is a random one that is nowhere else.
    let password = STANDARD.decode(secret["data"]["cosign.password"].as_str().unwrap()).unwrap();
    assert!(password.len() >= 32);
}

#[tokio::test]
async fn a_pair_that_is_there_is_kept_when_told_so_and_its_config_map_comes_back() {
    let cluster = cluster().await;
    cluster.namespace("kept").await;
    let admin = Person::admin(&cluster);
    let first = admin.make("kept/build", IfPresent::Keep).await.unwrap();
    let second = admin.make("kept/build", IfPresent::Keep).await.unwrap();
    assert!(first.written && !second.written && !second.published);
    assert_eq!(made(&first), made(&second));
    cluster.delete("/api/v1/namespaces/kept/configmaps/build-pub").await;
    let third = admin.make("kept/build", IfPresent::Keep).await.unwrap();
    assert!(!third.written && third.published);
    assert_eq!(admin.public("k8s-configmap://kept/build-pub").await.unwrap(), made(&first));
    let refused = admin.make("kept/build", IfPresent::Refuse).await;
    assert!(matches!(refused, Err(FlowError::Pair(PairError::Exists(_)))));
    let refused = admin.make("kept/build", IfPresent::Replace).await;
    assert!(matches!(refused, Err(FlowError::Pair(PairError::NeverReplaced(_)))));
    admin.signs("k8s://kept/build", &made(&first)).await.unwrap();
}

#[tokio::test]
async fn a_retired_key_signs_no_more_and_its_public_key_stays() {
    let cluster = cluster().await;
    cluster.namespace("retired").await;
    let admin = Person::admin(&cluster);
    let public = made(&admin.make("retired/build", IfPresent::Refuse).await.unwrap());
    // Even if nobody had published it.
    cluster.delete("/api/v1/namespaces/retired/configmaps/build-pub").await;
    let report = admin.retire("retired/build").await.unwrap();
    assert!(report.removed && report.published);
    let signing = admin.signs("k8s://retired/build", &public).await;
    assert!(matches!(signing, Err(KeySourceError::Missing { .. })), "{signing:?}");
    assert_eq!(admin.public("k8s-configmap://retired/build-pub").await.unwrap(), public);
    let again = admin.retire("retired/build").await.unwrap();
    assert!(!again.removed && !again.published);
    // Nothing makes another key under that name: whoever verifies would refuse it.
    let refused = admin.make("retired/build", IfPresent::Keep).await;
    assert!(matches!(refused, Err(FlowError::Pair(PairError::Half { .. }))), "{refused:?}");
    let absent = admin.retire("retired/never-there").await;
    assert!(matches!(absent, Err(FlowError::Pair(PairError::Absent { .. }))), "{absent:?}");
}

#[tokio::test]
async fn a_key_is_not_retired_beside_another_public_key_or_by_who_may_only_read_it() {
    let cluster = cluster().await;
    cluster.namespace("unretired").await;
    let admin = Person::admin(&cluster);
    let public = made(&admin.make("unretired/build", IfPresent::Refuse).await.unwrap());
    let token = cluster.token_for_one("unretired", "secrets", "build").await;
    let reader = Person::with_kubeconfig(&cluster.kubeconfig(&json!({"token": token})));
    assert!(matches!(
        reader.retire("unretired/build").await,
        Err(FlowError::Pair(PairError::Cluster { .. }))
    ));
    let other = made(&admin.make("unretired/other", IfPresent::Refuse).await.unwrap());
    cluster.delete("/api/v1/namespaces/unretired/configmaps/build-pub").await;
    let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"cosign.pub": other.to_pem()},
        "metadata": {"name": "build-pub", "namespace": "unretired"}});
    cluster.create("/api/v1/namespaces/unretired/configmaps", &config_map).await;
    let refused = admin.retire("unretired/build").await;
    assert!(matches!(refused, Err(FlowError::Pair(PairError::AnotherPublicKey(_)))), "{refused:?}");
    admin.signs("k8s://unretired/build", &public).await.unwrap();
}

#[tokio::test]
async fn a_public_key_that_somebody_put_into_the_secret_does_not_take_the_right_one_s_place() {
    let cluster = cluster().await;
    cluster.namespace("mismatched").await;
    let admin = Person::admin(&cluster);
    let public = made(&admin.make("mismatched/build", IfPresent::Refuse).await.unwrap());
    let other = made(&admin.make("mismatched/other", IfPresent::Refuse).await.unwrap());
    let mut secret = cluster.read("/api/v1/namespaces/mismatched/secrets/build").await;
    secret["data"]["cosign.pub"] = json!(STANDARD.encode(other.to_pem()));
    secret["metadata"] = json!({"name": "by-hand", "namespace": "mismatched"});
    cluster.create("/api/v1/namespaces/mismatched/secrets", &secret).await;
    assert!(admin.retire("mismatched/by-hand").await.unwrap().removed);
    assert_eq!(admin.public("k8s-configmap://mismatched/by-hand-pub").await.unwrap(), public);
}

#[tokio::test]
async fn of_several_who_retire_a_key_at_once_all_are_content() {
    let cluster = cluster().await;
    cluster.namespace("together").await;
    let admin = Person::admin(&cluster);
    let public = made(&admin.make("together/build", IfPresent::Refuse).await.unwrap());
    let retire = || admin.retire("together/build");
    let (a, b, c) = tokio::join!(retire(), retire(), retire());
    assert!([a, b, c].iter().all(Result::is_ok));
    assert_eq!(admin.public("k8s-configmap://together/build-pub").await.unwrap(), public);
}

#[tokio::test]
async fn a_secret_that_came_after_the_one_that_was_seen_is_not_removed() {
    let cluster = cluster().await;
    cluster.namespace("replaced").await;
    let admin = Person::admin(&cluster);
    admin.make("replaced/build", IfPresent::Refuse).await.unwrap();
    let name: ObjectName = "replaced/build".parse().unwrap();
    let seen = admin.cluster.secret_id(&name).await.unwrap().unwrap();
    cluster.delete("/api/v1/namespaces/replaced/secrets/build").await;
    cluster.delete("/api/v1/namespaces/replaced/configmaps/build-pub").await;
    let public = made(&admin.make("replaced/build", IfPresent::Refuse).await.unwrap());
    assert!(admin.cluster.delete_secret(&name, &seen).await.unwrap_err().is_undecided());
    admin.signs("k8s://replaced/build", &public).await.unwrap();
}

#[tokio::test]
async fn of_makers_at_the_same_time_one_makes_the_pair_and_all_agree_on_it() {
    let cluster = cluster().await;
    cluster.namespace("race").await;
    let people: Vec<Person> = (0..4).map(|_| Person::admin(&cluster)).collect();
    let all = people.iter().map(|person| person.make("race/build", IfPresent::Keep));
    let reports: Vec<PairReport> =
        futures_util::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(reports.iter().filter(|report| report.written).count(), 1);
    let public = people[0].public("k8s-configmap://race/build-pub").await.unwrap();
    assert!(reports.iter().all(|report| made(report) == public));
    people[0].signs("k8s://race/build", &public).await.unwrap();
}

#[tokio::test]
async fn a_config_map_with_another_key_stops_the_pair_before_it_is_made() {
    let cluster = cluster().await;
    cluster.namespace("stale").await;
    let admin = Person::admin(&cluster);
    admin.make("stale/other", IfPresent::Refuse).await.unwrap();
    let other = cluster.read("/api/v1/namespaces/stale/configmaps/other-pub").await;
    let stale = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "build-pub", "namespace": "stale"}, "data": other["data"]});
    cluster.create("/api/v1/namespaces/stale/configmaps", &stale).await;
    let refused = admin.make("stale/build", IfPresent::Keep).await;
    assert!(matches!(refused, Err(FlowError::Pair(PairError::Half { .. }))));
    let absent = admin.public("k8s://stale/build").await;
    assert!(matches!(absent, Err(KeySourceError::Missing { .. })));
}

#[tokio::test]
async fn a_token_for_one_secret_signs_with_it_and_is_refused_everything_else() {
    let cluster = cluster().await;
    cluster.namespace("signing").await;
    let admin = Person::admin(&cluster);
    let public = made(&admin.make("signing/build", IfPresent::Refuse).await.unwrap());
    admin.make("signing/other", IfPresent::Refuse).await.unwrap();
    let token = cluster.token_for_one("signing", "secrets", "build").await;
    let signer = Person::with_kubeconfig(&cluster.kubeconfig(&json!({"token": token})));
    signer.signs("k8s://signing/build", &public).await.unwrap();
    for reference in ["k8s://signing/other", "k8s://signing/absent"] {
        let refused = signer.signs(reference, &public).await.unwrap_err();
        assert!(refused.is_undecided() && refused.to_string().contains("refused"), "{refused}");
    }
    assert!(signer.public("k8s-configmap://signing/build-pub").await.unwrap_err().is_undecided());
    let unknown = Person::with_kubeconfig(&cluster.kubeconfig(&json!({"token": "nobody"})));
    let refused = unknown.signs("k8s://signing/build", &public).await.unwrap_err();
    assert!(refused.is_undecided());
    assert!(!refused.to_string().contains("nobody"));
}

#[tokio::test]
async fn a_token_for_the_config_map_verifies_and_cannot_read_the_secret() {
    let cluster = cluster().await;
    cluster.namespace("verifying").await;
    let admin = Person::admin(&cluster);
    let public = made(&admin.make("verifying/build", IfPresent::Refuse).await.unwrap());
    let token = cluster.token_for_one("verifying", "configmaps", "build-pub").await;
    let verifier = Person::with_kubeconfig(&cluster.kubeconfig(&json!({"token": token})));
    assert_eq!(verifier.public("k8s-configmap://verifying/build-pub").await.unwrap(), public);
    assert!(verifier.signs("k8s://verifying/build", &public).await.unwrap_err().is_undecided());
    let misused = admin.signs("k8s-configmap://verifying/build-pub", &public).await;
    assert!(matches!(misused, Err(KeySourceError::PublicOnly(_))));
}

#[tokio::test]
async fn a_secret_with_a_private_key_is_refused_where_a_public_one_is_needed_unless_allowed() {
    let cluster = cluster().await;
    cluster.namespace("public").await;
    let mut admin = Person::admin(&cluster);
    let public = made(&admin.make("public/build", IfPresent::Refuse).await.unwrap());
    let refused = admin.public("k8s://public/build").await.unwrap_err();
    assert!(!refused.is_undecided());
    assert!(refused.hint().unwrap().contains("k8s-configmap://public/build-pub"));
    admin.keys = admin.keys.allow_private_key_secret(true);
    assert_eq!(admin.public("k8s://public/build").await.unwrap(), public);
    let shared = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "shared"},
        "data": {"cosign.pub": STANDARD.encode(public.to_pem())}});
    cluster.create("/api/v1/namespaces/public/secrets", &shared).await;
    admin.keys = admin.keys.allow_private_key_secret(false);
    assert_eq!(admin.public("k8s://public/shared").await.unwrap(), public);
}

#[tokio::test]
async fn a_secret_s_own_password_is_the_only_one_and_a_missing_one_is_empty() {
    let cluster = cluster().await;
    cluster.namespace("password").await;
    let admin = Person::admin(&cluster);
    let public = made(&admin.make("password/build", IfPresent::Refuse).await.unwrap());
    let secret = cluster.read("/api/v1/namespaces/password/secrets/build").await;
    let without = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "without"},
        "data": {"cosign.key": secret["data"]["cosign.key"]}});
    cluster.create("/api/v1/namespaces/password/secrets", &without).await;
    let password = STANDARD.decode(secret["data"]["cosign.password"].as_str().unwrap()).unwrap();
    let given = [("COSIGN_PASSWORD", String::from_utf8(password).unwrap().into())];
    let right_elsewhere = Person::with_kubeconfig_and(&cluster.kubeconfig(&cluster.admin_user()), &given);
    let refused = right_elsewhere.signs("k8s://password/without", &public).await.unwrap_err();
    assert!(!refused.is_undecided() && refused.to_string().contains("password is wrong"));
}

#[tokio::test]
async fn token_files_credential_plug_ins_and_the_account_of_a_pod_are_who_we_are() {
    let cluster = cluster().await;
    cluster.namespace("identity").await;
    let admin = Person::admin(&cluster);
    let public = made(&admin.make("identity/build", IfPresent::Refuse).await.unwrap());
    let token = cluster.token_for_one("identity", "secrets", "build").await;
    let folder = TempFolder::new();
    let token_file = folder.write("token", format!("{token}\n"));
    folder.write("ca.crt", &cluster.ca_pem);

    let by_file = Person::with_kubeconfig(&cluster.kubeconfig(&json!({"tokenFile": token_file})));
    by_file.signs("k8s://identity/build", &public).await.unwrap();

    let version = "client.authentication.k8s.io/v1";
    let script = format!(
        "#!/bin/sh\ncase \"$KUBERNETES_EXEC_INFO\" in *'\"interactive\":false'*) ;; *) exit 3;; esac\n\
         test \"$1 $MORE\" = 'a b; c' || exit 4\n\
         echo '{{\"apiVersion\":\"{version}\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"{token}\"}}}}'\n"
    );
    let plugin = folder.write("plugin", &script);
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o700)).unwrap();
    let exec = |more: &str| {
        json!({"exec": {"apiVersion": version, "command": plugin, "args": ["a"],
            "env": [{"name": "MORE", "value": more}], "interactiveMode": "IfAvailable"}})
    };
    let by_plugin = Person::with_kubeconfig(&cluster.kubeconfig(&exec("b; c")));
    by_plugin.signs("k8s://identity/build", &public).await.unwrap();
    let failing = Person::with_kubeconfig(&cluster.kubeconfig(&exec("no")));
    let failed = failing.signs("k8s://identity/build", &public).await.unwrap_err();
    assert!(failed.is_undecided() && failed.to_string().contains("exit status: 4"), "{failed}");

    let port: OsString = cluster.server.rsplit(':').next().unwrap().into();
    let lookup = move |name: &str| match name {
        "KUBERNETES_SERVICE_HOST" => Some("127.0.0.1".into()),
        "KUBERNETES_SERVICE_PORT" => Some(port.clone()),
        _ => None,
    };
    let in_pod = Person::of(Arc::new(lookup), Some(folder.path()));
    in_pod.signs("k8s://identity/build", &public).await.unwrap();
}

#[tokio::test]
async fn absent_is_bad_input_and_unreachable_is_undecided() {
    let cluster = cluster().await;
    cluster.namespace("absent").await;
    let admin = Person::admin(&cluster);
    for reference in ["k8s://absent/key", "k8s-configmap://absent/key", "k8s://no-such-namespace/key"] {
        let absent = admin.public(reference).await.unwrap_err();
        assert!(matches!(absent, KeySourceError::Missing { .. }) && !absent.is_undecided(), "{absent}");
    }
    let nowhere = admin.make("no-such-namespace/key", IfPresent::Keep).await.unwrap_err();
    assert!(matches!(&nowhere, FlowError::Pair(error) if !error.is_undecided()), "{nowhere}");

    let mut elsewhere = cluster.kubeconfig(&cluster.admin_user());
    elsewhere["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1".into();
    let unreachable = Person::with_kubeconfig(&elsewhere).public("k8s://absent/key").await.unwrap_err();
    assert!(unreachable.is_undecided() && unreachable.to_string().contains("127.0.0.1:1"), "{unreachable}");
}

#[tokio::test]
async fn a_server_that_another_authority_vouches_for_gets_no_request() {
    let cluster = cluster().await;
    let mut config = cluster.kubeconfig(&json!({"token": "secret"}));
    let another = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap().cert.pem();
    config["clusters"][0]["cluster"]["certificate-authority-data"] = STANDARD.encode(another).into();
    let refused = Person::with_kubeconfig(&config).public("k8s://default/key").await.unwrap_err();
    assert!(refused.is_undecided() && refused.to_string().contains("certificate"), "{refused}");
}

#[tokio::test]
async fn tls_server_name_is_the_name_that_the_certificate_must_have() {
    let cluster = cluster().await;
    let mut config = cluster.kubeconfig(&cluster.admin_user());
    for (name, good) in [("api.cluster.test", true), ("another.cluster.test", false)] {
        config["clusters"][0]["cluster"]["tls-server-name"] = name.into();
        let answer = Person::with_kubeconfig(&config).public("k8s://default/absent").await.unwrap_err();
        assert_eq!(matches!(answer, KeySourceError::Missing { .. }), good, "{answer}");
    }
}

#[tokio::test]
async fn of_several_kubeconfigs_the_first_that_has_a_name_wins_and_paths_start_at_their_file() {
    let cluster = cluster().await;
    let folder = TempFolder::new();
    folder.write("users/admin.crt", &cluster.admin_chain);
    folder.write("users/admin.key", &cluster.admin_key);
    let users = json!({"users": [{"name": "tester",
        "user": {"client-certificate": "admin.crt", "client-key": "admin.key"}}]});
    let first = folder.write("users/config", users.to_string());
    let second = folder.write("rest", cluster.kubeconfig(&json!({"token": "nobody"})).to_string());
    let list = [folder.path().join("absent"), first, second];
    let person = Person::with(&[("KUBECONFIG", std::env::join_paths(list).unwrap())]);
    let answer = person.public("k8s://default/absent").await.unwrap_err();
    assert!(matches!(answer, KeySourceError::Missing { .. }), "{answer}");
}

#[tokio::test]
async fn the_command_keeps_bad_input_and_undecided_apart() {
    let cluster = cluster().await;
    cluster.namespace("command").await;
    let folder = TempFolder::new();
    let admin = folder.write("admin", cluster.kubeconfig(&cluster.admin_user()).to_string());
    let run = |config: &Path, arguments: &[&str]| {
        Countersign::new().env("KUBECONFIG", config).arg("keys").args(arguments).run()
    };
    run(&admin, &["generate", "k8s://command/build"]).expect_code(0);
    run(&admin, &["generate", "k8s://command/build"]).expect_code(2);
    run(&admin, &["generate", "k8s://command/build", "--if-absent"]).expect_code(0);
    run(&admin, &["public", "--key", "k8s://command/absent"]).expect_code(2);
    let retired =
        run(&admin, &["retire", "k8s://command/build", "--dry-run", "--output", "json"]).expect_code(0);
    let members: Vec<String> = retired.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["dryRun", "key", "privateKey", "publicKey", "published", "removed"]);
    run(&admin, &["retire", "k8s://command/absent"]).expect_code(2);
    run(&admin, &["retire", "command/build"]).expect_code(2);
    let token = cluster.token_for_one("command", "configmaps", "build-pub").await;
    let verifier = folder.write("verifier", cluster.kubeconfig(&json!({"token": token})).to_string());
    run(&verifier, &["public", "--key", "k8s-configmap://command/build-pub"]).expect_code(0);
    let refused = run(&verifier, &["public", "--key", "k8s://command/build"]).expect_code(3);
    assert!(!refused.all().contains(&token));
}

#[tokio::test]
async fn a_policy_takes_its_keys_from_config_maps_by_an_account_that_cannot_sign() {
    let cluster = cluster().await;
    cluster.namespace("gate").await;
    let folder = TempFolder::new();
    let admin = folder.write("admin", cluster.kubeconfig(&cluster.admin_user()).to_string());
    let token = cluster.token_for_one("gate", "configmaps", "build-pub").await;
    let verifier = folder.write("verifier", cluster.kubeconfig(&json!({"token": token})).to_string());
    // The registry of the tests has a runtime of its own.
    let told = tokio::task::spawn_blocking(move || {
        let registry = TestRegistry::start(Config::default());
        let pushed = image::image(&registry, "shop/app", "1", "hello").pinned();
        let run = |config: &Path, arguments: &[&str]| {
            Countersign::new().env("KUBECONFIG", config).args(arguments).run()
        };
        run(&admin, &["keys", "generate", "k8s://gate/build"]).expect_code(0);
        run(&admin, &["sign", &pushed, "--key", "k8s://gate/build"]).expect_code(0);
        let gate = |config: &Path, key: &str| {
            let text = format!(
                "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\nmetadata: {{name: p}}\nspec:\n  \
                 images: {{include: ['**']}}\n  signers: [{{name: build, keys: [{{{key}}}]}}]\n"
            );
            let policy = folder.write("policy.yaml", text);
            run(config, &["gate", &pushed, "--policy", policy.to_str().unwrap()])
        };
        gate(&verifier, "configMapRef: {namespace: gate, name: build-pub}").expect_code(0);
        gate(&verifier, "ref: 'k8s-configmap://gate/build-pub'").expect_code(0);
        // What may not be read is undecided, what is not there or holds a private key is bad input.
        gate(&verifier, "configMapRef: {namespace: gate, name: other-pub}").expect_code(3);
        gate(&admin, "configMapRef: {namespace: gate, name: other-pub}").expect_code(2);
        gate(&verifier, "secretRef: {namespace: gate, name: build}").expect_code(3);
        let refused = gate(&admin, "secretRef: {namespace: gate, name: build}").expect_code(2);
        assert!(
            refused.stderr.contains("policy.yaml: line 6") && refused.stderr.contains("build-pub"),
            "{refused:?}"
        );
    });
    told.await.unwrap();
}

#[tokio::test]
async fn cosign_uses_our_secret_and_we_use_cosign_s() {
    let cluster = cluster().await;
    cluster.namespace("interop").await;
    let admin = Person::admin(&cluster);
    let ours = made(&admin.make("interop/ours", IfPresent::Refuse).await.unwrap());
    let folder = TempFolder::new();
    let config = folder.write("config", cluster.kubeconfig(&cluster.admin_user()).to_string());
    let cosign = || peers::cosign().env("KUBECONFIG", &config);
    let shown = cosign().args(["public-key", "--key", "k8s://interop/ours"]).run().expect_code(0);
    assert_eq!(PublicKey::from_pem(&shown.stdout).unwrap(), ours);
    let theirs = cosign().env("COSIGN_PASSWORD", "theirs");
    theirs.args(["generate-key-pair", "k8s://interop/theirs"]).run().expect_code(0);
    let shown = cosign().args(["public-key", "--key", "k8s://interop/theirs"]).run().expect_code(0);
    let public = PublicKey::from_pem(&shown.stdout).unwrap();
    admin.signs("k8s://interop/theirs", &public).await.unwrap();
}
