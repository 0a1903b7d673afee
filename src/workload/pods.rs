//! The images of a pod specification: containers of every sort, and volumes that are images.

use super::cursor::Cursor;
use super::objects::Found;
use super::{ImageUse, ObjectName, Refusal};
use crate::model::reference::Repository;

const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Adds the images of the specification at `spec`.
pub(super) fn images(found: &mut Found<'_>, spec: &Cursor<'_>, object: &ObjectName) -> Result<(), Refusal> {
    for list in CONTAINERS {
        let Some(containers) = spec.member(list)? else { continue };
        for container in containers.elements()? {
            let image = required(&container, "image")?;
            add(found, &image, &image, object)?;
        }
    }
    let Some(volumes) = spec.member("volumes")? else { return Ok(()) };
    for volume in volumes.elements()? {
        if let Some(source) = volume.member("image")? {
            add(found, &source, &required(&source, "reference")?, object)?;
        }
    }
    Ok(())
}

/// Whether this looks like the specification of a pod: it has a list of containers of some sort, empty or not.
pub(super) fn names_containers(spec: &Cursor<'_>) -> Result<bool, Refusal> {
    for list in CONTAINERS {
        if spec.written(list)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Refuses a specification without containers: what something adds later, nobody would have checked.
pub(super) fn check_containers(spec: &Cursor<'_>) -> Result<(), Refusal> {
    let some = match spec.member("containers")? {
        Some(containers) => containers.elements()?.next().is_some(),
        None => false,
    };
    match some {
        true => Ok(()),
        false => Err(spec.refuse("has no containers; those that are added later would not be checked")),
    }
}

/// A field that a webhook or a default could fill in later, with an image that was never checked.
fn required<'a>(at: &Cursor<'a>, field: &str) -> Result<Cursor<'a>, Refusal> {
    match at.member(field)? {
        Some(image) => Ok(image),
        None if at.is_mapping() => Err(at.refuse(&format!("has no {field}"))),
        None => Err(at.refuse("is not a mapping")),
    }
}

/// Adds the image that `value` names; `member` is what the key `image` holds.
fn add(
    found: &mut Found<'_>,
    member: &Cursor<'_>,
    value: &Cursor<'_>,
    object: &ObjectName,
) -> Result<(), Refusal> {
    let text = value.text()?;
    let image = text
        .parse()
        .map_err(|error| Refusal::of_text(Some(value.place()), format!("{}: {error}", value.path)))?;
    let image = reference(image, value)?;
    let (place, span) = (value.place(), value.span());
    let path = value.path.clone();
    let (value_id, member) = (value.id, member.id);
    let text = text.to_owned();
    let used = ImageUse { object: object.clone(), path, text, image, place, span, value: value_id, member };
    found.add(used, value)
}

/// `oci:PATH` is a folder to us, and the image `oci` of Docker Hub to Kubernetes.
fn reference(image: crate::model::ImageRef, at: &Cursor<'_>) -> Result<crate::model::ImageRef, Refusal> {
    match image.repository() {
        Repository::Registry { .. } => Ok(image),
        Repository::Layout(_) => Err(at.refuse("names a folder; write docker.io/library/oci for that image")),
    }
}
