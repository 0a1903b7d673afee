//! Secrets and ConfigMaps in JSON (Kubernetes API, core/v1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

use crate::model::json::{self, UniqueMap};
use crate::signer::ObjectName;
use crate::signer::cluster::{ConfigMapEntries, ObjectId, SecretEntries};

#[derive(Deserialize)]
struct Found<V> {
    kind: String,
    metadata: FoundName,
    #[serde(default = "none")]
    data: Option<UniqueMap<V>>,
}

#[derive(Deserialize)]
struct FoundName {
    name: String,
    namespace: String,
    uid: Option<String>,
}

fn none<V>() -> Option<UniqueMap<V>> {
    None
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct New<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: NewName<'a>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    secret_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    immutable: Option<bool>,
    data: BTreeMap<&'a str, Zeroized<'a>>,
}

#[derive(Serialize)]
struct NewName<'a> {
    name: &'a str,
    namespace: &'a str,
}

/// An entry's value on its way out.
enum Zeroized<'a> {
    Encoded(Zeroizing<String>),
    Plain(&'a str),
}

impl Serialize for Zeroized<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Encoded(text) => serializer.serialize_str(text),
            Self::Plain(text) => serializer.serialize_str(text),
        }
    }
}

/// The decoded entries of the secret in `body`, which must be the one asked for.
pub(super) fn read_secret(body: &[u8], name: &ObjectName) -> Result<SecretEntries, String> {
    let decode = |(entry, text): (String, SecretString)| match STANDARD.decode(text.expose_secret()) {
        Ok(bytes) => Ok((entry, SecretSlice::from(bytes))),
        Err(_) => Err(format!("an entry of secret {name} is not base64")),
    };
    entries::<SecretString>(body, "Secret", name)?.into_iter().map(decode).collect()
}

/// The entries of the ConfigMap in `body`, which must be the one asked for.
pub(super) fn read_config_map(body: &[u8], name: &ObjectName) -> Result<ConfigMapEntries, String> {
    entries(body, "ConfigMap", name)
}

fn entries<V: for<'de> Deserialize<'de>>(
    body: &[u8],
    kind: &str,
    name: &ObjectName,
) -> Result<BTreeMap<String, V>, String> {
    Ok(found::<V>(body, kind, name)?.data.map(|data| data.0).unwrap_or_default())
}

fn found<V: for<'de> Deserialize<'de>>(
    body: &[u8],
    kind: &str,
    name: &ObjectName,
) -> Result<Found<V>, String> {
    // What the parser says could quote an entry.
    let found: Found<V> = json::from_slice(body).map_err(|_| format!("the answer is not a {kind}"))?;
    let same = found.metadata.name == name.name() && found.metadata.namespace == name.namespace();
    match found.kind == kind && same {
        true => Ok(found),
        false => Err(format!("the answer is not the {kind} {name}")),
    }
}

/// Which secret the one in `body` is, which must be the one asked for.
pub(super) fn read_secret_id(body: &[u8], name: &ObjectName) -> Result<ObjectId, String> {
    let id = found::<SecretString>(body, "Secret", name)?.metadata.uid;
    id.filter(|id| !id.is_empty()).map(ObjectId).ok_or_else(|| format!("the secret {name} has no uid"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeleteOptions<'a> {
    api_version: &'static str,
    kind: &'static str,
    preconditions: Preconditions<'a>,
}

#[derive(Serialize)]
struct Preconditions<'a> {
    uid: &'a str,
}

/// Options of a deletion that meets this object and no later one of its name.
pub(super) fn write_deletion(id: &ObjectId) -> Result<Vec<u8>, String> {
    let preconditions = Preconditions { uid: &id.0 };
    let options = DeleteOptions { api_version: "v1", kind: "DeleteOptions", preconditions };
    serde_json::to_vec(&options).map_err(|error| error.to_string())
}

/// An immutable secret, as cosign makes it.
pub(super) fn write_secret(name: &ObjectName, entries: &SecretEntries) -> Result<Zeroizing<Vec<u8>>, String> {
    let encode =
        |bytes: &SecretSlice<u8>| Zeroized::Encoded(Zeroizing::new(STANDARD.encode(bytes.expose_secret())));
    let data = entries.iter().map(|(entry, bytes)| (entry.as_str(), encode(bytes))).collect();
    write(New {
        api_version: "v1",
        kind: "Secret",
        metadata: NewName { name: name.name(), namespace: name.namespace() },
        secret_type: Some("Opaque"),
        immutable: Some(true),
        data,
    })
}

/// A ConfigMap.
pub(super) fn write_config_map(
    name: &ObjectName,
    entries: &ConfigMapEntries,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let data = entries.iter().map(|(entry, text)| (entry.as_str(), Zeroized::Plain(text))).collect();
    write(New {
        api_version: "v1",
        kind: "ConfigMap",
        metadata: NewName { name: name.name(), namespace: name.namespace() },
        secret_type: None,
        immutable: None,
        data,
    })
}

fn write(object: New<'_>) -> Result<Zeroizing<Vec<u8>>, String> {
    serde_json::to_vec(&object).map(Zeroizing::new).map_err(|error| error.to_string())
}
