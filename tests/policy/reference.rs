//! Patterns beside a second reading of their rules, which is slow and short: it tries every way to split the text.

use countersign::model::Repository;
use countersign::policy::Pattern;
use proptest::prelude::*;

/// Whether `text` is what `pattern` stands for.
fn stands_for(pattern: &str, text: &str) -> bool {
    let rests = || text.char_indices().map(|(at, _)| at).chain([text.len()]);
    if let Some(after) = pattern.strip_prefix("**") {
        return rests().any(|at| stands_for(after, &text[at..]));
    }
    if let Some(after) = pattern.strip_prefix('*') {
        let within = text.find('/').unwrap_or(text.len());
        return rests().take_while(|at| *at <= within).any(|at| stands_for(after, &text[at..]));
    }
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some(one), Some(other)) if one == other => stands_for(&pattern[1..], &text[1..]),
        _ => false,
    }
}

/// A path of few letters, so that patterns and paths meet.
fn path() -> impl Strategy<Value = String> {
    prop::collection::vec("[ab]{1,3}", 1..4).prop_map(|segments| segments.join("/"))
}

/// A path with stars in it.
fn path_pattern() -> impl Strategy<Value = String> {
    let segment = prop_oneof!["[ab]{1,2}", "[ab]?\\*[ab]?", Just("**".to_owned()), "[ab]\\*\\*[ab]?"];
    prop::collection::vec(segment, 1..4).prop_map(|segments| segments.join("/"))
}

/// Spellings of one host.
fn spelled(host: &'static str) -> impl Strategy<Value = String> {
    let case = prop_oneof![Just(host.to_owned()), Just(host.to_uppercase())];
    (case, any::<bool>(), any::<bool>()).prop_map(|(host, dot, port)| {
        format!("{host}{}{}", if dot { "." } else { "" }, if port { ":443" } else { "" })
    })
}

/// Spellings of one repository at Docker Hub.
fn hub(name: &str) -> Vec<String> {
    vec![
        name.to_owned(),
        format!("library/{name}"),
        format!("docker.io/{name}"),
        format!("docker.io/library/{name}"),
        format!("index.docker.io/{name}"),
        format!("Docker.io:443/library/{name}"),
        format!("registry-1.docker.io./{name}"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pattern_matches_what_its_stars_stand_for(pattern in path_pattern(), path in path()) {
        let parsed: Pattern = format!("r.example/{pattern}").parse().unwrap();
        let repository: Repository = format!("r.example/{path}").parse().unwrap();
        prop_assert_eq!(parsed.matches(&repository), stands_for(&pattern, &path));
        let elsewhere: Repository = format!("r2.example/{path}").parse().unwrap();
        prop_assert!(!parsed.matches(&elsewhere));
    }

    #[test]
    fn every_spelling_of_a_repository_matches_alike(
        one in spelled("r.example"), other in spelled("r.example"), of_pattern in spelled("r.example"),
        pattern in path_pattern(), path in path(),
    ) {
        let pattern: Pattern = format!("{of_pattern}/{pattern}").parse().unwrap();
        let matches = |host: &str| pattern.matches(&format!("{host}/{path}").parse().unwrap());
        prop_assert_eq!(matches(&one), matches(&other));
    }

    #[test]
    fn every_spelling_of_a_name_at_docker_hub_matches_alike(
        name in "[ab]{1,3}", wanted in "[ab]{1,3}", spelling in 0..7_usize, wildcard in any::<bool>(),
    ) {
        let wanted = if wildcard { format!("docker.io/{wanted}*") } else { hub(&wanted).swap_remove(spelling) };
        let pattern: Pattern = wanted.parse().unwrap();
        let answers: Vec<bool> =
            hub(&name).iter().map(|spelling| pattern.matches(&spelling.parse().unwrap())).collect();
        prop_assert!(answers.windows(2).all(|two| two[0] == two[1]), "{} {:?}", wanted, answers);
    }

    #[test]
    fn a_pattern_is_shown_as_one_that_matches_alike(host in spelled("r.example"), pattern in path_pattern()) {
        let pattern: Pattern = format!("{host}/{pattern}").parse().unwrap();
        prop_assert_eq!(pattern.to_string().parse::<Pattern>(), Ok(pattern));
    }

    #[test]
    fn no_text_makes_a_pattern_panic(text in "\\PC{0,40}") {
        if let Ok(pattern) = text.parse::<Pattern>() {
            prop_assert_eq!(pattern.to_string().parse::<Pattern>(), Ok(pattern));
        }
    }
}
