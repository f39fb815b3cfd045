//! Kinds of packets (MS-TDS section 2.2.3.1.1), and of records.

/// A packet's header.
pub(super) const HEADER: usize = 8;
/// Of the handshake, and of what comes before it.
pub(super) const PRE_LOGIN: u8 = 0x12;
/// The server's answer to a pre-login.
pub(super) const RESPONSE: u8 = 0x04;

/// How a handshake's first record begins.
pub(super) const HANDSHAKE: u8 = 0x16;
/// Records of all kinds; no packet is of a kind of these numbers.
pub(super) const RECORDS: std::ops::RangeInclusive<u8> = 0x14..=0x17;
