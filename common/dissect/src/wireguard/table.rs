//! Kinds of messages (section 5.4) and their lengths.

pub(super) const INITIATION: u8 = 1;
pub(super) const RESPONSE: u8 = 2;
pub(super) const COOKIE: u8 = 3;
pub(super) const DATA: u8 = 4;

/// The name of a kind.
pub(super) const fn kind(kind: u8) -> Option<&'static str> {
    Some(match kind {
        INITIATION => "handshake_initiation",
        RESPONSE => "handshake_response",
        COOKIE => "cookie_reply",
        DATA => "transport_data",
        _ => return None,
    })
}
