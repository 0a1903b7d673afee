//! Globs of Sigstore policies against what policy-controller itself says: globs/matches.tsv, which globs/main.go wrote.

use std::collections::BTreeSet;

use countersign::model::ImageRef;
use countersign::policy::sigstore::glob::Glob;

const TABLE: &str = include_str!("globs/matches.tsv");
const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
/// The host's case is of no account here, as in references, which have one spelling.
const MORE_HERE: &str = "GHCR.io/**";

fn images() -> Vec<&'static str> {
    TABLE.lines().find_map(|line| line.strip_prefix("# images\t")).unwrap().split(' ').collect()
}

fn rows() -> impl Iterator<Item = (String, &'static str)> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| row.split_once('\t').unwrap())
        .map(|(glob, said)| (serde_json::from_str(glob).unwrap(), said))
}

fn matching(glob: &Glob) -> BTreeSet<&'static str> {
    let matches = |image: &&str| {
        let image: ImageRef = format!("{image}@{DIGEST}").parse().unwrap();
        glob.matches(image.repository(), image.digest().as_ref())
    };
    images().into_iter().filter(matches).collect()
}

#[test]
fn every_glob_matches_what_policy_controller_matches_and_nothing_else() {
    let mut compared = 0;
    for (text, said) in rows() {
        match text.parse::<Glob>() {
            Err(_) => assert_eq!(said, "refused", "{text}"),
            Ok(glob) => {
                let said: BTreeSet<&str> = said.split_whitespace().collect();
                let found = matching(&glob);
                assert!(found.is_superset(&said), "{text}");
                assert_eq!(found != said, text == MORE_HERE, "{text}: {found:?}");
            }
        }
        compared += 1;
    }
    assert!(compared > 90, "{compared}");
}

#[test]
fn a_glob_is_said_to_match_nothing_only_if_it_matches_nothing_there() {
    for (text, said) in rows().filter(|(_, said)| *said != "refused") {
        let nothing = text.parse::<Glob>().unwrap().matches_nothing();
        assert!(!nothing || said.is_empty(), "{text}");
    }
}
