//! What each endpoint answers when the registry behaves (distribution specification 1.1).

use countersign::model::Digest;
use hyper::Method;
use serde_json::json;

use super::answer::Answer;
use super::place::Route;
use super::server::Exchange;
use super::{IfMatch, State, auth, referrers};

pub(super) fn answer(state: &State, exchange: &Exchange) -> Answer {
    match (&exchange.route, exchange.method.as_str()) {
        (Route::Ping, "GET") => {
            Answer::json(&json!({})).with("docker-distribution-api-version", "registry/2.0")
        }
        (Route::Token, "GET" | "POST") => auth::token(&state.config.auth, exchange),
        (Route::Blob { repository, digest }, "GET" | "HEAD") => blob(state, repository, digest),
        (Route::BeginUpload { repository }, "POST") => begin_upload(state, exchange, repository),
        (Route::Upload { name, .. }, "DELETE") => {
            let given_up = state.content.lock().unwrap().uploads.remove(name).is_some();
            Answer::empty(if given_up { 204 } else { 404 })
        }
        (Route::Upload { repository, name }, "PATCH" | "PUT") => upload(state, exchange, repository, name),
        (Route::Manifest { repository, reference }, "GET" | "HEAD") => manifest(state, repository, reference),
        (Route::Manifest { repository, reference }, "PUT") => {
            put_manifest(state, exchange, repository, reference)
        }
        (Route::TagList { repository }, "GET") => {
            let tags = state.content.lock().unwrap().tags(repository);
            Answer::json(&json!({"name": repository, "tags": tags}))
        }
        (Route::Referrers { repository, subject }, "GET") => {
            referrers::list(state, exchange, repository, subject)
        }
        (Route::Unknown, _) => Answer::new(404, "text/plain; charset=utf-8", "404 page not found\n"),
        _ => Answer::error(405, "UNSUPPORTED", "the operation is unsupported"),
    }
}

fn blob(state: &State, repository: &str, digest: &str) -> Answer {
    match state.content.lock().unwrap().blob(repository, digest) {
        Some(bytes) => {
            Answer::new(200, "application/octet-stream", bytes).with("docker-content-digest", digest)
        }
        None => Answer::error(404, "BLOB_UNKNOWN", "blob unknown to registry"),
    }
}

fn begin_upload(state: &State, exchange: &Exchange, repository: &str) -> Answer {
    let mut content = state.content.lock().unwrap();
    if let (Some(digest), Some(from)) = (exchange.parameter("mount"), exchange.parameter("from"))
        && let Some(bytes) = content.blob(&from, &digest)
    {
        content.put_blob(repository, &bytes);
        return created(state, exchange, &format!("/v2/{repository}/blobs/{digest}"));
    }
    if let (true, Some(digest)) = (state.config.single_post, exchange.parameter("digest")) {
        return match Digest::of(&exchange.body).to_string() == digest {
            true => {
                content.put_blob(repository, &exchange.body);
                created(state, exchange, &format!("/v2/{repository}/blobs/{digest}"))
            }
            false => Answer::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content"),
        };
    }
    let name = content.begin_upload();
    // The query must be kept by the client, and the digest added to it.
    let path = format!("/v2/{repository}/blobs/uploads/{name}?_state=a%2Bb");
    Answer::empty(202).with("location", located(state, exchange, &path)).with("range", "0-0")
}

fn upload(state: &State, exchange: &Exchange, repository: &str, name: &str) -> Answer {
    let mut content = state.content.lock().unwrap();
    let kept = exchange.parameter("_state").as_deref() == Some("a+b");
    let Some(sent) = content.uploads.get_mut(name).filter(|_| kept) else {
        return Answer::error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    };
    sent.extend_from_slice(&exchange.body);
    if exchange.method == Method::PATCH {
        let range = format!("0-{}", sent.len().saturating_sub(1));
        let location = located(state, exchange, &exchange.target);
        return Answer::empty(202).with("location", location).with("range", range);
    }
    let bytes = sent.clone();
    if exchange.parameter("digest") != Some(Digest::of(&bytes).to_string()) {
        return Answer::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    content.uploads.remove(name);
    let digest = content.put_blob(repository, &bytes);
    created(state, exchange, &format!("/v2/{repository}/blobs/{digest}"))
}

fn manifest(state: &State, repository: &str, reference: &str) -> Answer {
    let Some(stored) = state.content.lock().unwrap().manifest(repository, reference) else {
        return Answer::error(404, "MANIFEST_UNKNOWN", "manifest unknown to registry");
    };
    let digest = Digest::of(&stored.bytes).to_string();
    let answer = Answer::new(200, &stored.media_type, stored.bytes).with("docker-content-digest", &*digest);
    match state.config.if_match {
        IfMatch::Unknown => answer,
        IfMatch::Ignored | IfMatch::Honoured => answer.with("etag", format!("\"{digest}\"")),
    }
}

fn put_manifest(state: &State, exchange: &Exchange, repository: &str, reference: &str) -> Answer {
    let mut content = state.content.lock().unwrap();
    let digest = Digest::of(&exchange.body).to_string();
    if reference.contains(':') && reference != digest {
        return Answer::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    if let (IfMatch::Honoured, Some(condition)) = (state.config.if_match, exchange.header("if-match")) {
        let there =
            content.manifest(repository, reference).map(|stored| Digest::of(&stored.bytes).to_string());
        if there.map(|digest| format!("\"{digest}\"")).as_deref() != Some(condition) {
            return Answer::error(412, "PRECONDITION_FAILED", "another manifest is there");
        }
    }
    if let Some(missing) = content.missing_blob(repository, &exchange.body) {
        return Answer::error(404, "MANIFEST_BLOB_UNKNOWN", &format!("blob unknown to registry: {missing}"));
    }
    let media_type = exchange.header("content-type").unwrap_or_default();
    content.put_manifest(repository, reference, media_type, &exchange.body);
    let answer = created(state, exchange, &format!("/v2/{repository}/manifests/{digest}"))
        .with("docker-content-digest", digest);
    match referrers::subject(&exchange.body).filter(|_| state.config.referrers) {
        Some(subject) => answer.with("oci-subject", subject),
        None => answer,
    }
}

fn created(state: &State, exchange: &Exchange, path: &str) -> Answer {
    Answer::empty(201).with("location", located(state, exchange, path))
}

fn located(state: &State, exchange: &Exchange, path: &str) -> String {
    match state.config.absolute_locations {
        true => format!("{}{path}", exchange.origin()),
        false => path.to_owned(),
    }
}
