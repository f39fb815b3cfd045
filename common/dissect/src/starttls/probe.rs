//! How the services are told from others.

use crate::recognise::{Guess, anything, begins, begins_any, ber_length, contains, either, line, read, spoken, when};
use crate::{Head, Probe};
use picket_reader::Reader;

/// How far the server's own name is looked for, bytes.
const LINE: usize = 512;

/// SMTP (RFC 5321 section 3.1).
pub(super) fn smtp(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| begins_any(bytes, &[b"EHLO ", b"HELO ", b"ehlo ", b"helo ", b"MAIL FROM:"], 0.85);
    spoken(head, client, |bytes| greeting(bytes, b"SMTP", b"FTP"))
}

/// FTP (RFC 959 section 5.4).
pub(super) fn ftp(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| begins_any(bytes, &[b"USER ", b"AUTH TLS", b"AUTH SSL", b"FEAT\r\n"], 0.5);
    spoken(head, client, |bytes| greeting(bytes, b"FTP", b"SMTP"))
}

/// A 220 greeting, the same in SMTP and FTP: what it says of itself tells them apart.
fn greeting(bytes: &[u8], own: &[u8], other: &[u8]) -> Guess {
    match begins_any(bytes, &[b"220 ", b"220-"], 0.45) {
        Guess::Yes(plain) => {
            let first = bytes.get(..LINE).unwrap_or(bytes);
            match (contains(first, own), contains(first, other)) {
                (true, false) => Guess::Yes(0.92),
                (false, true) => Guess::No,
                _ => Guess::Yes(plain),
            }
        }
        guess => guess,
    }
}

/// POP3 (RFC 1939).
pub(super) fn pop3(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| begins_any(bytes, &[b"USER ", b"CAPA\r\n", b"AUTH", b"APOP ", b"STLS\r\n"], 0.5);
    spoken(head, client, |bytes| begins(bytes, b"+OK", 0.82))
}

/// IMAP (RFC 9051).
pub(super) fn imap(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        let (first, ended) = line(bytes);
        let mut words = first.split(|byte| *byte == b' ');
        let tag = words
            .next()
            .is_some_and(|tag| !tag.is_empty() && tag.len() <= 16 && tag.iter().all(u8::is_ascii_alphanumeric));
        let known: &[&[u8]] = &[b"CAPABILITY", b"LOGIN", b"AUTHENTICATE", b"STARTTLS", b"ID", b"NOOP", b"SELECT"];
        match (tag, words.next()) {
            (false, _) => Guess::No,
            (true, Some(word)) if known.iter().any(|k| word.eq_ignore_ascii_case(k)) => Guess::Yes(0.6),
            (true, _) if !ended => Guess::Open,
            _ => Guess::No,
        }
    };
    spoken(head, client, |bytes| begins_any(bytes, &[b"* OK", b"* PREAUTH", b"* BYE"], 0.85))
}

/// XMPP (RFC 6120 section 4.2).
pub(super) fn xmpp(head: &Head<'_>) -> Probe {
    either(head, |bytes| match begins_any(bytes, &[b"<?xml ", b"<stream:stream"], 0.5) {
        Guess::Yes(_) if contains(bytes.get(..LINE).unwrap_or(bytes), b"stream:stream") => Guess::Yes(0.95),
        Guess::Yes(_) if bytes.len() >= LINE => Guess::No,
        Guess::Yes(_) => Guess::Open,
        other => other,
    })
}

/// NNTP (RFC 3977 section 5.1): a greeting that names the service, and a reader's commands.
pub(super) fn nntp(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        let known: &[&[u8]] =
            &[b"MODE READER", b"mode reader", b"GROUP ", b"ARTICLE ", b"LIST ", b"AUTHINFO ", b"STARTTLS\r\n"];
        begins_any(bytes, known, 0.5)
    };
    let server = |bytes: &[u8]| match begins_any(bytes, &[b"200 ", b"201 "], 0.5) {
        Guess::Yes(plain) => {
            let (first, _) = line(bytes);
            Guess::Yes(if contains(first, b"nntp") || contains(first, b"news") { 0.9 } else { plain })
        }
        other => other,
    };
    spoken(head, client, server)
}

/// ManageSieve (RFC 5804 section 1.7): the server's capabilities in quoted strings, the first of which is its program.
pub(super) fn managesieve(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| begins_any(bytes, &[b"STARTTLS\r\n", b"CAPABILITY\r\n", b"AUTHENTICATE \""], 0.45);
    spoken(head, client, |bytes| begins(bytes, b"\"IMPLEMENTATION\" ", 0.95))
}

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

/// LDAP (RFC 4511 section 4.1.1): a sequence that fits, a small message id, an operation.
pub(super) fn ldap(head: &Head<'_>) -> Probe {
    let judge = |bytes: &[u8]| {
        read(|| {
            let mut r = Reader::new(bytes);
            if r.u8("sequence")? != 0x30 {
                return Ok(Guess::No);
            }
            ber_length(&mut r)?;
            let (kind, size) = (r.u8("id")?, r.u8("id length")?);
            if kind != 2 || !(1..=4).contains(&size) {
                return Ok(Guess::No);
            }
            r.skip(usize::from(size), "id")?;
            let operation = r.u8("operation")?;
            ber_length(&mut r)?;
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
