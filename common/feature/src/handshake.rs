//! What was said in clear in a flow's TLS or QUIC handshake, as the classifiers read it.

use picket_dissect::Fact;
use picket_dissect::fact::{Certificates, ClientHello, ServerHello};
use std::sync::Arc;

/// One flow's handshake as far as it was seen. Kept behind a pointer by flows that have one; bounded by the
/// dissector's limits on a hello and a certificate.
#[derive(Clone, Debug, Default)]
pub struct Handshake {
    /// The first client hello.
    pub client: Option<Box<ClientHello>>,
    /// The server's answer.
    pub server: Option<Box<ServerHello>>,
    /// The server's certificates: of this flow, or the last ones of the same server.
    pub certificate: Option<Arc<Certificates>>,
    /// Whether the certificate was seen in this flow and not remembered from an earlier one.
    pub certificate_seen: bool,
}

impl Handshake {
    /// Takes what a dissector found. The first hello of each side counts.
    pub fn learn(&mut self, fact: &Fact) {
        match fact {
            Fact::ClientHello(hello) => {
                self.client.get_or_insert_with(|| hello.clone());
            }
            Fact::ServerHello(hello) => {
                self.server.get_or_insert_with(|| hello.clone());
            }
            Fact::Certificates(chain) => {
                self.certificate = Some(Arc::new((**chain).clone()));
                self.certificate_seen = true;
            }
            Fact::ConnectionIds(_) | Fact::Detail(_) | Fact::Inferred(_) => {}
        }
    }

    /// Whether nothing was seen.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.client.is_none() && self.server.is_none() && self.certificate.is_none()
    }
}

/// The highest version offered, drafts and GREASE left out.
pub(crate) fn highest_version(hello: &ClientHello) -> u16 {
    let offered = hello.versions.iter().map(|version| as_tls(*version));
    offered.filter(|v| (0x0300..=0x0304).contains(v)).max().unwrap_or(as_tls(hello.legacy_version))
}

/// The version of TLS that one of DTLS is built on (RFC 4347, 6347, 9147), so that both are measured alike.
pub(crate) const fn as_tls(version: u16) -> u16 {
    match version {
        0xfeff | 0x0100 => 0x0302,
        0xfefd => 0x0303,
        0xfefc => 0x0304,
        other => other,
    }
}

/// Whether a value of a two-byte list is reserved by RFC 8701.
pub(crate) const fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// Whether a certificate is good for a server name: exactly, or by a wildcard for its first label
/// (RFC 6125 section 6.4.3). The common name counts where there are no alternative names.
pub(crate) fn covers(chain: &Certificates, server_name: &str) -> bool {
    let matches = |pattern: &str| {
        if pattern.eq_ignore_ascii_case(server_name) {
            return true;
        }
        let (Some(parent), Some((_, rest))) = (pattern.strip_prefix("*."), server_name.split_once('.')) else {
            return false;
        };
        parent.eq_ignore_ascii_case(rest)
    };
    if chain.leaf.names.is_empty() {
        common_name(&chain.leaf.subject).is_some_and(matches)
    } else {
        chain.leaf.names.iter().any(|name| matches(name))
    }
}

/// The value of `CN` in a name written as RFC 4514 says.
fn common_name(name: &str) -> Option<&str> {
    name.split(',').map(str::trim_start).find_map(|part| part.strip_prefix("CN="))
}

/// Attributes of a name written as RFC 4514 says.
pub(crate) fn attributes(name: &str) -> u16 {
    let unescaped = |i: usize| i == 0 || name.as_bytes().get(i - 1) != Some(&b'\\');
    let separators = name.bytes().enumerate().filter(|(i, b)| matches!(b, b',' | b'+') && unescaped(*i)).count();
    if name.is_empty() { 0 } else { u16::try_from(separators + 1).unwrap_or(u16::MAX) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use picket_dissect::fact::{KeyKind, SignatureKind};
    use picket_event::Timestamp;
    use picket_event::body::Certificate;

    pub(crate) fn chain(names: &[&str], subject: &str) -> Certificates {
        Certificates {
            leaf: Certificate {
                sha256: [0; 32],
                subject: subject.to_owned(),
                issuer: String::new(),
                serial: vec![1],
                not_before: Timestamp::EPOCH,
                not_after: Timestamp::from_parts(86_400 * 90, 0),
                names: names.iter().map(|n| (*n).to_owned()).collect(),
                self_signed: false,
                fingerprint: String::new(),
            },
            version: 3,
            extensions: 8,
            key: KeyKind::Rsa,
            key_bits: 2048,
            signature: SignatureKind::RsaSha2,
            length: 1000,
            chain_length: 2,
            chain_bytes: 2000,
        }
    }

    #[test]
    fn names_are_matched_as_clients_do() {
        assert!(covers(&chain(&["Example.com"], ""), "example.COM"));
        assert!(covers(&chain(&["*.example.com"], ""), "www.example.com"));
        assert!(!covers(&chain(&["*.example.com"], ""), "a.b.example.com"));
        assert!(!covers(&chain(&["*.example.com"], ""), "example.com"));
        assert!(covers(&chain(&[], "O=X,CN=example.com"), "example.com"));
        assert!(!covers(&chain(&["other.com"], "CN=example.com"), "example.com"));
    }

    #[test]
    fn versions_of_dtls_count_as_those_of_tls() {
        let hello = ClientHello { legacy_version: 0xfefd, versions: vec![0xfefd, 0xfefc], ..ClientHello::default() };
        assert_eq!(highest_version(&hello), 0x0304);
        assert_eq!(highest_version(&ClientHello { versions: Vec::new(), ..hello }), 0x0303);
        assert_eq!(as_tls(0x0301), 0x0301);
    }

    #[test]
    fn attributes_are_counted() {
        assert_eq!(attributes(""), 0);
        assert_eq!(attributes("CN=a"), 1);
        assert_eq!(attributes("CN=a,O=b\\, c,C=DE"), 3);
    }

    #[test]
    fn grease_is_both_bytes_alike() {
        assert!(is_grease(0x0a0a) && is_grease(0xfafa));
        assert!(!is_grease(0x0a1a) && !is_grease(0x1301));
    }
}
