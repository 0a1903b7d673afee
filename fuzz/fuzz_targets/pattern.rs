//! Patterns: what is shown of one is read as the same again, and matching ends. The first line is a pattern, the
//! rest a repository.
#![no_main]

use countersign::model::Repository;
use countersign::policy::Pattern;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (pattern, repository) = text.split_once('\n').unwrap_or((text, "alpine"));
    let Ok(pattern) = pattern.parse::<Pattern>() else { return };
    assert_eq!(pattern.to_string().parse::<Pattern>().as_ref(), Ok(&pattern), "{pattern}");
    if let Ok(repository) = repository.parse::<Repository>() {
        let matches = pattern.matches(&repository);
        assert!(!(matches && repository.host().is_none()) || pattern.is_everything());
    }
});
