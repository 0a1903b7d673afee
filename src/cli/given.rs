//! Arguments as pipelines write them, made into what a person would have written: an empty value counts as not
//! given, and an image after an option that takes any number of values is the image and not one more value.

mod lists;

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

use super::error::Failure;
use crate::model::{ImageRef, Repository};

/// The arguments in their plain order: commands, options with their values, `--`, and what stands by itself.
///
/// An image is told from an option's value by its form alone (see [`is_image`]), and only where one is missing
/// and just that many are found: a forgotten image stays forgotten.
///
/// # Errors
/// What may not stand behind `--lists` (see [`lists`]).
pub(super) fn plain(definition: &mut Command, arguments: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    definition.build();
    let mut command = &*definition;
    let mut names = 1;
    while let Some(next) = arguments.get(names).and_then(|name| command.find_subcommand(name)) {
        command = next;
        names += 1;
    }
    if command.has_subcommands() {
        return Ok(arguments);
    }
    let mut arguments = arguments.into_iter();
    let mut plain: Vec<OsString> = arguments.by_ref().take(names).collect();
    let (pieces, after) = read(command, arguments.collect())?;
    let pieces = match after {
        // Whoever writes `--` says where the images stand.
        Some(_) => pieces,
        None => take_back(command, pieces),
    };
    let mut loose: Vec<OsString> = Vec::new();
    for word in pieces {
        match word {
            Piece::Option(words) | Piece::Greedy(words) => plain.extend(words),
            Piece::Loose(word) => loose.push(word),
        }
    }
    loose.extend(after.into_iter().flatten());
    let loose = without_optional_empties(command, loose);
    if !loose.is_empty() {
        plain.push("--".into());
        plain.extend(loose);
    }
    Ok(plain)
}

/// The option behind which only lists stand; it is read here, and `clap` knows it for the help alone.
pub(super) const LISTS: &str = "lists";

/// A stretch of the command line.
enum Piece {
    /// An option, with its value if it takes one.
    Option(Vec<OsString>),
    /// An option that takes any number of values, and those that follow it.
    Greedy(Vec<OsString>),
    /// Something that stands by itself.
    Loose(OsString),
}

/// What was read, and what stands after `--` if that is there.
type Read = (Vec<Piece>, Option<Vec<OsString>>);

/// Reads options with their values; what stands after `--` is given apart.
fn read(command: &Command, arguments: Vec<OsString>) -> Result<Read, Failure> {
    let mut pieces = Vec::new();
    let mut rest = arguments.into_iter().peekable();
    while let Some(word) = rest.next() {
        if word == "--" {
            return Ok((pieces, Some(rest.collect())));
        }
        let (option, attached) = match option(command, &word) {
            Named::Loose => {
                pieces.push(Piece::Loose(word));
                continue;
            }
            Named::Unknown => (None, None),
            Named::Known(option, attached) => (Some(option), attached),
        };
        let takes = option.filter(|option| option.get_action().takes_values());
        match (takes, attached) {
            (None, _) => pieces.push(Piece::Option(vec![word])),
            (Some(option), Some(names)) if option.get_id() == LISTS => {
                let (lists, after) = lists::read(&names, rest)?;
                pieces.extend(lists);
                return Ok((pieces, after));
            }
            (Some(_), Some(empty)) if empty.is_empty() => {}
            (Some(_), Some(_)) => pieces.push(Piece::Option(vec![word])),
            (Some(option), None) => {
                let greedy = option.get_num_args().is_some_and(|number| number.max_values() > 1);
                let limit = match (greedy, option.is_require_equals_set()) {
                    (true, _) => usize::MAX,
                    // Its value stands in the same word, or nowhere.
                    (false, true) => 0,
                    (false, false) => 1,
                };
                let mut values = Vec::new();
                while values.len() < limit
                    && let Some(value) = rest.next_if(|next| !looks_like_an_option(next))
                {
                    values.push(value);
                }
                pieces.extend(with_values(word, values, greedy));
            }
        }
    }
    Ok((pieces, None))
}

/// An option and its values; nothing if all of them are empty, and the bare option if there are none, which is
/// then refused.
fn with_values(word: OsString, values: Vec<OsString>, greedy: bool) -> Option<Piece> {
    let none = values.is_empty();
    let values: Vec<OsString> = values.into_iter().filter(|value| !value.is_empty()).collect();
    if values.is_empty() && (greedy || !none) {
        return None;
    }
    let words = [word].into_iter().chain(values).collect();
    Some(if greedy { Piece::Greedy(words) } else { Piece::Option(words) })
}

/// What a word names.
enum Named<'a> {
    /// No option: it stands by itself.
    Loose,
    /// An option that the command does not have, or does not name so.
    Unknown,
    /// An option, and the value in the same word.
    Known(&'a Arg, Option<String>),
}

