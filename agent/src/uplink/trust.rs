//! TLS with the agent's certificate, and what its refusals mean in words.

use crate::enrol::Material;
use picket_event::Timestamp;
use picket_event::wire::ALPN;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::{Arc, Mutex, PoisonError};

/// How far back the collector dates certificates, seconds.
const BACKDATE: i64 = 3_600;

/// What was wrong with a certificate.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// The collector refused ours, with this TLS alert (RFC 8446 section 6.2).
    Ours(u8),
    /// We refused the collector's.
    Theirs(CertificateError),
}

/// The last refusal of a collector's certificate.
pub(super) type Last = Arc<Mutex<Option<CertificateError>>>;

/// Verifies the collector, and remembers why it was refused.
#[derive(Debug)]
struct Remembering {
    inner: Arc<WebPkiServerVerifier>,
    last: Last,
}

impl ServerCertVerifier for Remembering {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp, now);
        if let Err(Error::InvalidCertificate(why)) = &verified {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.clone());
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// TLS 1.3 with the agent's certificate, to the authorities it trusts.
pub(super) fn config(material: &Material, last: Last) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    for authority in &material.authorities {
        roots.add(authority.clone())?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|e| Error::General(e.to_string()))?;
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Remembering { inner, last }))
        .with_client_auth_cert(vec![material.certificate.clone()], material.key.clone_key())?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    // The collector gives no tickets: a resumed session would not be verified again.
    tls.resumption = rustls::client::Resumption::disabled();
    Ok(tls)
}

/// The trouble in words, with what to do. Times are seconds since 1970: when our certificate was made, when it ends, and
/// what this host's clock says.
pub(super) fn words(trouble: &Trouble, issued: i64, ends: i64, now: i64) -> String {
    let time = |seconds: i64| Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000)).to_string();
    let clock = time(now);
    match trouble {
        Trouble::Theirs(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            format!(
                "the collector's certificate has ended by this host's clock, which says {clock}: is the clock right?"
            )
        }
        Trouble::Theirs(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            format!(
                "the collector's certificate is not valid yet by this host's clock, which says {clock}: set the clock"
            )
        }
        Trouble::Theirs(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            "what answers has a certificate of another name, so it is not the collector".to_owned()
        }
        Trouble::Theirs(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "what answers has a certificate of another authority; if the collector's was replaced, enrol again with a \
             new token (the name is kept)"
                .to_owned()
        }
        Trouble::Theirs(other) => format!("the collector's certificate is of no use: {other:?}"),
        Trouble::Ours(CERTIFICATE_EXPIRED) if now >= ends => {
            format!("this agent's certificate ended at {}: enrol again with a new token (the name is kept)", time(ends))
        }
        Trouble::Ours(CERTIFICATE_EXPIRED) if now < issued - BACKDATE => {
            format!("this host's clock says {clock}, before its certificate was made: set the clock")
        }
        Trouble::Ours(CERTIFICATE_EXPIRED) => {
            format!(
                "the collector takes this agent's certificate for one that has ended or is not valid yet, and by this \
                 host's clock ({clock}) it is valid: one of the two clocks is wrong"
            )
        }
        Trouble::Ours(UNKNOWN_CA | DECRYPT_ERROR) => {
            "the collector does not know the authority of this agent's certificate: enrol again with a token of this \
             collector (the name is kept)"
                .to_owned()
        }
        Trouble::Ours(NO_PROTOCOL) => "what answers is no collector of this protocol".to_owned(),
        Trouble::Ours(alert) => format!("the collector refuses this agent's certificate (TLS alert {alert})"),
    }
}

const CERTIFICATE_EXPIRED: u8 = 45;
const UNKNOWN_CA: u8 = 48;
const DECRYPT_ERROR: u8 = 51;
const NO_PROTOCOL: u8 = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f54_each_refusal_says_what_is_wrong() {
        let said = |trouble: Trouble, now: i64| words(&trouble, 10_000, 20_000, now);
        assert!(said(Trouble::Ours(45), 20_000).contains("ended at 1970-01-01T05:33:20"));
        assert!(said(Trouble::Ours(45), 6_000).contains("before its certificate was made: set the clock"));
        assert!(said(Trouble::Ours(45), 15_000).contains("one of the two clocks is wrong"));
        assert!(said(Trouble::Ours(48), 15_000).contains("does not know the authority"));
        assert!(said(Trouble::Theirs(CertificateError::NotValidYet), 0).contains("set the clock"));
        assert!(said(Trouble::Theirs(CertificateError::Expired), 0).contains("is the clock right?"));
        assert!(said(Trouble::Theirs(CertificateError::NotValidForName), 0).contains("another name"));
        assert!(said(Trouble::Theirs(CertificateError::UnknownIssuer), 0).contains("another authority"));
    }
}
