//! QUIC packets as an end would send them, protected with keys derived here and not by the code under test
//! (RFC 9001 section 5, RFC 9369 section 3).

use super::message::{extension, handshake, vector16, with_length16, words};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf;

/// Version 1.
pub const V1: u32 = 1;
/// Version 2.
pub const V2: u32 = 0x6b33_43cf;
/// Draft 29.
pub const DRAFT_29: u32 = 0xff00_001d;

/// A long header packet to be made.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// Its version.
    pub version: u32,
    /// The connection id that the keys come from: the first one the client has sent to, or that of a Retry.
    pub key: &'a [u8],
    /// Destination connection id.
    pub to: &'a [u8],
    /// Source connection id.
    pub from: &'a [u8],
    /// Whether the client sends it.
    pub client: bool,
}

/// Kinds of long header packets, in the order of version 1.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // the names of the standard
pub enum Kind {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(secret: &hkdf::Prk, label: &str, length: usize) -> Vec<u8> {
    let mut info = u16::try_from(length).unwrap().to_be_bytes().to_vec();
    info.push(u8::try_from(label.len() + 6).unwrap());
    info.extend(b"tls13 ");
    info.extend(label.as_bytes());
    info.push(0);
    let mut out = vec![0; length];
    secret.expand(&[&info], Length(length)).unwrap().fill(&mut out).unwrap();
    out
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn salt(version: u32) -> Vec<u8> {
    unhex(match version {
        V1 => "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
        V2 => "0dede3def700a6db819381be6e269dcbf9bd2ed9",
        DRAFT_29 => "afbfec289993d24c9e9786f19c6111e04390a899",
        _ => panic!("the salt of version {version:#x} is not known"),
    })
}

fn flags(version: u32, kind: Kind) -> u8 {
    let number = kind as u8;
    let bits = if version == V2 { (number + 1) % 4 } else { number };
    0xc0 | bits << 4
}

fn header(ends: &Ends<'_>, kind: Kind) -> Vec<u8> {
    let mut out = vec![flags(ends.version, kind)];
    out.extend(ends.version.to_be_bytes());
    for id in [ends.to, ends.from] {
        out.push(u8::try_from(id.len()).unwrap());
        out.extend(id);
    }
    out
}

fn length16(value: usize) -> [u8; 2] {
    (u16::try_from(value).unwrap() | 0x4000).to_be_bytes()
}

/// An Initial packet with these frames and a packet number of four bytes.
///
/// # Panics
/// When it would be longer than a datagram.
#[must_use]
pub fn initial(ends: &Ends<'_>, token: &[u8], number: u32, frames: &[u8]) -> Vec<u8> {
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &salt(ends.version)).extract(ends.key);
    let side = if ends.client { "client in" } else { "server in" };
    let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &expand(&secret, side, 32));
    let prefix = if ends.version == V2 { "quicv2" } else { "quic" };
    let part = |name: &str, length| expand(&secret, &format!("{prefix} {name}"), length);
    let mut packet = header(ends, Kind::Initial);
    packet[0] |= 3;
    packet.extend(length16(token.len()));
    packet.extend(token);
    packet.extend(length16(4 + frames.len() + 16));
    let number_at = packet.len();
    packet.extend(number.to_be_bytes());
    let mut nonce: [u8; 12] = part("iv", 12).try_into().unwrap();
    nonce[8..].iter_mut().zip(number.to_be_bytes()).for_each(|(byte, part)| *byte ^= part);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &part("key", 16)).unwrap());
    let mut sealed = frames.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&packet), &mut sealed).unwrap();
    packet.extend(sealed);
    let mask = quic::HeaderProtectionKey::new(&quic::AES_128, &part("hp", 16)).unwrap();
    let mask = mask.new_mask(&packet[number_at + 4..number_at + 20]).unwrap();
    packet[0] ^= mask[0] & 0x0f;
    packet[number_at..number_at + 4].iter_mut().zip(&mask[1..]).for_each(|(byte, mask)| *byte ^= mask);
    packet
}

/// A CRYPTO frame.
#[must_use]
pub fn crypto(offset: usize, data: &[u8]) -> Vec<u8> {
    [&[6][..], &length16(offset), &length16(data.len()), data].concat()
}

/// CRYPTO frames of these ranges of a message, in this order.
#[must_use]
pub fn pieces(message: &[u8], ranges: &[(usize, usize)]) -> Vec<u8> {
    ranges.iter().flat_map(|(from, to)| crypto(*from, &message[*from..*to])).collect()
}

/// Frames padded so that their packet has this length, its header apart.
#[must_use]
pub fn padded(mut frames: Vec<u8>, length: usize) -> Vec<u8> {
    frames.resize(length.max(frames.len()), 0);
    frames
}

/// A packet nobody can read: Handshake, 0-RTT, or an Initial of an unknown version; filled from a seed.
#[must_use]
pub fn opaque(ends: &Ends<'_>, kind: Kind, length: usize, seed: u8) -> Vec<u8> {
    let mut packet = header(ends, kind);
    packet[0] |= seed & 0x0f;
    if matches!(kind, Kind::Initial) {
        packet.push(0);
    }
    packet.extend(length16(length));
    packet.extend(filler(length, seed));
    packet
}

/// A packet with a short header.
#[must_use]
pub fn short(to: &[u8], length: usize, seed: u8) -> Vec<u8> {
    [&[0x40 | seed & 0x3f][..], to, &filler(length, seed)].concat()
}

/// Bytes that look encrypted, from a seed.
#[must_use]
pub fn filler(length: usize, seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) * 2 + 1;
    let mut next = || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        u8::try_from(state >> 24).unwrap_or(0)
    };
    (0..length).map(|_| next()).collect()
}

