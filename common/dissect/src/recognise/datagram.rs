//! Protocols of single datagrams.

use super::{Guess, anything, either, spoken, when, whole};
use crate::{Head, Probe, dns};
use picket_event::Transport;
use picket_reader::{Fault, Reader};

/// NTP (RFC 5905 section 7.3): version, mode, stratum, poll and precision in range, a length that exists.
pub(crate) fn ntp(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (first, stratum, poll, precision) =
                (r.u8("mode")?, r.u8("stratum")?, r.u8("poll")?, r.u8("precision")?);
            let (version, mode) = (first >> 3 & 7, first & 7);
            let long = matches!(bytes.len(), 48 | 52 | 68 | 72);
            if matches!(mode, 6 | 7) {
                // Control and private messages share little; the port has to help.
                return Ok(when((2..=4).contains(&version) && bytes.len() >= 8 && bytes.len() % 4 == 0, 0.3));
            }
            let fits = (1..=4).contains(&version) && (1..=5).contains(&mode) && stratum <= 16 && poll <= 17;
            // Precision is a small negative power of two, or not filled in.
            Ok(when(fits && long && (precision >= 0xe0 || precision == 0), 0.72))
        })
    })
}

/// DHCP (RFC 2131 section 2): the magic cookie in its place.
pub(crate) fn dhcp(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        let header = matches!(bytes, [1 | 2, 1..=32, 0..=16, 0..=16, ..]);
        when(header && bytes.get(236..240) == Some(&[0x63, 0x82, 0x53, 0x63]), 0.99)
    })
}

/// DHCPv6 (RFC 8415 section 8): options that fit to the end.
pub(crate) fn dhcpv6(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let kind = r.u8("type")?;
            r.skip(if matches!(kind, 12 | 13) { 33 } else { 3 }, "transaction")?;
            while !r.is_empty() {
                r.u16("option")?;
                r.vec16("option data")?;
            }
            Ok(when((1..=13).contains(&kind), 0.85))
        })
    })
}

/// Multicast DNS and LLMNR: the structure of DNS; the port tells which.
pub(crate) fn named(head: &Head<'_>) -> Probe {
    either(head, |bytes| when(dns::is_message(bytes), 0.9))
}

/// NetBIOS names (RFC 1002 section 4.2): a header like that of DNS, names of 32 letters.
pub(crate) fn nbns(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        let encoded = bytes.get(12) == Some(&32)
            && bytes.get(13..45).is_some_and(|name| name.iter().all(|letter| (b'A'..=b'P').contains(letter)));
        when(encoded, 0.9)
    })
}

/// SNMP (RFC 1157, 3416, 3412): a sequence that fits, version, community or header, a request kind.
pub(crate) fn snmp(head: &Head<'_>) -> Probe {
    fn size(r: &mut Reader<'_>) -> Result<usize, Fault> {
        match r.u8("length")? {
            short @ 0..=0x7f => Ok(usize::from(short)),
            0x81 => Ok(usize::from(r.u8("length")?)),
            0x82 => Ok(usize::from(r.u16("length")?)),
            _ => Err(Fault::Malformed("length form")),
        }
    }
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let tag = r.u8("sequence")?;
            let length = size(&mut r)?;
            if tag != 0x30 || length != r.remaining() || r.array::<2>("version")? != [2, 1] {
                return Ok(Guess::No);
            }
            let version = r.u8("version")?;
            let next = r.u8("community or header")?;
            if version == 3 {
                return Ok(when(next == 0x30, 0.9));
            }
            let community = size(&mut r)?;
            r.skip(community, "community")?;
            Ok(when(version <= 1 && next == 4 && (0xa0..=0xa8).contains(&r.u8("pdu")?), 0.96))
        })
    })
}

/// STUN (RFC 8489 section 5): the magic cookie and a length that fits.
pub(crate) fn stun(head: &Head<'_>) -> Probe {
    if head.transport == Transport::TCP {
        return either(head, stun_stream);
    }
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (fits, length) = stun_header(&mut r)?;
            Ok(when(fits && r.remaining() >= length, 0.97))
        })
    })
}

/// Whether type, length and cookie fit, and the length of the attributes.
fn stun_header(r: &mut Reader<'_>) -> Result<(bool, usize), Fault> {
    let (kind, length, cookie) = (r.u16("type")?, r.u16("length")?, r.u32("cookie")?);
    r.skip(12, "transaction")?;
    Ok((kind & 0xc000 == 0 && length % 4 == 0 && cookie == 0x2112_a442, usize::from(length)))
}

/// A stream tells by its header alone, whatever pieces it comes in.
fn stun_stream(bytes: &[u8]) -> Guess {
    match stun_header(&mut Reader::new(bytes)) {
        Ok((fits, _)) => when(fits, 0.97),
        Err(_) if bytes.first().is_none_or(|first| first & 0xc0 == 0) => {
            let cookie = bytes.get(4..).unwrap_or(&[]).iter().zip(0x2112_a442_u32.to_be_bytes());
            if cookie.into_iter().all(|(byte, expected)| *byte == expected) { Guess::Open } else { Guess::No }
        }
        Err(_) => Guess::No,
    }
}

/// TFTP requests (RFC 1350 section 5).
pub(super) fn tftp(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| match bytes {
        [0, 1 | 2, rest @ ..] => {
            let mut parts = rest.split(|byte| *byte == 0);
            let file = parts
                .next()
                .is_some_and(|name| !name.is_empty() && name.iter().all(|b| b.is_ascii_graphic() || *b == b' '));
            let mode =
                parts.next().is_some_and(|m| m.eq_ignore_ascii_case(b"octet") || m.eq_ignore_ascii_case(b"netascii"));
            when(file && mode, 0.95)
        }
        _ => Guess::No,
    };
    spoken(head, client, anything)
}

/// PTP version 2 (IEEE 1588-2008 clause 13.3): the message's own length.
pub(super) fn ptp(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        let length = bytes.get(2..4).and_then(|b| <[u8; 2]>::try_from(b).ok()).map(u16::from_be_bytes);
        let fits = length.is_some_and(|l| (34..=bytes.len()).contains(&usize::from(l)));
        when(fits && bytes.get(1).is_some_and(|version| version & 0x0f == 2), 0.88)
    })
}
