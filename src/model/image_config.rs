//! The configuration of an image (OCI image specification, config.md; Docker's is alike), as far as a scan report
//! is compared with it.

use serde::Deserialize;

use super::json::{self, JsonError};
use super::manifest::Platform;

/// Largest configuration that is read, in bytes.
pub const CONFIG_LIMIT: u64 = 4 << 20;

/// What a configuration says of its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageConfig {
    /// What it runs on.
    pub platform: Platform,
    /// Number of uncompressed layers (`rootfs.diff_ids`).
    pub layers: usize,
}

#[derive(Deserialize)]
struct Written {
    #[serde(flatten)]
    platform: Platform,
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

impl ImageConfig {
    /// Reads a configuration blob.
    ///
    /// # Errors
    /// It is no JSON of that form: an artifact's configuration, say, which lists no layers.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let Written { platform, rootfs } = json::from_slice(bytes)?;
        Ok(Self { platform, layers: rootfs.diff_ids.len() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_names_its_platform_and_its_layers() {
        let text = r#"{"architecture":"arm","os":"linux","variant":"v7","config":{"Env":["A=b"]},
            "rootfs":{"type":"layers","diff_ids":["sha256:a","sha256:b"]},"history":[]}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        assert_eq!((config.platform.to_string().as_str(), config.layers), ("linux/arm/v7", 2));
    }

    #[test]
    fn the_configuration_of_an_artifact_is_not_taken_for_an_image_without_layers() {
        assert!(ImageConfig::parse(b"{}").is_err());
        assert!(ImageConfig::parse(br#"{"architecture":"amd64","os":"linux","rootfs":{}}"#).is_err());
    }
}
