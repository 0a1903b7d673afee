//! Standard output and standard error: text with colour on a terminal only, JSON whose strings cannot move a
//! terminal's cursor, and errors in both forms.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use serde::Serialize;

use super::args::OutputFormat;
use super::error::{ErrorJson, Exit, Failure};
use crate::model::escape_untrusted;

/// Where a command's result goes, and in which form.
pub(super) struct Output {
    format: OutputFormat,
    colour: bool,
    /// Standard output is for something else: results go to standard error.
    aside: bool,
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
        Self { format, colour: coloured(&std::io::stdout()), aside: false }
    }

    /// Results go to standard error, since standard output is for manifests alone.
    pub(super) fn aside(self) -> Self {
        Self { colour: coloured(&std::io::stderr()), aside: true, ..self }
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
            OutputFormat::Text => self.print(&text()),
            OutputFormat::Json => self.print(&json_text(value)?),
        }
    }

    fn print(&self, text: &str) -> Result<(), Failure> {
        if self.aside {
            eprint(text);
            return Ok(());
        }
        print(text)
    }

    /// Prints a document as it is, whatever the form of results.
    pub(super) fn document(&self, text: &str) -> Result<(), Failure> {
        self.print(text)
    }

    /// Prints manifests, each a document of its own, on standard output.
    pub(super) fn manifests(&self, texts: &[&str]) -> Result<(), Failure> {
        let mut stream = String::new();
        for text in texts {
            if !stream.is_empty() {
                let end = if stream.ends_with('\n') { "" } else { "\n" };
                stream.push_str(end);
                stream.push_str("---\n");
            }
            stream.push_str(text);
        }
        print(&stream)
    }

    /// Prints why a command did not do its work: for people on standard error, and for programs on standard output
    /// too. Its exit code.
    pub(super) fn failure(&self, failure: &Failure) -> Exit {
        if self.format == OutputFormat::Json {
            #[derive(Serialize)]
            struct Shown<'a> {
                error: ErrorJson<'a>,
            }
            // There is nobody left to tell if standard output is gone.
            let _ = self.result(&Shown { error: failure.into() }, String::new);
        }
        self.beside(failure)
    }

    /// Prints an error that belongs to a result which states it already; its exit code.
    pub(super) fn beside(&self, failure: &Failure) -> Exit {
        eprint(&failure_text(failure, coloured(&std::io::stderr())));
        failure.exit
    }
}

/// A value as JSON, a line at its end, with strings that no terminal acts on.
pub(super) fn json_text(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| Failure::undecided("no JSON could be made").because(error))?;
    Ok(format!("{}\n", ascii_controls(&text)))
}

/// The error for people: what, why, and what to try, a line each.
fn failure_text(failure: &Failure, colour: bool) -> String {
    let (red, plain) = if colour { ("\u{1b}[31m", "\u{1b}[0m") } else { ("", "") };
    let mut text = format!("{red}error:{plain} {}\n", escape_untrusted(&failure.message));
    for (label, part) in [("cause", &failure.cause), ("hint", &failure.hint)] {
        if let Some(part) = part {
            // Writing to a String cannot fail.
            let _ = writeln!(text, " {label}: {}", escape_untrusted(part));
        }
    }
    text
}

/// Whether colours are shown on a stream: on a terminal, unless `NO_COLOR` is set (https://no-color.org: to
/// anything that is not empty).
pub(super) fn coloured(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints a line of warning.
pub(super) fn warn(text: &str) {
    eprint(&format!("warning: {}\n", escape_untrusted(text)));
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
        let shown = c == '\n' || escape_untrusted(c.encode_utf8(&mut [0; 4])).starts_with(c);
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
