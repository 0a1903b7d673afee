//! The registry of our own does what the other tests take it for: it behaves like a registry, and misbehaves
//! as told.

use std::time::Duration;

use countersign::model::Digest;
use countersign::model::manifest::{Manifest, OCI_INDEX, OCI_MANIFEST};
use serde_json::{Value, json};

use super::support::cli::{Countersign, run_together};
use super::support::http::{self, Reply};
use super::support::image::{self, Pushed, Store as _};
use super::support::keys::{ALGORITHMS, TestKey};
use super::support::peers;
use super::support::proxy::DelayProxy;
use super::support::registry::{
    Act, Auth, Config, Fault, IfMatch, LinkTo, Login, Place, TestRegistry, Times,
};
use super::support::tunnel::Tunnel;

fn registry() -> (TestRegistry, Pushed) {
    let registry = TestRegistry::start(Config::default());
    let image = image::image(&registry, "shop/app", "1.4", "one");
    (registry, image)
}

fn manifest_target(image: &Pushed) -> String {
    format!("/v2/{}/manifests/{}", image.repository, image.digest)
}

fn referrers_target(image: &Pushed) -> String {
    format!("/v2/{}/referrers/{}", image.repository, image.digest)
}

/// The answer for the image's manifest, and for its referrers, while `act` is on.
fn misbehaving(act: Act) -> (Reply, Reply) {
    let (registry, image) = registry();
    registry.misbehave(Fault::on(Place::Any, act));
    (
        http::get(registry.host(), &manifest_target(&image)),
        http::get(registry.host(), &referrers_target(&image)),
    )
}

fn put_attached(registry: &TestRegistry, image: &Pushed, number: usize) -> Reply {
    let config = registry.put_blob(&image.repository, b"{}");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": "application/example",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
        "layers": [], "annotations": {"number": number.to_string()},
        "subject": {"mediaType": OCI_MANIFEST, "digest": image.digest.to_string(), "size": image.bytes.len()},
    });
    let bytes = manifest.to_string();
    let target = format!("/v2/{}/manifests/{}", image.repository, Digest::of(bytes.as_bytes()));
    http::request(registry.host(), "PUT", &target, &[("Content-Type", OCI_MANIFEST)], bytes.as_bytes())
}

#[test]
fn images_of_all_kinds_can_be_put_into_every_registry() {
    let own =
        TestRegistry::start(Config { single_post: false, absolute_locations: true, ..Config::default() });
    let (docker, referrers) = (peers::docker_registry(), peers::referrers_registry());
    for host in [own.host(), docker.host(), referrers.host()] {
        let single = [image::image(host, "a/b", "1", "x"), image::docker_image(host, "a/b", "2", "x")];
        let lists = [image::index(host, "a/b", "3", "x"), image::docker_list(host, "a/b", "4", "x")];
        let children = lists.iter().flat_map(|list| list.children()).cloned();
        for pushed in single.into_iter().chain(children).chain(lists.iter().map(|list| list.index.clone())) {
            let headers = [("Accept", pushed.media_type.as_str())];
            let stored = http::request(host, "GET", &manifest_target(&pushed), &headers, &[]);
            assert_eq!((stored.status, &stored.body), (200, &pushed.bytes), "{host}");
            Manifest::parse(&stored.body).unwrap();
        }
        assert_eq!(lists[0].children().len(), 5);
    }
    assert!(own.requests().iter().any(|request| request.place == Place::BlobUpload && request.status == 201));
}

#[test]
fn a_manifest_whose_blobs_are_not_there_is_refused() {
    let (registry, image) = registry();
    let other = format!("/v2/other/manifests/{}", image.digest);
    let headers = [("Content-Type", OCI_MANIFEST)];
    assert_eq!(http::request(registry.host(), "PUT", &other, &headers, &image.bytes).status, 404);
    assert!(registry.manifest("other", &image.digest.to_string()).is_none());
}

#[test]
fn a_blob_is_stored_by_one_post_or_by_post_and_put() {
    for single_post in [true, false] {
        let registry = TestRegistry::start(Config { single_post, ..Config::default() });
        let target = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(b"blob"));
        let reply = http::request(registry.host(), "POST", &target, &[], b"blob");
        assert_eq!(reply.status, if single_post { 201 } else { 202 });
        let stored = registry.blob("a", &Digest::of(b"blob").to_string());
        assert_eq!(stored.is_some(), single_post);
        registry.host().blob("a", b"other");
        assert_eq!(registry.blob("a", &Digest::of(b"other").to_string()).unwrap(), b"other");
        let wrong = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(b"else"));
        let refused = http::request(registry.host(), "POST", &wrong, &[], b"blob").status;
        assert_eq!(refused, if single_post { 400 } else { 202 });
    }
}

