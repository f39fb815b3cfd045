//! X.509 certificates as they go by in clear (RFC 5280): what the events report and the feature stage needs.
//!
//! Read: names, serial, validity, alternative names, key and signature kinds, the number of extensions.
//! Not read: signatures (nothing is verified), policies, constraints.

mod der;
mod fingerprint;
mod name;
#[cfg(test)]
mod tests;

pub(crate) use name::truncate;

use crate::digits::escaped;
use crate::fact::{Certificates, KeyKind, SignatureKind};
use picket_event::Timestamp;
use picket_event::body::Certificate;
use picket_reader::{Fault, Reader};
use ring::digest;
use std::net::IpAddr;

/// Most alternative names that are kept.
const NAMES: usize = 64;
/// Longest alternative name that is kept, bytes.
const NAME_LENGTH: usize = 255;
/// Most bytes of a serial number that are kept (RFC 5280 section 4.1.2.2 allows 20).
const SERIAL: usize = 32;

/// What a TLS 1.2 Certificate message says: a list of DER certificates, each behind a three-byte length.
///
/// # Errors
/// [`Fault::Malformed`] where the list or the leaf is not what it has to be.
pub(crate) fn chain(message: &[u8]) -> Result<Option<Certificates>, Fault> {
    let mut r = Reader::new(message);
    let mut list = r.vec24("certificate list")?;
    r.done("certificate message: trailing bytes")?;
    let chain_bytes = u32::try_from(list.remaining()).unwrap_or(u32::MAX);
    if list.is_empty() {
        return Ok(None);
    }
    let mut facts = leaf(list.vec24("certificate")?.peek())?;
    facts.chain_bytes = chain_bytes;
    while !list.is_empty() {
        list.vec24("certificate")?;
        facts.chain_length = facts.chain_length.saturating_add(1);
    }
    Ok(Some(facts))
}

/// One certificate.
fn leaf(bytes: &[u8]) -> Result<Certificates, Fault> {
    let mut outer = Reader::new(bytes);
    let mut certificate = der::expect(&mut outer, der::SEQUENCE, "certificate: no sequence")?;
    let mut tbs = der::expect(&mut certificate, der::SEQUENCE, "certificate: no body")?;
    let version = match der::optional(&mut tbs, 0xa0)? {
        Some(mut explicit) => {
            der::expect(&mut explicit, der::INTEGER, "certificate: version")?.peek().last().map_or(0, |v| v & 0x7f) + 1
        }
        None => 1,
    };
    let serial = der::expect(&mut tbs, der::INTEGER, "certificate: serial")?;
    let mut signature = der::expect(&mut tbs, der::SEQUENCE, "certificate: signature algorithm")?;
    let signature = der::expect(&mut signature, der::OID, "certificate: signature algorithm")?;
    let issuer = der::expect(&mut tbs, der::SEQUENCE, "certificate: issuer")?;
    let mut validity = der::expect(&mut tbs, der::SEQUENCE, "certificate: validity")?;
    let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
    let subject = der::expect(&mut tbs, der::SEQUENCE, "certificate: subject")?;
    let (key, key_bits) = public_key(&mut tbs)?;
    let Extensions { count, names, list } = extensions(&mut tbs)?;
    let shape = fingerprint::Parts {
        version,
        issuer,
        subject,
        key,
        key_bits,
        signature: signature.peek(),
        extensions: &list,
        not_before,
        not_after,
    };
    let fingerprint = shape.text()?;
    Ok(Certificates {
        leaf: Certificate {
            sha256: sha256(bytes),
            subject: name::text(subject)?,
            issuer: name::text(issuer)?,
            serial: serial.peek().iter().take(SERIAL).copied().collect(),
            not_before,
            not_after,
            names,
            self_signed: subject.peek() == issuer.peek(),
            fingerprint,
        },
        version,
        extensions: count,
        key,
        key_bits,
        signature: signature_kind(signature.peek()),
        length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        chain_length: 1,
        chain_bytes: 0,
    })
}

fn time(r: &mut Reader<'_>) -> Result<Timestamp, Fault> {
    let (tag, value) = der::element(r)?;
    name::time(tag, value.peek())
}

