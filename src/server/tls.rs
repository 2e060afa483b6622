//! TLS of the API: made from files, and made again while connections go on.

use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::auth::Names;
use crate::config::TlsFiles;

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

/// Which option names the file that is wrong, and what is wrong with it. Nothing of a file is quoted.
#[derive(Debug, thiserror::Error)]
#[error("{option}: {}: {problem}", path.display())]
pub struct TlsError {
    option: &'static str,
    path: PathBuf,
    problem: String,
}

/// TLS as it is served now.
pub struct Tls {
    files: TlsFiles,
    config: ArcSwap<ServerConfig>,
    /// Of the files' content, to see that it has changed.
    fingerprint: AtomicU64,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`]
    pub fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let (config, fingerprint) = made(files)?;
        Ok(Self { files: files.clone(), config: ArcSwap::new(config), fingerprint: fingerprint.into() })
    }

    /// Reads the files again. Connections that are made from now on see what is in them; those that there are go on.
    /// Answers whether anything has changed.
    ///
    /// # Errors
    /// [`TlsError`]: everything stays as it was. The files of a pair are seldom changed in one moment.
    pub fn read_again(&self) -> Result<bool, TlsError> {
        let (config, fingerprint) = made(&self.files)?;
        let changed = self.fingerprint.swap(fingerprint, Ordering::Relaxed) != fingerprint;
        if changed {
            self.config.store(config);
        }
        Ok(changed)
    }

    /// Shakes hands. Answers whom the client's certificate names, if it has brought one.
    pub(super) async fn accept(&self, socket: TcpStream) -> io::Result<(TlsStream<TcpStream>, Option<Names>)> {
        let socket = TlsAcceptor::from(self.config.load_full()).accept(socket).await?;
        let names = socket.get_ref().1.peer_certificates().and_then(<[_]>::first).map(Names::of);
        Ok((socket, names))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

/// Reads files, and remembers what was in them.
#[derive(Default)]
struct Reader(DefaultHasher);

impl Reader {
    fn read(&mut self, option: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
        let bytes = fs::read(path).map_err(|error| wrong(option, path, error))?;
        self.0.write(&bytes);
        self.0.write_usize(bytes.len());
        Ok(bytes)
    }

    /// The certificates of a file, or what else stands in it so.
    fn all<T: PemObject>(&mut self, option: &'static str, path: &Path, what: &str) -> Result<Vec<T>, TlsError> {
        let bytes = self.read(option, path)?;
        let found: Result<Vec<T>, _> = T::pem_slice_iter(&bytes).collect();
        let found = found.map_err(|error| wrong(option, path, error))?;
        if found.is_empty() { Err(wrong(option, path, format!("holds no {what} in PEM"))) } else { Ok(found) }
    }
}

fn made(files: &TlsFiles) -> Result<(Arc<ServerConfig>, u64), TlsError> {
    let mut reader = Reader::default();
    let chain: Vec<CertificateDer> = reader.all("--tls-cert", &files.certificate, "certificate")?;
    let key = reader.read("--tls-key", &files.key)?;
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|_| wrong("--tls-key", &files.key, "holds no private key in PEM that can be used"))?;
    let versions: &[_] = if files.tls12 { rustls::ALL_VERSIONS } else { &[&rustls::version::TLS13] };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER)).with_protocol_versions(versions);
    let builder = builder.map_err(|error| wrong("--tls-cert", &files.certificate, error))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for root in reader.all("--tls-client-ca", path, "certificate")? {
                roots.add(root).map_err(|error| wrong("--tls-client-ca", path, error))?;
            }
            let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&PROVIDER));
            if let Some(path) = &files.client_crl {
                let lists: Vec<CertificateRevocationListDer> =
                    reader.all("--tls-client-crl", path, "revocation list")?;
                verifier = verifier.with_crls(lists).only_check_end_entity_revocation();
            }
            // Probes bring no certificate, and others a token: what a call needs is asked of the call.
            let verifier = verifier.allow_unauthenticated().build();
            builder.with_client_cert_verifier(verifier.map_err(|error| wrong("--tls-client-ca", path, error))?)
        }
    };
    let mut config =
        builder.with_single_cert(chain, key).map_err(|error| wrong("--tls-cert", &files.certificate, error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(config), reader.0.finish()))
}

fn wrong(option: &'static str, path: &Path, problem: impl fmt::Display) -> TlsError {
    TlsError { option, path: path.to_owned(), problem: problem.to_string() }
}
