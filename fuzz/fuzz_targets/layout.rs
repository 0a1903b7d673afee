//! Image layouts: whatever `index.json` holds, a folder that takes a manifest under a tag has it there afterwards.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs, process};

use countersign::model::{Digest, Repository, Tag};
use countersign::registry::layout::LayoutRegistry;
use countersign::registry::{ManifestName, Registry};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

const MANIFEST: &[u8] = include_bytes!("../corpus/manifest/image.json");
const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A folder of this process, in memory where the system has a place for that.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let below = if memory.is_dir() { memory } else { env::temp_dir() };
    let folder = below.join(format!("countersign-fuzz-{}", process::id()));
    let made = fs::create_dir_all(folder.join("blobs/sha256"));
    let made = made.and_then(|()| fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#));
    assert!(made.is_ok(), "{made:?}");
    folder
});

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("{error}"),
    });

fuzz_target!(|index: &[u8]| {
    let repository = Repository::Layout(FOLDER.clone());
    let digest = Digest::of(MANIFEST);
    let Ok(tag) = "1.4".parse::<Tag>() else { unreachable!() };
    assert!(fs::write(FOLDER.join("index.json"), index).is_ok());
    RUNTIME.block_on(async {
        for tag in [tag, Tag::signatures(&digest)] {
            let name = ManifestName::from(tag);
            let _ = LayoutRegistry.manifest(&repository, &name).await;
            let put =
                LayoutRegistry.put_manifest(&repository, &name, MEDIA_TYPE, MANIFEST.into(), None).await;
            if put.is_ok() {
                let stored = LayoutRegistry.manifest(&repository, &name).await;
                assert!(matches!(&stored, Ok(Some(stored)) if stored.digest == digest), "{stored:?}");
            }
        }
        let _ = LayoutRegistry.referrers(&repository, &digest).await;
    });
});
