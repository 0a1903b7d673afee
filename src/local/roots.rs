//! The CA certificates that servers are judged by: one bundle file, that of `SSL_CERT_FILE` or the
//! platform's, and the file of `--ca-file` beside it. Never a folder: reading one takes longer than a whole
//! short command.

use std::path::{Path, PathBuf};

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};

use super::files::{read_bounded, shown};

/// Where systems keep their bundle: Debian, Fedora, older Fedora, SUSE, OpenELEC, Alpine and BSD, macOS.
const BUNDLES: [&str; 7] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
    "/private/etc/ssl/cert.pem",
];
/// Largest bundle that is read, in bytes.
const BUNDLE_LIMIT: u64 = 16 << 20;

/// The certificates of a PEM file that was named.
///
/// # Errors
/// The file cannot be read, holds no certificate, or one that cannot be read.
pub(crate) fn read_named(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = read_bounded(path, BUNDLE_LIMIT).map_err(|e| format!("{}: {e}", shown(path)))?;
    certificates(&bytes).map_err(|e| format!("{}: {e}", shown(path)))
}

/// The certificates in a PEM text.
///
/// # Errors
/// It holds none, or one that cannot be read.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) if certificates.is_empty() => Err("no PEM certificate in it".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(error.to_string()),
    }
}

/// TLS settings of a client that trusts `roots`, with the one crypto provider of this program.
///
/// # Errors
/// The provider lacks what TLS needs.
pub(crate) fn trusting(roots: RootCertStore) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(builder.map_err(|error| error.to_string())?.with_root_certificates(roots))
}

/// The roots to trust: the bundle `named` (`SSL_CERT_FILE`), else the platform's, and `extra`.
///
/// # Errors
/// The named bundle cannot be used, or there are no roots at all.
pub(crate) fn load(
    named: Option<PathBuf>,
    extra: &[CertificateDer<'static>],
) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in extra {
        roots.add(certificate.clone()).map_err(|e| format!("a certificate of --ca-file: {e}"))?;
    }
    let bundle = match named {
        Some(path) => Some(read_named(&path).map_err(|e| format!("SSL_CERT_FILE: {e}"))?),
        None => BUNDLES.iter().find_map(|path| read_named(Path::new(path)).ok()),
    };
    // Bundles of systems may hold a root that is too old a form for the verifier; it is then not trusted.
    roots.add_parsable_certificates(bundle.unwrap_or_default());
    match roots.is_empty() {
        true => Err(format!("no CA certificates: none of {} is there", BUNDLES.join(", "))),
        false => Ok(roots),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_bundle_that_is_not_there_is_an_error_and_not_the_platform_s() {
        let read = load(Some(PathBuf::from("/nonexistent/ca.pem")), &[]);
        assert!(matches!(read, Err(reason) if reason.contains("SSL_CERT_FILE: /nonexistent/ca.pem")));
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        assert!(matches!(read_named(Path::new("/dev/null")), Err(reason) if reason.contains("no PEM")));
    }
}
