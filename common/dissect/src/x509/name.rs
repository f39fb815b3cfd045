//! Distinguished names as RFC 4514 writes them, and times.

use super::der;
use crate::digits::{is_printable, push_hex, push_number};
use picket_event::Timestamp;
use picket_reader::{Fault, Reader};
use std::borrow::Cow;

/// Longest text of a name, bytes.
pub(super) const LIMIT: usize = 512;
/// Most attributes of a name that are read.
const ATTRIBUTES: usize = 32;

/// Attribute types by their DER (RFC 4514 section 3, and the two that everybody writes by name).
const TYPES: &[(&[u8], &str)] = &[
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

/// The name, last attribute first as RFC 4514 section 2.1 asks, cut at a bound.
pub(crate) fn text(name: Reader<'_>) -> Result<String, Fault> {
    let mut parts: Vec<String> = Vec::new();
    let mut sets = name;
    while !sets.is_empty() && parts.len() < ATTRIBUTES {
        let mut set = der::expect(&mut sets, der::SET, "certificate: name")?;
        let mut part = String::with_capacity(set.remaining().min(LIMIT));
        while !set.is_empty() && part.len() < LIMIT {
            let mut pair = der::expect(&mut set, der::SEQUENCE, "certificate: name")?;
            let kind = der::expect(&mut pair, der::OID, "certificate: attribute type")?;
            let (tag, value) = der::element(&mut pair)?;
            if !part.is_empty() {
                part.push('+');
            }
            attribute(&mut part, kind.peek(), tag, value.peek());
        }
        parts.push(part);
    }
    parts.reverse();
    let mut all = parts.join(",");
    truncate(&mut all, LIMIT);
    Ok(all)
}

/// An attribute type: its short name, or its number.
pub(super) fn kind(out: &mut String, oid: &[u8]) {
    match TYPES.iter().find(|(known, _)| *known == oid) {
        Some((_, name)) => out.push_str(name),
        None => dotted(out, oid),
    }
}

fn attribute(out: &mut String, kind: &[u8], tag: u8, value: &[u8]) {
    match TYPES.iter().find(|(oid, _)| *oid == kind) {
        Some((_, name)) => {
            out.push_str(name);
            out.push('=');
            escape(out, &string(tag, value));
        }
        None => {
            dotted(out, kind);
            out.push_str("=#");
            for byte in value.iter().take(LIMIT / 2) {
                push_hex(out, *byte);
            }
        }
    }
}

/// A string of any ASN.1 string type.
fn string(tag: u8, value: &[u8]) -> Cow<'_, str> {
    let value = value.get(..LIMIT).unwrap_or(value);
    match tag {
        // BMPString is UCS-2.
        0x1e => {
            let units = value.chunks_exact(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            });
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        0x0c => String::from_utf8_lossy(value),
        // The others are ASCII in practice, and Latin-1 where they are not.
        _ if value.is_ascii() => String::from_utf8_lossy(value),
        _ => value.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// RFC 4514 section 2.4, and control characters as hex pairs.
fn escape(out: &mut String, text: &str) {
    let is_special = |c| matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\');
    let bare = !text.starts_with([' ', '#']) && !text.ends_with(' ') && !text.bytes().map(char::from).any(is_special);
    if bare && is_printable(text.as_bytes()) {
        return out.push_str(text);
    }
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        let edge_space = c == ' ' && (at == 0 || at == last);
        if is_special(c) || edge_space || (c == '#' && at == 0) {
            out.push('\\');
            out.push(c);
        } else if c.is_control() {
            let mut bytes = [0u8; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push('\\');
                push_hex(out, byte);
            }
        } else {
            out.push(c);
        }
    }
}

/// An object identifier in dotted form.
pub(super) fn dotted(out: &mut String, oid: &[u8]) {
    let mut first = true;
    let mut value = 0u64;
    for byte in oid.iter().take(32) {
        value = value.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if first {
            let top = (value / 40).min(2);
            push_number(out, top);
            value -= top * 40;
            first = false;
        }
        out.push('.');
        push_number(out, value);
        value = 0;
    }
}

/// Cuts at a character boundary.
pub(crate) fn truncate(text: &mut String, limit: usize) {
    if text.len() > limit {
        let at = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(at);
    }
}

/// `UTCTime` or `GeneralizedTime` (RFC 5280 section 4.1.2.5). Times that the calendar of events cannot hold
/// become its last instant.
pub(crate) fn time(tag: u8, value: &[u8]) -> Result<Timestamp, Fault> {
    const WRONG: Fault = Fault::Malformed("certificate: time");
    let text = std::str::from_utf8(value).map_err(|_| WRONG)?;
    let digits = text.strip_suffix('Z').filter(|d| d.bytes().all(|b| b.is_ascii_digit())).ok_or(WRONG)?;
    let century = match (tag, digits.len()) {
        (der::UTC_TIME, 12) if digits.get(..2) >= Some("50") => "19",
        (der::UTC_TIME, 12) => "20",
        (der::GENERALIZED_TIME, 14) => "",
        _ => return Err(WRONG),
    };
    let full = [century, digits].concat();
    let part = |from: usize, to: usize| full.get(from..to).unwrap_or("");
    let (day, hour) = ([part(0, 4), part(4, 6), part(6, 8)], [part(8, 10), part(10, 12), part(12, 14)]);
    let rfc3339 = day.join("-") + "T" + &hour.join(":") + "Z";
    match Timestamp::parse(&rfc3339) {
        Ok(time) => Ok(time),
        Err(_) if part(0, 4) > "2261" => Ok(Timestamp::MAX),
        Err(_) => Err(WRONG),
    }
}
