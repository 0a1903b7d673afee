//! What the process does: bounds itself, reads rules and input, evaluates, writes what came of it.

use std::io::{Read, Write};

use super::{Ending, engine, limits};
use crate::sandbox::{Answer, INPUT_LIMIT, SIZE_LIMIT};

/// Evaluates what stands on standard input; whether an answer was written.
pub fn run() -> bool {
    let ending = match limits::set() {
        Ok(()) => match read(std::io::stdin().lock()) {
            Ok((rules, input)) => evaluated(&rules, &input),
            Err(error) => Ending::Unready(error),
        },
        Err(error) => Ending::Unready(format!("the bounds of the evaluation could not be set: {error}")),
    };
    let written = serde_json::to_vec(&ending).is_ok_and(|text| std::io::stdout().write_all(&text).is_ok());
    written && std::io::stdout().flush().is_ok()
}

fn evaluated(rules: &str, input: &str) -> Ending {
    match engine::messages(rules, input) {
        Ok(messages) => Ending::Answer(Answer::new(messages.into_iter())),
        Err(fault) => Ending::Fault(fault),
    }
}

fn read(mut source: impl Read) -> Result<(String, String), String> {
    let mut length = [0u8; 8];
    source.read_exact(&mut length).map_err(|error| error.to_string())?;
    let length = usize::try_from(u64::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > SIZE_LIMIT {
        return Err("the rules are too long".to_owned());
    }
    let mut rules = vec![0u8; length];
    source.read_exact(&mut rules).map_err(|error| error.to_string())?;
    let mut input = Vec::new();
    source.take(INPUT_LIMIT as u64 + 1).read_to_end(&mut input).map_err(|error| error.to_string())?;
    if input.len() > INPUT_LIMIT {
        return Err("the report is too long for rules in Rego".to_owned());
    }
    let text = |bytes| String::from_utf8(bytes).map_err(|error| error.to_string());
    Ok((text(rules)?, text(input)?))
}