#[test]
fn a_blob_is_mounted_from_a_repository_that_has_it() {
    let (registry, _) = registry();
    let digest = registry.put_blob("from", b"layer");
    let mount = |from: &str| {
        let target = format!("/v2/to/blobs/uploads/?mount={digest}&from={from}");
        http::request(registry.host(), "POST", &target, &[], &[]).status
    };
    assert_eq!((mount("nowhere"), registry.blob("to", &digest)), (202, None));
    assert_eq!(mount("from"), 201);
    assert_eq!(registry.blob("to", &digest).unwrap(), b"layer");
}

#[test]
fn referrers_are_listed_by_pages_with_their_type() {
    let registry = TestRegistry::start(Config { page_size: Some(2), ..Config::default() });
    let image = image::image(&registry, "shop/app", "1.4", "one");
    for number in 0..5 {
        let reply = put_attached(&registry, &image, number);
        assert_eq!((reply.status, reply.header("oci-subject")), (201, Some(&*image.digest.to_string())));
    }
    let (mut target, mut sizes) = (Some(referrers_target(&image)), Vec::new());
    while let Some(page) = target.take() {
        let reply = http::get(registry.host(), &page);
        let descriptors = reply.json()["manifests"].as_array().unwrap().clone();
        assert!(descriptors.iter().all(|descriptor| descriptor["artifactType"] == "application/example"));
        sizes.push(descriptors.len());
        target = reply.header("link").map(|link| link[1..link.find('>').unwrap()].to_owned());
    }
    assert_eq!(sizes, [2, 2, 1]);
}

#[test]
fn without_the_referrers_api_the_answer_is_404_and_no_subject_is_confirmed() {
    let registry = TestRegistry::start(Config::without_referrers());
    let image = image::image(&registry, "shop/app", "1.4", "one");
    assert_eq!(put_attached(&registry, &image, 0).header("oci-subject"), None);
    assert_eq!(http::get(registry.host(), &referrers_target(&image)).status, 404);
    assert_eq!(registry.referrers("shop/app", &image.digest.to_string()).len(), 1);
}

#[test]
fn a_conditional_put_is_honoured_only_where_that_is_asked_for() {
    for (if_match, beaten) in [(IfMatch::Unknown, 201), (IfMatch::Ignored, 201), (IfMatch::Honoured, 412)] {
        let registry = TestRegistry::start(Config { if_match, ..Config::default() });
        let image = image::image(&registry, "a", "1", "one");
        let target = "/v2/a/manifests/1";
        let etag = http::get(registry.host(), target).header("etag").map(str::to_owned);
        assert_eq!(etag.is_some(), if_match != IfMatch::Unknown);
        let headers = [("Content-Type", OCI_INDEX), ("If-Match", "\"sha256:other\"")];
        let index = image::index(&registry, "a", "2", "two").index.bytes;
        assert_eq!(http::request(registry.host(), "PUT", target, &headers, &index).status, beaten);
        let kept = registry.manifest("a", "1").unwrap() == image.bytes;
        assert_eq!(kept, beaten == 412);
    }
}

#[test]
fn basic_authentication_is_demanded() {
    let auth = Auth::Basic(Login::new("user", "secret"));
    let registry = TestRegistry::start(Config { auth, ..Config::default() });
    let reply = http::get(registry.host(), "/v2/");
    assert_eq!((reply.status, reply.header("www-authenticate").unwrap().starts_with("Basic ")), (401, true));
    let headers = [("Authorization", "Basic dXNlcjpzZWNyZXQ=")];
    assert_eq!(http::request(registry.host(), "GET", "/v2/", &headers, &[]).status, 200);
    let recorded = registry.requests();
    assert_eq!(recorded[1].authorization.as_deref(), Some("Basic dXNlcjpzZWNyZXQ="));
}

