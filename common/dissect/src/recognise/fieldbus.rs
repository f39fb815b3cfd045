//! Cyclic and instrument protocols that are named and measured: headers whose lengths fit to the byte.

use super::{Guess, either, read, spoken, when, whole};
use crate::{Head, Probe};
use picket_event::Transport;
use picket_reader::Reader;

/// CIP implicit messages (CIP Networks Library volume 2 section 2-6): an address with its sequence, then connected data
/// that fills the datagram; or that of a connection without sequence numbers.
pub(super) fn cip_io(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (items, address, length) = (r.u16_le("items")?, r.u16_le("address type")?, r.u16_le("address length")?);
            let numbered = (address, length) == (0x8002, 8);
            r.skip(usize::from(length), "address")?;
            let (data, length) = (r.u16_le("data type")?, r.u16_le("data length")?);
            let fits = data == 0x00b1 && usize::from(length) == r.remaining() && matches!(items, 2 | 3);
            Ok(when(fits && (numbered || (address, r.position()) == (0x00a1, 14)), 0.98))
        })
    })
}

/// DDS (DDSI-RTPS 2.5 clauses 8.3.3 and 9.4): its name and a version, then submessages that chain, or a ping.
pub(super) fn rtps(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        let named = matches!(bytes, [b'R', b'T', b'P' | b'X', b'S', 1 | 2, ..]) && bytes.len() >= 16;
        when(named, 0.97)
    })
}

/// SOME/IP (AUTOSAR PRS SOME/IP section 4.1.2): a length that fits, protocol version 1, a message type, a return code
/// that requests do not have. Several messages may share a datagram or segment.
pub(super) fn someip(head: &Head<'_>) -> Probe {
    either(head, if head.transport == Transport::TCP { someip_stream } else { someip_datagram })
}

/// A stream may be cut in a message: then it is not known yet.
fn someip_stream(bytes: &[u8]) -> Guess {
    read(|| someip_messages(bytes))
}

fn someip_datagram(bytes: &[u8]) -> Guess {
    whole(|| someip_messages(bytes))
}

fn someip_messages(bytes: &[u8]) -> Result<Guess, picket_reader::Fault> {
    let mut r = Reader::new(bytes);
    let mut guess = Guess::No;
    while !r.is_empty() {
        guess = someip_message(&mut r)?;
        if guess == Guess::No {
            break;
        }
    }
    Ok(guess)
}

fn someip_message(r: &mut Reader<'_>) -> Result<Guess, picket_reader::Fault> {
    let (service, method, length) = (r.u16("service")?, r.u16("method")?, r.u32("length")?);
    if !(8..=1 << 20).contains(&length) {
        return Ok(Guess::No);
    }
    r.skip(4, "client and session")?;
    let (version, _interface) = (r.u8("protocol version")?, r.u8("interface version")?);
    let (kind, code) = (r.u8("message type")?, r.u8("return code")?);
    // Bit 5: a piece of a long message.
    let asks = matches!(kind & !0x20, 0x00..=0x02);
    let answers = matches!(kind & !0x20, 0x80 | 0x81);
    let fits = version == 1 && service != 0 && ((asks && code == 0) || (answers && code <= 0x5e));
    if !fits {
        return Ok(Guess::No);
    }
    r.skip(usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(8), "payload")?;
    // Service discovery has a number of its own; all else three bytes of version, type and code beside the length.
    let discovery = (service, method) == (0xffff, 0x8100);
    Ok(Guess::Yes(if discovery { 0.98 } else { 0.95 }))
}

/// Foundation Fieldbus HSE (IEC 61158-5 type 9, FF-588): version 1, options, protocol and service that exist, and a length
/// that fits to the byte.
pub(super) fn ff_hse(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (version, _options, protocol, service) =
                (r.u8("version")?, r.u8("options")?, r.u8("protocol")?, r.u8("service")?);
            r.skip(4, "address")?;
            let length = r.u32("length")?;
            // Session management, system management, fieldbus messages, LAN redundancy; requests, answers, errors.
            let exists = matches!(protocol >> 2, 1..=4) && matches!(protocol & 3, 0..=2) && service & 0x7f != 0;
            let fits = usize::try_from(length).is_ok_and(|length| length == bytes.len());
            Ok(when(version <= 1 && exists && fits, 0.95))
        })
    })
}

/// LonWorks over IP (ISO/IEC 14908-4 clause 7.3): a length that fits to the byte, version 1, a packet's type.
pub(super) fn cnp_ip(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (length, version, kind) = (r.u16("length")?, r.u8("version")?, r.u8("type")?);
            let (extended, flags) = (r.u8("extended header")?, r.u8("flags")?);
            r.skip(14, "vendor, session, sequence and time")?;
            let known = matches!(kind, 0x01 | 0x03..=0x08 | 0x60..=0x68 | 0x70..=0x7f);
            let fits = usize::from(length) == bytes.len() && usize::from(extended) * 4 <= r.remaining();
            Ok(when(version == 1 && known && flags & 0x1f == 0 && extended <= 8 && fits, 0.9))
        })
    })
}

