//! The fingerprint of a certificate's shape: what the tool that made it decides, and not whom it is for.
//!
//! `crt1:3:C-O-CN:=:rsa2048:rsa-sha256:14-35-19!:1y`: the method; X.509 version; types of the issuer's attributes in the order
//! encoded; of the subject's, `=` where it is the same name; key and its bits; signature algorithm; extensions in order,
//! those of RFC 5280 by their last number, with `!` where critical; class of the time of validity. `docs/fingerprints.md`.

use super::{der, name};
use crate::digits::push_number;
use crate::fact::KeyKind;
use picket_event::Timestamp;
use picket_reader::{Fault, Reader};

/// Most attributes of a name and most extensions in a fingerprint.
const ATTRIBUTES: usize = 16;
const EXTENSIONS: usize = 32;

/// What goes into it.
pub(super) struct Parts<'a> {
    pub(super) version: u8,
    pub(super) issuer: Reader<'a>,
    pub(super) subject: Reader<'a>,
    pub(super) key: KeyKind,
    pub(super) key_bits: u16,
    pub(super) signature: &'a [u8],
    /// Written by [`extension`] as they were read.
    pub(super) extensions: &'a str,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Parts<'_> {
    /// The text.
    ///
    /// # Errors
    /// [`Fault`] where a name is none.
    pub(super) fn text(&self) -> Result<String, Fault> {
        let mut text = format!("crt1:{}:", self.version);
        attributes(&mut text, self.issuer)?;
        text.push(':');
        if self.issuer.peek() == self.subject.peek() {
            text.push('=');
        } else {
            attributes(&mut text, self.subject)?;
        }
        text.push(':');
        text.push_str(key(self.key));
        if self.key_bits > 0 && matches!(self.key, KeyKind::Rsa | KeyKind::Ec | KeyKind::Dsa) {
            push_number(&mut text, self.key_bits);
        }
        text.push(':');
        signature(&mut text, self.signature);
        for part in [":", self.extensions, ":", validity(self.not_before, self.not_after)] {
            text.push_str(part);
        }
        Ok(text)
    }
}

/// Types of a name's attributes, in the order encoded.
fn attributes(text: &mut String, name: Reader<'_>) -> Result<(), Fault> {
    let mut sets = name;
    for at in 0..ATTRIBUTES {
        if sets.is_empty() {
            break;
        }
        let mut set = der::expect(&mut sets, der::SET, "certificate: name")?;
        let mut between = if at > 0 { "-" } else { "" };
        while !set.is_empty() {
            let mut pair = der::expect(&mut set, der::SEQUENCE, "certificate: name")?;
            let kind = der::expect(&mut pair, der::OID, "certificate: attribute type")?;
            text.push_str(between);
            name::kind(text, kind.peek());
            between = "+";
            if text.len() > name::LIMIT {
                return Ok(());
            }
        }
    }
    Ok(())
}

const fn key(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Rsa => "rsa",
        KeyKind::Ec => "ec",
        KeyKind::Ed25519 => "ed25519",
        KeyKind::Ed448 => "ed448",
        KeyKind::Dsa => "dsa",
        KeyKind::Other => "other",
    }
}

/// Signature algorithms (RFC 3279, 4055, 5758, 8410); others by their number.
fn signature(text: &mut String, oid: &[u8]) {
    let name = match oid {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last] => match last {
            4 => "rsa-md5",
            5 => "rsa-sha1",
            10 => "rsa-pss",
            11 => "rsa-sha256",
            12 => "rsa-sha384",
            13 => "rsa-sha512",
            _ => "",
        },
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] => "ecdsa-sha1",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2] => "ecdsa-sha256",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3] => "ecdsa-sha384",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4] => "ecdsa-sha512",
        [0x2b, 0x65, 0x70] => "ed25519",
        [0x2b, 0x65, 0x71] => "ed448",
        _ => "",
    };
    if name.is_empty() { name::dotted(text, oid) } else { text.push_str(name) }
}

/// Adds an extension to the list of them.
pub(super) fn extension(list: &mut String, number: u16, oid: &[u8], critical: bool) {
    if usize::from(number) >= EXTENSIONS {
        return;
    }
    if number > 0 {
        list.push('-');
    }
    match oid {
        [0x55, 0x1d, last @ 0..=0x7f] => push_number(list, *last),
        _ => name::dotted(list, oid),
    }
    if critical {
        list.push('!');
    }
}

/// The longest time of validity of a class, days, and its name. Between the lengths that tools and authorities give.
const CLASSES: &[(i64, &str)] =
    &[(10, "7d"), (60, "30d"), (120, "90d"), (250, "180d"), (500, "1y"), (1_000, "2y"), (2_500, "5y"), (5_000, "10y")];

/// The class of a time of validity.
fn validity(from: Timestamp, until: Timestamp) -> &'static str {
    const DAY: i64 = 86_400_000_000_000;
    let days = until.nanos().saturating_sub(from.nanos()) / DAY;
    match CLASSES.iter().find(|(most, _)| days <= *most) {
        Some((_, name)) => name,
        None => "long",
    }
}
