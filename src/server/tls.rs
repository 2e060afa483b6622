//! TLS of the API: read from files, and replaced while connections go on.

use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::auth::{Peer, Withdrawn, certificate_span};
use crate::clock::Clock;
use crate::ledger::time::WallTime;
use crate::license::iso;

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

/// The option that names the invalid file, and the problem. It quotes nothing of the file.
#[derive(Debug, thiserror::Error)]
#[error("{option}: {}: {problem}", path.display())]
pub struct TlsError {
    option: &'static str,
    path: PathBuf,
    problem: String,
}

/// The longest time without reading the wall clock, because the clock may be set.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// Files of the TLS configuration.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_ca: Option<PathBuf>,
    pub client_crl: Option<PathBuf>,
    /// Also accept TLS 1.2, in addition to TLS 1.3.
    pub tls12: bool,
}

/// TLS configuration that is in force now.
pub struct Tls {
    files: TlsFiles,
    served: watch::Sender<Arc<Served>>,
    /// Fingerprint of the files' content, to detect changes.
    fingerprint: AtomicU64,
    clock: Clock,
}

/// Configuration made from the files.
struct Served {
    config: Arc<ServerConfig>,
    /// Validity period of the server's own certificate; `None` if it cannot be read.
    span: Option<(WallTime, WallTime)>,
    /// Verifier of client certificates; `None` if none are accepted.
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    /// Fingerprint of the files from which the verifier was made.
    verifier_fingerprint: u64,
}

/// The TLS of a listener.
pub trait Handshake: fmt::Debug + Send + Sync + 'static {
    /// Makes the handshake with a client at `address`.
    fn accept(self: Arc<Self>, socket: TcpStream, address: SocketAddr) -> BoxFuture<'static, io::Result<Accepted>>;
}

/// A client that has completed the TLS handshake.
pub struct Accepted {
    pub socket: TlsStream<TcpStream>,
    pub peer: Peer,
    /// True: the handshake alone was enough of a credential.
    pub is_known: bool,
    /// Resolves when its certificate, if it has sent one, is no longer valid.
    pub withdrawn: BoxFuture<'static, Withdrawn>,
}

