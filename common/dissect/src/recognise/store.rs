//! Databases, caches and queues.

use super::{Guess, anything, begins, either, read, spoken, when, whole};
use crate::{Head, Probe};
use picket_event::Transport;
use picket_reader::Reader;

/// MongoDB (its wire protocol): a length, numbers of question and answer, an operation that exists.
pub(super) fn mongodb(head: &Head<'_>) -> Probe {
    fn message(bytes: &[u8], answer: bool) -> Guess {
        read(|| {
            let mut r = Reader::new(bytes);
            let (length, request, response) = (r.u32_le("length")?, r.u32_le("request")?, r.u32_le("response to")?);
            let (operation, flags) = (r.u32_le("operation")?, r.u32_le("flags")?);
            let asked = matches!(operation, 2001..=2007 | 2010 | 2012) && !answer;
            let known = match operation {
                1 => answer && flags <= 0x0f,
                2011 | 2012 => true,
                // Flags of a message are two, and one for those that need no answer (2013).
                2013 => flags & !0x0001_0003 == 0,
                _ => asked,
            };
            let direction = if answer { response != 0 } else { response == 0 && request != u32::MAX };
            Ok(when((26..=48_000_000).contains(&length) && known && direction, if answer { 0.7 } else { 0.85 }))
        })
    }
    spoken(head, |bytes| message(bytes, false), |bytes| message(bytes, true))
}

/// Redis (RESP): an array of bulk strings, whose counts are numbers in text.
pub(super) fn redis(head: &Head<'_>) -> Probe {
    /// A number in text behind this mark, up to the end of the line.
    fn count(bytes: &[u8], mark: u8) -> Option<Result<&[u8], ()>> {
        let rest = bytes.strip_prefix(&[mark])?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match rest.get(digits..)? {
            _ if digits > 7 => None,
            [] | [b'\r'] => Some(Err(())),
            [b'\r', b'\n', after @ ..] if digits > 0 => Some(Ok(after)),
            _ => None,
        }
    }
    let client = |bytes: &[u8]| match count(bytes, b'*') {
        Some(Ok([])) | Some(Err(())) => Guess::Open,
        Some(Ok(after)) => match count(after, b'$') {
            Some(Ok(name)) => when(name.iter().take(3).all(u8::is_ascii_alphabetic), 0.93),
            Some(Err(())) => Guess::Open,
            None => Guess::No,
        },
        None => Guess::No,
    };
    let server =
        |bytes: &[u8]| when(matches!(bytes.first(), Some(b'+' | b'-' | b':' | b'$' | b'*' | b'%' | b'_')), 0.3);
    spoken(head, client, server)
}

