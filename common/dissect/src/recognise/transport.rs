//! Protocols directly above IP: the number in IP's header names them (IANA protocol numbers), the bytes may contradict.

use crate::{Head, Probe};
use picket_reader::Reader;

/// What the number alone is worth.
const NUMBER: f32 = 0.85;

/// Asks both directions; a side that was not heard contradicts nothing.
fn numbered(head: &Head<'_>, fits: fn(&[u8]) -> bool) -> Probe {
    let heard = [head.to_server, head.to_client];
    let mut sides = heard.iter().filter(|bytes| !bytes.is_empty());
    if sides.all(|bytes| fits(bytes)) { super::yes(NUMBER, false) } else { Probe::No }
}

/// ICMP and ICMPv6 (RFC 792, RFC 4443): the type was read with the header.
pub(super) fn icmp(head: &Head<'_>) -> Probe {
    numbered(head, |_| true)
}

/// IGMP (RFC 2236, RFC 3376, DVMRP and PIM version 1 share its number): a type that exists.
pub(super) fn igmp(head: &Head<'_>) -> Probe {
    numbered(head, |bytes| matches!(bytes.first(), Some(0x11..=0x17 | 0x1e | 0x1f | 0x22 | 0x30..=0x32)))
}

/// ESP (RFC 4303 section 2): an index that is not reserved.
pub(super) fn esp(head: &Head<'_>) -> Probe {
    numbered(head, |bytes| Reader::new(bytes).u32("spi").is_ok_and(|spi| spi >= 256))
}

/// AH (RFC 4302 section 2): reserved zeros and an index that is not reserved.
pub(super) fn ah(head: &Head<'_>) -> Probe {
    numbered(head, |bytes| matches!(bytes, [_, 1..=255, 0, 0, rest @ ..] if rest.len() >= 8))
}

/// GRE (RFC 2784, RFC 2890, RFC 2637): version 0, or 1 with the protocol of PPTP.
pub(super) fn gre(head: &Head<'_>) -> Probe {
    numbered(head, |bytes| {
        matches!(bytes, [_, flags, high, low, ..]
        if flags & 7 == 0 || flags & 7 == 1 && [*high, *low] == [0x88, 0x0b])
    })
}

/// OSPF (RFC 2328 section A.3.1, RFC 5340): version, a type that exists, a length that fits.
pub(super) fn ospf(head: &Head<'_>) -> Probe {
    numbered(head, |bytes| {
        matches!(bytes, [2 | 3, 1..=5, high, low, ..]
        if (16..=bytes.len()).contains(&usize::from(u16::from_be_bytes([*high, *low]))))
    })
}

/// VRRP (RFC 5798 section 5, RFC 3768): version 2 or 3, an advertisement.
pub(super) fn vrrp(head: &Head<'_>) -> Probe {
    numbered(head, |bytes| matches!(bytes, [0x21 | 0x31, 1..=255, ..]))
}

/// PIM (RFC 7761 section 4.9): version 2, a type that exists.
pub(super) fn pim(head: &Head<'_>) -> Probe {
    numbered(head, |bytes| matches!(bytes.first(), Some(0x20..=0x2d)))
}

/// EIGRP (RFC 7868 section 6.2): version 2, an operation that exists.
pub(super) fn eigrp(head: &Head<'_>) -> Probe {
    numbered(head, |bytes| matches!(bytes, [2, 1..=11, ..]))
}
