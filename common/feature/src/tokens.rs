//! The hellos as ordered tokens, hashed: single values and neighbours, for the `handshake` classifier.

use crate::handshake::{Handshake, highest_version, is_grease};

/// Buckets of the hash are `2^HASH_BITS`.
pub const HASH_BITS: u32 = 12;

/// What a token says, for its hash and its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The list it comes from: `cipher`, `extension`, `group`, `signature`, `alpn`, `version`, `server cipher`...
    pub list: &'static str,
    /// The value before it in the list; `None` for a single value.
    pub before: Option<u32>,
    /// The value.
    pub value: u32,
}

impl Token {
    /// The bucket, below `2^HASH_BITS`: FNV-1a over list and values, folded.
    #[must_use]
    pub fn bucket(&self) -> u32 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut mix = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.list.bytes().for_each(&mut mix);
        self.before.map_or([0xff; 5], |v| with_tag(1, v)).into_iter().for_each(&mut mix);
        with_tag(2, self.value).into_iter().for_each(&mut mix);
        let folded = hash ^ (hash >> 32);
        (folded ^ (folded >> HASH_BITS)) as u32 & ((1 << HASH_BITS) - 1)
    }

    /// The token in words: `cipher c02f`, `extension 0017 after 000a`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.before {
            None => format!("{} {:04x}", self.list, self.value),
            Some(before) => format!("{} {:04x} after {before:04x}", self.list, self.value),
        }
    }
}

fn with_tag(tag: u8, value: u32) -> [u8; 5] {
    let [a, b, c, d] = value.to_le_bytes();
    [tag, a, b, c, d]
}

/// Calls `each` with every token of a handshake, at most a few hundred; nothing without a client hello.
/// GREASE counts as one value, so that its random choice says nothing.
pub fn tokens(handshake: &Handshake, mut each: impl FnMut(Token)) {
    let Some(client) = handshake.client.as_deref() else { return };
    let lists: [(&'static str, &[u16]); 5] = [
        ("cipher", &client.ciphers),
        ("extension", &client.extensions),
        ("group", &client.groups),
        ("signature", &client.signature_schemes),
        ("offered version", &client.versions),
    ];
    for (list, values) in lists {
        let mut before = None;
        for value in values.iter().take(MOST) {
            let value = u32::from(if is_grease(*value) { 0x0a0a } else { *value });
            each(Token { list, before: None, value });
            if before.is_some() {
                each(Token { list, before, value });
            }
            before = Some(value);
        }
    }
    let single = |list, value| Token { list, before: None, value };
    for protocol in client.alpn.iter().take(MOST) {
        each(single("alpn", fold(protocol)));
    }
    each(single("version", u32::from(highest_version(client))));
    each(single("record version", u32::from(client.record_version)));
    each(single("session id length", u32::from(client.session_id_length)));
    each(single("server name", u32::from(client.sni.is_some())));
    each(single("resumption", u32::from(client.psk || client.ticket_length.is_some_and(|l| l > 0))));
    each(single("grease", u32::from(client.grease.any())));
    if let Some(server) = handshake.server.as_deref() {
        each(single("server cipher", u32::from(server.cipher)));
        each(single("server version", u32::from(server.version)));
        for value in server.extensions.iter().take(MOST) {
            each(single("server extension", u32::from(*value)));
        }
    }
}

/// Values of one list that become tokens.
const MOST: usize = 128;

fn fold(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_dissect::fact::ClientHello;

    #[test]
    fn order_and_greasing() {
        let with = |ciphers: &[u16]| {
            let client = ClientHello { ciphers: ciphers.to_vec(), ..ClientHello::default() };
            let handshake = Handshake { client: Some(Box::new(client)), ..Handshake::default() };
            let mut buckets = Vec::new();
            tokens(&handshake, |token| buckets.push(token.bucket()));
            buckets
        };
        assert_eq!(with(&[0x0a0a, 0x1301]), with(&[0xfafa, 0x1301]));
        assert_ne!(with(&[0x1302, 0x1301]), with(&[0x1301, 0x1302]));
        assert!(with(&[0x1301, 0xc02f]).iter().all(|bucket| *bucket < 1 << HASH_BITS));
    }
}
