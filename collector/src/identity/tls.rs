//! TLS of the collector's ports. Both ask the authority at each handshake, so that a change of it needs no restart.

use super::{Authority, IdentityError};
use picket_event::AgentId;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use std::sync::Arc;

/// Shows the collector's certificate.
#[derive(Debug)]
struct Shown(Arc<Authority>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.server())
    }
}

/// Verifies agents' certificates by the authorities of the moment, and counts what is refused.
#[derive(Debug)]
struct Agents(Arc<Authority>);

impl ClientCertVerifier for Agents {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.0.agents().verify_client_cert(end_entity, intermediates, now);
        if let Err(Error::InvalidCertificate(why)) = &verified {
            self.0.refuse(why);
            // The name is as the certificate says it, which was not believed.
            let agent =
                agent_of(end_entity).map_or_else(String::new, |agent| agent.as_str().escape_debug().to_string());
            tracing::debug!(agent, "a certificate is refused: {}", reason(why));
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.agents().verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.agents().verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.agents().supported_verify_schemes()
    }
}

/// The name of a reason, as metrics and health count it.
pub(super) const fn reason(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "certificate_expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "certificate_not_yet_valid",
        CertificateError::UnknownIssuer | CertificateError::BadSignature => "certificate_wrong_authority",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "certificate_wrong_purpose"
        }
        _ => "certificate_damaged",
    }
}

/// TLS for events: TLS 1.3, a client certificate of ours, no resumption (a resumed session is not verified again, so a
/// revoked agent would still get in).
///
/// # Errors
/// [`IdentityError::Tls`].
pub fn event_tls(authority: &Arc<Authority>) -> Result<ServerConfig, IdentityError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| IdentityError::Tls(e.to_string()))?
        .with_client_cert_verifier(Arc::new(Agents(authority.clone())))
        .with_cert_resolver(Arc::new(Shown(authority.clone())));
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
pub fn https_tls(authority: &Arc<Authority>) -> Result<ServerConfig, IdentityError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| IdentityError::Tls(e.to_string()))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Shown(authority.clone())));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Who a verified certificate says the agent is.
#[must_use]
pub fn agent_of(certificate: &CertificateDer<'_>) -> Option<AgentId> {
    let (rest, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let mut names = parsed.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?;
    (rest.is_empty() && names.next().is_none() && !name.is_empty()).then(|| AgentId::new(name))
}

/// SHA-256 of a certificate's public key, as the store keeps it.
#[must_use]
pub fn key_of(certificate: &CertificateDer<'_>) -> Option<[u8; 32]> {
    use sha2::{Digest, Sha256};
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(Sha256::digest(&parsed.public_key().subject_public_key.data).into())
}
