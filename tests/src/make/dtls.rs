//! DTLS records and handshake fragments as an end would send them (RFC 6347, RFC 9147), and what shares its ends.

use super::message::{extension, vector16, with_length16, words};

/// DTLS 1.2.
pub const V1_2: u16 = 0xfefd;
/// DTLS 1.3.
pub const V1_3: u16 = 0xfefc;
/// Records of handshake messages, of a change of cipher, of an alert, of data.
pub const HANDSHAKE: u8 = 22;
#[allow(missing_docs)]
pub const CHANGE_CIPHER_SPEC: u8 = 20;
#[allow(missing_docs)]
pub const ALERT: u8 = 21;
#[allow(missing_docs)]
pub const DATA: u8 = 23;

/// A record.
#[must_use]
pub fn record(kind: u8, version: u16, epoch: u16, sequence: u64, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(version.to_be_bytes());
    out.extend(epoch.to_be_bytes());
    out.extend(&sequence.to_be_bytes()[2..]);
    vector16(&mut out, body);
    out
}

/// A fragment of a handshake message: this range of its body.
#[must_use]
pub fn fragment(kind: u8, number: u16, message: &[u8], range: (usize, usize)) -> Vec<u8> {
    let u24 = |value: usize| u32::try_from(value).unwrap().to_be_bytes()[1..].to_vec();
    let mut out = vec![kind];
    out.extend(u24(message.len()));
    out.extend(number.to_be_bytes());
    out.extend(u24(range.0));
    out.extend(u24(range.1 - range.0));
    out.extend(&message[range.0..range.1]);
    out
}

/// A handshake message in one fragment and one record.
#[must_use]
pub fn message(kind: u8, number: u16, body: &[u8]) -> Vec<u8> {
    record(HANDSHAKE, V1_2, 0, u64::from(number), &fragment(kind, number, body, (0, body.len())))
}

/// The body of a ClientHello: what media conversations offer.
#[must_use]
pub fn client_hello(sni: &str, cookie: &[u8], version_1_3: bool) -> Vec<u8> {
    let mut body = V1_2.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.push(0);
    body.push(u8::try_from(cookie.len()).unwrap());
    body.extend(cookie);
    vector16(&mut body, &words(&[0xc02b, 0xc02f, 0xc0ae]));
    body.extend([1, 0]);
    let mut extensions = Vec::new();
    if !sni.is_empty() {
        let mut name = vec![0];
        vector16(&mut name, sni.as_bytes());
        extension(&mut extensions, 0, &with_length16(&name));
    }
    extension(&mut extensions, 10, &with_length16(&words(&[29, 23])));
    extension(&mut extensions, 11, &[1, 0]);
    extension(&mut extensions, 13, &with_length16(&words(&[0x0403, 0x0804])));
    extension(&mut extensions, 14, &[0, 4, 0, 1, 0, 7, 0]);
    if version_1_3 {
        extension(&mut extensions, 43, &[4, 0xfe, 0xfc, 0xfe, 0xfd]);
        let mut share = vec![0, 29];
        vector16(&mut share, &[8; 32]);
        extension(&mut extensions, 51, &with_length16(&share));
    }
    vector16(&mut body, &extensions);
    body
}

/// The body of a HelloVerifyRequest.
#[must_use]
pub fn hello_verify_request(cookie: &[u8]) -> Vec<u8> {
    [&[0xfe, 0xff, u8::try_from(cookie.len()).unwrap()], cookie].concat()
}

/// The body of a ServerHello; of a HelloRetryRequest with that `random`.
#[must_use]
pub fn server_hello(random: &[u8; 32], cipher: u16, version_1_3: bool) -> Vec<u8> {
    let mut body = V1_2.to_be_bytes().to_vec();
    body.extend(random);
    body.push(0);
    body.extend(cipher.to_be_bytes());
    body.push(0);
    let mut extensions = Vec::new();
    if version_1_3 {
        extension(&mut extensions, 43, &V1_3.to_be_bytes());
    } else {
        extension(&mut extensions, 0xff01, &[0]);
        extension(&mut extensions, 14, &[0, 2, 0, 1, 0]);
    }
    vector16(&mut body, &extensions);
    body
}

/// A STUN binding request or answer without attributes (RFC 8489 section 5).
#[must_use]
pub fn stun(answer: bool, transaction: u8) -> Vec<u8> {
    [&[u8::from(answer), 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[transaction; 12]].concat()
}

/// A packet of RTP (RFC 3550 section 5.1), or of SRTP, which looks alike.
#[must_use]
pub fn rtp(sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x80, 0x60];
    out.extend(sequence.to_be_bytes());
    out.extend((u32::from(sequence) * 3000).to_be_bytes());
    out.extend([0x50, 0x49, 0x43, 0x4b]);
    out.extend(payload);
    out
}

/// Data in a TURN channel (RFC 8656 section 12.4).
#[must_use]
pub fn channel(number: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = number.to_be_bytes().to_vec();
    vector16(&mut out, payload);
    out
}
