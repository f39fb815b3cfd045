//! JA3 and JA3S (salesforce/ja3) and JA4 (FoxIO-LLC/ja4, technical_details/JA4.md; the client form, BSD-3-Clause).

use super::parse::Carrier;
use super::table::{extension, is_grease};
use crate::digits;
use crate::fact::{ClientHello, ServerHello};
use md5::{Digest, Md5};
use ring::digest;
use std::fmt::Write;

/// The text that JA3 hashes: version, ciphers, extensions, groups, point formats in decimal, GREASE left out.
#[must_use]
pub fn ja3_text(hello: &ClientHello) -> Vec<u8> {
    let lists = [&hello.ciphers, &hello.extensions, &hello.groups];
    let mut text = Vec::with_capacity(16 + 6 * lists.iter().map(|list| list.len()).sum::<usize>());
    push_decimal(&mut text, hello.legacy_version);
    for list in lists {
        text.push(b',');
        join(&mut text, list.iter().copied().filter(|value| !is_grease(*value)));
    }
    text.push(b',');
    join(&mut text, hello.point_formats.iter().copied().map(u16::from));
    text
}

/// JA3.
#[must_use]
pub fn ja3(hello: &ClientHello) -> [u8; 16] {
    Md5::digest(ja3_text(hello)).into()
}

/// JA3S: version, cipher and extensions of the ServerHello; the reference filters no GREASE.
#[must_use]
pub fn ja3s(hello: &ServerHello) -> [u8; 16] {
    let mut text = Vec::with_capacity(16 + 6 * hello.extensions.len());
    push_decimal(&mut text, hello.legacy_version);
    text.push(b',');
    push_decimal(&mut text, hello.cipher);
    text.push(b',');
    join(&mut text, hello.extensions.iter().copied());
    Md5::digest(text).into()
}

fn join(text: &mut Vec<u8>, values: impl Iterator<Item = u16>) {
    for (at, value) in values.enumerate() {
        if at > 0 {
            text.push(b'-');
        }
        push_decimal(text, value);
    }
}

/// A number without leading zeros.
fn push_decimal(text: &mut Vec<u8>, value: u16) {
    let digits = [value / 10_000, value / 1_000 % 10, value / 100 % 10, value / 10 % 10, value % 10];
    let digits = digits.map(|digit| b'0' + digit as u8);
    let first = digits.iter().position(|digit| *digit > b'0').unwrap_or(4);
    text.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// The three parts of JA4 before hashing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ja4Parts {
    /// Transport, version, SNI, counts, ALPN.
    pub a: String,
    /// Ciphers, sorted, in hexadecimal.
    pub b: Vec<u8>,
    /// Extensions sorted, then signature schemes as sent, in hexadecimal.
    pub c: Vec<u8>,
}

/// The parts of JA4.
#[must_use]
pub fn ja4_parts(hello: &ClientHello, carrier: Carrier) -> Ja4Parts {
    let mut ciphers: Vec<u16> = hello.ciphers.iter().copied().filter(|v| !is_grease(*v)).collect();
    let mut extensions: Vec<u16> = hello.extensions.iter().copied().filter(|v| !is_grease(*v)).collect();
    let letter = carrier.letter();
    let named = if extensions.contains(&extension::SERVER_NAME) { 'd' } else { 'i' };
    let (first, last) = alpn(hello.alpn.first().map_or(&[], |name| name));
    let counts = (ciphers.len().min(99), extensions.len().min(99));
    let a = format!("{letter}{}{named}{:02}{:02}{first}{last}", version(hello), counts.0, counts.1);
    ciphers.sort_unstable();
    extensions.retain(|v| *v != extension::SERVER_NAME && *v != extension::ALPN);
    extensions.sort_unstable();
    let mut c = hex(extensions.iter().copied());
    let mut schemes = hello.signature_schemes.iter().copied().filter(|v| !is_grease(*v)).peekable();
    if !c.is_empty() && schemes.peek().is_some() {
        c.push(b'_');
        c.extend(hex(schemes));
    }
    Ja4Parts { a, b: hex(ciphers.iter().copied()), c }
}

