//! Protocols of switches, stations and links.

use super::{Verdict, when};
use picket_reader::Reader;

/// ARP and RARP (RFC 826, RFC 903): sizes of addresses that fit their kinds.
pub(crate) fn arp(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let (hardware, protocol) = (r.u16("hardware")?, r.u16("protocol")?);
    let (hardware_size, protocol_size, operation) = (r.u8("size")?, r.u8("size")?, r.u16("operation")?);
    r.skip(2 * (usize::from(hardware_size) + usize::from(protocol_size)), "addresses")?;
    let fits = hardware != 0 && protocol == 0x0800 && protocol_size == 4 && hardware_size <= 32;
    when(fits && (1..=25).contains(&operation), 0.99)
}

/// LLDP (IEEE 802.1AB section 8.2): chassis, port and time to live, in this order.
pub(crate) fn lldp(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    for (kind, least, most) in [(1, 2, 256), (2, 2, 256), (3, 2, 511)] {
        let head = r.u16("TLV")?;
        let length = head & 0x01ff;
        if head >> 9 != kind || !(least..=most).contains(&length) {
            return Ok(None);
        }
        r.skip(usize::from(length), "TLV value")?;
    }
    when(true, 0.99)
}

/// Cisco's discovery protocol: version, time to live, checksum, then elements that fit.
pub(crate) fn cdp(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let version = r.u8("version")?;
    r.skip(3, "time to live and checksum")?;
    let (kind, length) = (r.u16("TLV")?, r.u16("TLV length")?);
    when(matches!(version, 1 | 2) && kind <= 0x0100 && length >= 4 && usize::from(length) - 4 <= r.remaining(), 0.95)
}

/// Spanning tree (IEEE 802.1Q section 14): over IEEE 802.2, or one a VLAN over SNAP.
pub(super) fn stp(bytes: &[u8]) -> Verdict {
    let bytes = bytes.strip_prefix(&[0x42, 0x42, 0x03]).unwrap_or(bytes);
    when(matches!(bytes, [0, 0, 0 | 2 | 3 | 4, 0 | 2 | 0x80, ..]), 0.98)
}

/// Link aggregation and its markers (IEEE 802.1AX section 6.4.2).
pub(super) fn lacp(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [1, 1 | 2, 1, 20, ..] | [2, 1, 1 | 2, 16, ..]), 0.99)
}

/// Operation, administration and maintenance of a link (IEEE 802.3 section 57.4).
pub(super) fn ethernet_oam(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [3, 0, _, 0..=4 | 0xfe, ..]), 0.9)
}

/// Authentication at a port (IEEE 802.1X section 11.3).
pub(super) fn eapol(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let (version, kind) = (r.u8("version")?, r.u8("type")?);
    r.vec16("body")?;
    when((1..=3).contains(&version) && kind <= 8, 0.97)
}

/// Precision time (IEEE 1588 section 13.3): a message type that exists, version 1 or 2, a length that fits.
pub(super) fn ptp(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let (kind, version, length) = (r.u8("type")? & 15, r.u8("version")? & 15, usize::from(r.u16("length")?));
    let exists = matches!(kind, 0..=3 | 8..=13);
    when(exists && matches!(version, 1 | 2) && (34..=bytes.len()).contains(&length), 0.98)
}

/// Encryption of the link (IEEE 802.1AE section 9.3): version 0, a short length below 48.
pub(super) fn macsec(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [0..=0x7f, 0..=47, _, _, _, _, ..]), 0.85)
}

/// Power line networks (HomePlug AV, IEEE 1901): a version, a message type of a category that exists.
pub(super) fn homeplug(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [0..=2, _, 0..=0xbf, ..]), 0.85)
}

/// Link layer topology discovery (Microsoft LLTD section 2): version, service and function that exist.
pub(super) fn lltd(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [1, 0..=2, 0, 0..=12, ..]), 0.97)
}

