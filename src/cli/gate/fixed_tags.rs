//! What a tag in the manifests means, where an argument says it: `app:1.4@sha256:…` named beside them fixes `app:1.4`,
//! and nobody is asked what that tag points at by now.

use std::collections::HashMap;

use crate::cli::error::Failure;
use crate::model::reference::Tag;
use crate::model::{ImageRef, Repository};

/// Tags whose image is given; one that is not named is `latest`.
#[derive(Debug, Default)]
pub(super) struct FixedTags(HashMap<(Repository, Tag), ImageRef>);

impl FixedTags {
    /// Takes the tags of `images`, which are named beside manifests that hold `written`.
    ///
    /// # Errors
    /// One tag with two digests; an image that stands nowhere in the manifests, since then another one is deployed
    /// than whoever named it thinks.
    pub(super) fn of<'a>(
        images: impl IntoIterator<Item = &'a ImageRef>,
        written: impl IntoIterator<Item = ImageRef>,
    ) -> Result<Self, Failure> {
        let written: Vec<ImageRef> = written.into_iter().collect();
        let mut fixed: HashMap<_, ImageRef> = HashMap::new();
        for image in images.into_iter().filter(|image| image.digest().is_some()) {
            if !written.iter().any(|other| means(other, image)) {
                return Err(stands_nowhere(image));
            }
            let stands_for_tag =
                written.iter().any(|other| other.digest().is_none() && name(other) == name(image));
            let fixes = if stands_for_tag { with_tag(image) } else { image.clone() };
            let before = fixed.insert(name(image), fixes);
            if before.is_some_and(|before| before.digest() != image.digest()) {
                return Err(two_digests(image));
            }
        }
        Ok(Self(fixed))
    }

    /// The image that was given for one that is written without a digest; else it is as written.
    pub(super) fn apply(&self, image: ImageRef) -> ImageRef {
        let fixed = self.0.get(&name(&image)).filter(|_| image.digest().is_none());
        fixed.cloned().unwrap_or(image)
    }

    /// An image that was given, as what it fixes is asked about: with the tag that the manifests mean.
    pub(super) fn given(&self, image: ImageRef) -> ImageRef {
        let fixed = self.0.get(&name(&image)).filter(|fixed| fixed.digest() == image.digest());
        fixed.cloned().unwrap_or(image)
    }
}

/// The image with its tag written out: without one the manifests mean `latest`, and a policy may ask for it.
fn with_tag(image: &ImageRef) -> ImageRef {
    match image.digest() {
        Some(digest) => image.repository().pinned(Some(image.tag_or_latest()), digest).into(),
        None => image.clone(),
    }
}

fn name(image: &ImageRef) -> (Repository, Tag) {
    (image.repository().clone(), image.tag_or_latest())
}

/// Whether what is written in a manifest is the image that was given.
fn means(written: &ImageRef, given: &ImageRef) -> bool {
    match written.digest() {
        Some(_) => written.repository() == given.repository() && written.digest() == given.digest(),
        None => name(written) == name(given),
    }
}

fn stands_nowhere(image: &ImageRef) -> Failure {
    Failure::usage(format!("{image} stands nowhere in the manifests: another image would be pinned")).hint(
        "give it by the tag that the manifests have (none is latest); what is not deployed with them is checked in a \
         call of its own",
    )
}

fn two_digests(image: &ImageRef) -> Failure {
    let (repository, tag) = name(image);
    Failure::usage(format!("{repository}:{} is given with two digests", tag.as_str()))
        .hint("the tag stands for one image of this deployment: give it once")
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

    fn fixed(given: &[String], written: &[&str]) -> Result<FixedTags, Failure> {
        let given: Vec<_> = given.iter().map(|text| image(text)).collect();
        FixedTags::of(&given, written.iter().map(|text| image(text)))
    }

    #[test]
    fn a_tag_is_fixed_in_every_spelling_and_no_other_is() {
        for given in [format!("docker.io/library/app:latest@{A}"), format!("app@{A}")] {
            let tags = fixed(&[given], &["app"]).unwrap();
            for same in ["app", "app:latest", "docker.io/app", "index.docker.io/library/app:latest"] {
                assert_eq!(tags.apply(image(same)), image(&format!("app:latest@{A}")), "{same}");
            }
            assert_eq!(tags.given(image(&format!("app@{A}"))), image(&format!("app:latest@{A}")));
            assert_eq!(tags.given(image(&format!("app:1@{A}"))), image(&format!("app:1@{A}")));
            for other in ["app:1", "other", "r.example/app", &format!("app:latest@{B}")] {
                assert_eq!(tags.apply(image(other)), image(other), "{other}");
            }
        }
    }

    #[test]
    fn an_image_that_stands_by_its_digest_alone_gets_no_tag() {
        let alone = format!("app@{A}");
        let tags = fixed(std::slice::from_ref(&alone), &[&alone]).unwrap();
        assert_eq!(tags.given(image(&alone)), image(&alone));
    }

    #[test]
    fn one_tag_has_one_digest() {
        let written = ["app:1", "app"];
        assert!(fixed(&[format!("app:1@{A}"), format!("app:1@{B}")], &written).is_err());
        assert!(fixed(&[format!("app:1@{A}"), format!("app:1@{A}"), format!("app@{B}")], &written).is_ok());
    }

    #[test]
    fn what_is_given_stands_in_the_manifests() {
        let given = [format!("app:1@{A}")];
        assert!(fixed(&given, &["other", "app:1"]).is_ok());
        assert!(fixed(&given, &[&format!("app@{A}")]).is_ok());
        for others in [&["app:2"][..], &["app"], &["other:1"], &[&format!("app:1@{B}")], &[]] {
            assert!(fixed(&given, others).is_err(), "{others:?}");
        }
    }
}
