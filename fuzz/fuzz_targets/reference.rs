//! Image references: what is shown of one is read as the same again.
#![no_main]

use countersign::model::{ImageRef, Repository};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(image) = text.parse::<ImageRef>() else { return };
    let shown = image.to_string();
    // A folder's name is escaped when it is shown, and need not be UTF-8 afterwards.
    if matches!(image.repository(), Repository::Registry { .. }) {
        assert_eq!(shown.parse::<ImageRef>().as_ref(), Ok(&image), "{shown}");
    }
    if let Some(pinned) = image.pinned() {
        assert_eq!(pinned.to_string(), shown);
    }
});
