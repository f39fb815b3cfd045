//! Protocols over radio links of IEEE 802.15.4.

use super::{Verdict, when};
use picket_reader::Reader;

/// Zigbee over IEEE 802.15.4-2006 (clause 7.2; Zigbee specification 05-3474 section 3.3.1): addresses of the kinds there
/// are, then in data a network header of version 2 or of Green Power, in beacons Zigbee's protocol number.
pub(super) fn zigbee(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let control = r.u16_le("frame control")?;
    let (kind, version) = (control & 7, control >> 12 & 3);
    let (to, from) = (control >> 10 & 3, control >> 14 & 3);
    // Reserved bits are clear, and addresses have two or eight bytes or are absent.
    if kind > 3 || version > 1 || control & 0x0380 != 0 || to == 1 || from == 1 {
        return Ok(None);
    }
    r.skip(1, "sequence number")?;
    if kind == 2 {
        // An acknowledgement, with its checksum or without.
        return when(to == 0 && from == 0 && matches!(bytes.len(), 3 | 5), 0.6);
    }
    let size = |mode: u16| if mode == 3 { 8 } else { 2 };
    if to != 0 {
        r.skip(2 + size(to), "destination")?;
    }
    if from != 0 {
        let network = if control & 0x40 != 0 && to != 0 { 0 } else { 2 };
        r.skip(network + size(from), "source")?;
    }
    match kind {
        0 => {
            r.skip(4, "superframe and lists")?;
            let protocol = r.u8("protocol")?;
            when(to == 0 && protocol == 0, 0.9)
        }
        1 => {
            let network = r.u8("network control")?;
            when(matches!((network & 3, network >> 2 & 15), (0 | 1 | 3, 2) | (0 | 3, 3)), 0.95)
        }
        _ => when(matches!(r.u8("command")?, 1..=9), 0.7),
    }
}