#[test]
fn a_token_is_good_for_its_repository_and_actions_alone() {
    let registry = TestRegistry::start(Config { auth: Auth::token("user", "secret"), ..Config::default() });
    let host = registry.host();
    let challenge = http::get(host, "/v2/a/tags/list").header("www-authenticate").unwrap().to_owned();
    assert_eq!(
        challenge,
        format!("Bearer realm=\"http://{host}/token\",service=\"{host}\",scope=\"repository:a:pull\"")
    );
    let token_target = "/token?service=x&scope=repository%3Aa%3Apull";
    assert_eq!(http::get(host, token_target).status, 401);
    let login = [("Authorization", "Basic dXNlcjpzZWNyZXQ=")];
    let token = http::request(host, "GET", token_target, &login, &[]).json()["token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let status = |method: &str, target: &str| {
        http::request(host, method, target, &[("Authorization", &bearer)], &[]).status
    };
    assert_eq!(status("GET", "/v2/a/tags/list"), 200);
    assert_eq!(status("GET", "/v2/b/tags/list"), 401);
    assert_eq!(status("POST", "/v2/a/blobs/uploads/"), 401);
}

#[test]
fn an_identity_token_is_exchanged_by_post() {
    let auth = Auth::Token {
        login: Some(Login::new("user", "secret")),
        anonymous_pull: true,
        identity_token: Some("identity".to_owned()),
        realm: None,
    };
    let registry = TestRegistry::start(Config { auth, ..Config::default() });
    let post = |token: &str| {
        let form =
            format!("grant_type=refresh_token&refresh_token={token}&scope=repository%3Aa%3Apull%2Cpush");
        http::request(registry.host(), "POST", "/token", &[], form.as_bytes()).status
    };
    assert_eq!((post("identity"), post("another")), (200, 401));
    assert_eq!(http::get(registry.host(), "/token?scope=repository:a:pull").status, 200);
    assert_eq!(http::get(registry.host(), "/token?scope=repository:a:pull,push").status, 401);
}

#[test]
fn faults_that_answer_something_else() {
    let (reply, _) = misbehaving(Act::Challenge("Nonsense".to_owned()));
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Nonsense")));
    let (reply, _) = misbehaving(Act::Status(503));
    assert_eq!((reply.status, reply.json()["errors"][0]["code"].clone()), (503, json!("UNKNOWN")));
    let (reply, _) = misbehaving(Act::RetryAfter { status: 429, after: "7".to_owned() });
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("7")));
    let (reply, _) = misbehaving(Act::Html);
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/html")));
    let (reply, _) = misbehaving(Act::Answer { media_type: OCI_INDEX.to_owned(), bytes: b"junk".to_vec() });
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"junk".as_slice()));
    let (reply, _) = misbehaving(Act::Redirect("http://other.test".to_owned()));
    assert!(
        reply.status == 307
            && reply.header("location").unwrap().starts_with("http://other.test/v2/shop/app/")
    );
}

#[test]
fn faults_that_break_off() {
    let (registry, image) = registry();
    registry.misbehave(Fault::on(Place::ImageManifest, Act::ResetInMidBody));
    let reply = http::get(registry.host(), &manifest_target(&image));
    assert_eq!(reply.header("content-length"), Some(&*image.bytes.len().to_string()));
    assert_eq!((reply.body.as_slice(), reply.broken), (&image.bytes[..image.bytes.len() / 2], true));
    registry.behave();
    registry.misbehave(Fault::on(Place::Any, Act::Reset));
    assert!(http::try_request(registry.host(), "GET", "/v2/", &[], &[], 1 << 20).is_err());
    assert_eq!(registry.requests().last().unwrap().status, 0);
}

#[test]
fn an_answer_can_be_lost_after_its_effect() {
    let (registry, _) = registry();
    registry.misbehave(Fault::on_writes(Place::BlobUpload, Act::LoseAnswer).times(Times::First(1)));
    let target = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(b"blob"));
    assert!(http::try_request(registry.host(), "POST", &target, &[], b"blob", 1 << 20).is_err());
    assert!(registry.blob("a", &Digest::of(b"blob").to_string()).is_some());
}

#[test]
fn faults_that_go_on_and_on() {
    let (registry, image) = registry();
    registry.misbehave(Fault::on(Place::Any, Act::EndlessBody));
    let target = manifest_target(&image);
    let reply = http::try_request(registry.host(), "GET", &target, &[], &[], 300).unwrap();
    assert!(reply.header("content-length").is_none() && !reply.broken);
    for (stated, header) in [(true, Some("5000000")), (false, None)] {
        registry.behave();
        registry.misbehave(Fault::on(Place::Any, Act::LongBody { length: 5_000_000, stated }));
        let reply = http::get(registry.host(), &target);
        assert_eq!((reply.header("content-length"), reply.body.len()), (header, 5_000_000));
    }
}

