//! Plants' protocols that are recognised and no more, and the calls that PROFINET's have to be told from.

use super::{Guess, either, whole};
use crate::{Head, Probe};
use picket_reader::Reader;

/// Connectionless DCE/RPC (C706 section 12.5): version, kind, formats of numbers, a length that fits to the byte.
pub(super) fn dcerpc(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (version, kind, _, flags) = (r.u8("version")?, r.u8("kind")?, r.u8("flags")?, r.u8("flags")?);
            let (order, real, zero) = (r.u8("byte order")?, r.u8("real numbers")?, r.u8("reserved")?);
            r.skip(67, "ids and numbers")?;
            let length = if order == 0x10 { r.u16_le("length")? } else { r.u16("length")? };
            r.skip(4, "fragment, authentication, number")?;
            let formats = matches!(order, 0 | 1 | 0x10 | 0x11) && real <= 3 && zero == 0;
            let fits = version == 4 && kind <= 10 && flags <= 1 && formats && usize::from(length) == r.remaining();
            Ok(if fits { Guess::Yes(0.9) } else { Guess::No })
        })
    })
}

/// GE's Ethernet global data (GFK-2224, "EGD protocol"): kind 13, version 1, nanoseconds below a second, a status that
/// exists, a reserved word that is empty, at most 1,400 bytes.
pub(super) fn egd(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (kind, version) = (r.u8("kind")?, r.u8("version")?);
            r.skip(2 + 4 + 4 + 4, "number, producer, exchange, seconds")?;
            let (nanos, status) = (r.u32_le("nanoseconds")?, r.u32_le("status")?);
            r.skip(4, "signature")?;
            let reserved = r.u32("reserved")?;
            let plain = kind == 13 && version == 1 && nanos < 1_000_000_000 && status & 0xff <= 7 && status >> 8 == 0;
            Ok(if plain && reserved == 0 && r.remaining() <= 1400 { Guess::Yes(0.98) } else { Guess::No })
        })
    })
}

/// SAIA's Ether-S-Bus (not published): a length that fits to the byte, version 1, a kind of telegram, the checksum.
pub(super) fn ethersbus(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (length, version) = (r.u32("length")?, r.u8("version")?);
            r.skip(3, "protocol and number")?;
            let attribute = r.u8("attribute")?;
            let covered = bytes.split_last_chunk::<2>();
            let Some((covered, sum)) = covered else { return Ok(Guess::No) };
            let fits = usize::try_from(length) == Ok(bytes.len()) && version <= 1 && attribute <= 2;
            Ok(if fits && crc(covered) == u16::from_be_bytes(*sum) { Guess::Yes(0.98) } else { Guess::No })
        })
    })
}

/// CRC-16/XMODEM: polynomial 0x1021, begun with 0.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 })
    })
}

/// SAIA's Ether-S-I/O (not published): its name, and a length that fits to the byte.
pub(super) fn ethersio(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (magic, version) = (r.array::<4>("name")?, r.u16("version")?);
            r.skip(4, "kind and length")?;
            Ok(if magic == *b"ESIO" && version <= 2 { Guess::Yes(0.98) } else { Guess::No })
        })
    })
}

/// Tank gauges (Veeder-Root 576013-635, section 5.1): start of header, a function of three digits for a tank of two, and
/// the end of a line or of a text.
pub(super) fn atg(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        // Consoles may send what they were set to before the first answer.
        let [1, display, digits @ ..] = bytes else { return if bytes.is_empty() { Guess::Open } else { Guess::No } };
        let Some((digits, rest)) = digits.split_at_checked(5) else { return Guess::Open };
        let function = digits.iter().take(3).all(|digit| digit.is_ascii_digit() || matches!(digit, b'A'..=b'F'));
        let tank = digits.iter().skip(3).all(u8::is_ascii_digit);
        if !matches!(display, b'I' | b'S' | b'i' | b's') || !function || !tank {
            return Guess::No;
        }
        let printable =
            rest.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 3 | b' '..=b'~' | 0xff | 0xf4 | 0xfd | 6 | 1));
        if printable { Guess::Yes(0.93) } else { Guess::No }
    })
}