/// PPP over Ethernet (RFC 2516 section 4): version and type 1, a code that exists, a length that fits.
pub(super) fn pppoe(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let (version, code) = (r.u8("version")?, r.u8("code")?);
    r.skip(2, "session")?;
    r.vec16("payload")?;
    when(version == 0x11 && matches!(code, 0 | 0x07 | 0x09 | 0x19 | 0x65 | 0xa7), 0.97)
}

/// Cisco's VLAN trunking: version, code, length of the domain's name.
pub(super) fn vtp(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [1..=3, 1..=6, _, 0..=32, ..]), 0.9)
}

/// Cisco's trunk negotiation: version 1, first element the domain.
pub(super) fn dtp(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [1, 0, 1, 0, 4..=37, ..]), 0.95)
}

/// Unidirectional link detection (RFC 5171 section 3.3): version 1, an opcode that exists, first element the device.
pub(super) fn udld(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [0x21..=0x23, 0..=3, _, _, 0, 1, 0, 4..=255, ..]), 0.97)
}

/// Cisco's port aggregation: information or flush.
pub(super) fn pagp(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [1 | 2, ..]) && bytes.len() >= 36, 0.8)
}

/// Routing over IEEE 802.2 (ISO/IEC 10589 section 9): its discriminator, header length and version 1.
pub(super) fn isis(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [0xfe, 0xfe, 3, 0x83, 8..=40, 1, ..]), 0.97)
}

/// Registration of VLANs and groups (IEEE 802.1Q section 10.8): version 0, an attribute type and its length.
pub(super) fn mvrp(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [0, 1 | 2, 1 | 2 | 6, ..]), 0.9)
}

/// Magic packets over Ethernet: six bytes of ones, then an address sixteen times.
pub(super) fn wake_on_lan(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let (ones, address) = (r.array::<6>("synchronisation")?, r.array::<6>("address")?);
    let again = r.array::<6>("address")?;
    when(ones == [0xff; 6] && address == again && address != ones, 0.99)
}

/// Configuration test (Ethernet version 2.0 section 8): a reply or a message to forward.
pub(super) fn loopback(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [_, 0..=5, 1 | 2, 0, ..]), 0.9)
}

/// Supervision of redundant networks (IEC 62439-3 section 4.3.2): version 0 or 1, an element of a node.
pub(super) fn prp(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [_, 0 | 1, _, _, 20..=23, 6 | 12, ..]), 0.95)
}

/// Audio and video (IEEE 1722 section 4.4): version 0.
pub(super) fn avtp(bytes: &[u8]) -> Verdict {
    when(bytes.len() >= 12 && bytes.get(1).is_some_and(|second| second & 0x70 == 0), 0.8)
}

/// Realtek's switches: remote control, echo and loop detection.
pub(super) fn realtek(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [0x01..=0x03 | 0x23 | 0x25, ..]), 0.8)
}

/// NetBIOS frames over IEEE 802.2 (IBM LAN Technical Reference): a header's length and its delimiter.
pub(super) fn netbios(bytes: &[u8]) -> Verdict {
    let body = match bytes {
        [0xf0, 0xf0 | 0xf1, 3, body @ ..] => body,
        [0xf0, 0xf0 | 0xf1, first, _, body @ ..] if first & 1 == 0 => body,
        // Supervisory frames and those that set a link up carry nothing.
        [0xf0, 0xf0 | 0xf1, _, ..] => return when(true, 0.8),
        _ => return Ok(None),
    };
    when(matches!(body, [0x0e | 0x2c, 0, 0xff, 0xef, ..]), 0.97)
}

/// Exchange of identification to the null address (IEEE 802.2 section 5.4.1.1.2): stations announce themselves.
pub(super) fn xid(bytes: &[u8]) -> Verdict {
    when(matches!(bytes, [0, 0 | 1, 0xaf | 0xbf, 0x81, ..]), 0.95)
}
