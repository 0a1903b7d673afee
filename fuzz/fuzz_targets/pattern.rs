//! Patterns, native and of other tools: what is shown of one is read as the same again, and matching ends. The first
//! line is a pattern, the rest a repository or an image.
#![no_main]

use countersign::model::{ImageRef, Repository};
use countersign::policy::sigstore::glob::Glob;
use countersign::policy::{Pattern, tanzu};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (pattern, repository) = text.split_once('\n').unwrap_or((text, "alpine"));
    if let Ok(pattern) = pattern.parse::<tanzu::Pattern>() {
        assert_eq!(pattern.to_string().parse::<tanzu::Pattern>().as_ref(), Ok(&pattern), "{pattern}");
        if let Ok(image) = repository.parse::<ImageRef>() {
            let matches = pattern.matches(&image);
            // Whatever an image is pinned to, its name stays what it was.
            let pinned = image.at(countersign::model::Digest::of(b"")).into();
            assert!(
                !matches || image.digest().is_some() || image.tag().is_none() || pattern.matches(&pinned)
            );
        }
    }
    if let Ok(glob) = pattern.parse::<Glob>() {
        assert_eq!(glob.to_string().parse::<Glob>().as_ref(), Ok(&glob), "{glob}");
        if let Ok(image) = repository.parse::<ImageRef>() {
            let matches = |digest| glob.matches(image.repository(), digest);
            let known = countersign::model::Digest::of(b"");
            // With a digest it matches no more than without one, and what matches nothing does not match.
            assert!(!matches(Some(&known)) || matches(None), "{glob} {image}");
            assert!(
                !glob.matches_nothing() || !matches(Some(&known)) || image.repository().host().is_none(),
                "{glob}"
            );
        }
    }
    let Ok(pattern) = pattern.parse::<Pattern>() else { return };
    assert_eq!(pattern.to_string().parse::<Pattern>().as_ref(), Ok(&pattern), "{pattern}");
    if let Ok(repository) = repository.parse::<Repository>() {
        let matches = pattern.matches(&repository);
        assert!(!(matches && repository.host().is_none()) || pattern.is_everything());
    }
});
