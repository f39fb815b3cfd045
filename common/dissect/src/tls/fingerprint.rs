//! JA3 and JA3S (salesforce/ja3) and JA4 (FoxIO-LLC/ja4, technical_details/JA4.md; the client form, BSD-3-Clause).

use super::parse::Carrier;
use super::table::{extension, is_grease};
use crate::fact::{ClientHello, ServerHello};
use md5::Md5;
use sha2::{Digest, Sha256};

/// The text that JA3 hashes: version, ciphers, extensions, groups, point formats in decimal, GREASE left out.
#[must_use]
pub fn ja3_text(hello: &ClientHello) -> String {
    let mut text = hello.legacy_version.to_string();
    for list in [&hello.ciphers, &hello.extensions, &hello.groups] {
        text.push(',');
        join(&mut text, list.iter().copied().filter(|value| !is_grease(*value)));
    }
    text.push(',');
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
    let mut text = format!("{},{},", hello.legacy_version, hello.cipher);
    join(&mut text, hello.extensions.iter().copied());
    Md5::digest(text).into()
}

fn join(text: &mut String, values: impl Iterator<Item = u16>) {
    for (at, value) in values.enumerate() {
        if at > 0 {
            text.push('-');
        }
        push_decimal(text, value);
    }
}

/// A number without leading zeros.
fn push_decimal(text: &mut String, value: u16) {
    let digits = [value / 10_000, value / 1_000 % 10, value / 100 % 10, value / 10 % 10, value % 10];
    let first = digits.iter().position(|digit| *digit > 0).unwrap_or(4);
    for digit in digits.into_iter().skip(first) {
        text.push(char::from_digit(u32::from(digit), 10).unwrap_or('0'));
    }
}

/// The three parts of JA4 before hashing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ja4Parts {
    /// Transport, version, SNI, counts, ALPN.
    pub a: String,
    /// Ciphers, sorted.
    pub b: String,
    /// Extensions sorted, then signature schemes as sent.
    pub c: String,
}

/// The parts of JA4.
#[must_use]
pub fn ja4_parts(hello: &ClientHello, carrier: Carrier) -> Ja4Parts {
    let mut ciphers: Vec<u16> = hello.ciphers.iter().copied().filter(|v| !is_grease(*v)).collect();
    let mut extensions: Vec<u16> = hello.extensions.iter().copied().filter(|v| !is_grease(*v)).collect();
    let letter = match carrier {
        Carrier::Tcp => 't',
        Carrier::Quic => 'q',
        Carrier::Dtls => 'd',
    };
    let named = if extensions.contains(&extension::SERVER_NAME) { 'd' } else { 'i' };
    let (first, last) = alpn(hello.alpn.first().map_or(&[], |name| name));
    let counts = (ciphers.len().min(99), extensions.len().min(99));
    let a = format!("{letter}{}{named}{:02}{:02}{first}{last}", version(hello), counts.0, counts.1);
    ciphers.sort_unstable();
    extensions.retain(|v| *v != extension::SERVER_NAME && *v != extension::ALPN);
    extensions.sort_unstable();
    let mut c = hex(&extensions);
    let schemes: Vec<u16> = hello.signature_schemes.iter().copied().filter(|v| !is_grease(*v)).collect();
    if !c.is_empty() && !schemes.is_empty() {
        c.push('_');
        c.push_str(&hex(&schemes));
    }
    Ja4Parts { a, b: hex(&ciphers), c }
}

/// JA4.
#[must_use]
pub fn ja4(hello: &ClientHello, carrier: Carrier) -> String {
    let parts = ja4_parts(hello, carrier);
    format!("{}_{}_{}", parts.a, twelve(&parts.b), twelve(&parts.c))
}

/// The highest version offered. Numbers of DTLS fall as versions rise, so the order is by meaning.
fn version(hello: &ClientHello) -> &'static str {
    const NAMES: &[(u16, &str)] = &[
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
    let offered: Vec<u16> = hello.versions.iter().copied().filter(|v| !is_grease(*v)).collect();
    if offered.is_empty() {
        NAMES.iter().find(|(number, _)| *number == hello.legacy_version).map_or("00", |(_, name)| name)
    } else {
        NAMES.iter().find(|(number, _)| offered.contains(number)).map_or("00", |(_, name)| name)
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

fn hex(values: &[u16]) -> String {
    let mut text = String::with_capacity(values.len().saturating_mul(5));
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        value.to_be_bytes().into_iter().for_each(|byte| push_hex(&mut text, byte));
    }
    text
}

/// Two hex digits. Written out, for these are most of what a hello costs.
fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
    }
}

/// The first twelve hex digits of SHA-256; zeros for an empty list.
fn twelve(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(12);
    }
    let digest = Sha256::digest(text);
    let mut out = String::with_capacity(12);
    for byte in digest.iter().take(6) {
        push_hex(&mut out, *byte);
    }
    out
}
