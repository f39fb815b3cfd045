//! Codes of SOCKS.

/// Version 5's methods (RFC 1928 section 3) that lead to messages of their own.
pub(super) mod method {
    pub(crate) const NONE: u8 = 0;
    pub(crate) const PASSWORD: u8 = 2;
    pub(crate) const REFUSED: u8 = 0xff;
}

/// Version 5's address types (section 5).
pub(super) mod address {
    pub(crate) const IPV4: u8 = 1;
    pub(crate) const NAME: u8 = 3;
    pub(crate) const IPV6: u8 = 4;
}

/// Commands of both versions; 1 alone opens a tunnel.
pub(super) const CONNECT: u8 = 1;

/// The name of a command.
pub(super) const fn command(code: u8) -> Option<&'static str> {
    match code {
        CONNECT => Some("CONNECT"),
        2 => Some("BIND"),
        3 => Some("UDP_ASSOCIATE"),
        _ => None,
    }
}

/// Version 4's reply that grants a request.
pub(super) const GRANTED_4: u8 = 0x5a;
/// Its replies.
pub(super) const REPLIES_4: std::ops::RangeInclusive<u8> = 0x5a..=0x5d;