/// Instruments over HiSLIP (IVI-6.1 clause 2.4): its prologue, a type that exists, payload lengths that chain.
pub(super) fn hislip(head: &Head<'_>) -> Probe {
    spoken(head, hislip_messages, hislip_messages)
}

fn hislip_messages(bytes: &[u8]) -> Guess {
    read(|| {
        let mut r = Reader::new(bytes);
        let mut guess = Guess::Open;
        while !r.is_empty() {
            // Behind a message that was whole, a head that is cut changes nothing.
            if guess != Guess::Open && r.remaining() < 16 {
                break;
            }
            let (prologue, kind, _control) = (r.u16("prologue")?, r.u8("type")?, r.u8("control")?);
            r.skip(4, "parameter")?;
            let length = r.u64("length")?;
            if prologue != 0x4853 || !(kind <= 39 || kind >= 128) || length > 1 << 40 {
                return Ok(Guess::No);
            }
            guess = Guess::Yes(0.97);
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if r.skip(length, "payload").is_err() {
                break;
            }
        }
        Ok(guess)
    })
}

/// Zigbee frames in ZEP (the encapsulation of common sniffers): its name, a version, a frame of IEEE 802.15.4 of the
/// length that is said.
pub(super) fn zigbee(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            if r.u16("name")? != u16::from_be_bytes(*b"EX") {
                return Ok(Guess::No);
            }
            let before = match (r.u8("version")?, r.peek().first()) {
                (1, _) => 12,
                // Data; an acknowledgement holds a sequence number alone.
                (2, Some(1)) => 28,
                (2, Some(2)) => return Ok(when(bytes.len() == 8, 0.9)),
                _ => return Ok(Guess::No),
            };
            r.skip(before, "header")?;
            let length = usize::from(r.u8("frame length")?);
            let frame = r.rest();
            let kind = frame.first().map_or(7, |control| control & 7);
            Ok(when(frame.len() == length && (5..=127).contains(&length) && kind <= 3, 0.97))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Judge = fn(&Head<'_>) -> Probe;

    fn says(judge: Judge, transport: Transport, bytes: &[u8]) -> bool {
        matches!(judge(&Head { transport, to_server: bytes, to_client: &[] }), Probe::Yes { .. })
    }

    #[test]
    fn lengths_have_to_fit() {
        let io = [2, 0, 2, 0x80, 8, 0, 1, 2, 3, 4, 9, 0, 0, 0, 0xb1, 0, 4, 0, 5, 0, 1, 2];
        assert!(says(cip_io, Transport::UDP, &io) && !says(cip_io, Transport::UDP, &io[..21]));
        let hse = [1, 0, 4, 0x81, 0, 0, 0, 0, 0, 0, 0, 16, 1, 2, 3, 4];
        assert!(says(ff_hse, Transport::UDP, &hse) && !says(ff_hse, Transport::UDP, &hse[..15]));
        let lon = [&[0, 24, 1, 1, 0, 0, 0, 0][..], &[7; 12], &[1, 2, 3, 4]].concat();
        assert!(says(cnp_ip, Transport::UDP, &lon) && !says(cnp_ip, Transport::UDP, &lon[..23]));
        let call = [0x12, 0x34, 0x80, 1, 0, 0, 0, 10, 0, 1, 0, 2, 1, 1, 2, 0, 9, 9];
        assert!(says(someip, Transport::UDP, &call) && !says(someip, Transport::UDP, &call[..17]));
        assert!(!says(someip, Transport::TCP, &call[..17]), "not known yet");
        let ping = b"RTPS\x02\x01\x01\x01NDDSPING";
        assert!(says(rtps, Transport::UDP, ping) && !says(rtps, Transport::UDP, b"RTPS"));
        let begin = [&b"HS\0\0\x01\0IV\0\0\0\0\0\0\0\x07"[..], b"hislip0"].concat();
        assert!(says(hislip, Transport::TCP, &begin) && !says(hislip, Transport::TCP, &begin[..9]));
        let frame = [0x61, 0x88, 1, 0xcd, 0xab, 0, 0, 1, 0, 9, 9];
        let zep = [&b"EX\x02\x01\x0b\0\x01\x01\xff"[..], &[0; 22], &[11], &frame].concat();
        assert!(says(zigbee, Transport::UDP, &zep) && !says(zigbee, Transport::UDP, &zep[..40]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn random_bytes_are_none_of_them(bytes: Vec<u8>) {
            const DATAGRAMS: [Judge; 6] = [cip_io, rtps, someip, ff_hse, cnp_ip, zigbee];
            for judge in DATAGRAMS {
                prop_assert!(!says(judge, Transport::UDP, &bytes));
            }
            prop_assert!(!says(hislip, Transport::TCP, &bytes) && !says(someip, Transport::TCP, &bytes));
        }
    }
}
