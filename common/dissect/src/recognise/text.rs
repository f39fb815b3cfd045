//! Protocols of lines: the first one tells.

use super::{Guess, anything, begins, begins_any, either, spoken, when};
use crate::{Head, Probe};
use memchr::{memchr, memchr2_iter};

/// Longest first line that is waited for, bytes.
const LINE: usize = 512;

/// The first line without its end, and whether its end was seen.
pub(crate) fn line(bytes: &[u8]) -> (&[u8], bool) {
    match memchr(b'\n', bytes.get(..LINE).unwrap_or(bytes)) {
        Some(at) => (bytes.get(..at).unwrap_or(bytes).trim_ascii_end(), true),
        None => (bytes.get(..LINE).unwrap_or(bytes), bytes.len() >= LINE),
    }
}

/// Whether a text occurs, its case aside.
pub(crate) fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else { return true };
    let is_here = |at: usize| {
        bytes.get(at..at.saturating_add(wanted.len())).is_some_and(|here| here.eq_ignore_ascii_case(wanted))
    };
    memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), bytes).any(is_here)
}

/// A request line that ends in this version.
fn request(bytes: &[u8], methods: &[&[u8]], version: &[u8]) -> Guess {
    match begins_any(bytes, methods, 0.5) {
        Guess::Yes(_) => match line(bytes) {
            (first, true) => when(contains(first, version), 0.97),
            (first, false) => {
                if first.is_ascii() {
                    Guess::Yes(0.6)
                } else {
                    Guess::No
                }
            }
        },
        other => other,
    }
}

/// HTTP/2 without TLS: its preface (RFC 9113 section 3.4).
pub(super) fn http2(head: &Head<'_>) -> Probe {
    spoken(head, |bytes| begins(bytes, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0.99), anything)
}

/// SIP (RFC 3261 section 7).
pub(crate) fn sip(head: &Head<'_>) -> Probe {
    either(head, |bytes| match begins(bytes, b"SIP/2.0 ", 0.97) {
        Guess::No => {
            const METHODS: &[&[u8]] = &[
                b"INVITE ",
                b"REGISTER ",
                b"OPTIONS ",
                b"ACK ",
                b"BYE ",
                b"CANCEL ",
                b"SUBSCRIBE ",
                b"NOTIFY ",
                b"MESSAGE ",
                b"PUBLISH ",
                b"INFO ",
                b"PRACK ",
                b"UPDATE ",
                b"REFER ",
            ];
            request(bytes, METHODS, b" SIP/2.0")
        }
        other => other,
    })
}

/// RTSP (RFC 2326, RFC 7826).
pub(super) fn rtsp(head: &Head<'_>) -> Probe {
    const METHODS: &[&[u8]] =
        &[b"OPTIONS ", b"DESCRIBE ", b"SETUP ", b"PLAY ", b"ANNOUNCE ", b"TEARDOWN ", b"GET_PARAMETER ", b"RECORD "];
    spoken(head, |bytes| request(bytes, METHODS, b" RTSP/"), |bytes| begins(bytes, b"RTSP/", 0.95))
}

/// SSDP (UPnP Device Architecture 2.0 section 1).
pub(crate) fn ssdp(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| begins_any(bytes, &[b"M-SEARCH * HTTP/1.1", b"NOTIFY * HTTP/1.1"], 0.97);
    let server = |bytes: &[u8]| match begins(bytes, b"HTTP/1.1 200", 0.6) {
        Guess::Yes(_) => when(contains(bytes.get(..1024).unwrap_or(bytes), b"\nst:"), 0.9),
        other => other,
    };
    spoken(head, client, server)
}

/// Telnet option negotiation (RFC 854): IAC, WILL to DONT or a sub-option, an option that exists.
pub(super) fn telnet(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| match bytes {
        [0xff, 0xfa, rest @ ..] if !sub_option_ends(rest) => Guess::Open,
        [0xff, 0xfa..=0xfe, 0..=50, rest @ ..] => match rest {
            [] => Guess::Yes(0.7),
            [0xff, 0xfa..=0xfe, ..] => Guess::Yes(0.9),
            _ => Guess::Yes(0.6),
        },
        [0xff] | [0xff, 0xfa..=0xfe] => Guess::Open,
        _ => Guess::No,
    };
    spoken(head, client, |bytes| match bytes {
        [0xff] => Guess::Open,
        [0xff, 0xfa, rest @ ..] if !sub_option_ends(rest) => Guess::Open,
        // Behind IAC stands a command, or itself where it is data.
        [0xff, 0xf0..=0xff, ..] => Guess::Yes(0.6),
        [0xff, ..] => Guess::No,
        _ => Guess::Open,
    })
}

/// A sub-option goes on up to IAC and its end (RFC 855).
fn sub_option_ends(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == [0xff, 0xf0])
}

/// Syslog (RFC 3164, RFC 5424): a priority of at most 191.
pub(super) fn syslog(head: &Head<'_>) -> Probe {
    spoken(head, message_of_syslog, |_| Guess::No)
}

/// Syslog over TCP (RFC 6587 section 3.4): messages behind their lengths in decimal, or up to the end of the line.
pub(super) fn syslog_stream(head: &Head<'_>) -> Probe {
    let client = |bytes: &[u8]| {
        let digits = bytes.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        match (bytes.first(), bytes.get(digits)) {
            // The length has no leading zero, and no message is shorter than its priority.
            (Some(b'1'..=b'9'), Some(b' ')) if digits >= 2 => message_of_syslog(bytes.get(digits + 1..).unwrap_or(&[])),
            (Some(b'1'..=b'9'), None) => Guess::Open,
            _ => message_of_syslog(bytes),
        }
    };
    spoken(head, client, |_| Guess::No)
}

/// The beginning of a message; open while the priority is not all there.
fn message_of_syslog(bytes: &[u8]) -> Guess {
    let [b'<', rest @ ..] = bytes else { return if bytes.is_empty() { Guess::Open } else { Guess::No } };
    let digits: Vec<u8> = rest.iter().take(3).copied().take_while(u8::is_ascii_digit).collect();
    let priority: Option<u16> = std::str::from_utf8(&digits).ok().and_then(|text| text.parse().ok());
    match rest.get(digits.len()) {
        None => Guess::Open,
        Some(b'>') => {
            let text = |b: &u8| b.is_ascii_graphic() || matches!(b, b' ' | b'\t' | b'\r' | b'\n');
            let text = rest.iter().skip(digits.len()).take(64).all(text);
            when(priority.is_some_and(|priority| priority <= 191) && text, 0.82)
        }
        Some(_) => Guess::No,
    }
}
