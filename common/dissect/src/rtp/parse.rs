//! Headers of RTP (RFC 3550 section 5.1), and its neighbours on one port (RFC 7983).

use super::table;
use picket_reader::{Fault, Reader};

/// What a datagram looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// A packet with media.
    Media(Header),
    /// RTCP, STUN or DTLS, which share ports with media.
    Beside,
    /// Something else.
    Foreign,
}

/// The fields that go on from packet to packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) source: u32,
}

/// Looks at a datagram.
pub(crate) fn look(bytes: &[u8]) -> Look {
    match bytes {
        [0..=3 | 20..=63, _, _, _, ..] => Look::Beside,
        [0x80..=0xbf, kind, _, _, ..] if table::is_control(*kind) => Look::Beside,
        [0x80..=0xbf, ..] => header(bytes).map_or(Look::Foreign, Look::Media),
        _ => Look::Foreign,
    }
}

fn header(bytes: &[u8]) -> Result<Header, Fault> {
    let mut r = Reader::new(bytes);
    let (first, second) = (r.u8("version")?, r.u8("payload type")?);
    let (sequence, timestamp, source) = (r.u16("sequence")?, r.u32("timestamp")?, r.u32("source")?);
    let payload_type = second & 0x7f;
    if !table::is_payload(payload_type) || source == 0 {
        return Err(Fault::Malformed("payload type"));
    }
    r.skip(usize::from(first & 0x0f).saturating_mul(4), "contributors")?;
    if first & 0x10 != 0 {
        r.u16("profile")?;
        let words = r.u16("extension length")?;
        r.skip(usize::from(words).saturating_mul(4), "extension")?;
    }
    let padding = if first & 0x20 != 0 { bytes.last().copied().map_or(0, usize::from) } else { 0 };
    let padded = first & 0x20 == 0 || (1..=r.remaining()).contains(&padding);
    if !padded || r.is_empty() {
        return Err(Fault::Malformed("padding"));
    }
    Ok(Header { payload_type, sequence, timestamp, source })
}

impl Header {
    /// Whether this packet goes on where the one before it was: the same source, the next number or one near it,
    /// and a time that has not gone far.
    pub(crate) const fn follows(&self, before: &Self) -> bool {
        let (steps, ticks) =
            (self.sequence.wrapping_sub(before.sequence), self.timestamp.wrapping_sub(before.timestamp));
        // A minute of video's clock (90 kHz); frames of one picture share their time, and some run a little backwards.
        self.source == before.source && matches!(steps, 1..=64) && (ticks < 5_400_000 || ticks > u32::MAX - 90_000)
    }
}