/// memcached: a binary header whose lengths add up, or a command in text; over UDP behind a frame header.
pub(super) fn memcached(head: &Head<'_>) -> Probe {
    fn binary(bytes: &[u8], magic: u8) -> Guess {
        read(|| {
            let mut r = Reader::new(bytes);
            let (first, operation, key) = (r.u8("magic")?, r.u8("operation")?, r.u16("key length")?);
            let (extras, kind) = (r.u8("extras length")?, r.u8("data type")?);
            let status = r.u16("status")?;
            let body = r.u32("body length")?;
            r.skip(12, "opaque and version")?;
            let fits = first == magic && operation <= 0x4f && kind == 0 && extras <= 24 && key <= 250 && status <= 0x86;
            // Questions without a key, and answers with nothing at all, are of these operations alone.
            let told = if magic == 0x80 { key > 0 } else { body > 0 };
            let empty = told || matches!(operation, 0x07 | 0x08 | 0x0a | 0x0b | 0x10 | 0x17 | 0x18 | 0x20);
            let inside = u32::from(key) + u32::from(extras);
            Ok(when(fits && empty && (inside..=1 << 20).contains(&body) && r.remaining() >= inside as usize, 0.85))
        })
    }
    fn command(bytes: &[u8]) -> Guess {
        const WORDS: [&[u8]; 8] = [b"get ", b"gets ", b"set ", b"delete ", b"stats", b"version\r\n", b"incr ", b"mg "];
        let Some(word) = WORDS.iter().find(|word| bytes.starts_with(word)) else { return Guess::No };
        let (line, ended) = match bytes.iter().take(300).position(|byte| *byte == b'\r') {
            Some(at) => (bytes.get(..at).unwrap_or(bytes), true),
            None => (bytes, false),
        };
        let parts = line.split(|byte| *byte == b' ').filter(|part| !part.is_empty()).count();
        let number = |at: usize| {
            let part = line.split(|byte| *byte == b' ').nth(at);
            part.is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
        };
        // Storing says flags, age and length in numbers.
        if *word == b"set " { when(ended && parts >= 5 && number(2) && number(4), 0.9) } else { when(ended, 0.35) }
    }
    fn answer(bytes: &[u8]) -> Guess {
        const WORDS: [&[u8]; 7] =
            [b"VALUE ", b"STORED\r\n", b"NOT_FOUND\r\n", b"DELETED\r\n", b"STAT ", b"VERSION ", b"END\r\n"];
        when(WORDS.iter().any(|word| bytes.starts_with(word)), 0.75)
    }
    if head.transport == Transport::TCP {
        let client = |bytes: &[u8]| if bytes.first() == Some(&0x80) { binary(bytes, 0x80) } else { command(bytes) };
        let server = |bytes: &[u8]| if bytes.first() == Some(&0x81) { binary(bytes, 0x81) } else { answer(bytes) };
        return spoken(head, client, server);
    }
    fn framed(bytes: &[u8], judge: fn(&[u8]) -> Guess) -> Guess {
        match bytes {
            // A number, which of how many datagrams, and zeros.
            [_, _, 0, at, 0, all, 0, 0, rest @ ..] if at < all && judge(rest) != Guess::No => Guess::Yes(0.9),
            _ => Guess::No,
        }
    }
    spoken(head, |bytes| framed(bytes, command), |bytes| framed(bytes, answer))
}

/// Cassandra (CQL binary protocol sections 2 and 4.1): a start-up with its version's name, or a question for options.
pub(super) fn cassandra(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        read(|| {
            let mut r = Reader::new(bytes);
            let (version, flags) = (r.u8("version")?, r.u8("flags")?);
            if !(1..=5).contains(&version) || flags > 0x1f {
                return Ok(Guess::No);
            }
            // Streams have one byte up to version 2.
            r.skip(if version > 2 { 2 } else { 1 }, "stream")?;
            let (operation, length) = (r.u8("operation")?, r.u32("length")?);
            match (operation, length) {
                (5, 0) => Ok(when(r.is_empty(), 0.8)),
                (1, 22..=512) => {
                    let pairs = r.u16("options")?;
                    let named = r.take(usize::try_from(length).unwrap_or(0).saturating_sub(2), "options")?;
                    let wanted = b"CQL_VERSION";
                    Ok(when(pairs <= 8 && named.windows(wanted.len()).any(|window| window == wanted), 0.98))
                }
                _ => Ok(Guess::No),
            }
        })
    };
    // Errors, readiness, demands to log in, options, results, events (section 2.4).
    let server = |bytes: &[u8]| {
        read(|| {
            let mut r = Reader::new(bytes);
            let (version, flags) = (r.u8("version")?, r.u8("flags")?);
            if !(0x81..=0x85).contains(&version) || flags > 0x1f {
                return Ok(Guess::No);
            }
            r.skip(if version > 0x82 { 2 } else { 1 }, "stream")?;
            let (operation, length) = (r.u8("operation")?, r.u32("length")?);
            // What each holds at least: a code and a text, names, a kind, a token's length.
            let least = match operation {
                0 => 6,
                2 => 0,
                3 | 6 | 0x0c => 2,
                8 | 0x0e | 0x10 => 4,
                _ => return Ok(Guess::No),
            };
            Ok(when((least..=1 << 24).contains(&length), 0.4))
        })
    };
    spoken(head, client, server)
}

