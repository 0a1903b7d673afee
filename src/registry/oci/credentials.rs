//! Where credentials are looked for: the files that Docker and the containers tools use, in a fixed order,
//! read when a registry first asks for one.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::docker_config::{self, CONFIG_LIMIT, Credential, DockerConfig};
use super::{Environment, credential_program};
use crate::local::files::read_bounded;
use crate::model::reference::DOCKER_HUB;

/// The key under which Docker's helpers keep Docker Hub's credential.
const DOCKER_HUB_SERVER: &str = "https://index.docker.io/v1/";

/// What a configuration is called in a folder: Docker's name, the entry of a secret of the type
/// kubernetes.io/dockerconfigjson, the containers tools' name.
const CONFIG_NAMES: [&str; 3] = ["config.json", ".dockerconfigjson", "auth.json"];

/// A file that may hold credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    path: PathBuf,
    /// It was named, so it must be there.
    named: bool,
}

/// A repository's credential once it is known; shared by those who ask at the same time.
type Found = Arc<OnceCell<Option<Credential>>>;

/// The credentials of the process.
pub(super) struct Credentials {
    named: Option<PathBuf>,
    environment: Environment,
    found: Mutex<HashMap<(String, String), Found>>,
}

impl Credentials {
    /// Looks into `named` (`--registry-config`) first.
    pub(super) fn new(named: Option<PathBuf>, environment: Environment) -> Self {
        Self { named, environment, found: Mutex::default() }
    }

    /// The credential for `host/path`, from the first place that has one.
    ///
    /// # Errors
    /// A file that was named and is not there, one that cannot be read, a helper that fails.
    pub(super) async fn find(&self, host: &str, path: &str) -> Result<Option<Credential>, String> {
        let key = (host.to_owned(), path.to_owned());
        let cell = self.found.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        let found =
            cell.get_or_try_init(|| look(places(self.named.as_deref(), self.environment), host, path));
        found.await.cloned()
    }

    /// Looks anew the next time: the registry took a token of this credential and does not any more.
    pub(super) fn forget(&self, host: &str, path: &str) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.remove(&(host.to_owned(), path.to_owned()));
    }
}

/// The configuration that was named: a file, or the one in a folder. It is read and parsed once, so that a wrong one is
/// known before anything is asked.
///
/// # Errors
/// It is not there or no configuration; the text names it.
pub(super) fn named_file(path: &Path) -> Result<PathBuf, String> {
    let file = match path.is_dir() {
        true => CONFIG_NAMES.iter().map(|name| path.join(name)).find(|file| file.exists()),
        false => Some(path.to_owned()),
    };
    let file =
        file.ok_or_else(|| format!("{}: none of {} is in it", path.display(), CONFIG_NAMES.join(", ")))?;
    read(&Place { path: file.clone(), named: true }).map(|_| file)
}

/// The files in the order they are looked into.
fn places(named: Option<&Path>, variable: Environment) -> Vec<Place> {
    let folder = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = |below: &str| folder("HOME").map(|home| home.join(below));
    let named_files = [named.map(Path::to_owned), folder("REGISTRY_AUTH_FILE")];
    let usual = [
        folder("DOCKER_CONFIG").map(|docker| docker.join("config.json")),
        home(".docker/config.json"),
        folder("XDG_RUNTIME_DIR").map(|runtime| runtime.join("containers/auth.json")),
        home(".config/containers/auth.json"),
    ];
    let named_files = named_files.into_iter().flatten().map(|path| Place { path, named: true });
    named_files.chain(usual.into_iter().flatten().map(|path| Place { path, named: false })).collect()
}

