//! Binary protocols of offices: files, directories, databases, remote calls.

use super::{Guess, begins, either, read, spoken, when, whole};
use crate::{Head, Probe};
use picket_event::Transport;
use picket_reader::{Fault, Reader};

/// SMB 1 to 3 behind a NetBIOS session header (MS-CIFS 2.2.3.1, MS-SMB2 2.1).
pub(crate) fn smb(head: &Head<'_>) -> Probe {
    either(head, |bytes| match bytes {
        [0, 0 | 1, _, _, 0xfd..=0xff, b'S', b'M', b'B', ..] => Guess::Yes(0.98),
        [0, ..] if bytes.len() < 8 => Guess::Open,
        _ => Guess::No,
    })
}

/// NetBIOS sessions (RFC 1002 section 4.3).
pub(super) fn netbios(head: &Head<'_>) -> Probe {
    let server = |bytes: &[u8]| when(matches!(bytes, [0x82, 0, 0, 0] | [0x83, 0, 0, 1, ..]), 0.6);
    spoken(head, |bytes| begins(bytes, &[0x81, 0, 0, 0x44, 0x20], 0.95), server)
}

/// NetBIOS datagrams (RFC 1002 section 4.4).
pub(crate) fn netbios_datagram(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        let named = matches!(bytes, [0x10..=0x16, 0..=0x1f, _, _, _, _, _, _, 0, 138, ..]);
        when(named, 0.9)
    })
}

/// A definite BER length.
pub(crate) fn ber_length(r: &mut Reader<'_>) -> Result<usize, Fault> {
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
        ber_length(r)?;
        if r.u8("sequence")? != 0x30 {
            return Ok(Guess::No);
        }
        ber_length(r)?;
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
        let fits = match (kind, state) {
            (1, 0) => accepted(r)?,
            // Versions that do not meet, with the range that would; or a reason why nobody is let in.
            (1, 1) => matches!((r.u32("why")?, r.u32("what")?), (0, _) | (1, 0..=14)),
            _ => false,
        };
        Ok(when(fits, 0.4))
    }
    /// A verifier of a flavour that exists, and how the call ended.
    fn accepted(r: &mut Reader<'_>) -> Result<bool, Fault> {
        let (flavour, length) = (r.u32("flavour")?, r.u32("length")?);
        // RFC 5531 section 8.1 and the registry it keeps: 0 to 7, and what makers hold from 200,000 on.
        if !matches!(flavour, 0..=7 | 200_000..=400_000) || length > 400 {
            return Ok(false);
        }
        r.skip(length.next_multiple_of(4) as usize, "verifier")?;
        Ok(r.u32("how it ended")? <= 5)
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
