//! What stands behind `--lists=NAME,…`: values that others fill in. A pipeline writes `--scan $(params.reports[*])`,
//! and each element becomes an argument; one that reads `--build-key=…` would be an option. Here it is not.

use std::ffi::OsString;

use super::{Piece, Read, looks_like_an_option};
use crate::cli::error::Failure;
use crate::model::escape_untrusted;

/// Reads the options `names`, each once and in this order with its values in words of their own, and what stands after
/// `--`. An element that begins with a dash either is no name that comes next, or keeps the true one from its place.
///
/// # Errors
/// The word that may not stand there, or the option that is missing.
pub(super) fn read(names: &str, words: impl Iterator<Item = OsString>) -> Result<Read, Failure> {
    if names.split(',').any(str::is_empty) {
        return Err(Failure::usage("--lists names no option").hint("as in --lists=annotation,plain-http"));
    }
    let mut names = names.split(',').map(|name| OsString::from(format!("--{name}")));
    let mut expected = names.next();
    let mut lists: Vec<Vec<OsString>> = Vec::new();
    let mut after = None;
    let mut words = words.fuse();
    while let Some(word) = words.next() {
        if word == "--" {
            after = Some(words.collect());
            break;
        }
        match lists.last_mut() {
            _ if expected.as_ref() == Some(&word) => {
                lists.push(vec![word]);
                expected = names.next();
            }
            Some(list) if !looks_like_an_option(&word) => list.push(word),
            _ => return Err(refused(&word)),
        }
    }
    match expected {
        Some(name) => Err(missing(&name)),
        None => Ok((lists.into_iter().filter_map(without_empties).collect(), after)),
    }
}

/// Never [`Piece::Greedy`]: no value is given back as an image.
fn without_empties(list: Vec<OsString>) -> Option<Piece> {
    let words: Vec<OsString> = list.into_iter().filter(|word| !word.is_empty()).collect();
    (words.len() > 1).then_some(Piece::Option(words))
}

fn refused(word: &OsString) -> Failure {
    let word = escape_untrusted(&word.to_string_lossy());
    Failure::usage(format!("`{word}` cannot stand behind --lists")).hint(
        "there stand the options that it names, once and in its order, each with its values, then -- and images; an \
         element of a list must not begin with a dash",
    )
}

fn missing(name: &OsString) -> Failure {
    let name = escape_untrusted(&name.to_string_lossy());
    Failure::usage(format!("{name} is named by --lists and does not follow"))
        .hint("each of its names follows once, in its order")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::cli::given::plain;

    fn read_line(line: &str) -> Result<String, String> {
        let words = ["countersign"].into_iter().chain(line.split(' '));
        let words = words.map(|word| OsString::from(if word == "''" { "" } else { word }));
        let plain =
            plain(&mut crate::cli::definition(), words.collect()).map_err(|failure| failure.message)?;
        Ok(plain.iter().skip(1).map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn lists_are_read_and_empty_ones_are_left_out() {
        let start = "sign --key=k --lists=annotation,plain-http";
        let read = read_line(&format!("{start} --annotation a=1 '' b=2 --plain-http -- oci:a"));
        assert_eq!(read.unwrap(), "sign --key=k --annotation a=1 b=2 -- oci:a");
        let read = read_line(&format!("{start} --annotation '' --plain-http h -- oci:a"));
        assert_eq!(read.unwrap(), "sign --key=k --plain-http h -- oci:a");
    }

    #[test]
    fn no_element_is_ever_an_option() {
        let words =
            ["--dry-run", "--build-key=evil.pub", "--build-key", "--mirror", "--scan=other.json", "--scan"];
        let others =
            ["--scan-digest", "--plain-http", "-a", "-ax=1", "-v", "--frobnicate", "--lists=scan", "--"];
        for element in words.iter().chain(&others) {
            for line in [
                format!("--scan {element} --scan-digest d --plain-http h -- oci:a"),
                format!("--scan r {element} x --scan-digest d --plain-http h -- oci:a"),
                format!("--scan r --scan-digest {element} x --plain-http h -- oci:a"),
                format!("--scan r --scan-digest d --plain-http {element} -- oci:a"),
            ] {
                let read = read_line(&format!("validate --key=k --lists=scan,scan-digest,plain-http {line}"));
                // In the last list `--` ends the options, and then there is one image too many.
                let read =
                    read.and_then(|read| match read.ends_with("-- oci:a") && !read.contains("-- --") {
                        true => Ok(read),
                        false => Err(String::new()),
                    });
                assert!(read.is_err(), "{line}: {read:?}");
            }
        }
    }

    #[test]
    fn every_list_follows_once_and_in_order() {
        let missing = read_line("sign --key=k --lists=annotation,plain-http --annotation a=1 -- oci:a");
        assert_eq!(missing.unwrap_err(), "--plain-http is named by --lists and does not follow");
        let swapped = read_line("sign --lists=annotation,plain-http --plain-http --annotation -- oci:a");
        assert_eq!(swapped.unwrap_err(), "`--plain-http` cannot stand behind --lists");
        assert!(read_line("sign --lists=annotation oci:a --annotation a=1").is_err());
    }

    #[test]
    fn what_looks_like_an_image_stays_in_its_list() {
        let read = read_line("gate --policy=p --lists=plain-http --plain-http r.example/app:1 -- oci:a");
        assert_eq!(read.unwrap(), "gate --policy=p --plain-http r.example/app:1 -- oci:a");
    }
}
