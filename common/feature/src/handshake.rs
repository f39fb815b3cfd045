//! What was said in clear in a flow's TLS or QUIC handshake, as the classifiers read it.

use picket_dissect::Fact;
use picket_event::Timestamp;
use std::sync::Arc;

/// Entries kept of each list of a hello. Longer lists are cut; their length is kept whole.
pub const MAX_LIST: usize = 96;
/// Names kept of a certificate.
pub const MAX_NAMES: usize = 64;

/// One flow's handshake as far as it was seen. Kept behind a pointer by flows that have one.
#[derive(Clone, Debug, Default)]
pub struct Handshake {
    /// The first client hello.
    pub client: Option<ClientHello>,
    /// The server's answer.
    pub server: Option<ServerHello>,
    /// The server's certificate, where it went in clear.
    pub certificate: Option<Arc<Certificate>>,
    /// Whether the certificate was seen in this flow and not remembered from an earlier one.
    pub certificate_seen: bool,
}

/// A client hello. Lists are in the order sent, GREASE (RFC 8701) left out and counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientHello {
    /// Version field of the hello (RFC 8446 section 4.1.2 `legacy_version`).
    pub legacy_version: u16,
    /// Versions of the `supported_versions` extension.
    pub versions: Vec<u16>,
    /// Cipher suites.
    pub ciphers: Vec<u16>,
    /// Extension types.
    pub extensions: Vec<u16>,
    /// Supported groups.
    pub groups: Vec<u16>,
    /// Signature schemes.
    pub signature_schemes: Vec<u16>,
    /// Point formats.
    pub point_formats: Vec<u8>,
    /// Application protocols.
    pub alpn: Vec<String>,
    /// Server name.
    pub server_name: Option<String>,
    /// Length of the session id in bytes.
    pub session_id_len: u8,
    /// Values that RFC 8701 reserves for greasing were present.
    pub grease: bool,
    /// A session ticket or a pre-shared key was offered, with content.
    pub resumption: bool,
    /// Length of the hello in bytes.
    pub length: u32,
    /// Sent over QUIC.
    pub quic: bool,
}

/// A server hello.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerHello {
    /// Negotiated version (the `supported_versions` extension's where there is one).
    pub version: u16,
    /// Negotiated cipher suite.
    pub cipher: u16,
    /// Extension types, in order.
    pub extensions: Vec<u16>,
    /// The server took up an earlier session.
    pub resumed: bool,
}

/// What the classifiers read of a server's certificate and chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Certificate {
    /// Subject equals issuer.
    pub self_signed: bool,
    /// Certificates sent.
    pub chain_length: u8,
    /// Bytes of the leaf's DER.
    pub length: u32,
    /// Names of the subject alternative name, at most [`MAX_NAMES`].
    pub names: Vec<String>,
    /// Common name of the subject.
    pub common_name: Option<String>,
    /// Attributes of the subject.
    pub subject_attributes: u8,
    /// Attributes of the issuer.
    pub issuer_attributes: u8,
    /// Extensions of the leaf.
    pub extensions: u8,
    /// Bytes of the serial number.
    pub serial_length: u8,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Bits of an RSA key; `None` for other keys.
    pub rsa_bits: Option<u16>,
    /// X.509 version, 1 to 3.
    pub version: u8,
}

impl Handshake {
    /// Takes what a dissector found.
    pub fn learn(&mut self, fact: &Fact) {
        match fact {
            Fact::None => {}
        }
    }

    /// Whether nothing was seen.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.client.is_none() && self.server.is_none() && self.certificate.is_none()
    }
}

impl ClientHello {
    /// The highest version offered.
    #[must_use]
    pub fn version(&self) -> u16 {
        self.versions.iter().copied().filter(|v| *v <= 0x0304).max().unwrap_or(self.legacy_version)
    }
}

impl Certificate {
    /// Whether the certificate is good for a server name: exactly, or by a wildcard for its first label
    /// (RFC 6125 section 6.4.3). The common name counts where there are no alternative names.
    #[must_use]
    pub fn covers(&self, server_name: &str) -> bool {
        let matches = |pattern: &str| {
            if pattern.eq_ignore_ascii_case(server_name) {
                return true;
            }
            let (Some(parent), Some((_, rest))) = (pattern.strip_prefix("*."), server_name.split_once('.')) else {
                return false;
            };
            parent.eq_ignore_ascii_case(rest)
        };
        if self.names.is_empty() {
            self.common_name.as_deref().is_some_and(matches)
        } else {
            self.names.iter().any(|name| matches(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_as_clients_do() {
        let with = |names: &[&str], cn: Option<&str>| Certificate {
            names: names.iter().map(|n| (*n).to_owned()).collect(),
            common_name: cn.map(str::to_owned),
            ..Certificate::default()
        };
        assert!(with(&["Example.com"], None).covers("example.COM"));
        assert!(with(&["*.example.com"], None).covers("www.example.com"));
        assert!(!with(&["*.example.com"], None).covers("a.b.example.com"));
        assert!(!with(&["*.example.com"], None).covers("example.com"));
        assert!(with(&[], Some("example.com")).covers("example.com"));
        assert!(!with(&["other.com"], Some("example.com")).covers("example.com"));
    }
}