async fn look(places: Vec<Place>, host: &str, path: &str) -> Result<Option<Credential>, String> {
    for place in places {
        let Some(config) = read(&place)? else { continue };
        let found = look_into(&config, host, path).await;
        if let Some(found) = found.map_err(|why| format!("{}: {why}", place.path.display()))? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// A helper named for this host, then an entry, then the helper for all hosts: an entry with a secret in it
/// is plainer than a program that may not be there.
async fn look_into(config: &DockerConfig, host: &str, path: &str) -> Result<Option<Credential>, String> {
    let server = if host == DOCKER_HUB { DOCKER_HUB_SERVER } else { host };
    if let Some(name) = config.program(host).map_err(|e| e.to_string())?
        && let Some(found) = credential_program::get(name, server).await?
    {
        return Ok(Some(found));
    }
    if let Some(found) = config.entry(host, path).map_err(|e| e.to_string())? {
        return Ok(Some(found));
    }
    match config.store(host).map_err(|e| e.to_string())? {
        Some(name) => credential_program::get(name, server).await,
        None => Ok(None),
    }
}

/// The configuration at a place; `None` where there is no file and none was named.
fn read(place: &Place) -> Result<Option<DockerConfig>, String> {
    let told = |why: String| format!("{}: {why}", place.path.display());
    match read_bounded(&place.path, CONFIG_LIMIT) {
        Ok(bytes) => docker_config::parse(&bytes).map(Some).map_err(|e| told(e.to_string())),
        Err(e) if !place.named && is_missing(&e) => Ok(None),
        Err(e) => Err(told(e.to_string())),
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("countersign-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn place(folder: &Path, name: &str, text: &str) -> Place {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        Place { path, named: false }
    }

    #[test]
    fn a_folder_is_named_for_the_configuration_in_it() {
        let folder = folder("config-folder");
        assert!(matches!(named_file(&folder), Err(why) if why.contains(".dockerconfigjson")));
        for name in ["auth.json", ".dockerconfigjson", "config.json"] {
            std::fs::write(folder.join(name), "{}").unwrap();
            assert_eq!(named_file(&folder), Ok(folder.join(name)));
        }
        std::fs::write(folder.join("config.json"), "no JSON").unwrap();
        assert!(matches!(named_file(&folder), Err(why) if why.contains("config.json")));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    fn user(found: Option<Credential>) -> Option<String> {
        match found {
            Some(Credential::Password(user, _)) => Some(user),
            _ => None,
        }
    }

    #[test]
    fn files_are_looked_into_in_the_documented_order() {
        let variable: Environment = |name| (name != "DOCKER_CONFIG").then(|| format!("/{name}").into());
        let places = places(Some(Path::new("/named")), variable);
        let paths: Vec<_> = places.iter().map(|p| (p.path.to_str().unwrap(), p.named)).collect();
        assert_eq!(
            paths,
            [
                ("/named", true),
                ("/REGISTRY_AUTH_FILE", true),
                ("/HOME/.docker/config.json", false),
                ("/XDG_RUNTIME_DIR/containers/auth.json", false),
                ("/HOME/.config/containers/auth.json", false),
            ]
        );
    }

    #[tokio::test]
    async fn the_first_file_with_an_entry_wins_and_one_without_is_passed_over() {
        let folder = folder("order");
        let places = vec![
            Place { path: folder.join("missing"), named: false },
            place(&folder, "a", r#"{"auths":{"other":{"auth":"dTpw"},"r.example":{}}}"#),
            place(&folder, "b", r#"{"auths":{"r.example":{"username":"second","password":"p"}}}"#),
            place(&folder, "c", "broken, but never looked into"),
        ];
        let found = look(places.clone(), "r.example", "a").await;
        assert_eq!(user(found.unwrap()).unwrap(), "second");
        let error = look(places, "elsewhere", "a").await.unwrap_err();
        assert!(error.contains("not a Docker configuration"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_named_file_that_is_missing_is_an_error() {
        let named = Place { path: PathBuf::from("/nonexistent/auth.json"), named: true };
        assert!(look(vec![named], "r", "a").await.unwrap_err().contains("/nonexistent/auth.json"));
    }

    #[tokio::test]
    async fn a_helper_that_is_not_installed_is_an_error_and_not_anonymous() {
        let config = docker_config::parse(br#"{"credHelpers":{"r":"of-no-such-name"}}"#).unwrap();
        let error = look_into(&config, "r", "a").await.unwrap_err();
        assert!(error.contains("docker-credential-of-no-such-name"), "{error}");
    }
}