/// Kafka (its protocol guide): a length, a kind of request and its version, the client's name; an answer has the
/// question's number.
pub(super) fn kafka(head: &Head<'_>) -> Probe {
    fn request(bytes: &[u8]) -> Option<u32> {
        let mut r = Reader::new(bytes);
        let (length, kind, version) = (r.u32("length").ok()?, r.u16("kind").ok()?, r.u16("version").ok()?);
        let number = r.u32("number").ok()?;
        let name = r.vec16("client").ok()?;
        let printable = !name.is_empty() && name.peek().iter().all(|byte| byte.is_ascii_graphic());
        let fits = length as usize == bytes.len().saturating_sub(4) && kind <= 92 && version <= 20;
        (fits && printable && name.remaining() <= 249).then_some(number)
    }
    let judge = |client: &[u8], server: &[u8]| {
        let number = request(client)?;
        let mut r = Reader::new(server);
        match (r.u32("length"), r.u32("number")) {
            (Ok(length), Ok(answered)) => (answered == number && length >= 4).then_some(0.95),
            _ => server.is_empty().then_some(0.7),
        }
    };
    let quiet = head.to_server.is_empty() && head.to_client.is_empty();
    match (judge(head.to_server, head.to_client), judge(head.to_client, head.to_server)) {
        (Some(sure), _) => super::yes(sure, false),
        (_, Some(sure)) => super::yes(sure, true),
        _ if quiet || head.to_server.len().max(head.to_client.len()) < 14 => Probe::More,
        _ => Probe::No,
    }
}

/// AMQP (0-9-1 section 4.2.2, 1.0 section 2.2): the protocol's name and version.
pub(super) fn amqp(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| match begins(bytes, b"AMQP", 0.97) {
        Guess::Yes(sure) => when(matches!(bytes.get(4), None | Some(0..=3)), sure),
        other => other,
    };
    spoken(head, client, anything)
}

/// Oracle's TNS: a packet of one length that connects, with a description in text.
pub(super) fn tns(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        read(|| {
            let mut r = Reader::new(bytes);
            let (length, checksum, kind, reserved) =
                (r.u16("length")?, r.u16("checksum")?, r.u8("type")?, r.u8("reserved")?);
            let fits = checksum == 0 && kind == 1 && reserved <= 4 && (58..=4096).contains(&length);
            if !fits {
                return Ok(Guess::No);
            }
            let text = b"(DESCRIPTION=";
            let rest = r.peek().get(..1024).unwrap_or(r.peek());
            Ok(when(rest.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text)), 0.97))
        })
    };
    spoken(head, client, anything)
}

/// Radius (RFC 2865 section 3): a code that exists, a length that fits to the byte, attributes that chain.
pub(super) fn radius(head: &Head<'_>) -> Probe {
    either(head, |bytes| {
        whole(|| {
            let mut r = Reader::new(bytes);
            let (code, _, length) = (r.u8("code")?, r.u8("number")?, r.u16("length")?);
            r.skip(16, "authenticator")?;
            if !matches!(code, 1..=5 | 11..=13 | 40..=45) || usize::from(length) != bytes.len() {
                return Ok(Guess::No);
            }
            let mut attributes = 0u32;
            while !r.is_empty() {
                let (kind, size) = (r.u8("attribute")?, r.u8("attribute length")?);
                r.skip(usize::from(size).checked_sub(2).unwrap_or(usize::MAX), "value")?;
                if kind == 0 {
                    return Ok(Guess::No);
                }
                attributes += 1;
            }
            Ok(Guess::Yes(if attributes >= 2 { 0.92 } else { 0.5 }))
        })
    })
}
