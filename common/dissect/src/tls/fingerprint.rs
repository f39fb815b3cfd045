//! JA3 and JA3S (salesforce/ja3) and JA4 (FoxIO-LLC/ja4, technical_details/JA4.md; the client form, BSD-3-Clause).

use super::parse::Carrier;
use super::table::{extension, is_grease};
use crate::digits::{self, push_hex, push_hex_number};
use crate::fact::{ClientHello, ServerHello};
use md5::{Digest, Md5};
use ring::digest;

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

fn push_decimal(text: &mut Vec<u8>, value: u16) {
    if value > 9 {
        push_decimal(text, value / 10);
    }
    text.push(b'0' + (value % 10) as u8);
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

/// Length of a JA4.
const JA4: usize = 36;

/// The parts of JA4.
#[must_use]
pub fn ja4_parts(hello: &ClientHello, carrier: Carrier) -> Ja4Parts {
    let (mut ciphers, mut extensions) = (without_grease(&hello.ciphers), without_grease(&hello.extensions));
    let named = if extensions.contains(&extension::SERVER_NAME) { 'd' } else { 'i' };
    let (first, last) = alpn(hello.alpn.first().map_or(&[], |name| name));
    let mut a = String::with_capacity(JA4);
    a.push(carrier.letter());
    a.push_str(version(hello));
    a.push(named);
    for count in [ciphers.len(), extensions.len()].map(|count| count.min(99) as u8) {
        a.extend([count / 10, count % 10].map(|digit| char::from(b'0' + digit)));
    }
    a.extend([first, last]);
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

fn without_grease(values: &[u16]) -> Vec<u16> {
    let mut kept = Vec::with_capacity(values.len());
    kept.extend(values.iter().filter(|value| !is_grease(**value)));
    kept
}

/// JA4.
#[must_use]
pub fn ja4(hello: &ClientHello, carrier: Carrier) -> String {
    let Ja4Parts { a: mut text, b, c } = ja4_parts(hello, carrier);
    for part in [b, c] {
        text.push('_');
        text.push_str(std::str::from_utf8(&twelve(&part)).unwrap_or_default());
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
    let mut text = String::with_capacity(64);
    text.push_str("tls1:");
    text.push(carrier.letter());
    text.push_str(version_name(hello.version));
    text.push(':');
    push_hex_number(&mut text, hello.cipher, 1);
    text.push(':');
    for (at, extension) in hello.extensions.iter().take(SERVER_EXTENSIONS).enumerate() {
        if at > 0 {
            text.push('-');
        }
        push_hex_number(&mut text, *extension, 1);
    }
    text.push(':');
    let name = hello.alpn.as_deref().unwrap_or_default();
    for byte in name.iter().take(SERVER_ALPN) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'/' | b'-' => text.push(char::from(*byte)),
            other => {
                text.push('%');
                push_hex(&mut text, *other);
            }
        }
    }
    text
}

/// The highest version offered. Numbers of DTLS fall as versions rise, so the order is by meaning.
fn version(hello: &ClientHello) -> &'static str {
    if hello.versions.iter().all(|version| is_grease(*version)) {
        version_name(hello.legacy_version)
    } else {
        VERSIONS.iter().find(|(number, _)| hello.versions.contains(number)).map_or("00", |(_, name)| name)
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
        let [high, low] = value.to_be_bytes().map(digits::hex);
        text.extend_from_slice([high, low].as_flattened());
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