/// JA4.
#[must_use]
pub fn ja4(hello: &ClientHello, carrier: Carrier) -> String {
    let Ja4Parts { a: mut text, b, c } = ja4_parts(hello, carrier);
    for part in [b, c] {
        text.push('_');
        text.extend(twelve(&part).map(char::from));
    }
    text
}

/// Versions, newest first.
const VERSIONS: &[(u16, &str)] = &[
    (0x0304, "13"),
    (0xfefc, "d3"),
    (0x0303, "12"),
    (0xfefd, "d2"),
    (0x0302, "11"),
    (0xfeff, "d1"),
    (0x0301, "10"),
    (0x0300, "s3"),
    (0x0002, "s2"),
];

fn version_name(version: u16) -> &'static str {
    VERSIONS.iter().find(|(number, _)| *number == version).map_or("00", |(_, name)| name)
}

/// Most extensions of a server's hello in its fingerprint, and most bytes of the protocol's name.
const SERVER_EXTENSIONS: usize = 32;
const SERVER_ALPN: usize = 16;

/// The server's fingerprint: `tls1:t12:c02f:ff01-0-b-10:h2`. Method; carrier (`t` TCP, `q` QUIC, `d` DTLS) and version chosen;
/// cipher suite; extensions in the order sent; application protocol where it goes in clear. Numbers are hexadecimal
/// without leading zeros. `docs/fingerprints.md`.
#[must_use]
pub fn server(hello: &ServerHello, carrier: Carrier) -> String {
    let mut text = format!("tls1:{}{}:{:x}:", carrier.letter(), version_name(hello.version), hello.cipher);
    for (at, extension) in hello.extensions.iter().take(SERVER_EXTENSIONS).enumerate() {
        let dash = if at > 0 { "-" } else { "" };
        let _ = write!(text, "{dash}{extension:x}");
    }
    text.push(':');
    let name = hello.alpn.as_deref().unwrap_or_default();
    for byte in name.iter().take(SERVER_ALPN) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'/' | b'-' => text.push(char::from(*byte)),
            other => {
                let _ = write!(text, "%{other:02x}");
            }
        }
    }
    text
}

/// The highest version offered. Numbers of DTLS fall as versions rise, so the order is by meaning.
fn version(hello: &ClientHello) -> &'static str {
    let offered: Vec<u16> = hello.versions.iter().copied().filter(|v| !is_grease(*v)).collect();
    if offered.is_empty() {
        version_name(hello.legacy_version)
    } else {
        VERSIONS.iter().find(|(number, _)| offered.contains(number)).map_or("00", |(_, name)| name)
    }
}

/// First and last character of an ALPN value; of its hex form where either end is not alphanumeric.
pub(crate) fn alpn(value: &[u8]) -> (char, char) {
    let (Some(first), Some(last)) = (value.first(), value.last()) else { return ('0', '0') };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return (char::from(*first), char::from(*last));
    }
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    (digit(first >> 4), digit(last & 0x0f))
}

fn hex(values: impl Iterator<Item = u16>) -> Vec<u8> {
    let mut text = Vec::with_capacity(values.size_hint().1.unwrap_or(0).saturating_mul(5));
    for value in values {
        if !text.is_empty() {
            text.push(b',');
        }
        text.extend(value.to_be_bytes().map(digits::hex).as_flattened());
    }
    text
}

/// The first twelve hex digits of SHA-256; zeros for an empty list.
fn twelve(text: &[u8]) -> [u8; 12] {
    let mut out = [b'0'; 12];
    if !text.is_empty() {
        let digest = digest::digest(&digest::SHA256, text);
        for (to, byte) in out.as_chunks_mut().0.iter_mut().zip(digest.as_ref()) {
            *to = digits::hex(*byte);
        }
    }
    out
}
