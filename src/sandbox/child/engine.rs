//! Rego itself: `data.main.deny` of rules and an input.

use regorus::{Engine, Value};

use super::declarations;

/// The package that scan policies are in.
const PACKAGE: &str = "data.main";
/// The rule whose messages deny.
const RULE: &str = "data.main.deny";
/// The same in its own package.
const NAME: &str = "deny";
/// What the rules are called in errors.
const FILE: &str = "rules";

/// The messages of `deny`.
///
/// # Errors
/// What is wrong with the rules: no Rego, another package, no `deny`, or an error while they ran.
pub(super) fn messages(rules: &str, input: &str) -> Result<Vec<String>, String> {
    let rules = declarations::first(rules)?;
    let mut engine = Engine::new();
    engine.set_rego_v0(true);
    // What a function cannot do is an error, and never "undefined", which would deny nothing.
    engine.set_strict_builtin_errors(true);
    let package = engine.add_policy(FILE.to_owned(), rules).map_err(said)?;
    if package != PACKAGE {
        let name = package.strip_prefix("data.").unwrap_or(&package);
        return Err(format!("the rules are in the package `{name}`; `package main` is expected"));
    }
    if !engine.has_declared_rule_rooted_at(FILE, NAME).map_err(said)? {
        return Err("there is no rule `deny` in `package main`: nothing would ever be denied".to_owned());
    }
    engine.set_input(Value::from_json_str(input).map_err(said)?);
    let denied = engine.eval_rule(RULE.to_owned()).map_err(said)?;
    match denied {
        Value::Set(messages) => messages.iter().map(message).collect(),
        _ => Err("`deny` is no set of messages; write `deny[msg] { … }`".to_owned()),
    }
}

/// A message as people read it: a text, or what else stands in the set, as JSON.
fn message(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.to_string()),
        other => serde_json::to_string(other).map_err(said),
    }
}

/// All causes of an error, in one line.
fn said(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
