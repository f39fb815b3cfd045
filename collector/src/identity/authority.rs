//! The collector's own certificate authority.
//!
//! Made at the first start: `authority.pem` and `authority.key` (0600) in the state directory. Agents pin its
//! fingerprint from their token, so no public authority and no host name is trusted.

use picket_event::AgentId;
use picket_event::wire::SERVER_NAME;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long the authority's certificate lasts.
const AUTHORITY_DAYS: u64 = 3_650;
/// How long a server certificate lasts; a new one is made at every start.
const SERVER_DAYS: u64 = 397;
/// How far back certificates are valid, for clocks that are behind.
const BACKDATE: Duration = Duration::from_secs(3_600);

/// Why the collector's identity could not be had.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file could not be read or written.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// What was being done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("{} is no {what}: {why}; restore it from a backup, or remove both authority files and enrol every agent again", path.display())]
    Content {
        /// What it should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A certificate could not be made.
    #[error("make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not accept what we made.
    #[error("set up TLS: {0}")]
    Tls(String),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

/// The certificate authority and the collector's own certificate.
pub struct Authority {
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    server: CertificateDer<'static>,
    server_key: KeyPair,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("fingerprint", &hex(&self.fingerprint())).finish_non_exhaustive()
    }
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Authority {
    /// Reads the authority of `directory`, or makes one, and makes a server certificate for `names` (host names and
    /// addresses that people use in browsers) besides [`SERVER_NAME`]. `now` is seconds since 1970.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn open(directory: &Path, names: &[String], now: i64) -> Result<Self, IdentityError> {
        let (pem_path, key_path) = (directory.join("authority.pem"), directory.join("authority.key"));
        if !pem_path.exists() && !key_path.exists() {
            make(directory, &pem_path, &key_path, now)?;
        }
        let content = |what, path: &Path, why: String| IdentityError::Content { what, path: path.to_owned(), why };
        let pem = read(&pem_path)?;
        let key = KeyPair::from_pem(&read(&key_path)?).map_err(|e| content("private key", &key_path, e.to_string()))?;
        let certificate = <CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(pem.as_bytes())
            .map_err(|e| content("certificate", &pem_path, e.to_string()))?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|e| content("authority certificate", &pem_path, e.to_string()))?;
        let server_key = KeyPair::generate()?;
        let mut all = vec![SERVER_NAME.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        all.extend(names.iter().filter(|name| !name.is_empty()).cloned());
        all.dedup();
        let mut params = CertificateParams::new(all)?;
        params.distinguished_name.push(DnType::CommonName, SERVER_NAME);
        validity(&mut params, now, Duration::from_secs(SERVER_DAYS * 86_400));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.serial_number = Some(serial()?);
        params.use_authority_key_identifier_extension = true;
        let server = params.signed_by(&server_key, &issuer)?.der().clone();
        Ok(Self { certificate, pem, issuer, server, server_key })
    }

    /// SHA-256 of the authority's certificate.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.certificate).into()
    }

    /// The authority's certificate as PEM, for browsers and tools.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The authority's certificate.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Signs an agent's request. The name in the certificate is `agent`, whatever the request says. Answers the
    /// certificate and the SHA-256 of its public key.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`] when the request is damaged or not signed by its own key.
    pub fn sign_agent(
        &self,
        request: &[u8],
        agent: &AgentId,
        now: i64,
        lifetime: Duration,
    ) -> Result<(CertificateDer<'static>, [u8; 32]), IdentityError> {
        let mut request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))?;
        let key = Sha256::digest(rcgen::PublicKeyData::der_bytes(&request.public_key)).into();
        // Nothing of the request counts but its key.
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, agent.as_str());
        validity(&mut params, now, lifetime);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.serial_number = Some(serial()?);
        params.use_authority_key_identifier_extension = true;
        request.params = params;
        Ok((request.signed_by(&self.issuer)?.der().clone(), key))
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.server.clone(), self.certificate.clone()]
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.server_key.serialize_der()))
    }

    /// TLS for the event port: TLS 1.3, a client certificate of ours, no resumption (a resumed session is not
    /// verified again, so a revoked agent would still get in).
    ///
    /// # Errors
    /// [`IdentityError::Tls`].
    pub fn event_tls(&self) -> Result<ServerConfig, IdentityError> {
        let tls = |e: &dyn std::fmt::Display| IdentityError::Tls(e.to_string());
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).map_err(|e| tls(&e))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|e| tls(&e))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| tls(&e))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(self.chain(), self.key())
            .map_err(|e| tls(&e))?;
        config.alpn_protocols = vec![picket_event::wire::ALPN.to_vec()];
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.max_early_data_size = 0;
        Ok(config)
    }

    /// TLS for HTTPS: API, page, enrolment. No client certificate.
    ///
    /// # Errors
    /// [`IdentityError::Tls`].
    pub fn https_tls(&self) -> Result<ServerConfig, IdentityError> {
        let tls = |e: &dyn std::fmt::Display| IdentityError::Tls(e.to_string());
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| tls(&e))?
            .with_no_client_auth()
            .with_single_cert(self.chain(), self.key())
            .map_err(|e| tls(&e))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Who a verified certificate says the agent is.
#[must_use]
pub fn agent_of(certificate: &CertificateDer<'_>) -> Option<AgentId> {
    let (rest, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let mut names = parsed.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?;
    (rest.is_empty() && names.next().is_none() && !name.is_empty()).then(|| AgentId::new(name))
}

fn make(directory: &Path, pem_path: &Path, key_path: &Path, now: i64) -> Result<(), IdentityError> {
    let file = |what, path: &Path| {
        let path = path.to_owned();
        move |source| IdentityError::File { what, path, source }
    };
    std::fs::create_dir_all(directory).map_err(file("make", directory))?;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Picket collector authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial()?);
    validity(&mut params, now, Duration::from_secs(AUTHORITY_DAYS * 86_400));
    let pem = params.self_signed(&key)?.pem();
    // The key goes first: a certificate without its key would look like an authority that lost it.
    for (path, text, mode) in [(key_path, key.serialize_pem(), 0o600), (pem_path, pem, 0o644)] {
        let options = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
        let mut out = options.map_err(file("make", path))?;
        out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(file("write", path))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, IdentityError> {
    std::fs::read_to_string(path).map_err(|source| IdentityError::File { what: "read", path: path.to_owned(), source })
}

fn validity(params: &mut CertificateParams, now: i64, lifetime: Duration) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let now = epoch + Duration::from_secs(now.max(0).cast_unsigned());
    params.not_before = now - BACKDATE;
    params.not_after = now + lifetime;
}

fn serial() -> Result<SerialNumber, IdentityError> {
    let mut bytes = [0u8; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| IdentityError::Random)?;
    // Positive and without a leading zero, RFC 5280 section 4.1.2.2.
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}
