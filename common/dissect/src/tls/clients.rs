//! Client programs by what their hellos offer.
//!
//! The key is the second and third part of JA4: the offered ciphers, and the extensions with the signature
//! schemes, each hashed. They do not depend on the server's name, the application protocols or the transport.
//! Every row was recorded from the program itself (`tests/make/stacks.sh` does it for those installed), with
//! the release in the comment; a program that shares its library's defaults is named by the library.

use super::fingerprint;
use super::parse::Carrier;
use super::table::extension;
use crate::fact::ClientHello;

/// Second part, third part, name.
type Row = (&'static str, &'static str, &'static str);

const CLIENTS: &[Row] = &[
    ("8daaf6152771", "cb7bf5808d99", "Chromium"),                   // 156
    ("55b375c5d22e", "178839b6cec1", "Chromium"),                   // 156, over QUIC
    ("86a278354501", "3cbfd9057e0d", "Firefox"),                    // 153 ESR
    ("e8f1e7e78f70", "1f22a2ca17c4", "OpenSSL 3.0"),                // s_client 3.0.19
    ("d943125447b4", "e7e480e5a997", "OpenSSL 3.0"),                // the same, held to TLS 1.2
    ("e8f1e7e78f70", "b26ce05bbdd6", "curl (OpenSSL 3.0)"),         // 7.88.1
    ("d943125447b4", "a44c6288192a", "curl (OpenSSL 3.0)"),         // the same, held to TLS 1.2
    ("e8f1e7e78f70", "d339722ba4af", "Ruby (OpenSSL 3.0)"),         // 3.1.2, net/http
    ("e8f1e7e78f70", "d41ae481755e", "Perl (OpenSSL 3.0)"),         // libwww-perl with IO::Socket::SSL
    ("85036bcba153", "d41ae481755e", "Python (ssl)"),               // 3.11
    ("d68b136fe8d9", "e7e480e5a997", "Python (ssl)"),               // the same, held to TLS 1.2
    ("479067518aa3", "d41ae481755e", "PHP (OpenSSL 3.0)"),          // 8.2
    ("a33745022dd6", "1f22a2ca17c4", "Node.js"),                    // 20
    ("99d8c53049f3", "e7e480e5a997", "Node.js"),                    // the same, held to TLS 1.2
    ("db35923f8641", "7c76daad20ec", "Java (JSSE)"),                // OpenJDK 17
    ("0ca14b6c4d46", "1f7ae294493e", "Java (JSSE)"),                // the same, held to TLS 1.2
    ("55b375c5d22e", "387675cfb458", "Rust (rustls)"),              // 0.23 with ring, under quinn 0.11
    ("55b375c5d22e", "02589826ed5a", "Rust (rustls)"),              // the same, a draft of QUIC
    ("9dc949149365", "97f8aa674fd9", "Go (crypto/tls)"),            // 1.19, with hardware AES
    ("723694b0fccc", "899037bd0b8c", "Wget (GnuTLS 3.7)"),          // 1.21.3
    ("723694b0fccc", "2cc26d266019", "GnuTLS 3.7"),                 // gnutls-cli
    ("723694b0fccc", "288f874c93d6", "git (curl with GnuTLS 3.7)"), // 2.47.3
];

/// The program that said a hello, where it is known. One that resumes a session offers more than it otherwise does
/// (`pre_shared_key`, `early_data`): those two count for nothing.
pub(crate) fn of(hello: &ClientHello, carrier: Carrier) -> Option<&'static str> {
    let known = client(&hello.ja4);
    if known.is_some() || !(hello.psk || hello.early_data) {
        return known;
    }
    let mut fresh = hello.clone();
    fresh.extensions.retain(|kind| !matches!(*kind, extension::PRE_SHARED_KEY | extension::EARLY_DATA));
    client(&fingerprint::ja4(&fresh, carrier))
}

/// The program of a JA4, where it is known.
#[must_use]
pub fn client(ja4: &str) -> Option<&'static str> {
    let (_, rest) = ja4.split_once('_')?;
    let (ciphers, offers) = rest.split_once('_')?;
    CLIENTS.iter().find(|row| row.0 == ciphers && row.1 == offers).map(|row| row.2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// OpenSSL's own hello, new and resuming.
    #[test]
    fn a_resumed_session_keeps_its_program() {
        let mut hello = ClientHello {
            ciphers: vec![0x1301, 0x1302, 0x1303],
            extensions: vec![45, 11, 5, 10, 43, 51, 57, 13, 0, 23, 16],
            signature_schemes: vec![0x0503, 0x0403, 0x0807, 0x0806, 0x0805, 0x0804, 0x0601, 0x0501, 0x0401],
            ..ClientHello::default()
        };
        hello.ja4 = fingerprint::ja4(&hello, Carrier::Quic);
        assert_eq!(of(&hello, Carrier::Quic), Some("Rust (rustls)"), "{}", hello.ja4);
        hello.extensions.extend([extension::EARLY_DATA, extension::PRE_SHARED_KEY]);
        (hello.psk, hello.early_data) = (true, true);
        hello.ja4 = fingerprint::ja4(&hello, Carrier::Quic);
        assert_eq!((client(&hello.ja4), of(&hello, Carrier::Quic)), (None, Some("Rust (rustls)")));
    }

    #[test]
    fn rows_are_unique_and_found_over_any_transport_and_name() {
        let keys: BTreeSet<_> = CLIENTS.iter().map(|row| (row.0, row.1)).collect();
        assert_eq!(keys.len(), CLIENTS.len());
        for first in ["t13d3112h2", "q13i3100h3"] {
            assert_eq!(client(&format!("{first}_e8f1e7e78f70_b26ce05bbdd6")), Some("curl (OpenSSL 3.0)"));
        }
        assert_eq!(client("t13d3112h2_e8f1e7e78f70_000000000000"), None);
        assert_eq!(client(""), None);
    }
}
