//! The signers of the native form: their keys, and what is asked of their signatures.

use std::collections::BTreeSet;

use serde_saphyr::Spanned;

use super::read::{at, label, spot, word};
use super::written::{Key, Object, Signer, Text};
use crate::model::claims::{COUNT_LIMIT, ROLE, SCAN_PASS, SCAN_RESULT, VALIDATION_ROLE};
use crate::model::duration::parse_duration;
use crate::model::yaml::Place;
use crate::policy::draft::{DraftError, DraftKey, DraftSigner, KeySource, Spot, one_public_key};
use crate::policy::signer::{MaxAge, OnExpiry, Required, Role};

pub(super) fn signer(written: &Spanned<Signer>, number: usize) -> Result<DraftSigner, DraftError> {
    let place = Place::of(written);
    let written = &written.value;
    let field = |name: &str| format!("spec.signers[{number}].{name}");
    let mut keys = Vec::new();
    for (at, one) in written.keys.iter().enumerate() {
        keys.push(key(one, &field(&format!("keys[{at}]")))?);
    }
    if keys.is_empty() {
        let spot = Spot { place, field: field("keys") };
        return Err(DraftError::at(&spot, "no key: the signer could never be satisfied"));
    }
    let role = match &written.countersigns {
        Some(earlier) => Role::Countersigns(earlier.value.clone()),
        None => Role::NotValidation,
    };
    Ok(DraftSigner {
        name: label(&written.name, &field("name"))?,
        name_spot: spot(&written.name, field("name")),
        countersigns_spot: written.countersigns.as_ref().map(|text| spot(text, field("countersigns"))),
        keys,
        claims: claims(written, &role, place, &field)?,
        role,
        max_age: max_age(written, &field)?,
    })
}

fn max_age(written: &Signer, field: &dyn Fn(&str) -> String) -> Result<Option<MaxAge>, DraftError> {
    let words = [("Deny", OnExpiry::Deny), ("Warn", OnExpiry::Warn)];
    let on_expiry = word(&written.on_expiry, &field("onExpiry"), words)?;
    let Some(text) = &written.max_age else {
        return match &written.on_expiry {
            Some(text) => Err(at(text, &field("onExpiry"), "without `maxAge` nothing expires")),
            None => Ok(None),
        };
    };
    let age = parse_duration(&text.value).map_err(|error| at(text, &field("maxAge"), error))?;
    Ok(Some(MaxAge { age, on_expiry: on_expiry.unwrap_or_default() }))
}

fn claims(
    written: &Signer,
    role: &Role,
    place: Option<Place>,
    field: &dyn Fn(&str) -> String,
) -> Result<Required, DraftError> {
    let whole = Spot { place, field: field("claims") };
    if written.claims.as_ref().is_some_and(|claims| claims.len() > COUNT_LIMIT) {
        return Err(DraftError::at(&whole, format!("a signature may hold {COUNT_LIMIT} claims, not more")));
    }
    for (name, values) in written.claims.iter().flatten() {
        let first = values.first().ok_or_else(|| {
            DraftError::at(&whole, format!("`{name}` has no value: no signature would fit"))
        })?;
        let listed = |value: &str| values.iter().any(|listed| listed.value == value);
        let refuse = |why: &str| Err(at(first, &format!("{}.{name}", field("claims")), why));
        match (name.as_str(), role) {
            (ROLE, Role::Countersigns(_)) if !listed(VALIDATION_ROLE) => {
                return refuse("`countersigns` asks for the role `validation`: no signature would fit");
            }
            (ROLE, Role::NotValidation) if values.iter().all(|value| value.value == VALIDATION_ROLE) => {
                return refuse("the role `validation` counts only where `countersigns` names a signer");
            }
            (SCAN_RESULT, Role::Countersigns(_)) if !listed(SCAN_PASS) => {
                return refuse("`countersigns` asks for the result `pass`: no signature would fit");
            }
            _ => {}
        }
    }
    let owned = |values: &Vec<Text>| values.iter().map(|text| text.value.clone()).collect::<BTreeSet<_>>();
    Ok(written.claims.iter().flatten().map(|(name, values)| (name.clone(), owned(values))).collect())
}

fn key(written: &Spanned<Key>, field: &str) -> Result<(Spot, DraftKey), DraftError> {
    let whole = Spot { place: Place::of(written), field: field.to_owned() };
    let Key { pem, config_map_ref, secret_ref, reference } = &written.value;
    match (pem, config_map_ref, secret_ref, reference) {
        (Some(text), None, None, None) => {
            let spot = spot(text, format!("{field}.pem"));
            let key = one_public_key(&text.value).map_err(|reason| DraftError::at(&spot, reason))?;
            Ok((spot, DraftKey::Spelled(key)))
        }
        (None, Some(object), None, None) => {
            let (namespace, name) = named(object, &format!("{field}.configMapRef"))?;
            Ok((whole, DraftKey::From(KeySource::ConfigMap { namespace, name })))
        }
        (None, None, Some(object), None) => {
            let (namespace, name) = named(object, &format!("{field}.secretRef"))?;
            Ok((whole, DraftKey::From(KeySource::Secret { namespace, name })))
        }
        (None, None, None, Some(text)) => {
            let spot = spot(text, format!("{field}.ref"));
            if text.value.is_empty() {
                return Err(DraftError::at(&spot, "it is empty"));
            }
            Ok((spot, DraftKey::From(KeySource::Reference(text.value.clone()))))
        }
        _ => Err(DraftError::at(&whole, "a key is one of `pem`, `configMapRef`, `secretRef` and `ref`")),
    }
}

fn named(object: &Object, field: &str) -> Result<(String, String), DraftError> {
    let namespace = label(&object.namespace, &format!("{field}.namespace"))?;
    let name = &object.name;
    match name.value.is_empty() || name.value.contains('/') {
        true => Err(at(name, &format!("{field}.name"), "it is not the name of an object")),
        false => Ok((namespace, name.value.clone())),
    }
}
