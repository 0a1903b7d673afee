//! Where requests go: image layouts to the folder adapter, registries to the HTTP adapter, and what
//! `--mirror PREFIX=TARGET` covers to its target. Names in claims and policies stay those of PREFIX, since only
//! what is below this port sees the target's.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;

use super::layout::LayoutRegistry;
use super::{BlobStream, Kind, ManifestName, Referrers, Registry, RegistryError, StoredManifest};
use crate::model::prefix::Prefix;
use crate::model::{Digest, Repository, escape_untrusted};

/// `PREFIX=TARGET`: every request for PREFIX goes to TARGET, the rest of the name appended to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    prefix: Prefix,
    target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Registry(Prefix),
    /// A folder of image layouts.
    Folder(PathBuf),
}

/// Why a text is not a mirror, or mirrors do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// Not `PREFIX=TARGET`.
    #[error("mirror `{0}`: PREFIX=TARGET is expected")]
    Form(String),
    /// PREFIX begins no repository's name.
    #[error("mirror PREFIX {0}")]
    Prefix(String),
    /// TARGET neither begins a repository's name nor is `oci:PATH`.
    #[error("mirror TARGET {0}")]
    Target(String),
    /// A PREFIX that has two targets.
    #[error("mirror PREFIX `{0}` is given twice")]
    Twice(String),
}

impl FromStr for Mirror {
    type Err = MirrorError;

    fn from_str(text: &str) -> Result<Self, MirrorError> {
        let Some((prefix, target)) = text.split_once('=') else {
            return Err(MirrorError::Form(escape_untrusted(text)));
        };
        if prefix.starts_with("oci:") {
            let reason = format!("`{}`: a folder has no mirrors", escape_untrusted(prefix));
            return Err(MirrorError::Prefix(reason));
        }
        let prefix = prefix.parse().map_err(MirrorError::Prefix)?;
        let target = match target.strip_prefix("oci:") {
            Some(folder) if folder.is_empty() || folder.contains('\0') => {
                return Err(MirrorError::Target("`oci:` needs the path of a folder".to_owned()));
            }
            Some(folder) => Target::Folder(PathBuf::from(folder)),
            None => Target::Registry(target.parse().map_err(MirrorError::Target)?),
        };
        Ok(Self { prefix, target })
    }
}

/// Sends each repository's requests where they belong. `R` is the adapter for registries.
pub struct Routes<R> {
    /// The longest prefix first.
    mirrors: Vec<Mirror>,
    oci: R,
    layout: LayoutRegistry,
}

impl<R: Registry> Routes<R> {
    /// Routes over both adapters.
    ///
    /// # Errors
    /// [`MirrorError::Twice`] where a prefix has two targets.
    pub fn new(mut mirrors: Vec<Mirror>, oci: R, layout: LayoutRegistry) -> Result<Self, MirrorError> {
        mirrors.sort_by_key(|mirror| std::cmp::Reverse(mirror.prefix.length()));
        for (i, mirror) in mirrors.iter().enumerate() {
            let twice = |other: &Mirror| other.prefix == mirror.prefix && other.target != mirror.target;
            if mirrors.iter().skip(i + 1).any(twice) {
                return Err(MirrorError::Twice(mirror.prefix.to_string()));
            }
        }
        Ok(Self { mirrors, oci, layout })
    }

    /// Where requests for `repository` go.
    ///
    /// # Errors
    /// The target's name and the rest together are no repository.
    pub fn place(&self, repository: &Repository) -> Result<Repository, RegistryError> {
        for Mirror { prefix, target } in &self.mirrors {
            let Some(rest) = prefix.rest(repository) else { continue };
            let placed = match target {
                Target::Registry(target) => target.join(rest).map_err(|error| error.to_string()),
                Target::Folder(folder) => below(folder, rest).map(Repository::Layout),
            };
            return placed.map_err(|reason| RegistryError {
                kind: Kind::Unreachable,
                request: format!("--mirror {prefix} for {repository}"),
                reason,
            });
        }
        Ok(repository.clone())
    }
}

