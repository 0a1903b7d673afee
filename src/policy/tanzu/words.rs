//! The messages of the Tanzu image policy webhook, as its documentation lists them
//! (docs-tap, scst-sign, "Logs messages and reasons").

use crate::model::ImageRef;

/// No key that a matching pattern names signed the image.
pub(in crate::policy) fn not_signed(image: &ImageRef) -> String {
    format!("The image: {image} is not signed.")
}

/// No pattern matches, and that is not allowed.
pub(in crate::policy) fn unmatched(image: &ImageRef) -> String {
    format!("Could not verify against any image policies for container image: {image}.")
}

/// No pattern matches, and that is allowed.
pub(in crate::policy) fn unmatched_and_allowed(image: &ImageRef) -> String {
    format!(
        "{image} did not match any image policies. Container will be created as AllowUnmatchedImages flag is true."
    )
}

/// The policy leaves out this namespace; escaped by whoever gives it.
pub(in crate::policy) fn excluded(namespace: &str) -> String {
    format!("{namespace} is excluded. The ImagePolicy will not be applied.")
}