/// A client certificate that was verified, and is verified again whenever the trusted authorities or the revocation
/// list change.
struct AcceptedCertificate {
    chain: Vec<CertificateDer<'static>>,
    /// Fingerprint of the verifier that accepted it.
    verified_by: u64,
    served: watch::Receiver<Arc<Served>>,
    clock: Clock,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`]
    pub fn read(files: &TlsFiles, clock: Clock) -> Result<Self, TlsError> {
        let (served, fingerprint) = made(files)?;
        Ok(Self { files: files.clone(), served: watch::Sender::new(served), fingerprint: fingerprint.into(), clock })
    }

    /// Reads the files again. New connections use the new content. Existing connections go on if the client's
    /// certificate is valid by it, too. Returns true if anything has changed.
    ///
    /// # Errors
    /// [`TlsError`]: everything stays as it was. The files of a pair are seldom changed at the same moment.
    pub fn read_again(&self) -> Result<bool, TlsError> {
        let (served, fingerprint) = made(&self.files)?;
        let changed = self.fingerprint.swap(fingerprint, Ordering::Relaxed) != fingerprint;
        if changed {
            self.served.send_replace(served);
        }
        Ok(changed)
    }

    /// Returns a warning if the server's own certificate is not valid now. It is served all the same, and clients
    /// refuse it.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let (begin, end) = self.served.borrow().span?;
        let now = self.clock.wall();
        let what = if now > end {
            format!("ended at {}", iso(end))
        } else if now < begin {
            format!("is not valid before {}", iso(begin))
        } else {
            return None;
        };
        let file = self.files.certificate.display();
        Some(format!("--tls-cert: {file}: the certificate {what}: clients refuse it"))
    }

    async fn shake_hands(&self, socket: TcpStream, address: SocketAddr) -> io::Result<Accepted> {
        let mut served = self.served.subscribe();
        let (config, verified_by) = {
            let served = served.borrow_and_update();
            (Arc::clone(&served.config), served.verifier_fingerprint)
        };
        let socket = TlsAcceptor::from(config).accept(socket).await?;
        let Some(chain) = socket.get_ref().1.peer_certificates() else {
            let withdrawn = Box::pin(std::future::pending());
            return Ok(Accepted { socket, peer: Peer::new(address), is_known: false, withdrawn });
        };
        let chain: Vec<_> = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        let peer = Peer::with_certificate(address, &chain);
        let certificate = AcceptedCertificate { chain, verified_by, served, clock: self.clock.clone() };
        let withdrawn = Box::pin(certificate.withdrawn(peer.end()));
        Ok(Accepted { socket, peer, is_known: false, withdrawn })
    }
}

impl Handshake for Tls {
    fn accept(self: Arc<Self>, socket: TcpStream, address: SocketAddr) -> BoxFuture<'static, io::Result<Accepted>> {
        Box::pin(async move { self.shake_hands(socket, address).await })
    }
}

impl AcceptedCertificate {
    /// Resolves when the certificate is no longer valid: when it expires at `end`, or when the files withdraw it.
    async fn withdrawn(mut self, end: WallTime) -> Withdrawn {
        loop {
            let now = self.clock.wall();
            if now > end {
                return Withdrawn::Expired;
            }
            let left = u64::try_from(end.0.saturating_sub(now.0)).unwrap_or(0).saturating_add(1);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left).min(CLOCK_CHECK_INTERVAL)) => {}
                changed = self.served.changed() => match changed {
                    Ok(()) if !self.is_good() => return Withdrawn::Revoked,
                    Ok(()) => {}
                    // The sender is gone: files are not read any more.
                    Err(_) => tokio::time::sleep(CLOCK_CHECK_INTERVAL).await,
                }
            }
        }
    }

    /// True if the certificate would be accepted now.
    fn is_good(&mut self) -> bool {
        let served = Arc::clone(&self.served.borrow_and_update());
        if std::mem::replace(&mut self.verified_by, served.verifier_fingerprint) == served.verifier_fingerprint {
            // Only the server's own certificate has changed.
            return true;
        }
        let since = u64::try_from(self.clock.wall().0).map(Duration::from_millis).unwrap_or_default();
        let (own, others) = self.chain.split_first().expect("rustls answers no empty chain");
        let verify = |verifier: &Arc<dyn ClientCertVerifier>| {
            verifier.verify_client_cert(own, others, UnixTime::since_unix_epoch(since))
        };
        served.verifier.as_ref().is_some_and(|verifier| verify(verifier).is_ok())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

/// Reads files, and hashes their content.
#[derive(Default)]
struct Reader(DefaultHasher);

impl Reader {
    fn read(&mut self, option: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
        let bytes = fs::read(path).map_err(|error| wrong(option, path, error))?;
        self.0.write(&bytes);
        self.0.write_usize(bytes.len());
        Ok(bytes)
    }

    /// Reads all items of one kind, such as certificates, from a PEM file.
    fn all<T: PemObject>(&mut self, option: &'static str, path: &Path, what: &str) -> Result<Vec<T>, TlsError> {
        let bytes = self.read(option, path)?;
        let found: Result<Vec<T>, _> = T::pem_slice_iter(&bytes).collect();
        let found = found.map_err(|error| wrong(option, path, error))?;
        if found.is_empty() { Err(wrong(option, path, format!("holds no {what} in PEM"))) } else { Ok(found) }
    }
}

fn made(files: &TlsFiles) -> Result<(Arc<Served>, u64), TlsError> {
    let mut reader = Reader::default();
    let chain: Vec<CertificateDer> = reader.all("--tls-cert", &files.certificate, "certificate")?;
    let span = chain.first().and_then(|own| certificate_span(own));
    let key = reader.read("--tls-key", &files.key)?;
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|_| wrong("--tls-key", &files.key, "holds no private key in PEM that can be used"))?;
    let versions: &[_] = if files.tls12 { rustls::ALL_VERSIONS } else { &[&rustls::version::TLS13] };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER)).with_protocol_versions(versions);
    let builder = builder.map_err(|error| wrong("--tls-cert", &files.certificate, error))?;
    let mut of_verifier = Reader::default();
    let verifier = files.client_ca.as_deref().map(|ca| client_verifier(files, ca, &mut of_verifier)).transpose()?;
    let verifier_fingerprint = of_verifier.0.finish();
    reader.0.write_u64(verifier_fingerprint);
    let builder = match &verifier {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
    };
    let mut config =
        builder.with_single_cert(chain, key).map_err(|error| wrong("--tls-cert", &files.certificate, error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if verifier.is_some() {
        // A resumed handshake verifies no certificate, so that one that has expired or was revoked would be accepted
        // without end (decision 40).
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok((Arc::new(Served { config: Arc::new(config), span, verifier, verifier_fingerprint }), reader.0.finish()))
}

fn client_verifier(files: &TlsFiles, ca: &Path, reader: &mut Reader) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for root in reader.all("--tls-client-ca", ca, "certificate")? {
        roots.add(root).map_err(|error| wrong("--tls-client-ca", ca, error))?;
    }
    let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&PROVIDER));
    if let Some(path) = &files.client_crl {
        let lists: Vec<CertificateRevocationListDer> = reader.all("--tls-client-crl", path, "revocation list")?;
        verifier = verifier.with_crls(lists).only_check_end_entity_revocation();
    }
    // A certificate is optional in the handshake, because probes have none, and other clients have a token; each call
    // is authenticated by itself.
    let verifier = verifier.allow_unauthenticated().build();
    verifier.map(|verifier| verifier as Arc<dyn ClientCertVerifier>).map_err(|error| match (&files.client_crl, error) {
        (Some(path), error @ VerifierBuilderError::InvalidCrl(_)) => wrong("--tls-client-crl", path, error),
        (_, error) => wrong("--tls-client-ca", ca, error),
    })
}

fn wrong(option: &'static str, path: &Path, problem: impl fmt::Display) -> TlsError {
    TlsError { option, path: path.to_owned(), problem: problem.to_string() }
}
