//! Patterns, native and of other tools: what is shown of one is read as the same again, and matching ends. The first
//! line is a pattern, the rest a repository or an image.
#![no_main]

use countersign::model::{ImageRef, Repository};
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
            assert!(!matches || image.digest().is_some() || image.tag().is_none() || pattern.matches(&pinned));
        }
    }
    let Ok(pattern) = pattern.parse::<Pattern>() else { return };
    assert_eq!(pattern.to_string().parse::<Pattern>().as_ref(), Ok(&pattern), "{pattern}");
    if let Ok(repository) = repository.parse::<Repository>() {
        let matches = pattern.matches(&repository);
        assert!(!(matches && repository.host().is_none()) || pattern.is_everything());
    }
});
