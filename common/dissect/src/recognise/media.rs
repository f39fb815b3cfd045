//! Calls and pictures.

use super::{Guess, either, read, when, whole};
use crate::{Head, Probe};
use picket_reader::Reader;

/// RTCP (RFC 3550 section 6.1): a compound packet that begins with a report, and chains to its last byte.
pub(super) fn rtcp(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (mut packets, mut sender) = (0u32, 0);
            while !r.is_empty() {
                let (first, kind, length) = (r.u8("version")?, r.u8("type")?, r.u16("length")?);
                let source = r.u32("source")?;
                if packets == 0 {
                    sender = source;
                }
                let begins = packets > 0 || matches!(kind, 200 | 201) && first & 0x20 == 0;
                if first >> 6 != 2 || !(192..=213).contains(&kind) || !begins || length == 0 || packets > 16 {
                    return Ok(Guess::No);
                }
                let body = r.take(usize::from(length).saturating_mul(4).saturating_sub(4), "packet")?;
                // A report has blocks of 24 bytes behind its own part, and may have more.
                let own = if kind == 200 { 20 } else { 0 };
                if matches!(kind, 200 | 201) && body.len() < own + usize::from(first & 0x1f) * 24 {
                    return Ok(Guess::No);
                }
                packets += 1;
            }
            Ok(when(sender != 0, if packets > 1 { 0.95 } else { 0.7 }))
        })
    })
}

/// STUN without the magic cookie (RFC 3489 section 11): attributes that chain to the end; an answer has its
/// question's number.
pub(crate) fn classic_stun(head: &Head<'_>) -> Probe {
    let number = |bytes: &[u8]| bytes.get(4..20).map(<[u8]>::to_vec);
    if !head.to_server.is_empty() && !head.to_client.is_empty() && number(head.to_server) != number(head.to_client) {
        return Probe::No;
    }
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (kind, length) = (r.u16("type")?, r.u16("length")?);
            r.skip(16, "transaction")?;
            if !matches!(kind, 1 | 2 | 0x101 | 0x102 | 0x111 | 0x112) || usize::from(length) != r.remaining() {
                return Ok(Guess::No);
            }
            while !r.is_empty() {
                let (attribute, size) = (r.u16("attribute")?, r.u16("attribute length")?);
                if !matches!(attribute, 1..=0x30 | 0x8000..=0x80ff) || size % 4 != 0 {
                    return Ok(Guess::No);
                }
                r.skip(usize::from(size), "value")?;
            }
            Ok(Guess::Yes(if length > 0 { 0.75 } else { 0.55 }))
        })
    })
}

/// RTMP (Adobe's specification 1.0 section 5.2): both sides open with version 3 and a block of 1,536 bytes, the client's
/// with a time and zeros. What ISO carries begins with 3 as well, and has a length there (RFC 1006 section 6).
pub(super) fn rtmp(head: &Head<'_>) -> Probe {
    fn opening(bytes: &[u8]) -> Guess {
        let framed = matches!(bytes, [3, 0, high, low, ..] if u16::from_be_bytes([*high, *low]) >= 7);
        match bytes {
            _ if framed && bytes.len() >= 4 => Guess::No,
            [3, ..] if bytes.len() < 1537 => Guess::Open,
            [3, ..] => Guess::Yes(0.6),
            _ => Guess::No,
        }
    }
    // The server's zeros are a version in some programs, as a client's are in others; one side has them.
    let zeros = |bytes: &[u8]| bytes.get(5..9) == Some(&[0; 4]);
    if head.to_server.len().min(head.to_client.len()) >= 9 && !zeros(head.to_server) && !zeros(head.to_client) {
        return Probe::No;
    }
    either(head, opening)
}

/// Remote desktops over RFB (RFC 6143 section 7.1.1): both sides say its version.
pub(super) fn vnc(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        read(|| {
            let version = Reader::new(bytes).array::<12>("version")?;
            let [b'R', b'F', b'B', b' ', a, b, c, b'.', d, e, f, b'\n'] = version else { return Ok(Guess::No) };
            Ok(when([a, b, c, d, e, f].iter().all(u8::is_ascii_digit), 0.98))
        })
    })
}