#[test]
fn faults_in_the_bytes() {
    let (registry, image) = registry();
    let answered = |act: Act| {
        registry.behave();
        registry.misbehave(Fault::on(Place::ImageManifest, act));
        http::get(registry.host(), &manifest_target(&image)).body
    };
    let other = answered(Act::OtherBytes);
    assert!(other.len() == image.bytes.len() && other != image.bytes);
    assert_eq!(answered(Act::Truncated), image.bytes[..image.bytes.len() / 2]);
    let deep = answered(Act::DeepJson(100));
    assert!(deep.windows(100).any(|window| window.iter().all(|byte| *byte == b'[')));
    assert!(serde_json::from_slice::<Value>(&deep).is_ok());
}

#[test]
fn links_lead_where_they_are_told() {
    for (to, target) in [
        (LinkTo::Itself, "/v2/shop/app/referrers/"),
        (LinkTo::Onward, "?page=1>"),
        (LinkTo::Origin("http://other.test".to_owned()), "<http://other.test/v2/shop/app/referrers/"),
        (LinkTo::Text("::".to_owned()), "<::>"),
    ] {
        let (_, reply) = misbehaving(Act::Link(to));
        assert_eq!((reply.status, reply.header("link").unwrap().contains(target)), (200, true), "{reply:?}");
    }
}

#[test]
fn an_upload_can_be_led_elsewhere_and_stores_nothing() {
    let (registry, _) = registry();
    registry.misbehave(Fault::on(Place::BlobUpload, Act::UploadAt("http://other.test".to_owned())));
    let target = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(b"blob"));
    let reply = http::request(registry.host(), "POST", &target, &[], b"blob");
    assert!(
        reply.status == 202 && reply.header("location").unwrap().starts_with("http://other.test/v2/a/blobs/")
    );
    assert!(registry.blob("a", &Digest::of(b"blob").to_string()).is_none());
}

#[test]
fn immutable_tags_are_written_once() {
    let (registry, image) = registry();
    registry.misbehave(Fault::on(Place::SigTag, Act::ImmutableTag(409)));
    let target = format!("/v2/shop/app/manifests/{}", image.sig_tag());
    let put =
        || http::request(registry.host(), "PUT", &target, &[("Content-Type", OCI_MANIFEST)], &image.bytes);
    assert_eq!((put().status, put().status), (201, 409));
}

#[test]
fn faults_have_a_place_a_direction_and_a_turn() {
    let (registry, image) = registry();
    let gone = Act::Status(500);
    registry.misbehave(Fault::on_writes(Place::FallbackTag, gone.clone()));
    registry.misbehave(Fault::on_reads(Place::SigTag, gone.clone()).times(Times::EveryNth(3)));
    registry.misbehave(Fault::on(Place::Tag, gone.clone()).times(Times::First(2)));
    registry.misbehave(Fault::on(Place::ImageManifest, gone.clone()).times(Times::After(1)));
    registry.misbehave(Fault::on(Place::AttachedManifest, gone));
    let status = |method: &str, reference: &str| {
        let target = format!("/v2/shop/app/manifests/{reference}");
        http::request(registry.host(), method, &target, &[("Content-Type", OCI_MANIFEST)], &image.bytes)
            .status
    };
    let (digest, sig, fallback) = (image.digest.to_string(), image.sig_tag(), image.fallback_tag());
    assert_eq!((status("PUT", &fallback), status("GET", &fallback)), (500, 404));
    assert_eq!([(); 4].map(|()| status("GET", &sig)), [404, 404, 500, 404]);
    assert_eq!([(); 3].map(|()| status("GET", "1.4")), [500, 500, 200]);
    assert_eq!([(); 3].map(|()| status("GET", &digest)), [200, 500, 500]);
    assert_eq!(put_attached(&registry, &image, 0).status, 500);
}

#[test]
fn content_can_be_looked_into_changed_and_taken_away() {
    let (registry, image) = registry();
    let digest = image.digest.to_string();
    registry.overwrite("shop/app", &digest, b"other");
    assert_eq!(http::get(registry.host(), &manifest_target(&image)).body, b"other");
    registry.remove("shop/app", &digest);
    assert_eq!(http::get(registry.host(), &manifest_target(&image)).status, 404);
    assert_eq!(registry.tags("shop/app"), ["1.4"]);
    registry.attach_many("shop/app", &digest, "application/spdx+json", 10_000);
    let listed = http::get(registry.host(), &referrers_target(&image)).json();
    assert_eq!(listed["manifests"].as_array().unwrap().len(), 10_000);
}

