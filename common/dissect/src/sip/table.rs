//! Headers that tell something, with their short forms (RFC 3261 section 7.3.3).

pub(super) const VIA: &[&[u8]] = &[b"via", b"v"];
pub(super) const PROGRAM: &[&[u8]] = &[b"user-agent", b"server"];
pub(super) const SEQUENCE: &[&[u8]] = &[b"cseq"];

/// How an answer begins.
pub(super) const ANSWER: &[u8] = b"SIP/2.0 ";
/// The method of a client that makes itself known.
pub(super) const REGISTER: &str = "REGISTER";
/// The answer of the next hop alone.
pub(super) const TRYING: &[u8] = b"100";
