//! Plants' protocols that are named and not read yet: magic numbers, checksums and lengths that fit.

use super::{Guess, begins, either, read, when, whole};
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

/// Niagara Fox: plain text that begins with its name.
pub(super) fn fox(head: &Head<'_>) -> Probe {
    either(head, |bytes| begins(bytes, b"fox a ", 0.97))
}

/// Omron FINS over TCP: its name, and a length.
pub(super) fn fins(head: &Head<'_>) -> Probe {
    either(head, |bytes| begins(bytes, b"FINS\0\0", 0.97))
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

/// PROFINET context manager: connectionless DCE/RPC with one of PROFINET's object or interface ids (IEC 61158-6-10).
pub(super) fn profinet_cm(head: &Head<'_>) -> Probe {
    // DEA00001 to DEA00004-6C97-11D1-8271-00A02442DF7D, in either byte order.
    const TAIL: &[u8] = &[0x82, 0x71, 0x00, 0xa0, 0x24, 0x42, 0xdf, 0x7d];
    either(head, |bytes| {
        let interface = bytes.get(24..40).unwrap_or(&[]);
        when(bytes.first() == Some(&4) && bytes.len() >= 80 && interface.ends_with(TAIL), 0.97)
    })
}
