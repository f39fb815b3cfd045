//! How headers begin, and what stands in them.

/// How version 2 begins (section 2.2).
pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// How version 1 begins (section 2.1).
pub(super) const LINES: [&[u8]; 3] = [b"PROXY TCP4 ", b"PROXY TCP6 ", b"PROXY UNKNOWN"];

/// Version 2 with its commands: the proxy speaks for itself, or for a client.
pub(super) const LOCAL: u8 = 0x20;
pub(super) const PROXY: u8 = 0x21;

/// Families of addresses, upper four bits, and the length of two of them.
pub(super) const fn addresses(family: u8) -> Option<usize> {
    match family >> 4 {
        1 => Some(8),
        2 => Some(32),
        _ => None,
    }
}
