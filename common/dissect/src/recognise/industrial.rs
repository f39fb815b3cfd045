//! Plants' protocols that are named and not read yet: magic numbers, checksums and lengths that fit.

use super::{Guess, anything, begins, begins_any, either, read, spoken, when, whole};
use crate::{Head, Probe};
use picket_reader::Reader;

/// S7comm: TPKT and COTP lengths that fit, protocol id 0x32 and a kind that exists.
pub(super) fn s7comm(head: &Head<'_>) -> Probe {
    fn judge(bytes: &[u8]) -> Guess {
        read(|| {
            let mut r = Reader::new(bytes);
            let (version, reserved, length) = (r.u8("version")?, r.u8("reserved")?, r.u16("length")?);
            let (rest, kind) = (r.u8("cotp length")?, r.u8("cotp kind")?);
            if version != 3 || reserved != 0 || length < 7 || usize::from(rest) + 5 > usize::from(length) {
                return Ok(Guess::No);
            }
            match kind {
                // A connection alone could carry anything of ISO: open, and the next packet tells.
                0xe0 | 0xd0 => {
                    r.skip(usize::from(rest).saturating_sub(1), "cotp")?;
                    if r.is_empty() { Ok(Guess::Open) } else { Ok(judge(r.rest())) }
                }
                0xf0 => {
                    r.u8("number")?;
                    if rest == 2 && length == 7 {
                        return Ok(Guess::Open);
                    }
                    let (id, part) = (r.u8("protocol id")?, r.u8("part")?);
                    Ok(when(id == 0x32 && matches!(part, 1 | 2 | 3 | 7), 0.95))
                }
                _ => Ok(Guess::No),
            }
        })
    }
    either(head, judge)
}

/// EtherNet/IP encapsulation (CIP volume 2 clause 2-3): a command that exists, a length that fits, options 0.
pub(super) fn enip(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        read(|| {
            let mut r = Reader::new(bytes);
            let (command, length) = (r.u16_le("command")?, r.u16_le("length")?);
            if !matches!(command, 0x04 | 0x63..=0x66 | 0x6f | 0x70 | 0x72 | 0x73) {
                return Ok(Guess::No);
            }
            let (session, status) = (r.u32_le("session")?, r.u32_le("status")?);
            r.skip(8, "context")?;
            let options = r.u32_le("options")?;
            let rest = r.remaining();
            let fits = options == 0 && status <= 0x6a && usize::from(length) <= rest;
            let exact = usize::from(length) == rest;
            let strong = match command {
                0x65 => length == 4,
                0x6f | 0x70 => session != 0 && length >= 16,
                0x66 => session != 0 && length == 0,
                _ => session == 0,
            };
            Ok(if fits && strong { Guess::Yes(if exact { 0.9 } else { 0.7 }) } else { Guess::No })
        })
    })
}

/// BACnet/IP (ASHRAE 135 annex J): type, function and a length that fits to the byte, then the network version.
pub(super) fn bacnet(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (kind, function, length) = (r.u8("type")?, r.u8("function")?, r.u16("length")?);
            if kind != 0x81 || function > 0x0c || usize::from(length) != bytes.len() {
                return Ok(Guess::No);
            }
            Ok(match function {
                0x09..=0x0b => when(r.u8("network version")? == 1, 0.92),
                0x04 => {
                    r.skip(6, "origin")?;
                    when(r.u8("network version")? == 1, 0.92)
                }
                _ => Guess::Yes(0.7),
            })
        })
    })
}

/// OPC UA binary (OPC 10000-6 clause 7.1.2): message kind, chunk kind, size.
pub(super) fn opcua(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        match begins_any(bytes, &[b"HELF", b"ACKF", b"ERRF", b"OPNF", b"MSGF", b"MSGC", b"CLOF", b"RHEF"], 0.9) {
            Guess::Yes(_) => read(|| {
                let mut r = Reader::new(bytes);
                r.skip(4, "kind")?;
                Ok(when((16..=1 << 24).contains(&r.u32_le("size")?), 0.95))
            }),
            other => other,
        }
    })
}

