//! Manifests of Kubernetes: what is read can be pinned or is refused, and the pinned text holds the same objects with
//! the same images, each with the digest; the rest of the bytes stays where no alias had to give way.
#![no_main]

use countersign::model::Digest;
use countersign::workload::{ImageUse, ReadOptions, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions::default();
    let Ok(manifests) = read(bytes, &options) else { return };
    let digest = Digest::of(b"image");
    let Ok(output) = manifests.pin(|_| Some(digest)) else { return };
    let again = match read(output.as_bytes(), &options) {
        Ok(again) => again,
        Err(error) => panic!("what was written is not read: {error}\n{output}"),
    };
    let suffix = format!("@{digest}");
    let name = |image: &ImageUse| (image.object.clone(), image.path.clone());
    assert_eq!(manifests.images().len(), again.images().len());
    for (old, new) in manifests.images().iter().zip(again.images()) {
        assert_eq!(name(old), name(new));
        assert_eq!(new.image.digest(), Some(digest));
        assert_eq!(new.text.trim_end_matches(&suffix), old.text.trim_end_matches(&suffix));
    }
    if !bytes.contains(&b'*') && !bytes.contains(&b'@') {
        assert_eq!(output.replace(&suffix, "").as_bytes(), bytes);
    }
    // What is pinned already stays as it is.
    assert_eq!(again.pin(|_| Some(digest)).ok().as_deref(), Some(output.as_str()));
});
