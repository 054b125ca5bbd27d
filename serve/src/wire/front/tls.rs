//! Certificate and key from files.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion_postgres::pgwire::tokio::TlsAcceptor;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// PEM files of the wire.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, then those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key (PKCS #8, PKCS #1 or SEC 1), without a password.
    pub key: PathBuf,
}

/// Reads the files. A fault names the file: nothing is served in clear text instead.
pub(in crate::wire) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, String> {
    let fault = |path: &PathBuf, cause: &dyn std::fmt::Display| format!("{}: {cause}", path.display());
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|cause| fault(&files.certificate, &cause))?;
    if certificates.is_empty() {
        return Err(fault(&files.certificate, &"no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|cause| fault(&files.key, &cause))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|cause| fault(&files.certificate, &cause))?;
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
