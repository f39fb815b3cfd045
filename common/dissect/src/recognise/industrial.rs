//! Plants' protocols that are named and not read yet: magic numbers, checksums and lengths that fit.

use super::{Guess, anything, begins_any, either, read, spoken, when, whole};
use crate::{Head, Probe};
use picket_event::Transport;
use picket_reader::Reader;

/// DNP3: start bytes and the checksum of the link header (IEEE 1815 clause 9.2).
pub(super) fn dnp3(head: &Head<'_>) -> Probe {
    either(head, |bytes| match bytes {
        [0x05, 0x64, length, _, _, _, _, _, low, high, ..] => {
            let covered = bytes.get(..8).unwrap_or(&[]);
            when(*length >= 5 && crc_dnp(covered) == u16::from_le_bytes([*low, *high]), 0.97)
        }
        [0x05] => Guess::Open,
        [0x05, 0x64, ..] if bytes.len() < 10 => Guess::Open,
        _ => Guess::No,
    })
}

/// CRC-16/DNP: polynomial 0x3d65 reflected, inverted at the end.
fn crc_dnp(bytes: &[u8]) -> u16 {
    let mut crc = 0u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xa6bc } else { crc >> 1 };
        }
    }
    !crc
}

/// IEC 60870-5-104 (clause 5): frames that chain, U frames of the known kinds, information objects that exist.
pub(super) fn iec104(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        let mut r = Reader::new(bytes);
        let (mut frames, mut strong) = (0u32, 0u32);
        while !r.is_empty() && frames < 4 {
            let Ok(0x68) = r.u8("start") else { return Guess::No };
            let (Ok(length), true) = (r.u8("length"), true) else { break };
            if !(4..=253).contains(&length) {
                return Guess::No;
            }
            let Ok(body) = r.take(usize::from(length), "frame") else { break };
            match body {
                [0x07 | 0x0b | 0x13 | 0x23 | 0x43 | 0x83, 0, 0, 0] => strong += 1,
                [1, 0, low, _] if low & 1 == 0 => {}
                [s0, _, r0, _, kind, count, cause, _, ..] if s0 & 1 == 0 && r0 & 1 == 0 && body.len() >= 10 => {
                    let exists =
                        matches!(kind, 1..=21 | 30..=40 | 45..=51 | 58..=64 | 70 | 100..=107 | 110..=113 | 120..=127);
                    let plausible = matches!(cause & 0x3f, 1..=13 | 20..=47) && count & 0x7f != 0;
                    if !(exists && plausible) {
                        return Guess::No;
                    }
                    strong += 1;
                }
                _ => return Guess::No,
            }
            frames += 1;
        }
        match (frames, strong) {
            (0, _) => Guess::Open,
            (_, 0) => Guess::Yes(0.45),
            (1, _) => Guess::Yes(0.86),
            _ => Guess::Yes(0.93),
        }
    })
}

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

/// C37.118.2 (clause 6.2): sync byte, kind and version, a frame size that fits, the checksum.
pub(super) fn synchrophasor(head: &Head<'_>) -> Probe {
    let judge = |bytes: &[u8], stream: bool| {
        let check = || {
            let mut r = Reader::new(bytes);
            let (sync, kind, size) = (r.u8("sync")?, r.u8("kind")?, r.u16("size")?);
            if sync != 0xaa || kind & 0x80 != 0 || kind >> 4 > 5 || !matches!(kind & 0x0f, 1..=3) || size < 16 {
                return Ok(Guess::No);
            }
            let mut r = Reader::new(bytes);
            let covered = r.take(usize::from(size).saturating_sub(2), "frame")?;
            Ok(when(crc_ccitt(covered) == r.u16("checksum")?, 0.97))
        };
        if stream { read(check) } else { whole(check) }
    };
    if head.transport == Transport::TCP {
        // The fixed sync is one byte: the client's command is known by its checksum, like everything else.
        let ask = |bytes: &[u8]| if bytes.is_empty() { Guess::Open } else { judge(bytes, true) };
        return both(ask(head.to_server), ask(head.to_client));
    }
    let ask = |bytes: &[u8]| if bytes.is_empty() { Guess::Open } else { judge(bytes, false) };
    both(ask(head.to_server), ask(head.to_client))
}

fn both(a: Guess, b: Guess) -> Probe {
    match super::together(a, b) {
        Guess::Yes(confidence) => super::yes(confidence, false),
        Guess::Open => Probe::More,
        Guess::No => Probe::No,
    }
}

/// CRC-CCITT, polynomial 0x1021, start 0xffff.
fn crc_ccitt(bytes: &[u8]) -> u16 {
    let mut crc = 0xffffu16;
    for byte in bytes {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 };
        }
    }
    crc
}

/// DDS (DDSI-RTPS clause 9.4): its name and a version.
pub(super) fn rtps(head: &Head<'_>) -> Probe {
    either(head, |bytes| when(matches!(bytes, [b'R', b'T', b'P', b'S', 1 | 2, ..]) && bytes.len() >= 20, 0.97))
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
