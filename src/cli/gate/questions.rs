//! What the gate is asked: every image once, where it stands, and what comes of the answers in the manifests.

use std::collections::HashMap;

use super::GateArgs;
use super::fixed_tags::FixedTags;
use crate::cli::args::image;
use crate::cli::error::Failure;
use crate::cli::manifests::ManifestFile;
use crate::cli::report::{Report, Row, Use};
use crate::flow::gate::{Asked, GateAnswer};
use crate::model::{Digest, ImageRef};

/// The distinct questions, in the order in which their images first stand, and where they stand.
pub(super) struct Questions {
    pub(super) asked: Vec<Asked>,
    uses: Vec<Vec<Use>>,
    /// Of the manifests' tags those that are not to be resolved.
    fixed: FixedTags,
}

/// Whether one image in two objects is two questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objects {
    /// It is one.
    LeftOut,
    /// It is one for each group, version, kind and set of labels.
    Named,
}

impl Questions {
    pub(super) fn of(args: &GateArgs, files: &[ManifestFile], objects: Objects) -> Result<Self, Failure> {
        let images = images(args)?;
        // Without pinning, what is written in the manifests is what runs.
        let fixed = match args.pins() && !args.manifest.is_empty() {
            true => FixedTags::of(
                &images,
                files.iter().flat_map(|file| file.images(None)).map(|(asked, _)| asked.image),
            )?,
            false => FixedTags::default(),
        };
        let mut questions = Self { asked: Vec::new(), uses: Vec::new(), fixed };
        let mut numbers = HashMap::new();
        for image in images {
            let image = questions.fixed.given(image);
            let asked = Asked { image, namespace: args.namespace.clone(), object: None };
            questions.add(asked, None, &mut numbers);
        }
        if !args.manifest.is_empty() && files.iter().all(|file| file.images(None).next().is_none()) {
            return Err(Failure::usage("no image is found in the manifests: nothing would be checked")
                .hint("check that -f names the manifests that are deployed"));
        }
        for file in files {
            for (Asked { image, namespace, object }, place) in file.images(args.namespace.as_deref()) {
                let image = questions.fixed.apply(image);
                let object = object.filter(|_| objects == Objects::Named);
                if object.as_ref().is_some_and(|object| object.labels.is_none()) {
                    return Err(labels_unknown(&place));
                }
                questions.add(Asked { image, namespace, object }, Some(place), &mut numbers);
            }
        }
        match questions.asked.is_empty() {
            true => Err(Failure::usage("no image is given: nothing would be checked")
                .hint("name images, or manifests with -f")),
            false => Ok(questions),
        }
    }

    /// The texts of the files with the digests that were given or checked. What has neither stays as written.
    pub(super) fn pinned<'a>(
        &self,
        files: &'a [ManifestFile],
        namespace: Option<&str>,
        answers: &[GateAnswer],
    ) -> Result<Vec<(&'a ManifestFile, String)>, Failure> {
        // A policy that stops nothing may allow an image whose tag is not known: it cannot be pinned all the same.
        if let Some((answer, reason)) =
            answers.iter().find_map(|answer| Some((answer, answer.unresolved.as_ref()?)))
        {
            return Err(
                Failure::undecided(format!("{} cannot be pinned", answer.asked.image)).because(reason)
            );
        }
        let mut digests: HashMap<(String, Option<&str>), Digest> = HashMap::new();
        for answer in answers {
            if let Some(pinned) = &answer.pinned {
                let asked = &answer.asked;
                digests.insert((asked.image.to_string(), asked.namespace.as_deref()), pinned.digest());
            }
        }
        files
            .iter()
            .map(|file| {
                let text = file.pinned(|image| {
                    let own = image.object.namespace.as_deref().or(namespace);
                    // What is written with a digest keeps it.
                    image.image.digest().is_none().then_some(())?;
                    let asked = self.fixed.apply(image.image.clone());
                    digests.get(&(asked.to_string(), own)).copied()
                })?;
                Ok((file, text))
            })
            .collect()
    }

    fn add(&mut self, asked: Asked, place: Option<Use>, numbers: &mut HashMap<Asked, usize>) {
        let number = *numbers.entry(asked.clone()).or_insert(self.asked.len());
        if number == self.asked.len() {
            self.asked.push(asked);
            self.uses.push(Vec::new());
        }
        if let Some(uses) = self.uses.get_mut(number) {
            uses.extend(place);
        }
    }

    pub(super) fn report<'a>(&self, answers: &'a [GateAnswer]) -> Report<'a> {
        let row =
            |(answer, uses): (&'a GateAnswer, &Vec<Use>)| Row { uses: uses.clone(), ..Row::from(answer) };
        Report { rows: answers.iter().zip(&self.uses).map(row).collect(), warnings: Vec::new() }
    }
}

/// The images that are named as arguments.
fn images(args: &GateArgs) -> Result<Vec<ImageRef>, Failure> {
    let named = args.images.iter().filter(|text| !text.is_empty());
    let images: Vec<ImageRef> = named.map(|text| image(text)).collect::<Result<_, _>>()?;
    match images.iter().find(|image| args.pins() && !args.allow_tag && image.digest().is_none()) {
        Some(image) => Err(not_pinnable(image)),
        None => Ok(images),
    }
}

/// A policy chooses objects, perhaps by their labels, and nobody can say which these are.
fn labels_unknown(place: &Use) -> Failure {
    let Use { file, line, object, .. } = place;
    Failure::usage(format!(
        "{file}: line {line}: {object}: its labels cannot be read, and a policy chooses objects (`match`)"
    ))
    .hint("metadata.labels is a mapping of texts; put into quotes what YAML may read as something else")
}

/// An image that is named as an argument stands in no file that its digest could be written into.
fn not_pinnable(image: &ImageRef) -> Failure {
    Failure::usage(format!("{image} has no digest, and pinning writes digests into manifests only"))
        .hint("give it with its digest; or --allow-tag, and what runs later may be another image")
}
