//! The referrers API (distribution specification 1.1): listing by pages, and many artifacts at once.

use countersign::model::manifest::{EMPTY_BLOB, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST};
use serde_json::{Value, json};

use super::answer::Answer;
use super::place;
use super::server::Exchange;
use super::{State, store};

/// The referrers of `subject`: all, or the page that the query names.
pub(super) fn list(state: &State, exchange: &Exchange, repository: &str, subject: &str) -> Answer {
    if !state.config.referrers {
        return Answer::new(404, "text/plain; charset=utf-8", "404 page not found\n");
    }
    let all = state.content.lock().unwrap().referrers(repository, subject);
    let size = state.config.page_size.unwrap_or(usize::MAX).max(1);
    let page: usize = exchange.parameter("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    let rest = all.get(page.saturating_mul(size)..).unwrap_or_default();
    let answer = Answer::new(200, OCI_INDEX, place::index(&rest[..rest.len().min(size)]));
    match rest.len() > size {
        true => answer.with("link", format!("<{}?page={}>; rel=\"next\"", exchange.path, page + 1)),
        false => answer,
    }
}

/// The digest that a manifest is attached to.
pub(super) fn subject(manifest: &[u8]) -> Option<String> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    manifest["subject"]["digest"].as_str().map(str::to_owned)
}

pub(super) fn attach_many(
    content: &mut store::Content,
    repository: &str,
    subject: &str,
    artifact_type: &str,
    count: usize,
) {
    let empty = content.put_blob(repository, EMPTY_BLOB);
    let descriptor = json!({"mediaType": OCI_EMPTY, "digest": empty, "size": EMPTY_BLOB.len()});
    for number in 0..count {
        let manifest = json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": artifact_type,
            "config": descriptor, "layers": [descriptor],
            "subject": {"mediaType": OCI_MANIFEST, "digest": subject, "size": 1},
            "annotations": {"number": number.to_string()},
        });
        let bytes = manifest.to_string();
        content.put_manifest(
            repository,
            &countersign::model::Digest::of(bytes.as_bytes()).to_string(),
            OCI_MANIFEST,
            bytes.as_bytes(),
        );
    }
}
