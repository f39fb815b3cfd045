//! Tags and objects (RFC 3416 section 3, RFC 3418 section 2).

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const RESPONSE: u8 = 0xa2;

/// `sysDescr.0`.
pub(super) const DESCRIPTION: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 1, 0];
/// `sysName.0`.
pub(super) const NAME: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 5, 0];
