//! Private networks and what carries other traffic.

use super::{Guess, either, read, spoken, when, whole};
use crate::{Head, Probe};
use picket_reader::Reader;

/// WireGuard (whitepaper section 5.4): message types with fixed lengths and reserved zeros; an answer carries
/// the index that it was asked under; a transport message counts from zero.
pub(crate) fn wireguard(head: &Head<'_>) -> Probe {
    let index = |bytes: &[u8], at: usize| bytes.get(at..at.saturating_add(4)).map(<[u8]>::to_vec);
    let echoed = match (head.to_server, head.to_client) {
        (asked @ [1, 0, 0, 0, ..], answer @ [2, 0, 0, 0, ..])
        | (answer @ [2, 0, 0, 0, ..], asked @ [1, 0, 0, 0, ..]) => Some(index(asked, 4) == index(answer, 8)),
        _ => None,
    };
    if echoed == Some(false) {
        return Probe::No;
    }
    either(head, |bytes| match (bytes, bytes.len()) {
        ([1, 0, 0, 0, ..], 148) => Guess::Yes(0.9),
        ([2, 0, 0, 0, ..], 92) => Guess::Yes(0.88),
        ([3, 0, 0, 0, ..], 64) => Guess::Yes(0.6),
        // A million million messages under one key are not reached.
        ([4, 0, 0, 0, _, _, _, _, _, _, _, _, _, 0, 0, 0, ..], length) if length >= 32 && length % 16 == 0 => {
            Guess::Yes(0.7)
        }
        _ => Guess::No,
    })
}

/// IKE (RFC 7296 section 3.1, RFC 2408): a length that fits to the byte; behind NAT four zeros stand in front (RFC 3948).
pub(crate) fn ike(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes.strip_prefix(&[0, 0, 0, 0]).unwrap_or(bytes));
            let total = r.remaining();
            let initiator = r.u64("initiator")?;
            r.u64("responder")?;
            let (next, version, exchange) = (r.u8("next payload")?, r.u8("version")?, r.u8("exchange")?);
            r.skip(5, "flags and id")?;
            let length = r.u32("length")?;
            let known = match version {
                0x10 => matches!(exchange, 1..=6 | 32..=34) && next <= 130,
                0x20 => matches!(exchange, 34..=44) && (next == 0 || (33..=54).contains(&next)),
                _ => false,
            };
            Ok(when(initiator != 0 && known && length as usize == total, 0.95))
        })
    })
}

/// ESP in UDP (RFC 3948 section 2): an index that is not reserved and a small number; a single byte 0xff keeps the
/// way through NAT open. The port has to agree.
pub(super) fn esp_in_udp(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        if bytes == [0xff] {
            return Guess::Open;
        }
        whole(|| {
            let mut r = Reader::new(bytes);
            let (index, number) = (r.u32("spi")?, r.u32("sequence")?);
            Ok(when(index >= 256 && (1..1 << 24).contains(&number) && bytes.len() >= 28 && bytes.len() % 4 == 0, 0.6))
        })
    })
}

/// L2TP version 2 (RFC 2661 section 3.1): a control message whose first attribute is its type.
pub(super) fn l2tp(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (flags, length) = (r.u16("flags")?, r.u16("length")?);
            r.skip(8, "ids and numbers")?;
            // Type, length and sequence are there, offset and priority are not, the rest is reserved.
            let fits = flags == 0xc802 && usize::from(length) == bytes.len();
            // Acknowledgements carry no attribute.
            let typed = r.is_empty() || r.array::<6>("attribute").is_ok_and(|a| a == [0x80, 8, 0, 0, 0, 0]);
            Ok(when(fits && typed, if bytes.len() > 12 { 0.95 } else { 0.6 }))
        })
    })
}

/// PPTP (RFC 2637 section 2): control messages with the magic cookie.
pub(super) fn pptp(head: &Head<'_>) -> Probe {
    either(head, |bytes| match bytes.get(..8) {
        Some([_, _, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d]) => Guess::Yes(0.98),
        Some(_) => Guess::No,
        None => Guess::Open,
    })
}

/// RDP over UDP (MS-RDPEUDP 2.2.1.1, 2.2.2.1): a SYN without an acknowledgement, filled up to the size it asks for.
pub(super) fn rdp_udp(head: &Head<'_>) -> Probe {
    let syn = |bytes: &[u8]| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (acknowledged, _, flags) = (r.u32("acknowledged")?, r.u16("window")?, r.u16("flags")?);
            r.u32("sequence")?;
            let sizes = [r.u16("upstream")?, r.u16("downstream")?];
            let fits = sizes.iter().all(|size| (1132..=1232).contains(size)) && bytes.len() >= 1132;
            Ok(when(acknowledged == 0xffff_ffff && flags & 1 == 1 && fits, 0.95))
        })
    };
    spoken(head, syn, super::anything)
}

/// BGP (RFC 4271 section 4.1): a marker of sixteen ones, a length, a type.
pub(super) fn bgp(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        read(|| {
            let mut r = Reader::new(bytes);
            let marker = r.array::<16>("marker")?;
            let (length, kind) = (r.u16("length")?, r.u8("type")?);
            Ok(when(marker == [0xff; 16] && (19..=4096).contains(&length) && (1..=5).contains(&kind), 0.98))
        })
    })
}