#[test]
fn https_is_spoken_with_a_certificate_of_the_authority_given() {
    let registry = TestRegistry::start(Config { tls: true, ..Config::default() });
    let tunnel = Tunnel::start(&[("registry.test", registry.host())]);
    let status = |authority: &str, url: String| {
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let certificate = reqwest::Certificate::from_pem(authority.as_bytes()).unwrap();
        // A second install is refused, and the first is the same.
        let _ = rustls::crypto::CryptoProvider::install_default((*provider).clone());
        let client = reqwest::Client::builder()
            .proxy(reqwest::Proxy::https(tunnel.url()).unwrap())
            .tls_certs_only([certificate])
            .build()
            .unwrap();
        let runtime = super::support::registry::runtime();
        let answered = runtime.block_on(client.get(url).send());
        answered.map(|reply| reply.status().as_u16()).ok()
    };
    assert_eq!(status(registry.ca_pem(), "https://registry.test/v2/".to_owned()), Some(200));
    let stranger = TestRegistry::start(Config { tls: true, ..Config::default() });
    assert_eq!(status(stranger.ca_pem(), "https://registry.test/v2/".to_owned()), None);
    assert_eq!(status(registry.ca_pem(), "https://nowhere.test/v2/".to_owned()), None);
    assert_eq!(tunnel.asked().last().unwrap(), "nowhere.test:443");
}

#[test]
fn the_proxy_counts_delays_and_keeps_the_way_back() {
    let docker = peers::docker_registry();
    let proxy = DelayProxy::start(docker.host(), Duration::from_millis(20));
    let image = image::image(proxy.host(), "a", "1", "x");
    // Two blobs of two requests each, and the manifest: `Location`s led back through the proxy.
    assert_eq!((proxy.requests(), image.host.as_str()), (5, proxy.host()));
    proxy.reset();
    let begun = std::time::Instant::now();
    let accept = [("Accept", OCI_MANIFEST)];
    assert_eq!(http::request(proxy.host(), "GET", "/v2/a/manifests/1", &accept, &[]).status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(20));
    assert_eq!(proxy.requests(), 1);
}

#[test]
fn keys_of_every_algorithm_are_what_they_say() {
    for algorithm in ALGORITHMS {
        let key = TestKey::of(algorithm);
        assert_eq!(key.public.algorithm(), algorithm);
        let pem = std::fs::read_to_string(key.private()).unwrap();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{algorithm}");
        assert_eq!(std::fs::read_to_string(key.public()).unwrap(), key.public.to_pem());
    }
}

#[test]
fn commands_run_side_by_side_in_an_environment_of_their_own() {
    let shell = |script: &str| Countersign::program("/bin/sh").args(["-c", script]);
    let both = run_together(&[shell("echo out; echo err >&2; exit 3"), shell("cat; echo $HOME").input("in")]);
    assert_eq!((both[0].code, both[0].all().as_str()), (3, "out\n\nerr\n"));
    assert!(both[1].stdout.starts_with("in/") && both[1].code == 0);
    assert!(shell("env").run().stdout.lines().all(|line| !line.contains("CARGO")));
}

#[test]
fn cosign_signs_and_verifies_in_both_formats() {
    let docker = peers::docker_registry();
    let image = image::image(docker.host(), "shop/app", "1", "x");
    let made = peers::cosign().arg("generate-key-pair");
    made.run().expect_code(0);
    let path = |name: &str| made.home().join(name).to_str().unwrap().to_owned();
    for (legacy, tag) in [(true, image.sig_tag()), (false, image.fallback_tag())] {
        peers::cosign_sign(&path("cosign.key"), &image.pinned(), legacy, &[]).expect_code(0);
        let (target, accept) =
            (format!("/v2/shop/app/manifests/{tag}"), format!("{OCI_MANIFEST}, {OCI_INDEX}"));
        assert_eq!(http::request(docker.host(), "GET", &target, &[("Accept", &accept)], &[]).status, 200);
        peers::cosign_verify(&path("cosign.pub"), &image.pinned(), &[]).expect_code(0);
    }
}
