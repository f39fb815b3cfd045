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
            r.skip(17, "number and object")?;
            let interface: [u8; 16] = r.array("interface")?;
            r.skip(34, "activity and numbers")?;
            let length = if order == 0x10 { r.u16_le("length")? } else { r.u16("length")? };
            r.skip(4, "fragment, authentication, number")?;
            let formats = matches!(order, 0 | 1 | 0x10 | 0x11) && real <= 3 && zero == 0;
            let fits = version == 4 && kind <= 10 && flags <= 1 && formats && usize::from(length) == r.remaining();
            // Who asks for the way to another interface may go it in the same conversation: that one names it then.
            let sure = if interface.ends_with(END_POINT_MAPPER) { 0.5 } else { 0.9 };
            Ok(if fits { Guess::Yes(sure) } else { Guess::No })
        })
    })
}

/// The end of the id of the end-point mapper, E1AF8308-5D1F-11C9-91A4-08002B14A0FA.
const END_POINT_MAPPER: &[u8] = &[0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa];

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
        let [1, rest @ ..] = bytes else { return if bytes.is_empty() { Guess::Open } else { Guess::No } };
        // Displays begin with a line of their own.
        let rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
        let [display, digits @ ..] = rest else { return Guess::Open };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recognise::{ALL, Signature};
    use crate::trial::Random;
    use picket_event::{Protocol, Transport};

    fn signature(protocol: &Protocol, transport: Transport) -> &'static Signature {
        let fits = |s: &&Signature| s.protocol == *protocol && s.transports.contains(&transport);
        ALL.iter().find(fits).unwrap()
    }

    fn sure(signature: &Signature, transport: Transport, bytes: &[u8]) -> f32 {
        match (signature.probe)(&Head { transport, to_server: bytes, to_client: &[] }) {
            Probe::Yes { confidence, .. } => confidence.get(),
            Probe::No | Probe::More => 0.0,
        }
    }

    fn call(random: &mut Random) -> Vec<u8> {
        let count = random.below(60);
        let mut out = vec![4, random.below(11) as u8, random.next() as u8, 0, 0x10, 0, 0];
        out.extend(random.bytes(67));
        out.extend((count as u16).to_le_bytes());
        out.extend(random.bytes(4 + count));
        out
    }

    fn exchange(random: &mut Random) -> Vec<u8> {
        let count = random.below(1400);
        let mut out = vec![13, 1];
        out.extend(random.bytes(14));
        out.extend((random.below(1_000_000_000) as u32).to_le_bytes());
        out.extend([random.below(8) as u8, 0, 0, 0]);
        out.extend(random.bytes(4));
        out.extend([0; 4]);
        out.extend(random.bytes(count));
        out
    }

    fn telegram(random: &mut Random) -> Vec<u8> {
        let count = random.below(60);
        let mut out = (11 + count as u32).to_be_bytes().to_vec();
        out.extend([1, 0, random.next() as u8, random.next() as u8, random.below(3) as u8]);
        out.extend(random.bytes(count));
        // CRC-16/XMODEM bit by bit over the register of a shift.
        let mut register = 0u32;
        for byte in &out {
            for bit in (0..8).rev() {
                let next = u32::from(byte >> bit & 1) ^ register >> 15 & 1;
                register = register << 1 & 0xffff ^ if next == 1 { 0x1021 } else { 0 };
            }
        }
        out.extend((register as u16).to_be_bytes());
        out
    }

    fn inputs(random: &mut Random) -> Vec<u8> {
        let count = 4 + random.below(60);
        [&b"ESIO\0\x01"[..], &random.bytes(count)].concat()
    }

    fn tanks(random: &mut Random) -> Vec<u8> {
        let display = random.pick(&['I', 'S', 'i', 's']);
        let end = random.pick(&["\n", "\r\n", "\x03", "\r\nSTATION 7\r\n"]);
        format!("\x01{display}{:03}{:02}{end}", random.below(1000), random.below(100)).into_bytes()
    }

    type Encoder = fn(&mut Random) -> Vec<u8>;

    #[test]
    fn messages_are_recognised_and_random_bytes_are_not() {
        let all: &[(Protocol, Transport, Encoder)] = &[
            (Protocol::DCERPC, Transport::UDP, call),
            (Protocol::EGD, Transport::UDP, exchange),
            (Protocol::ETHERSBUS, Transport::UDP, telegram),
            (Protocol::ETHERSIO, Transport::UDP, inputs),
            (Protocol::ATG, Transport::TCP, tanks),
        ];
        for (protocol, transport, make) in all {
            let signature = signature(protocol, *transport);
            let mut random = Random(0x5049);
            for _ in 0..1_000 {
                let message = make(&mut random);
                assert!(sure(signature, *transport, &message) >= 0.8, "{protocol} {message:02x?}");
            }
            for _ in 0..200_000 {
                let count = 1 + random.below(100);
                let bytes = random.bytes(count);
                assert!(sure(signature, *transport, &bytes) < 0.4, "{protocol} {bytes:02x?}");
            }
        }
    }
}
