//! Standard output and standard error: text with colour on a terminal only, JSON whose strings cannot move a
//! terminal's cursor, and errors in both forms.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;
use serde_json::json;

use super::args::OutputFormat;
use super::error::{Exit, Failure};

/// Where a command's result goes, and in which form.
pub(super) struct Output {
    format: OutputFormat,
    colour: bool,
}

/// Colours of meaning, not of taste.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tone {
    Good,
    Bad,
    Unsure,
    Faint,
    Strong,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Unsure => "33",
            Self::Faint => "2",
            Self::Strong => "1",
        }
    }
}

impl Output {
    pub(super) fn new(format: OutputFormat) -> Self {
        // https://no-color.org: any non-empty value.
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let colour = wanted && std::io::stdout().is_terminal();
        Self { format, colour }
    }

    /// `text` in a tone, where colours are shown.
    pub(super) fn tone(&self, tone: Tone, text: &str) -> String {
        match self.colour {
            true => format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code()),
            false => text.to_owned(),
        }
    }

    /// Prints a result in the form asked for; the text is only made where it is wanted.
    pub(super) fn result(
        &self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.format {
            OutputFormat::Text => print(&text()),
            OutputFormat::Json => {
                let value = serde_json::to_string_pretty(value);
                let value =
                    value.map_err(|error| Failure::undecided("no JSON could be made").because(error))?;
                print(&format!("{}\n", ascii_controls(&value)))
            }
        }
    }

    /// Prints why a command did not do its work; its exit code.
    pub(super) fn failure(&self, failure: &Failure) -> Exit {
        match self.format {
            OutputFormat::Text => eprint(&self.failure_text(failure)),
            OutputFormat::Json => {
                let shown = json!({"error": failure_json(failure)});
                // There is nobody left to tell if standard output is gone.
                let _ = print(&format!("{}\n", ascii_controls(&format!("{shown:#}"))));
            }
        }
        failure.exit
    }

    fn failure_text(&self, failure: &Failure) -> String {
        let colour =
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let (red, plain) = if colour { ("\u{1b}[31m", "\u{1b}[0m") } else { ("", "") };
        let mut text = format!("{red}error:{plain} {}\n", failure.message);
        for (label, part) in [("cause", &failure.cause), ("hint", &failure.hint)] {
            if let Some(part) = part {
                // Writing to a String cannot fail.
                let _ = writeln!(text, " {label}: {part}");
            }
        }
        text
    }
}

/// The error as it stands in JSON.
pub(super) fn failure_json(failure: &Failure) -> serde_json::Value {
    json!({
        "kind": failure.exit.kind(),
        "message": failure.message,
        "cause": failure.cause,
        "hint": failure.hint,
    })
}

/// Prints what clap says: help and version are results, all else is wrong usage.
pub(super) fn usage(error: &clap::Error) -> Exit {
    // There is nobody left to tell if the stream is gone.
    let _ = error.print();
    match error.use_stderr() {
        true => Exit::Usage,
        false => Exit::Done,
    }
}

/// Prints a line of warning.
pub(super) fn warn(text: &str) {
    eprint(&format!("warning: {text}\n"));
}

fn eprint(text: &str) {
    // There is nobody left to tell if standard error is gone.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::undecided("standard output cannot be written").because(error))
}

/// JSON in which control and format characters are `\uXXXX`: the same strings, harmless on a terminal.
fn ascii_controls(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        let shown = c == '\n' || crate::model::escape_untrusted(c.encode_utf8(&mut [0; 4])).starts_with(c);
        if shown {
            safe.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(safe, "\\u{unit:04x}");
        }
    }
    safe
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn hostile_strings_stay_the_same_strings_in_json_and_are_harmless() {
        let text = "a\u{1b}[31m\u{202e}\u{e0041}\u{85}é\\";
        let safe = ascii_controls(&serde_json::to_string(text).unwrap());
        assert!(safe.chars().all(|c| c == 'é' || c.is_ascii_graphic()), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
    }
}
