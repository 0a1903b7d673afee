//! The CA certificates that servers are judged by: one bundle file, that of `SSL_CERT_FILE` or the
//! platform's, and what `--ca-file` names beside it. Of the platform's never the folder: reading it takes longer than
//! a whole short command.

use std::path::{Path, PathBuf};

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};

use super::files::{entries, read_bounded, shown};

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
/// What is said of a text without any.
const NO_CERTIFICATE: &str = "no PEM certificate in it";

/// The certificates of a PEM file that was named.
///
/// # Errors
/// The file cannot be read, holds no certificate, or one that cannot be read.
pub(crate) fn read_named(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = read_certificates(path)?;
    match found.is_empty() {
        true => Err(format!("{}: {NO_CERTIFICATE}", shown(path))),
        false => Ok(found),
    }
}

/// The certificates of a PEM file, or of the files in a folder such as a mounted ConfigMap. A file of a folder may hold
/// none: a secret with a certificate holds a key too.
///
/// # Errors
/// As [`read_named`]; no file of the folder holds a certificate.
pub(crate) fn read_file_or_folder(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    if !path.is_dir() {
        return read_named(path);
    }
    let files = entries(path).map_err(|e| format!("{}: {e}", shown(path)))?;
    let read: Result<Vec<_>, _> = files.iter().map(|file| read_certificates(file)).collect();
    let found = read?.concat();
    match found.is_empty() {
        true => Err(format!("{}: {NO_CERTIFICATE}", shown(path))),
        false => Ok(found),
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = read_bounded(path, BUNDLE_LIMIT).map_err(|e| format!("{}: {e}", shown(path)))?;
    parse(&bytes).map_err(|e| format!("{}: {e}", shown(path)))
}

/// The certificates in a PEM text.
///
/// # Errors
/// It holds none, or one that cannot be read.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    match parse(pem)? {
        none if none.is_empty() => Err(NO_CERTIFICATE.to_owned()),
        certificates => Ok(certificates),
    }
}

fn parse(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| error.to_string())
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
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
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

    #[test]
    fn a_folder_gives_the_certificates_of_its_files() {
        let certificate = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let folder = std::env::temp_dir().join(format!("countersign-roots-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("..2026")).unwrap();
        assert!(matches!(read_file_or_folder(&folder), Err(reason) if reason.contains("no PEM")));
        std::fs::write(folder.join("tls.key"), certificate.signing_key.serialize_pem()).unwrap();
        std::fs::write(folder.join("a.crt"), certificate.cert.pem()).unwrap();
        std::fs::write(folder.join("b.pem"), certificate.cert.pem()).unwrap();
        assert_eq!(read_file_or_folder(&folder).unwrap().len(), 2);
        std::fs::write(folder.join("c.pem"), "-----BEGIN CERTIFICATE-----\n????\n").unwrap();
        assert!(matches!(read_file_or_folder(&folder), Err(reason) if reason.contains("c.pem")));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
