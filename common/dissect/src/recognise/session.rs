//! Binary protocols of offices: files, directories, databases, remote calls.

use super::{Guess, anything, begins, either, read, spoken, when, whole};
use crate::{Head, Probe};
use picket_event::Transport;
use picket_reader::{Fault, Reader};

/// RDP: an X.224 connection request with its cookie or negotiation (MS-RDPBCGR 2.2.1.1).
pub(super) fn rdp(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        read(|| {
            let mut r = Reader::new(bytes);
            let (version, _, length) = (r.u8("version")?, r.u8("reserved")?, r.u16("length")?);
            let (rest, kind) = (r.u8("header length")?, r.u8("kind")?);
            if version != 3 || kind != 0xe0 || u16::from(rest) != length.wrapping_sub(5) {
                return Ok(Guess::No);
            }
            r.skip(5, "references and class")?;
            let tail = r.take(usize::from(length).saturating_sub(11), "request")?;
            let negotiation = tail.len().checked_sub(8).and_then(|at| tail.get(at..));
            let negotiates = matches!(negotiation, Some([1, _, 8, 0, _, 0, 0, 0]));
            Ok(when(tail.starts_with(b"Cookie: mstshash=") || negotiates, 0.95))
        })
    };
    let server = |bytes: &[u8]| match bytes {
        [3, 0, _, _, _, 0xd0, ..] => Guess::Yes(0.5),
        [] | [3] | [3, 0, ..] if bytes.len() < 6 => Guess::Open,
        _ => Guess::No,
    };
    spoken(head, client, server)
}

/// SMB 1 to 3 behind a NetBIOS session header (MS-CIFS 2.2.3.1, MS-SMB2 2.1).
pub(crate) fn smb(head: &Head<'_>) -> Probe {
    either(head, |bytes| match bytes {
        [0, 0 | 1, _, _, 0xfd..=0xff, b'S', b'M', b'B', ..] => Guess::Yes(0.98),
        [0, ..] if bytes.len() < 8 => Guess::Open,
        _ => Guess::No,
    })
}

/// NetBIOS sessions and datagrams (RFC 1002 sections 4.3 and 4.4).
pub(super) fn netbios(head: &Head<'_>) -> Probe {
    if head.transport == Transport::TCP {
        let server = |bytes: &[u8]| when(matches!(bytes, [0x82, 0, 0, 0] | [0x83, 0, 0, 1, ..]), 0.6);
        return spoken(head, |bytes| begins(bytes, &[0x81, 0, 0, 0x44, 0x20], 0.95), server);
    }
    either(head, |bytes| {
        let named = matches!(bytes, [0x10..=0x16, 0..=0x1f, _, _, _, _, _, _, 0, 138, ..]);
        when(named, 0.9)
    })
}

/// LDAP (RFC 4511 section 4.1.1): a sequence that fits, a small message id, an operation.
pub(super) fn ldap(head: &Head<'_>) -> Probe {
    let judge = |bytes: &[u8]| {
        read(|| {
            let mut r = Reader::new(bytes);
            if r.u8("sequence")? != 0x30 {
                return Ok(Guess::No);
            }
            length(&mut r)?;
            let (kind, size) = (r.u8("id")?, r.u8("id length")?);
            if kind != 2 || !(1..=4).contains(&size) {
                return Ok(Guess::No);
            }
            r.skip(usize::from(size), "id")?;
            let operation = r.u8("operation")?;
            length(&mut r)?;
            let inside = r.u8("inside")?;
            let fits = match operation {
                0x60 => inside == 2,
                0x61 | 0x65 => inside == 0x0a,
                0x63 | 0x64 => inside == 4,
                0x77 | 0x78 => inside & 0x80 != 0 || inside == 0x0a,
                _ => false,
            };
            Ok(when(fits, 0.9))
        })
    };
    either(head, judge)
}

/// A definite BER length.
fn length(r: &mut Reader<'_>) -> Result<usize, Fault> {
    match r.u8("length")? {
        short @ 0..=0x7f => Ok(usize::from(short)),
        0x81 => Ok(usize::from(r.u8("length")?)),
        0x82 => Ok(usize::from(r.u16("length")?)),
        0x83 => Ok(r.u24("length")? as usize),
        0x84 => Ok(r.u32("length")? as usize),
        _ => Err(Fault::Malformed("length form")),
    }
}

/// Kerberos 5 (RFC 4120 section 5): an application tag of its own, version 5.
pub(crate) fn kerberos(head: &Head<'_>) -> Probe {
    fn message(r: &mut Reader<'_>) -> Result<Guess, Fault> {
        let tag = r.u8("tag")?;
        if !matches!(tag, 0x6a..=0x6f | 0x7e) {
            return Ok(Guess::No);
        }
        length(r)?;
        if r.u8("sequence")? != 0x30 {
            return Ok(Guess::No);
        }
        length(r)?;
        // Requests carry the version in field 1, the others in field 0.
        let version = r.array::<5>("version")?;
        Ok(when(matches!(version, [0xa0 | 0xa1, 3, 2, 1, 5]), 0.97))
    }
    if head.transport == Transport::TCP {
        return either(head, |bytes| {
            read(|| {
                let mut r = Reader::new(bytes);
                if r.u32("length")? > 1 << 20 {
                    return Ok(Guess::No);
                }
                message(&mut r)
            })
        });
    }
    either(head, |bytes| whole(|| message(&mut Reader::new(bytes))))
}

