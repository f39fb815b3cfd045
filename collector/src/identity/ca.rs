//! One certificate authority: a certificate and its key, in two files.

use super::IdentityError;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rcgen::{CertificateSigningRequestParams, KeyUsagePurpose, SerialNumber};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// How long an authority's certificate lasts.
const AUTHORITY_DAYS: u64 = 3_650;
/// How far back certificates are valid, for clocks that are behind.
const BACKDATE: Duration = Duration::from_secs(3_600);

/// An authority.
pub(super) struct Ca {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    /// Reads one from its files.
    pub(super) fn read(pem_path: &Path, key_path: &Path) -> Result<Self, IdentityError> {
        Self::from_texts(read(pem_path)?, &read(key_path)?)
            .map_err(|why| IdentityError::Content { path: pem_path.to_owned(), why })
    }

    /// Takes one from its certificate and key, PEM.
    ///
    /// # Errors
    /// In words.
    pub(super) fn from_texts(pem: String, key: &str) -> Result<Self, String> {
        let key = KeyPair::from_pem(key).map_err(|e| format!("the private key: {e}"))?;
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| format!("the certificate: {e}"))?.into_owned();
        usable(&certificate, &key)?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|e| format!("the certificate: {e}"))?;
        Ok(Self { certificate, pem, issuer })
    }

    /// SHA-256 of the certificate.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.certificate).into()
    }

    /// 32 bytes that nobody can tell without the private key, the same each time for the same `purpose` (HKDF-SHA256, RFC 5869).
    pub(super) fn derive(&self, purpose: &[u8]) -> Result<[u8; 32], IdentityError> {
        let salt = Salt::new(HKDF_SHA256, b"picket");
        let mut out = [0u8; 32];
        let secret = salt.extract(self.issuer.key().serialized_der());
        let filled = secret.expand(&[purpose], HKDF_SHA256).and_then(|key| key.fill(&mut out));
        filled.map(|()| out).map_err(|_| IdentityError::Random)
    }

    /// A certificate for a server of these names.
    pub(super) fn server(
        &self,
        names: Vec<String>,
        common_name: &str,
        key: &KeyPair,
        now: i64,
        lifetime: Duration,
    ) -> Result<CertificateDer<'static>, IdentityError> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, common_name);
        validity(&mut params, now, lifetime);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.serial_number = Some(serial()?);
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(key, &self.issuer)?.der().clone())
    }

    /// Signs an agent's request under the name given; answers the certificate and the SHA-256 of its public key.
    pub(super) fn agent(
        &self,
        request: &[u8],
        name: &str,
        now: i64,
        lifetime: Duration,
    ) -> Result<(CertificateDer<'static>, [u8; 32]), IdentityError> {
        let mut request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))?;
        let key = Sha256::digest(rcgen::PublicKeyData::der_bytes(&request.public_key)).into();
        // Nothing of the request counts but its key.
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        validity(&mut params, now, lifetime);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.serial_number = Some(serial()?);
        params.use_authority_key_identifier_extension = true;
        request.params = params;
        Ok((request.signed_by(&self.issuer)?.der().clone(), key))
    }

    /// Whether it signed this certificate, by the key identifiers that both carry.
    pub(super) fn has_signed(&self, certificate: &[u8]) -> bool {
        use x509_parser::extensions::ParsedExtension::{AuthorityKeyIdentifier, SubjectKeyIdentifier};
        let Ok((_, own)) = x509_parser::parse_x509_certificate(&self.certificate) else { return false };
        let Ok((_, other)) = x509_parser::parse_x509_certificate(certificate) else { return false };
        let mine = own.extensions().iter().find_map(|e| match e.parsed_extension() {
            SubjectKeyIdentifier(id) => Some(id.0),
            _ => None,
        });
        let theirs = other.extensions().iter().find_map(|e| match e.parsed_extension() {
            AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0),
            _ => None,
        });
        mine.is_some() && mine == theirs
    }
}

/// Whether a certificate can be an authority with this key, in words where it cannot.
fn usable(certificate: &CertificateDer<'_>, key: &KeyPair) -> Result<(), String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|e| e.to_string())?;
    if parsed.public_key().raw != rcgen::PublicKeyData::subject_public_key_info(key) {
        return Err("the private key belongs to another certificate".to_owned());
    }
    if !parsed.is_ca() {
        return Err("it may not sign certificates (no CA:TRUE)".to_owned());
    }
    match parsed.key_usage() {
        Ok(Some(usage)) if !usage.value.key_cert_sign() => Err("its key usage has no keyCertSign".to_owned()),
        _ => Ok(()),
    }
}

/// Makes a new authority; its certificate and its key as PEM.
pub(super) fn make(now: i64) -> Result<(String, String), IdentityError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Picket collector authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial()?);
    validity(&mut params, now, Duration::from_secs(AUTHORITY_DAYS * 86_400));
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}

/// Writes both files. The key goes first: a certificate without its key would look like an authority that lost it.
pub(super) fn write(pem: &str, key: &str, pem_path: &Path, key_path: &Path) -> Result<(), IdentityError> {
    for (path, text, mode) in [(key_path, key, 0o600), (pem_path, pem, 0o644)] {
        let file = |what| move |source| IdentityError::File { what, path: path.to_owned(), source };
        let options = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
        let mut out = options.map_err(file("make"))?;
        out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(file("write"))?;
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