/// MQTT: the client's CONNECT with the protocol's name (MQTT 5.0 section 3.1).
pub(super) fn mqtt(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        read(|| {
            let mut r = Reader::new(bytes);
            if r.u8("kind")? != 0x10 {
                return Ok(Guess::No);
            }
            for _ in 0..4 {
                if r.u8("length")? & 0x80 == 0 {
                    break;
                }
            }
            let name = r.vec16("name")?;
            Ok(when(matches!(name.peek(), b"MQTT" | b"MQIsdp"), 0.98))
        })
    };
    let server = |bytes: &[u8]| match bytes {
        [0x20, ..] => Guess::Yes(0.3),
        _ => Guess::No,
    };
    spoken(head, client, server)
}

/// Niagara Fox: plain text that begins with its name.
pub(super) fn fox(head: &Head<'_>) -> Probe {
    either(head, |bytes| begins(bytes, b"fox a ", 0.97))
}

/// KNXnet/IP (KNX 3/8/2): header length, version, service and a length that fits to the byte.
pub(super) fn knxip(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (header, version, service, length) =
                (r.u8("header length")?, r.u8("version")?, r.u16("service")?, r.u16("length")?);
            let known = matches!(service, 0x0201..=0x020f | 0x0310 | 0x0311 | 0x0420..=0x0425 | 0x0530..=0x0533 | 0x0740 | 0x0741 | 0x0950..=0x0956);
            Ok(when(header == 6 && version == 0x10 && known && usize::from(length) == bytes.len(), 0.95))
        })
    })
}

/// Omron FINS over TCP: its name, and a length.
pub(super) fn fins(head: &Head<'_>) -> Probe {
    either(head, |bytes| begins(bytes, b"FINS\0\0", 0.97))
}

/// DDS (DDSI-RTPS clause 9.4): its name and a version.
pub(super) fn rtps(head: &Head<'_>) -> Probe {
    either(head, |bytes| when(matches!(bytes, [b'R', b'T', b'P', b'S', 1 | 2, ..]) && bytes.len() >= 20, 0.97))
}

/// PROFINET context manager: connectionless DCE/RPC with one of PROFINET's object or interface ids (IEC 61158-6-10).
pub(super) fn profinet_cm(head: &Head<'_>) -> Probe {
    // DEA00001 to DEA00004-6C97-11D1-8271-00A02442DF7D, in either byte order.
    const TAIL: &[u8] = &[0x82, 0x71, 0x00, 0xa0, 0x24, 0x42, 0xdf, 0x7d];
    either(head, |bytes| {
        let interface = bytes.get(24..40).unwrap_or(&[]);
        when(bytes.first() == Some(&4) && bytes.len() >= 80 && interface.ends_with(TAIL), 0.97)
    })
}

/// Diagnostics over IP (ISO 13400-2): version, its inverse, a payload type, a length.
pub(super) fn doip(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        read(|| {
            let mut r = Reader::new(bytes);
            let (version, inverse, kind, length) =
                (r.u8("version")?, r.u8("inverse")?, r.u16("type")?, r.u32("length")?);
            let known = matches!(kind, 0..=8 | 0x4001..=0x4004 | 0x8001..=0x8003);
            Ok(when(
                version == !inverse && (1..=4).contains(&version) | (version == 0xff) && known && length < 1 << 20,
                0.9,
            ))
        })
    })
}

/// Instruments over HiSLIP (IVI-6.1 clause 2.4): its prologue.
pub(super) fn hislip(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| match bytes {
        [b'H', b'S', 0 | 17, 0, ..] if bytes.len() >= 16 => Guess::Yes(0.93),
        [b'H'] => Guess::Open,
        [b'H', b'S', ..] if bytes.len() < 16 => Guess::Open,
        _ => Guess::No,
    };
    spoken(head, client, anything)
}
