//! Payload types (RFC 3551 section 6) and what shares a port with them.

/// Whether a payload type can be one: assigned to an encoding, or free for a session to assign. What RTCP's types look
/// like when their first bit is taken for a marker stays free (RFC 5761 section 4).
pub(crate) const fn is_payload(kind: u8) -> bool {
    matches!(kind, 0 | 3..=18 | 25 | 26 | 28 | 31..=34 | 96..=127)
}

/// Packet types of RTCP (RFC 3550 section 12.1, RFC 4585, RFC 3611).
pub(crate) const fn is_control(kind: u8) -> bool {
    matches!(kind, 192..=195 | 200..=213)
}