fn option<'a>(command: &'a Command, word: &OsStr) -> Named<'a> {
    if !looks_like_an_option(word) {
        return Named::Loose;
    }
    let Some(text) = word.to_str() else { return Named::Unknown };
    let find = |wanted: &dyn Fn(&Arg) -> bool| command.get_arguments().find(|option| wanted(option));
    if let Some(long) = text.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        return match find(&|option| option.get_long() == Some(name)) {
            Some(option) => Named::Known(option, value),
            None => Named::Unknown,
        };
    }
    // A cluster such as `-va`: the first that takes values has the rest of the word, if there is one.
    let mut letters = text.strip_prefix('-').unwrap_or(text).chars();
    while let Some(letter) = letters.next() {
        let Some(option) = find(&|option| option.get_short() == Some(letter)) else { return Named::Unknown };
        if option.get_action().takes_values() {
            let attached = letters.as_str();
            let value = attached.strip_prefix('=').unwrap_or(attached);
            return Named::Known(option, (!attached.is_empty()).then(|| value.to_owned()));
        }
    }
    Named::Unknown
}

fn looks_like_an_option(word: &OsStr) -> bool {
    word.len() > 1 && word.as_encoded_bytes().starts_with(b"-")
}

/// Takes images back from the options that took them for values, if exactly as many are found as are missing; where
/// any number of images may stand, all of them.
fn take_back(command: &Command, pieces: Vec<Piece>) -> Vec<Piece> {
    if command.get_positionals().any(|image| image.get_num_args().is_some_and(|n| n.max_values() > 1)) {
        return take_back_up_to(usize::MAX, pieces);
    }
    let required = command.get_positionals().filter(|image| image.is_required_set()).count();
    let there = pieces.iter().filter(|piece| matches!(piece, Piece::Loose(_))).count();
    let missing = required.saturating_sub(there);
    let found: usize = pieces.iter().map(|piece| images_at_the_end(piece).min(missing)).sum();
    if missing == 0 || found != missing {
        return pieces;
    }
    take_back_up_to(missing, pieces)
}

/// Takes at most `limit` images back from each option.
fn take_back_up_to(limit: usize, pieces: Vec<Piece>) -> Vec<Piece> {
    let mut parted = Vec::new();
    for piece in pieces {
        let images = images_at_the_end(&piece).min(limit);
        match piece {
            Piece::Greedy(mut words) if images > 0 => {
                let images = words.split_off(words.len() - images);
                // An option without values says nothing.
                parted.extend((words.len() > 1).then_some(Piece::Greedy(words)));
                parted.extend(images.into_iter().map(Piece::Loose));
            }
            other => parted.push(other),
        }
    }
    parted
}

fn images_at_the_end(piece: &Piece) -> usize {
    match piece {
        Piece::Greedy(words) => words.iter().skip(1).rev().take_while(|word| is_image(word)).count(),
        Piece::Option(_) | Piece::Loose(_) => 0,
    }
}

/// Whether a word can be nothing but an image: it has a digest, begins with `oci:`, or has a host, a path and a
/// tag. Not a key reference (`scheme://…`), not `KEY=VALUE`, and no file that is there.
fn is_image(word: &OsStr) -> bool {
    let Some(text) = word.to_str().filter(|text| !text.contains("://") && !text.contains('=')) else {
        return false;
    };
    let Ok(image) = text.parse::<ImageRef>() else { return false };
    let names_a_host = || text.split_once('/').is_some_and(|(host, _)| host.contains(['.', ':']));
    let tagged = || image.tag().is_some() && names_a_host();
    let in_a_folder = matches!(image.repository(), Repository::Layout(_));
    (image.digest().is_some() || in_a_folder || tagged()) && !std::path::Path::new(text).exists()
}