/// `SubjectPublicKeyInfo` (RFC 3279, 5480, 8410).
fn public_key(tbs: &mut Reader<'_>) -> Result<(KeyKind, u16), Fault> {
    let mut info = der::expect(tbs, der::SEQUENCE, "certificate: public key")?;
    let mut algorithm = der::expect(&mut info, der::SEQUENCE, "certificate: key algorithm")?;
    let oid = der::expect(&mut algorithm, der::OID, "certificate: key algorithm")?;
    let mut bits = der::expect(&mut info, der::BIT_STRING, "certificate: key")?;
    bits.skip(1, "unused bits")?;
    Ok(match oid.peek() {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1 | 10] => {
            let modulus = der::expect(&mut bits, der::SEQUENCE, "certificate: rsa key")
                .and_then(|mut key| der::expect(&mut key, der::INTEGER, "certificate: rsa modulus"));
            (KeyKind::Rsa, modulus.map_or(0, |m| der::bits(m.peek())))
        }
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => {
            let curve = der::optional(&mut algorithm, der::OID)?.map_or(&[][..], |mut c| c.rest());
            (KeyKind::Ec, curve_bits(curve, bits.remaining()))
        }
        [0x2b, 0x65, 0x70] => (KeyKind::Ed25519, 256),
        [0x2b, 0x65, 0x71] => (KeyKind::Ed448, 456),
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1] => (KeyKind::Dsa, 0),
        _ => (KeyKind::Other, 0),
    })
}

/// Bits of a named curve, or of the coordinates of an uncompressed point.
fn curve_bits(curve: &[u8], point: usize) -> u16 {
    match curve {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => 256,
        [0x2b, 0x81, 0x04, 0, 0x22] => 384,
        [0x2b, 0x81, 0x04, 0, 0x23] => 521,
        _ => u16::try_from(point.saturating_sub(1) * 4).unwrap_or(0),
    }
}

/// RFC 3279, 4055, 5758, 8410.
fn signature_kind(oid: &[u8]) -> SignatureKind {
    match oid {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last] => match last {
            4 => SignatureKind::RsaMd5,
            5 => SignatureKind::RsaSha1,
            11..=14 => SignatureKind::RsaSha2,
            10 => SignatureKind::RsaPss,
            _ => SignatureKind::Other,
        },
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] => SignatureKind::EcdsaSha1,
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1..=4] => SignatureKind::EcdsaSha2,
        [0x2b, 0x65, 0x70] => SignatureKind::Ed25519,
        [0x2b, 0x65, 0x71] => SignatureKind::Ed448,
        _ => SignatureKind::Other,
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()).for_each(|(to, byte)| *to = *byte);
    sum
}

/// What is read of a certificate's extensions.
#[derive(Default)]
struct Extensions {
    count: u16,
    /// Names of the subject alternative name.
    names: Vec<String>,
    /// Their types, as the fingerprint has them.
    list: String,
}

fn extensions(tbs: &mut Reader<'_>) -> Result<Extensions, Fault> {
    let mut found = Extensions::default();
    while !tbs.is_empty() {
        let (tag, mut explicit) = der::element(tbs)?;
        if tag != 0xa3 {
            continue;
        }
        let mut list = der::expect(&mut explicit, der::SEQUENCE, "certificate: extensions")?;
        while !list.is_empty() {
            let mut extension = der::expect(&mut list, der::SEQUENCE, "certificate: extension")?;
            let oid = der::expect(&mut extension, der::OID, "certificate: extension type")?;
            let critical = der::optional(&mut extension, 0x01)?.is_some_and(|flag| flag.peek() != [0]);
            let mut value = der::expect(&mut extension, der::OCTET_STRING, "certificate: extension value")?;
            fingerprint::extension(&mut found.list, found.count, oid.peek(), critical);
            found.count = found.count.saturating_add(1);
            if oid.peek() == [0x55, 0x1d, 0x11] {
                alternative_names(&mut value, &mut found.names)?;
            }
        }
    }
    Ok(found)
}

/// RFC 5280 section 4.2.1.6: DNS names and addresses.
fn alternative_names(value: &mut Reader<'_>, names: &mut Vec<String>) -> Result<(), Fault> {
    let mut list = der::expect(value, der::SEQUENCE, "certificate: alternative names")?;
    while !list.is_empty() && names.len() < NAMES {
        let (tag, name) = der::element(&mut list)?;
        match (tag, name.peek()) {
            (0x82, text) => {
                let text = text.get(..NAME_LENGTH).unwrap_or(text);
                names.push(escaped(text, usize::MAX));
            }
            (0x87, bytes) => {
                let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
                let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
                names.extend(v4.or(v6).map(|ip| ip.to_string()));
            }
            _ => {}
        }
    }
    Ok(())
}
