//! The adapters of one run, wired where they are needed: the registries behind their routes, and the sources of
//! keys. A command that needs no registry reads no registry settings.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::{RegistryArgs, mirrors};
use super::error::Failure;
use crate::kube::Cluster;
use crate::registry::layout::LayoutRegistry;
use crate::registry::oci::{OciRegistry, Options};
use crate::registry::routes::Routes;
use crate::signer::keyring::{KeySource, PasswordSources};
use crate::signer::{KeyRef, KeyRefError, Variables};

/// Registries and image layouts.
pub(super) fn registries(args: &RegistryArgs) -> Result<Routes<OciRegistry>, Failure> {
    let options = Options {
        plain_http: args.plain_http.clone(),
        ca_file: args.ca_file.clone(),
        registry_config: args.registry_config.clone(),
    };
    let oci = OciRegistry::new(options)
        .map_err(|error| Failure::usage("the registry settings cannot be used").because(error))?;
    Routes::new(mirrors(&args.mirror)?, oci, LayoutRegistry)
        .map_err(|error| Failure::usage("--mirror cannot be used").because(error))
}

/// What keys are read through.
pub(super) struct Keys {
    /// Where passwords come from.
    pub(super) passwords: Arc<PasswordSources>,
    /// The cluster, asked only where a reference names it.
    pub(super) cluster: Arc<Cluster>,
    variables: Variables,
}

impl Keys {
    /// With the file that `--password-file` names.
    pub(super) fn new(password_file: Option<PathBuf>) -> Self {
        let variables: Variables = Arc::new(|name: &str| std::env::var_os(name));
        let passwords = Arc::new(PasswordSources::new(password_file, variables.clone()));
        let cluster = Arc::new(Cluster::new(variables.clone()));
        Self { passwords, cluster, variables }
    }

    /// The keys, wherever they are.
    pub(super) fn source(&self) -> KeySource {
        KeySource::new(self.passwords.clone(), self.variables.clone(), self.cluster.clone())
    }
}

/// Reads a key reference.
pub(super) fn key_reference(text: &str) -> Result<KeyRef, Failure> {
    text.parse().map_err(|error| {
        let failure = Failure::usage("the key cannot be used").because(&error);
        match error {
            KeyRefError::Scheme { .. } => failure.hint(
                "this build reads files, env://NAME, k8s://NAMESPACE/SECRET and k8s-configmap://NAMESPACE/NAME",
            ),
            _ => failure,
        }
    })
}
