//! Manifests and indexes: what is added to keeps the bytes of what was in it.
#![no_main]

use countersign::model::list::ListManifest;
use countersign::model::manifest::Manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::parse(bytes) {
        let _ = (manifest.media_type(), manifest.children());
    }
    for list in ["layers", "manifests"] {
        let Ok(read) = ListManifest::parse(bytes, list) else { continue };
        let again = match ListManifest::parse(&read.to_bytes(), list) {
            Ok(again) => again,
            Err(error) => panic!("what was written is not read: {error}"),
        };
        let texts = |manifest: &ListManifest| -> Vec<String> {
            manifest.elements().iter().map(|element| element.get().to_owned()).collect()
        };
        assert_eq!(texts(&read), texts(&again));
        assert_eq!(read.to_bytes(), again.to_bytes());
    }
});
