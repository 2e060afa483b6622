//! Certificates for tests: a certificate authority, certificates that it signs, and certificates that another one
//! signs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// A certificate authority with its files in a folder.
pub struct Pki {
    folder: PathBuf,
    authority: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, as files.
#[derive(Debug, Clone)]
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Pki {
    /// A new authority; its certificate is `ca.pem` in the folder.
    pub fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join("ca.pem"), authority.pem()).expect("a file");
        Self { folder: folder.to_owned(), authority }
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Issues a certificate for a server on this machine: `NAME.pem` and `NAME.key`. A second one of the same name
    /// replaces the files and has another key.
    pub fn server(&self, name: &str) -> Pair {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        self.pair(name, CertificateParams::new(names).expect("names"))
    }

    /// Issues a certificate for a server on this machine, valid from one year to another.
    pub fn server_from(&self, name: &str, first: i32, last: i32) -> Pair {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(first, 1, 1), date_time_ymd(last, 1, 1));
        self.pair(name, params)
    }

    /// Issues a client certificate with this name and URI.
    pub fn client(&self, name: &str, uri: &str) -> Pair {
        self.pair(name, client(uri))
    }

    /// Issues a client certificate that expired long ago.
    pub fn expired(&self, name: &str, uri: &str) -> Pair {
        let mut params = client(uri);
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
        self.pair(name, params)
    }

    /// Issues a client certificate that is valid until `end`, in seconds since 1970.
    pub fn client_until(&self, name: &str, uri: &str, end: u64) -> Pair {
        let mut params = client(uri);
        params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(end);
        self.pair(name, params)
    }

    /// Issues a client certificate with all of these URIs.
    pub fn client_of_several(&self, name: &str, uris: &[&str]) -> Pair {
        let mut params = CertificateParams::default();
        params.subject_alt_names = uris.iter().map(|uri| SanType::URI((*uri).try_into().expect("a URI"))).collect();
        self.pair(name, params)
    }

    /// Issues a client certificate with this serial number.
    pub fn client_of_number(&self, name: &str, uri: &str, number: u64) -> Pair {
        let mut params = client(uri);
        params.serial_number = Some(SerialNumber::from(number));
        self.pair(name, params)
    }

    /// Issues a client certificate and revokes it; the revocation list is `NAME.crl`.
    pub fn revoked(&self, name: &str, uri: &str) -> (Pair, PathBuf) {
        (self.client_of_number(name, uri, 4_711), self.list(name, &[4_711]))
    }

    /// Writes `NAME.crl`, which revokes the certificates with these serial numbers.
    pub fn list(&self, name: &str, revoked: &[u64]) -> PathBuf {
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(2120, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked
                .iter()
                .map(|number| RevokedCertParams {
                    serial_number: SerialNumber::from(*number),
                    revocation_time: date_time_ymd(2020, 1, 1),
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let file = self.folder.join(format!("{name}.crl"));
        fs::write(&file, list.signed_by(&self.authority).expect("a list").pem().expect("PEM")).expect("a file");
        file
    }

    fn pair(&self, name: &str, params: CertificateParams) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.authority).expect("a certificate");
        let pair =
            Pair { certificate: self.folder.join(format!("{name}.pem")), key: self.folder.join(format!("{name}.key")) };
        fs::write(&pair.key, key.serialize_pem()).expect("a file");
        fs::write(&pair.certificate, certificate.pem()).expect("a file");
        pair
    }

    /// TLS settings of a client that trusts the authority.
    pub fn trust(&self) -> ClientTlsConfig {
        let ca = fs::read(self.ca()).expect("a file");
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)).domain_name("localhost")
    }
}

impl Pair {
    /// The pair as the TLS identity of a client.
    pub fn identity(&self) -> Identity {
        let read = |path: &Path| fs::read(path).expect("a file");
        Identity::from_pem(read(&self.certificate), read(&self.key))
    }
}

fn client(uri: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI(uri.try_into().expect("a URI"))];
    params
}
