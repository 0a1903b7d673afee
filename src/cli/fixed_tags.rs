//! What a tag in the manifests means, where an argument says it: `app:1.4@sha256:…` named beside them fixes `app:1.4`,
//! and nobody is asked what that tag points at by now.

use std::collections::HashMap;

use super::error::Failure;
use crate::model::reference::Tag;
use crate::model::{Digest, ImageRef, Repository};

/// Tags whose digest is known.
#[derive(Debug, Default)]
pub(super) struct FixedTags(HashMap<(Repository, Tag), Digest>);

impl FixedTags {
    /// Takes the tags of images that have a digest too.
    ///
    /// # Errors
    /// One tag with two digests.
    pub(super) fn of<'a>(images: impl IntoIterator<Item = &'a ImageRef>) -> Result<Self, Failure> {
        let mut fixed = HashMap::new();
        for image in images {
            let (Some(tag), Some(digest)) = (image.tag(), image.digest()) else { continue };
            let before = fixed.insert((image.repository().clone(), tag.clone()), digest);
            if before.is_some_and(|before| before != digest) {
                return Err(Failure::usage(format!(
                    "{}:{} is given with two digests",
                    image.repository(),
                    tag.as_str()
                ))
                .hint("the tag stands for one image of this deployment: give it once"));
            }
        }
        Ok(Self(fixed))
    }

    /// The digest of an image that is written without one.
    pub(super) fn digest(&self, image: &ImageRef) -> Option<Digest> {
        let known = || self.0.get(&(image.repository().clone(), image.tag_or_latest())).copied();
        if image.digest().is_none() { known() } else { None }
    }

    /// The image, with its digest if that is fixed.
    pub(super) fn apply(&self, image: ImageRef) -> ImageRef {
        match self.digest(&image) {
            Some(digest) => image.at(digest).into(),
            None => image,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const A: &str = "sha256:2b12fdc06acd5c0c43176ced5e5ab4433a85aee78460a496953673f15e1e7755";
    const B: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn image(text: &str) -> ImageRef {
        text.parse().unwrap()
    }

    #[test]
    fn a_tag_is_fixed_in_every_spelling_and_no_other_is() {
        let fixed = FixedTags::of(&[image(&format!("docker.io/library/app:latest@{A}"))]).unwrap();
        for same in ["app", "app:latest", "docker.io/app", "index.docker.io/library/app:latest"] {
            assert_eq!(fixed.digest(&image(same)), Some(A.parse().unwrap()), "{same}");
        }
        for other in ["app:1", "other", "r.example/app", &format!("app:latest@{B}")] {
            assert_eq!(fixed.digest(&image(other)), None, "{other}");
        }
    }

    #[test]
    fn one_tag_has_one_digest() {
        let twice = [image(&format!("app:1@{A}")), image(&format!("app:1@{B}"))];
        assert!(FixedTags::of(&twice).is_err());
        let same = [image(&format!("app:1@{A}")), image(&format!("app:1@{A}")), image(&format!("app@{B}"))];
        assert!(FixedTags::of(&same).is_ok());
    }
}
