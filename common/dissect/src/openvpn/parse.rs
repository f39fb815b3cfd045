//! Packets of the control channel, bytes to values.

use super::table::{CODES, COUNTER, CRYPTED_OPENING, FIRST, HEAD, RESET_CLIENT_V2, RESET_CLIENT_V3};
use picket_reader::{Fault, Reader};

/// How the packets of a control channel are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// In clear, behind so many bytes of a signature.
    Clear(usize),
    /// Hidden.
    Hidden,
}

/// The operation of a packet.
pub(super) fn operation(packet: &[u8]) -> Option<u8> {
    packet.first().map(|first| first >> 3)
}

/// What a client's first packet shows; `None` where it is none. Key 0, a session, no acknowledgements, message 0.
pub(super) fn opening(packet: &[u8]) -> Option<Layout> {
    let first = *packet.first()?;
    let session = packet.get(1..HEAD)?;
    let is_reset = first == RESET_CLIENT_V2 << 3 || first == RESET_CLIENT_V3 << 3;
    if !is_reset || session.iter().all(|byte| *byte == 0) {
        return None;
    }
    let behind = packet.len().checked_sub(HEAD + 5)?;
    let is_clear = behind == 0 || CODES.iter().any(|code| code + COUNTER == behind);
    if is_clear && packet.ends_with(&[0; 5]) {
        return Some(Layout::Clear(behind));
    }
    let is_hidden = match packet.len().checked_sub(CRYPTED_OPENING)? {
        0 => is_first(packet),
        // Of version 3 the wrapped key is behind, its own length in its last two bytes.
        key => {
            first == RESET_CLIENT_V3 << 3 && u16::try_from(key).is_ok_and(|key| packet.ends_with(&key.to_be_bytes()))
        }
    };
    is_hidden.then_some(Layout::Hidden)
}

/// Whether a hidden packet is numbered as the first of a session; the time stands behind the number.
pub(super) fn is_first(packet: &[u8]) -> bool {
    FIRST.iter().any(|first| packet.get(HEAD..HEAD + 4) == Some(first))
}

/// A packet of the control channel: its number and its piece of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Control<'a> {
    pub(super) number: u32,
    pub(super) piece: &'a [u8],
}

/// Reads one behind a signature of so many bytes.
pub(super) fn control(packet: &[u8], signature: usize) -> Result<Control<'_>, Fault> {
    let mut r = Reader::new(packet);
    r.skip(HEAD + signature, "session and signature")?;
    let acknowledged = usize::from(r.u8("acknowledgements")?);
    r.skip(acknowledged * 4, "acknowledged")?;
    if acknowledged > 0 {
        r.skip(8, "acknowledged session")?;
    }
    Ok(Control { number: r.u32("number")?, piece: r.rest() })
}
