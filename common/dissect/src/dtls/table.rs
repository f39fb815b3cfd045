//! Numbers of DTLS: record types, versions, handshake messages that TLS has not.

/// Record content types (RFC 9147 section 4, RFC 9146 section 4).
pub(crate) mod content {
    pub(crate) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(crate) const ALERT: u8 = 21;
    pub(crate) const HANDSHAKE: u8 = 22;
    pub(crate) const CONNECTION_ID: u8 = 25;
    pub(crate) const ACK: u8 = 26;
}

/// HelloVerifyRequest (RFC 6347 section 4.2.1).
pub(crate) const HELLO_VERIFY_REQUEST: u8 = 3;

/// DTLS 1.3.
pub(crate) const DTLS13: u16 = 0xfefc;
/// What some clients of virtual private networks write in place of 1.0, from before it was finished.
pub(crate) const BEFORE_1_0: u16 = 0x0100;

/// Whether a record's version is one of DTLS. Version 1.3 writes that of 1.2.
pub(crate) const fn is_version(version: u16) -> bool {
    matches!(version, 0xfeff | 0xfefd | DTLS13 | BEFORE_1_0)
}