/// Drops empty words where the command can do without. A required one stays, so that it is not mistaken for
/// another.
fn without_optional_empties(command: &Command, loose: Vec<OsString>) -> Vec<OsString> {
    let mut places = command.get_positionals();
    let needed = |place: Option<&Arg>| place.is_some_and(Arg::is_required_set);
    loose.into_iter().filter(|word| needed(places.next()) || !word.is_empty()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:2b12fdc06acd5c0c43176ced5e5ab4433a85aee78460a496953673f15e1e7755";

    /// `line` as it is read; `''` is an empty argument and `@D` a digest.
    fn read_line(line: &str) -> String {
        let word = |word: &str| match word {
            "''" => OsString::new(),
            word => OsString::from(word.replace("@D", &format!("@{DIGEST}"))),
        };
        let arguments = [OsString::from("countersign")].into_iter().chain(line.split(' ').map(word));
        let plain = plain(&mut crate::cli::definition(), arguments.collect()).unwrap();
        let plain: Vec<_> = plain.iter().skip(1).map(|word| word.to_str().unwrap()).collect();
        plain
            .iter()
            .map(|word| if word.is_empty() { "''" } else { word })
            .collect::<Vec<_>>()
            .join(" ")
            .replace(&format!("@{DIGEST}"), "@D")
    }

    fn reads_as(line: &str, plain: &str) {
        assert_eq!(read_line(line), plain, "{line}");
    }

    #[test]
    fn an_image_after_values_is_the_image() {
        reads_as("verify --key a b r.example/app@D", "verify --key a b -- r.example/app@D");
        reads_as(
            "verify --key a b r.example/app:1 --output json",
            "verify --key a b --output json -- r.example/app:1",
        );
        reads_as(
            "verify --key a --annotation x=1 y=2 oci:app",
            "verify --key a --annotation x=1 y=2 -- oci:app",
        );
        reads_as("verify --key a app@D --annotation x=1", "verify --key a --annotation x=1 -- app@D");
        reads_as("sign --key k -va x=1 r.example/app@D", "sign --key k -va x=1 -- r.example/app@D");
        reads_as("inspect --plain-http h:5000 h:5000/app:1", "inspect --plain-http h:5000 -- h:5000/app:1");
        reads_as("inspect --plain-http oci:app", "inspect -- oci:app");
    }

    #[test]
    fn both_images_of_a_copy_are_taken_back_in_their_order() {
        reads_as("copy --mirror a=b oci:a r.example/b:1", "copy --mirror a=b -- oci:a r.example/b:1");
        reads_as("copy oci:a --mirror a=b oci:b", "copy --mirror a=b -- oci:a oci:b");
        reads_as(
            "copy --plain-http h:5 oci:a --mirror a=b oci:b",
            "copy --plain-http h:5 --mirror a=b -- oci:a oci:b",
        );
        reads_as(
            "copy --plain-http h:5 oci:a --dry-run oci:b",
            "copy --plain-http h:5 --dry-run -- oci:a oci:b",
        );
    }

    #[test]
    fn a_forgotten_image_stays_forgotten() {
        for line in [
            "verify --key a.pub b.pub",
            "verify --key a.pub keys/mistyped.pub",
            "verify --key a.pub keys.d/mistyped.pub",
            "verify --key a.pub C:key",
            "verify --key a.pub k8s://ns/name",
            "verify --key a.pub awskms://host/alias:1",
            "verify --key a.pub pkcs11:token=x;object=y",
            "verify --key a.pub --plain-http localhost:5000",
            "verify --key a.pub --plain-http [::1]:5000",
            "verify --key a.pub --annotation stage",
            "verify --key a.pub --annotation a=r.example/app:1",
            "verify --key a.pub --mirror r.example/a=oci:folder",
            "verify --key a.pub Cargo.toml",
        ] {
            reads_as(line, line);
        }
    }

    #[test]
    fn an_image_that_is_given_leaves_the_values_alone() {
        reads_as("verify oci:app --key a r.example/b:1", "verify --key a r.example/b:1 -- oci:app");
        // One image too many: which it is, is not guessed.
        reads_as("verify --key a oci:a --mirror a=b oci:b", "verify --key a oci:a --mirror a=b oci:b");
        reads_as("verify --key a -- oci:app", "verify --key a -- oci:app");
        reads_as("verify --key a oci:b -- oci:app", "verify --key a oci:b -- oci:app");
    }

    #[test]
    fn any_number_of_images_is_taken_back_where_any_number_may_stand() {
        reads_as("gate --policy p r.example/a@D oci:b", "gate --policy p -- r.example/a@D oci:b");
        reads_as("gate oci:a --policy p q oci:b -f m", "gate --policy p q -f m -- oci:a oci:b");
        reads_as("gate --policy p.yaml -f a.yaml b.yaml", "gate --policy p.yaml -f a.yaml b.yaml");
    }

    #[test]
    fn a_value_that_must_stand_in_the_same_word_takes_no_other() {
        let rest = "--scan r -- oci:app";
        reads_as("validate --attest oci:app --scan r", &format!("validate --attest {rest}"));
        reads_as("validate --attest=true oci:app --scan r", &format!("validate --attest=true {rest}"));
        reads_as("validate --attest= oci:app --scan r", &format!("validate {rest}"));
    }

    #[test]
    fn an_empty_value_counts_as_not_given() {
        reads_as("sign oci:a@D --key k --role '' --format= -a '' --source ''", "sign --key k -- oci:a@D");
        reads_as("verify oci:a --key '' a '' b ''", "verify --key a b -- oci:a");
        reads_as("verify oci:a --key '' --timeout=", "verify -- oci:a");
        reads_as("keys generate '' --algorithm ''", "keys generate");
        reads_as("sign oci:a@D --key k -a= -a=x=1", "sign --key k -a=x=1 -- oci:a@D");
    }

    #[test]
    fn an_empty_image_is_not_replaced_by_a_value() {
        reads_as("verify '' --key a r.example/app:1", "verify --key a r.example/app:1 -- ''");
        reads_as("copy '' oci:b", "copy -- '' oci:b");
    }

    #[test]
    fn what_is_wrong_is_left_for_the_answer_that_says_so() {
        reads_as("sign oci:a@D --key", "sign --key -- oci:a@D");
        reads_as("sign oci:a@D --key --recursive", "sign --key --recursive -- oci:a@D");
        for line in ["frobnicate x", "keys frobnicate", "sign --frobnicate", "--version", "help sign"] {
            reads_as(line, line);
        }
    }
}