/// The folder for a name below `folder`. The components of a parsed name cannot lead out of it; one made
/// otherwise is refused.
fn below(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let mut path = folder.to_path_buf();
    for component in name.split('/').filter(|_| !name.is_empty()) {
        if matches!(component, "" | "." | "..") || component.contains(['\\', ':', '\0']) {
            return Err(format!("`{}` is no name of a folder", escape_untrusted(component)));
        }
        path.push(component);
    }
    Ok(path)
}

/// Calls a method of the adapter that a repository goes to.
macro_rules! at {
    ($routes:ident, $repository:ident . $method:ident ( $($argument:expr),* )) => {
        match $routes.place($repository)? {
            place @ Repository::Layout(_) => $routes.layout.$method(&place, $($argument),*).await,
            place @ Repository::Registry { .. } => $routes.oci.$method(&place, $($argument),*).await,
        }
    };
}

impl<R: Registry> Registry for Routes<R> {
    async fn manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
    ) -> Result<Option<StoredManifest>, RegistryError> {
        at!(self, repository.manifest(name))
    }

    async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        limit: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        at!(self, repository.blob(digest, limit))
    }

    async fn referrers(&self, repository: &Repository, subject: &Digest) -> Result<Referrers, RegistryError> {
        at!(self, repository.referrers(subject))
    }

    async fn push_blob(&self, repository: &Repository, bytes: Bytes) -> Result<(), RegistryError> {
        at!(self, repository.push_blob(bytes))
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
        media_type: &str,
        bytes: Bytes,
        etag: Option<&str>,
    ) -> Result<(), RegistryError> {
        at!(self, repository.put_manifest(name, media_type, bytes, etag))
    }

    async fn has_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, RegistryError> {
        at!(self, repository.has_blob(digest))
    }

    async fn open_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<BlobStream>, RegistryError> {
        at!(self, repository.open_blob(digest))
    }

    async fn push_stream(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: u64,
        bytes: BlobStream,
    ) -> Result<(), RegistryError> {
        at!(self, repository.push_stream(digest, size, bytes))
    }

    async fn mount_blob(
        &self,
        repository: &Repository,
        from: &Repository,
        digest: &Digest,
    ) -> Result<bool, RegistryError> {
        match (self.place(repository)?, self.place(from)?) {
            (to @ Repository::Layout(_), from @ Repository::Layout(_)) => {
                self.layout.mount_blob(&to, &from, digest).await
            }
            (to @ Repository::Registry { .. }, from @ Repository::Registry { .. })
                if to.host() == from.host() =>
            {
                self.oci.mount_blob(&to, &from, digest).await
            }
            _ => Ok(false),
        }
    }

    fn slowest_round_trip(&self) -> Duration {
        self.oci.slowest_round_trip()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn routes(mirrors: &[&str]) -> Routes<LayoutRegistry> {
        let mirrors = mirrors.iter().map(|m| m.parse().unwrap()).collect();
        Routes::new(mirrors, LayoutRegistry, LayoutRegistry).unwrap()
    }

    fn placed(mirrors: &[&str], repository: &str) -> String {
        routes(mirrors).place(&repository.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_rest_of_the_name_is_appended_to_the_target() {
        let to_registry = ["registry.example.org/shop=mirror.example.org/cache"];
        assert_eq!(placed(&to_registry, "registry.example.org/shop/app"), "mirror.example.org/cache/app");
        assert_eq!(placed(&to_registry, "registry.example.org/shop"), "mirror.example.org/cache");
        assert_eq!(
            placed(&to_registry, "registry.example.org/shopping/app"),
            "registry.example.org/shopping/app"
        );
        let to_folder = ["registry.example.org=oci:mirrors"];
        assert_eq!(placed(&to_folder, "registry.example.org/shop/app"), "oci:mirrors/shop/app");
        assert_eq!(placed(&to_folder, "oci:registry.example.org/shop"), "oci:registry.example.org/shop");
        assert_eq!(placed(&["docker.io=m.example/hub"], "alpine"), "m.example/hub/library/alpine");
    }

    #[test]
    fn the_longest_prefix_wins_in_whatever_order_they_are_given() {
        let mut mirrors = ["r.example=a.example", "r.example/shop/x=b.example/x", "r.example/shop=oci:c"];
        for _ in 0..3 {
            mirrors.rotate_left(1);
            assert_eq!(placed(&mirrors, "r.example/shop/x/y"), "b.example/x/y");
            assert_eq!(placed(&mirrors, "r.example/shop/z"), "oci:c/z");
            assert_eq!(placed(&mirrors, "r.example/other"), "a.example/other");
        }
    }

    #[test]
    fn a_mirror_is_not_mirrored_again() {
        assert_eq!(placed(&["a.example=b.example", "b.example=c.example"], "a.example/x"), "b.example/x");
    }

    #[test]
    fn no_name_leads_out_of_a_folder() {
        for path in ["..", "a/../../b", "../x", "a//b", ".", "c:d", "a\\b"] {
            let repository = Repository::Registry { host: "r.example".to_owned(), path: path.to_owned() };
            let error = routes(&["r.example=oci:mirrors"]).place(&repository).unwrap_err();
            assert!(error.reason.contains("is no name of a folder"), "{path}: {error}");
        }
        for text in ["r.example/..", "r.example/a/../b", "r.example/./a", "r.example//etc"] {
            assert!(text.parse::<Repository>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_target_without_a_name_left_is_an_error_and_not_another_repository() {
        let error =
            routes(&["r.example/app=m.example"]).place(&"r.example/app".parse().unwrap()).unwrap_err();
        assert_eq!(error.kind, Kind::Unreachable);
        assert!(error.to_string().contains("--mirror r.example/app for r.example/app"), "{error}");
    }

    #[test]
    fn what_is_wrong_with_a_mirror_is_said() {
        for (text, reason) in [
            ("r.example", "PREFIX=TARGET is expected"),
            ("r.example/A=m.example", "PREFIX `r.example/A`"),
            ("oci:a=m.example", "a folder has no mirrors"),
            ("r.example=oci:", "needs the path of a folder"),
            ("r.example=m.example/x:1", "TARGET `m.example/x:1`"),
            ("=m.example", "PREFIX"),
            ("r.example=", "TARGET"),
        ] {
            let error = text.parse::<Mirror>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        let twice = ["r.example=a.example", "R.example:443=b.example"].map(|m| m.parse().unwrap());
        let error = Routes::new(twice.to_vec(), LayoutRegistry, LayoutRegistry).err().unwrap();
        assert_eq!(error, MirrorError::Twice("r.example".to_owned()));
    }

    #[tokio::test]
    async fn each_repository_goes_to_its_adapter_under_the_name_of_the_target() {
        // The folder adapter stands where the HTTP adapter does: it refuses names of registries and says them.
        let routes = routes(&["r.example/shop=m.example/cache", "f.example=oci:no-such-folder"]);
        let name = ManifestName::Tag("1".parse().unwrap());
        let error = routes.manifest(&"r.example/shop/app".parse().unwrap(), &name).await.unwrap_err();
        assert_eq!(error.request, "read m.example/cache/app:1");
        let error = routes.manifest(&"f.example/app".parse().unwrap(), &name).await.unwrap_err();
        assert_eq!((error.kind, error.request.as_str()), (Kind::Vacant, "read oci:no-such-folder/app:1"));
    }

    #[tokio::test]
    async fn a_blob_is_not_mounted_across_adapters() {
        let routes = routes(&["f.example=oci:folder"]);
        let (folder, registry) = ("f.example/a".parse().unwrap(), "r.example/a".parse().unwrap());
        assert!(!routes.mount_blob(&folder, &registry, &Digest::of(b"x")).await.unwrap());
    }
}
