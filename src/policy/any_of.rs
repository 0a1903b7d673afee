//! Alternatives, as the policies of other tools have them: any one that is satisfied satisfies the policy.

use super::model::{PolicyError, Requirements};
use super::names::NamePattern;
use super::place::{self, Place, TagPrefix};
use super::signer::{Required, SignerRule};
use crate::model::{Format, ImageRef, PublicKey, Repository};

/// Alternatives; at least one.
#[derive(Debug, Clone)]
pub struct AnyOf(Vec<Alternative>);

/// One of several ways to satisfy a policy.
#[derive(Debug, Clone)]
pub struct Alternative {
    name: String,
    names: Option<Vec<NamePattern>>,
    grant: Grant,
}

/// What an alternative makes of the images that it speaks of.
#[derive(Debug, Clone)]
pub enum Grant {
    /// A signature satisfies it.
    Signature(SignatureGrant),
    /// It is satisfied.
    Pass,
    /// It is never satisfied.
    Fail {
        /// Why, in the policy's words.
        message: String,
    },
}

/// A signature by any of some keys, in some places; neither role nor claims are asked for.
#[derive(Debug, Clone)]
pub struct SignatureGrant {
    /// One signer: what its signatures are held against.
    pub(super) required: Requirements,
    /// Where they count; none is the image's own home.
    origins: Vec<Origin>,
}

/// Where signatures stand, as a policy says it before an image is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The repository; nothing for where those of the image are.
    pub repository: Option<Repository>,
    /// What stands before the usual tags of signatures there, if anything does.
    pub tag_prefix: Option<TagPrefix>,
}

impl AnyOf {
    /// Any of `alternatives`.
    ///
    /// # Errors
    /// [`PolicyError::NoSigners`] if there is none.
    pub fn new(alternatives: Vec<Alternative>) -> Result<Self, PolicyError> {
        match alternatives.is_empty() {
            true => Err(PolicyError::NoSigners),
            false => Ok(Self(alternatives)),
        }
    }

    /// The alternatives, in their order.
    pub fn alternatives(&self) -> &[Alternative] {
        &self.0
    }

    /// Those that speak of `image`, in their order.
    pub fn speaking_of(&self, image: &ImageRef) -> impl Iterator<Item = &Alternative> {
        self.0.iter().filter(|alternative| alternative.speaks_of(image))
    }
}

impl Alternative {
    /// A signature by any of `keys`, from any of `origins`; where none is named, beside the image.
    ///
    /// # Errors
    /// [`PolicyError::NoKeys`].
    pub fn signature(
        name: impl Into<String>,
        keys: Vec<PublicKey>,
        origins: Vec<Origin>,
    ) -> Result<Self, PolicyError> {
        let name = name.into();
        let signer = SignerRule::of_any_role(name.clone(), keys, Required::default());
        let required = Requirements::new(vec![signer])?;
        Ok(Self { name, names: None, grant: Grant::Signature(SignatureGrant { required, origins }) })
    }

    /// The same, for signatures in that format only.
    pub fn in_format(mut self, format: Format) -> Self {
        if let Grant::Signature(grant) = &mut self.grant {
            grant.required.format = Some(format);
        }
        self
    }

    /// One that is satisfied.
    pub fn pass(name: impl Into<String>) -> Self {
        Self { name: name.into(), names: None, grant: Grant::Pass }
    }

    /// One that is never satisfied, and why.
    pub fn fail(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { name: name.into(), names: None, grant: Grant::Fail { message: message.into() } }
    }

    /// The same, for those of the policy's images only that match one of `names`.
    pub fn only_for(self, names: Vec<NamePattern>) -> Self {
        Self { names: Some(names), ..self }
    }

    /// Its name, to be shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The patterns of which one must match for it to speak of an image; nothing where it speaks of all of the policy's.
    pub fn names(&self) -> Option<&[NamePattern]> {
        self.names.as_deref()
    }

    /// What it makes of the images that it speaks of.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Whether it speaks of `image`, if the policy does.
    pub fn speaks_of(&self, image: &ImageRef) -> bool {
        self.names.as_ref().is_none_or(|names| names.iter().any(|pattern| pattern.matches(image)))
    }

    /// The keys whose signatures satisfy it.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.signature_grant().into_iter().flat_map(|grant| grant.required.keys())
    }

    /// Where the signatures stand that satisfy it, if some do; `home` is where those of the image are.
    pub fn places(&self, home: &Repository) -> Vec<Place> {
        self.signature_grant().map(|grant| grant.places(home)).unwrap_or_default()
    }

    fn signature_grant(&self) -> Option<&SignatureGrant> {
        match &self.grant {
            Grant::Signature(grant) => Some(grant),
            Grant::Pass | Grant::Fail { .. } => None,
        }
    }
}

impl SignatureGrant {
    /// Where its signatures stand.
    pub(super) fn places(&self, home: &Repository) -> Vec<Place> {
        match self.origins.is_empty() {
            true => vec![home.clone().into()],
            false => self.origins.iter().map(|origin| origin.at(home)).collect(),
        }
    }
}

impl Origin {
    /// The place, for an image whose signatures are at `home`.
    pub fn at(&self, home: &Repository) -> Place {
        let repository = self.repository.as_ref().unwrap_or(home).clone();
        Place { repository, tag_prefix: self.tag_prefix.clone() }
    }

    /// As it is shown: `home` is the word for where the image's signatures are.
    pub(super) fn shown(&self, home: &str) -> String {
        let repository = self.repository.as_ref().map_or_else(|| home.to_owned(), ToString::to_string);
        place::shown(repository, self.tag_prefix.as_ref())
    }
}

impl From<Repository> for Origin {
    fn from(repository: Repository) -> Self {
        Self { repository: Some(repository), tag_prefix: None }
    }
}
