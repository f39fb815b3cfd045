//! `offer/1`: which values the client offers, one yes-or-no feature for each known value.
//!
//! The lists are those of IANA's TLS registries that clients are seen to offer; a value outside them counts in
//! `offer_unknown`. What a client offers is a property of its TLS library and carries over between sites.

use crate::handshake::is_grease;
use crate::observation::Observation;

/// Cipher suites.
const CIPHERS: &[u16] = &[
    0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0x0008, 0x0009, 0x000a, 0x0011, 0x0012, 0x0013, 0x0014, 0x0015, 0x0016,
    0x002f, 0x0030, 0x0031, 0x0032, 0x0033, 0x0035, 0x0036, 0x0037, 0x0038, 0x0039, 0x003c, 0x003d, 0x003e, 0x003f,
    0x0040, 0x0041, 0x0044, 0x0045, 0x0062, 0x0063, 0x0064, 0x0067, 0x0068, 0x0069, 0x006a, 0x006b, 0x0084, 0x0087,
    0x0088, 0x0096, 0x0099, 0x009a, 0x009c, 0x009d, 0x009e, 0x009f, 0x00a0, 0x00a1, 0x00a2, 0x00a3, 0x00a4, 0x00a5,
    0x00ba, 0x00be, 0x00c0, 0x00c4, 0x00ff, 0x1301, 0x1302, 0x1303, 0x1304, 0x1305, 0x5600, 0xc002, 0xc003, 0xc004,
    0xc005, 0xc007, 0xc008, 0xc009, 0xc00a, 0xc00c, 0xc00d, 0xc00e, 0xc00f, 0xc011, 0xc012, 0xc013, 0xc014, 0xc023,
    0xc024, 0xc025, 0xc026, 0xc027, 0xc028, 0xc029, 0xc02a, 0xc02b, 0xc02c, 0xc02d, 0xc02e, 0xc02f, 0xc030, 0xc031,
    0xc032, 0xc050, 0xc051, 0xc052, 0xc053, 0xc056, 0xc057, 0xc05c, 0xc05d, 0xc060, 0xc061, 0xc072, 0xc073, 0xc076,
    0xc077, 0xc09c, 0xc09d, 0xc09e, 0xc09f, 0xc0a0, 0xc0a1, 0xc0a2, 0xc0a3, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xcc13,
    0xcc14, 0xcc15, 0xcca8, 0xcca9, 0xccaa,
];

/// Extensions.
const EXTENSIONS: &[u16] = &[
    0x0000, 0x0001, 0x0005, 0x000a, 0x000b, 0x000d, 0x000f, 0x0010, 0x0011, 0x0012, 0x0015, 0x0016, 0x0017, 0x0018,
    0x001b, 0x001c, 0x0022, 0x0023, 0x0029, 0x002a, 0x002b, 0x002c, 0x002d, 0x0031, 0x0032, 0x0033, 0x0039, 0x3374,
    0x4469, 0x44cd, 0x7550, 0xfe0d, 0xff01, 0xffa5,
];

/// Groups.
const GROUPS: &[u16] = &[
    0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0x0008, 0x0009, 0x000a, 0x000b, 0x000c, 0x000d, 0x000e,
    0x000f, 0x0010, 0x0011, 0x0012, 0x0013, 0x0014, 0x0015, 0x0016, 0x0017, 0x0018, 0x0019, 0x001a, 0x001b, 0x001c,
    0x001d, 0x001e, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 0x11eb, 0x11ec, 0x11ed, 0x6399,
];

/// Signature schemes.
const SIGNATURES: &[u16] = &[
    0x0101, 0x0103, 0x0201, 0x0202, 0x0203, 0x0301, 0x0302, 0x0303, 0x0401, 0x0402, 0x0403, 0x0501, 0x0502, 0x0503,
    0x0601, 0x0602, 0x0603, 0x0703, 0x0804, 0x0805, 0x0806, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b,
];

/// Application protocols.
const ALPN: &[&str] = &["h2", "h3", "http/1.1", "http/1.0", "spdy/3.1"];

/// What comes behind the lists.
const TAIL: usize = 1;

/// Features of `offer/1`.
pub(crate) const LEN: usize = CIPHERS.len() + EXTENSIONS.len() + GROUPS.len() + SIGNATURES.len() + ALPN.len() + TAIL;

/// `cipher_c02f`, `extension_0017`, `group_001d`, `signature_0403`, `alpn_h2`, ..., `offer_unknown`.
pub(crate) fn names() -> Vec<String> {
    let hex = |what: &'static str, list: &'static [u16]| list.iter().map(move |value| format!("{what}_{value:04x}"));
    hex("cipher", CIPHERS)
        .chain(hex("extension", EXTENSIONS))
        .chain(hex("group", GROUPS))
        .chain(hex("signature", SIGNATURES))
        .chain(ALPN.iter().map(|name| format!("alpn_{name}")))
        .chain(std::iter::once("offer_unknown".to_owned()))
        .collect()
}

/// `offer/1`: 1 offered, 0 not; all absent without a client hello. `offer_unknown` counts values outside the lists.
pub(crate) fn extract(seen: &Observation<'_>, into: &mut Vec<f32>) {
    let start = into.len();
    let Some(hello) = seen.handshake.and_then(|h| h.client.as_deref()) else {
        into.resize(start + LEN, f32::NAN);
        return;
    };
    into.resize(start + LEN, 0.0);
    let Some(slots) = into.get_mut(start..) else { return };
    let mut unknown = 0u32;
    let mut base = 0;
    let lists: [(&[u16], &[u16]); 4] = [
        (CIPHERS, &hello.ciphers),
        (EXTENSIONS, &hello.extensions),
        (GROUPS, &hello.groups),
        (SIGNATURES, &hello.signature_schemes),
    ];
    for (known, offered) in lists {
        for value in offered.iter().filter(|value| !is_grease(**value)) {
            match known.binary_search(value).ok().and_then(|at| slots.get_mut(base + at)) {
                Some(slot) => *slot = 1.0,
                None => unknown += 1,
            }
        }
        base += known.len();
    }
    for protocol in &hello.alpn {
        match ALPN.iter().position(|name| name.as_bytes() == &**protocol).and_then(|at| slots.get_mut(base + at)) {
            Some(slot) => *slot = 1.0,
            None => unknown += 1,
        }
    }
    if let Some(slot) = slots.last_mut() {
        *slot = unknown as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_for_the_search() {
        for list in [CIPHERS, EXTENSIONS, GROUPS, SIGNATURES] {
            assert!(list.windows(2).all(|w| w[0] < w[1]));
        }
        assert_eq!(names().len(), LEN);
    }
}