/// MySQL: the server's greeting with its version text.
pub(super) fn mysql(head: &Head<'_>) -> Probe {
    let server = |bytes: &[u8]| {
        read(|| {
            let mut r = Reader::new(bytes);
            let [size, _, high] = r.array::<3>("length")?;
            let (number, version) = (r.u8("number")?, r.u8("protocol")?);
            let text = r.array::<6>("version")?;
            let dotted = text.iter().take(4).any(|b| *b == b'.') && text.first().is_some_and(u8::is_ascii_digit);
            Ok(when(size > 20 && high == 0 && number == 0 && version == 10 && dotted, 0.93))
        })
    };
    spoken(head, anything, server)
}

/// PostgreSQL: the start-up message or a request for TLS.
pub(super) fn postgresql(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| match begins(bytes, &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f], 0.97) {
        Guess::No => match bytes {
            [0, 0, _, _, 0, 3, 0, 0, b'u', b's', b'e', b'r', 0, ..] => Guess::Yes(0.97),
            [0, 0, _, _, 0, 3, 0, 0, first, ..] if first.is_ascii_lowercase() => Guess::Yes(0.7),
            [0, 0, ..] if bytes.len() < 8 => Guess::Open,
            _ => Guess::No,
        },
        other => other,
    };
    spoken(head, client, anything)
}

/// TDS pre-login (MS-TDS 2.2.6.5): its option list ends in 0xff.
pub(super) fn tds(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        read(|| {
            let mut r = Reader::new(bytes);
            let (kind, status, length) = (r.u8("type")?, r.u8("status")?, r.u16("length")?);
            r.skip(4, "channel, packet, window")?;
            let (token, offset) = (r.u8("option")?, r.u16("offset")?);
            let fits = kind == 0x12 && status <= 1 && token == 0 && offset < length;
            Ok(when(fits && (20..=512).contains(&length), 0.88))
        })
    };
    spoken(head, client, |bytes| when(matches!(bytes, [4, 0 | 1, ..]), 0.3))
}

/// SOCKS 4 and 5 (RFC 1928): lengths that fit to the byte, and the server's choice.
pub(super) fn socks(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| match bytes {
        [5, count @ 1..=8, methods @ ..] => {
            let expected = usize::from(*count);
            match methods.get(..expected) {
                Some(listed) => when(
                    listed.iter().all(|m| *m <= 9 || *m >= 0x80) && matches!(methods.get(expected), None | Some(5)),
                    0.55,
                ),
                None => Guess::Open,
            }
        }
        [4, 1 | 2, _, _, _, _, _, _, rest @ ..] => when(rest.contains(&0), 0.5),
        [4 | 5] => Guess::Open,
        [4, 1 | 2, ..] if bytes.len() < 9 => Guess::Open,
        _ => Guess::No,
    };
    let server = |bytes: &[u8]| match bytes {
        [5, 0..=2 | 0xff, rest @ ..] if rest.is_empty() || rest.first() == Some(&5) || rest.first() == Some(&1) => {
            Guess::Yes(0.6)
        }
        [0, 0x5a..=0x5d, ..] => Guess::Yes(0.6),
        [5] | [0] => Guess::Open,
        _ => Guess::No,
    };
    spoken(head, client, server)
}

/// DCE/RPC over TCP (C706 section 12.6.3): version 5, a type, a fragment length.
pub(super) fn dcerpc(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        read(|| {
            let mut r = Reader::new(bytes);
            let (version, minor, kind) = (r.u8("version")?, r.u8("minor")?, r.u8("type")?);
            if version != 5 || minor > 1 || kind > 19 {
                return Ok(Guess::No);
            }
            r.u8("flags")?;
            let representation = r.array::<4>("representation")?;
            let little = representation.first() == Some(&0x10);
            let size = if little { r.u16_le("length")? } else { r.u16("length")? };
            let shape = matches!(representation, [0 | 0x10, 0, 0, 0]);
            Ok(when(shape && usize::from(size) >= 16, if bytes.len() == usize::from(size) { 0.95 } else { 0.88 }))
        })
    })
}

/// ONC RPC (RFC 5531): a call of version 2 to a known range of programs, or an accepted answer.
pub(super) fn rpc(head: &Head<'_>) -> Probe {
    fn call(r: &mut Reader<'_>) -> Result<Guess, Fault> {
        r.u32("xid")?;
        let (kind, version, program) = (r.u32("kind")?, r.u32("version")?, r.u32("program")?);
        Ok(when(kind == 0 && version == 2 && (100_000..=400_500).contains(&program), 0.95))
    }
    fn reply(r: &mut Reader<'_>) -> Result<Guess, Fault> {
        r.u32("xid")?;
        let (kind, state) = (r.u32("kind")?, r.u32("state")?);
        Ok(when(kind == 1 && state <= 1, 0.4))
    }
    fn record(r: &mut Reader<'_>) -> Result<(), Fault> {
        let mark = r.u32("record mark")?;
        if mark & 0x8000_0000 == 0 || mark & 0x7fff_ffff > 1 << 20 {
            Err(Fault::Malformed("record mark"))
        } else {
            Ok(())
        }
    }
    if head.transport == Transport::TCP {
        let client = |bytes: &[u8]| {
            read(|| {
                let mut r = Reader::new(bytes);
                record(&mut r)?;
                call(&mut r)
            })
        };
        let server = |bytes: &[u8]| {
            read(|| {
                let mut r = Reader::new(bytes);
                record(&mut r)?;
                reply(&mut r)
            })
        };
        return spoken(head, client, server);
    }
    spoken(head, |bytes| whole(|| call(&mut Reader::new(bytes))), |bytes| whole(|| reply(&mut Reader::new(bytes))))
}