/// A Retry packet that answers a client which began with connection id `original`.
///
/// # Panics
/// When the version's key is not known.
#[must_use]
pub fn retry(ends: &Ends<'_>, original: &[u8], token: &[u8]) -> Vec<u8> {
    let (key, nonce) = match ends.version {
        V1 => ("be0c690b9f66575a1d766b54e368c84e", "461599d35d632bf2239825bb"),
        V2 => ("8fb4b01b56ac48e260fbcbcead7ccc92", "d86969bc2d7c6d9990efb04a"),
        version => panic!("the retry key of version {version:#x} is not known"),
    };
    let mut packet = header(ends, Kind::Retry);
    packet[0] |= 0x0f;
    packet.extend(token);
    let pseudo = [&[u8::try_from(original.len()).unwrap()][..], original, &packet].concat();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &unhex(key)).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(&unhex(nonce)).unwrap();
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(pseudo), &mut []).unwrap();
    packet.extend(tag.as_ref());
    packet
}

/// A version negotiation packet.
#[must_use]
pub fn negotiation(to: &[u8], from: &[u8], versions: &[u32]) -> Vec<u8> {
    let mut packet = header(&Ends { version: 0, key: &[], to, from, client: false }, Kind::Handshake);
    versions.iter().for_each(|version| packet.extend(version.to_be_bytes()));
    packet
}

/// A ClientHello message of TLS 1.3 over QUIC. A `hybrid` key share makes it too long for one packet; a `ticket`
/// of this length is offered where it is not 0.
#[must_use]
pub fn client_hello(sni: &str, hybrid: bool, ticket: usize) -> Vec<u8> {
    client_hello_for(sni, b"\x02h3", hybrid, ticket)
}

/// The same with these application protocols, each behind its length.
#[must_use]
pub fn client_hello_for(sni: &str, alpn: &[u8], hybrid: bool, ticket: usize) -> Vec<u8> {
    hello(sni, alpn, hybrid, ticket, None)
}

/// A ClientHello with an encrypted one (RFC 9849 section 5): this key, and a payload of these bytes.
#[must_use]
pub fn encrypted_hello(sni: &str, key: &[u8], payload: u8) -> Vec<u8> {
    let inside = [&[0, 0, 1, 0, 1, 7][..], &with_length16(key), &with_length16(&[payload; 144])].concat();
    hello(sni, b"\x02h3", false, 0, Some(&inside))
}

fn hello(sni: &str, alpn: &[u8], hybrid: bool, ticket: usize, encrypted: Option<&[u8]>) -> Vec<u8> {
    let mut name = vec![0];
    vector16(&mut name, sni.as_bytes());
    let mut shares = Vec::new();
    let groups: &[u16] = if hybrid { &[0x11ec, 29, 23] } else { &[29, 23] };
    if hybrid {
        shares.extend([0x11, 0xec]);
        vector16(&mut shares, &filler(1216, 5));
    }
    shares.extend([0, 29]);
    vector16(&mut shares, &filler(32, 6));
    let mut extensions = Vec::new();
    extension(&mut extensions, 0, &with_length16(&name));
    extension(&mut extensions, 10, &with_length16(&words(groups)));
    extension(&mut extensions, 16, &with_length16(alpn));
    extension(&mut extensions, 13, &with_length16(&words(&[0x0403, 0x0804, 0x0401])));
    extension(&mut extensions, 43, &[2, 3, 4]);
    extension(&mut extensions, 45, &[1, 1]);
    extension(&mut extensions, 51, &with_length16(&shares));
    extension(&mut extensions, 57, &[1, 2, 0x67, 0xd0, 0x0f, 0]);
    if let Some(encrypted) = encrypted {
        extension(&mut extensions, 0xfe0d, encrypted);
    }
    if ticket > 0 {
        extension(&mut extensions, 42, &[]);
        let mut identity = with_length16(&filler(ticket, 7));
        identity.extend([0, 0, 0, 9]);
        let binders = [vec![32], filler(32, 8)].concat();
        extension(&mut extensions, 41, &[with_length16(&identity), with_length16(&binders)].concat());
    }
    let mut body = vec![3, 3];
    body.extend(filler(32, 9));
    body.push(0);
    vector16(&mut body, &words(&[0x1301, 0x1302, 0x1303]));
    body.extend([1, 0]);
    vector16(&mut body, &extensions);
    handshake(1, &body)
}

/// A ServerHello message of TLS 1.3 that chooses a cipher suite, and takes the client's ticket up where told.
#[must_use]
pub fn server_hello(cipher: u16, resumed: bool) -> Vec<u8> {
    let mut extensions = Vec::new();
    extension(&mut extensions, 43, &[3, 4]);
    let mut share = vec![0, 29];
    vector16(&mut share, &filler(32, 11));
    extension(&mut extensions, 51, &share);
    if resumed {
        extension(&mut extensions, 41, &[0, 0]);
    }
    server_message(&filler(32, 12), cipher, &extensions)
}

/// A HelloRetryRequest message that asks for another group.
#[must_use]
pub fn hello_retry_request(cipher: u16) -> Vec<u8> {
    // RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest".
    let random = unhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c");
    let mut extensions = Vec::new();
    extension(&mut extensions, 43, &[3, 4]);
    extension(&mut extensions, 51, &[0, 23]);
    server_message(&random, cipher, &extensions)
}

fn server_message(random: &[u8], cipher: u16, extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(random);
    body.push(0);
    body.extend(cipher.to_be_bytes());
    body.push(0);
    vector16(&mut body, extensions);
    handshake(2, &body)
}

/// An ACK frame of one packet number.
#[must_use]
pub fn ack(number: u8) -> Vec<u8> {
    vec![2, number & 0x3f, 0, 0, 0]
}
