//! The entries of `spec.match` as they are written.

use super::objects::{LabelRule, ObjectMatch, RESOURCES, is_label_key, is_label_value};
use crate::policy::draft::DraftError;
use crate::policy::node::{Field, cut};

/// Reads an entry. Without resource or version it would fit no object, there as here.
pub(super) fn object_match(field: &Field<'_>) -> Result<ObjectMatch, DraftError> {
    let members = field.members(&["group", "version", "resource", "selector"])?;
    let resource = members.need("resource")?;
    if !RESOURCES.contains(&resource.text()?) {
        let reason = format!("`{}` is none of {}", cut(resource.text()?), RESOURCES.join(", "));
        return Err(resource.refuse(reason));
    }
    let group = members.get("group").map(|group| group.text()).transpose()?.unwrap_or_default();
    let version = members.need("version")?.word()?;
    let labels = members.get("selector").map(|selector| selector_rules(&selector)).transpose()?;
    Ok(ObjectMatch {
        group: group.to_owned(),
        version: (version != "*").then(|| version.to_owned()),
        resource: resource.text()?.to_owned(),
        labels: labels.unwrap_or_default(),
    })
}

/// Kubernetes' `LabelSelector`: everything in it must hold, and an empty one takes every object.
fn selector_rules(selector: &Field<'_>) -> Result<Vec<LabelRule>, DraftError> {
    let members = selector.members(&["matchLabels", "matchExpressions"])?;
    let mut rules = Vec::new();
    if let Some(labels) = members.get("matchLabels") {
        for (name, wanted) in labels.entries()? {
            let key = key(name, &wanted)?;
            rules.push(LabelRule::In(key, [value(&wanted)?].into()));
        }
    }
    if let Some(expressions) = members.get("matchExpressions") {
        for expression in expressions.list()? {
            rules.push(rule(&expression)?);
        }
    }
    Ok(rules)
}

fn rule(expression: &Field<'_>) -> Result<LabelRule, DraftError> {
    let members = expression.members(&["key", "operator", "values"])?;
    let name = members.need("key")?;
    let key = key(name.text()?, &name)?;
    let values: Vec<Field<'_>> =
        members.get("values").map(|values| values.list()).transpose()?.unwrap_or_default();
    let operator = members.need("operator")?;
    let known = || values.iter().map(value).collect::<Result<_, _>>();
    match (operator.text()?, values.is_empty()) {
        ("In", false) => Ok(LabelRule::In(key, known()?)),
        ("NotIn", false) => Ok(LabelRule::NotIn(key, known()?)),
        ("Exists", true) => Ok(LabelRule::Exists(key)),
        ("DoesNotExist", true) => Ok(LabelRule::DoesNotExist(key)),
        ("In" | "NotIn", true) => Err(operator.refuse("it needs `values`")),
        ("Exists" | "DoesNotExist", false) => Err(operator.refuse("it has no `values`")),
        (other, _) => {
            Err(operator.refuse(format!("`{}` is none of In, NotIn, Exists, DoesNotExist", cut(other))))
        }
    }
}

fn key(name: &str, at: &Field<'_>) -> Result<String, DraftError> {
    match is_label_key(name) {
        true => Ok(name.to_owned()),
        false => Err(at.refuse(format!("`{}` is no key of a label", cut(name)))),
    }
}

fn value(field: &Field<'_>) -> Result<String, DraftError> {
    let text = field.text()?;
    match is_label_value(text) {
        true => Ok(text.to_owned()),
        false => Err(field.refuse(format!("`{}` is no value of a label", cut(text)))),
    }
}
