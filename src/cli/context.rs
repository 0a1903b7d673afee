//! The adapters of one run, wired once: the registries behind their routes, and the sources of keys.

use std::sync::Arc;

use super::args::{PasswordArgs, Shared, given, mirrors};
use super::error::Failure;
use crate::kube::Cluster;
use crate::registry::layout::LayoutRegistry;
use crate::registry::oci::{OciRegistry, Options};
use crate::registry::routes::Routes;
use crate::signer::keyring::{KeySource, PasswordSources};
use crate::signer::{KeyRef, Variables};

/// What commands reach the world through.
pub(super) struct Context {
    /// Registries and image layouts.
    pub(super) registry: Routes<OciRegistry>,
    /// Where passwords come from.
    pub(super) passwords: Arc<PasswordSources>,
    /// The cluster, asked only where a reference names it.
    pub(super) cluster: Arc<Cluster>,
    variables: Variables,
}

impl Context {
    pub(super) fn new(shared: &Shared) -> Result<Self, Failure> {
        let options = Options {
            plain_http: given(&shared.registry.plain_http).into_iter().map(str::to_owned).collect(),
            ca_file: shared.registry.ca_file.clone(),
            registry_config: shared.registry.registry_config.clone(),
        };
        let oci = OciRegistry::new(options)
            .map_err(|error| Failure::usage("the registry settings cannot be used").because(error))?;
        let routes = Routes::new(mirrors(&shared.registry.mirror)?, oci, LayoutRegistry);
        let registry = routes.map_err(|error| Failure::usage("--mirror cannot be used").because(error))?;
        let variables: Variables = Arc::new(|name: &str| std::env::var_os(name));
        let PasswordArgs { password_file } = &shared.passwords;
        let passwords = Arc::new(PasswordSources::new(password_file.clone(), variables.clone()));
        let cluster = Arc::new(Cluster::new(variables.clone()));
        Ok(Self { registry, passwords, cluster, variables })
    }

    /// The keys, wherever they are.
    pub(super) fn keys(&self) -> KeySource {
        KeySource::new(self.passwords.clone(), self.variables.clone(), self.cluster.clone())
    }
}

/// Reads a key reference.
pub(super) fn key_reference(text: &str) -> Result<KeyRef, Failure> {
    text.parse().map_err(|error| Failure::usage("the key cannot be used").because(error))
}
