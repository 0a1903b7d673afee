//! Reports in files: `--report FORMAT=PATH`. Every file is opened before the first request, so that what cannot be
//! written is known before anything is decided.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::error::Failure;
use super::files::{ARGUMENT, canonical, option_paths, waiting};
use super::junit;
use super::output::json_text;
use super::page::{self, Page};
use super::results::overwrite;
use super::sarif;
use crate::local::files::shown;

/// The forms that reports are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As on standard output (docs/json.md).
    Json,
    /// As test runners and CI systems read it.
    Junit,
    /// As services read it that show findings beside code.
    Sarif,
    /// A page to look at.
    Html,
}

/// A report that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportTarget {
    form: Form,
    path: PathBuf,
}

impl FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "a report is json=PATH, junit=PATH, sarif=PATH or html=PATH".to_owned();
        let (form, path) = text.split_once('=').ok_or_else(expected)?;
        let form = match form {
            "json" => Form::Json,
            "junit" => Form::Junit,
            "sarif" => Form::Sarif,
            "html" => Form::Html,
            _ => return Err(expected()),
        };
        if path.is_empty() {
            return Err(expected());
        }
        Ok(Self { form, path: path.into() })
    }
}

/// Reports whose files are open and not yet written.
pub(super) struct ReportFiles(Vec<OpenReport>);

struct OpenReport {
    target: ReportTarget,
    file: File,
    /// It was made by this run and holds nothing yet.
    is_new: bool,
}

impl ReportFiles {
    /// Opens every file. None may be one of the `inputs`, which are files and folders, or another report. What a file
    /// holds stays in it until it is written.
    pub(super) async fn open(targets: &[ReportTarget], inputs: &[&[PathBuf]]) -> Result<Self, Failure> {
        let (targets, inputs) = (targets.to_vec(), inputs.concat());
        waiting(move || {
            let reports = targets.into_iter().map(OpenReport::open).collect::<Result<Vec<_>, _>>()?;
            if !reports.is_empty() {
                stand_alone(&reports, &inputs)?;
            }
            Ok(Self(reports))
        })
        .await
    }

    /// Whether there is a page among them, which shows more than what was decided.
    pub(super) fn have_a_page(&self) -> bool {
        self.0.iter().any(|open| open.target.form == Form::Html)
    }

    /// Writes every file.
    pub(super) fn write(self, page: &Page<'_>) -> Result<(), Failure> {
        let (report, now) = (page.report, page.now);
        for mut open in self.0 {
            let text = match open.target.form {
                Form::Json => json_text(&report.json())?,
                Form::Sarif => json_text(&sarif::document(report, now))?,
                Form::Html => page::document(page),
                Form::Junit => {
                    junit::document(report, now).map_err(|error| unwritable(&open.target.path, &error))?
                }
            };
            open.write(&text).map_err(|error| unwritable(&open.target.path, &error))?;
        }
        Ok(())
    }
}

impl OpenReport {
    fn open(target: ReportTarget) -> Result<Self, Failure> {
        let path = &target.path;
        let (opened, is_new) = match OpenOptions::new().write(true).create_new(true).open(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                (OpenOptions::new().write(true).create(true).truncate(false).open(path), false)
            }
            other => (other, true),
        };
        let file = opened.map_err(|error| unwritable(path, &error))?;
        Ok(Self { target, file, is_new })
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.is_new = false;
        overwrite(&mut self.file, text.as_bytes())
    }
}

impl Drop for OpenReport {
    /// A run that ends without a report leaves no empty one.
    fn drop(&mut self) {
        if self.is_new {
            let _ = std::fs::remove_file(&self.target.path);
        }
    }
}

/// Refuses a report that would be written over what is read, or over another.
fn stand_alone(reports: &[OpenReport], inputs: &[PathBuf]) -> Result<(), Failure> {
    let mut taken: Vec<PathBuf> =
        option_paths(ARGUMENT, inputs)?.iter().map(|path| canonical(path)).collect();
    for report in reports {
        let path = &report.target.path;
        // Several reports may go to one pipe or device.
        if !report.file.metadata().is_ok_and(|file| file.is_file()) {
            continue;
        }
        if taken.contains(&canonical(path)) {
            return Err(Failure::usage(format!(
                "the report {} would be written over another file",
                shown(path)
            ))
            .because("it is a manifest or policy that is read, or another report")
            .hint("give every report a path of its own, outside the folders that are read"));
        }
        taken.push(canonical(path));
    }
    Ok(())
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("the report {} cannot be written", shown(path)))
        .because(error)
        .hint("name a file in a folder that is there and that the user who runs the command may write into")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_form_and_a_path() {
        let target: ReportTarget = "junit=a=b.xml".parse().unwrap();
        assert_eq!(target, ReportTarget { form: Form::Junit, path: "a=b.xml".into() });
        for wrong in ["", "json", "json=", "pdf=a", "JSON=a", "=a"] {
            assert!(wrong.parse::<ReportTarget>().is_err(), "{wrong}");
        }
    }
}
