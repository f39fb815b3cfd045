//! `handshake/1`: the shape of the client's and the server's hello.

use crate::handshake::{as_tls, highest_version, is_grease};
use crate::schema::{features, flag, maybe};
use picket_dissect::fact::ClientHello;

features! {
    /// `handshake/1`.
    NAMES, extract, |seen| {
        let client = seen.handshake.and_then(|h| h.client.as_deref());
        let server = seen.handshake.and_then(|h| h.server.as_deref());
        let of = |part: fn(&ClientHello) -> f32| maybe(client.map(part));
        let name = client.and_then(|c| c.sni.as_deref());
        let of_name = |part: fn(&str) -> f32| maybe(name.map(part));
    }
    "client_version" => of(|c| f32::from(highest_version(c))),
    "client_record_version" => of(|c| f32::from(as_tls(c.record_version))),
    "client_legacy_version" => of(|c| f32::from(as_tls(c.legacy_version))),
    "client_ciphers" => of(|c| count(&c.ciphers)),
    "client_extensions" => of(|c| count(&c.extensions)),
    "client_groups" => of(|c| count(&c.groups)),
    "client_signature_schemes" => of(|c| count(&c.signature_schemes)),
    "client_key_shares" => of(|c| c.key_shares.len() as f32),
    "client_point_formats" => of(|c| c.point_formats.len() as f32),
    "client_compression" => of(|c| c.compression.len() as f32),
    "client_alpn" => of(|c| c.alpn.len() as f32),
    "client_session_id_length" => of(|c| f32::from(c.session_id_length)),
    "client_length" => of(|c| c.length as f32),
    "client_padding_length" => of(|c| f32::from(c.padding_length)),
    "client_grease" => of(|c| flag(c.grease.any())),
    "client_ech" => of(|c| flag(c.ech)),
    "client_early_data" => of(|c| flag(c.early_data)),
    "client_resumes" => of(|c| flag(c.psk || c.ticket_length.is_some_and(|length| length > 0))),
    "client_ciphers_forward_secret" => of(|c| share(&c.ciphers, forward_secret)),
    "client_ciphers_aead" => of(|c| share(&c.ciphers, aead)),
    "client_ciphers_legacy" => of(|c| share(&c.ciphers, legacy)),
    "client_extensions_sorted" => of(|c| flag(c.extensions.windows(2).all(|w| w.first() <= w.last()))),
    "server_name" => maybe(client.map(|c| flag(c.sni.is_some()))),
    "server_name_length" => of_name(|n| n.len() as f32),
    "server_name_labels" => of_name(|n| n.split('.').count() as f32),
    "server_name_digits" => of_name(|n| n.bytes().filter(u8::is_ascii_digit).count() as f32 / n.len().max(1) as f32),
    "server_name_entropy" => of_name(entropy),
    "server_version" => maybe(server.map(|s| f32::from(as_tls(s.version)))),
    "server_extensions" => maybe(server.map(|s| s.extensions.len() as f32)),
    "server_cipher_forward_secret" => maybe(server.map(|s| flag(forward_secret(s.cipher)))),
    "server_cipher_aead" => maybe(server.map(|s| flag(aead(s.cipher)))),
    "server_session_id_length" => maybe(server.map(|s| f32::from(s.session_id_length))),
    "server_alpn" => maybe(server.map(|s| flag(s.alpn.is_some()))),
    "server_retried" => maybe(server.map(|s| flag(s.retried))),
    "server_port_443" => flag(seen.server_port == 443),
}

fn count(list: &[u16]) -> f32 {
    list.iter().filter(|value| !is_grease(**value)).count() as f32
}

fn share(list: &[u16], kind: fn(u16) -> bool) -> f32 {
    let (of_kind, all) =
        list.iter().filter(|v| !is_grease(**v)).fold((0u32, 0u32), |(k, n), v| (k + u32::from(kind(*v)), n + 1));
    if all == 0 { f32::NAN } else { of_kind as f32 / all as f32 }
}

/// Suites with an ephemeral exchange, by the ranges of the IANA TLS cipher suite registry.
const fn forward_secret(suite: u16) -> bool {
    matches!(suite, 0x1301..=0x1305 | 0x0011..=0x0016 | 0x0032..=0x0033 | 0x0038..=0x0039 | 0x0040 | 0x0044..=0x0045
        | 0x0067 | 0x006a..=0x006b | 0x0087..=0x0088 | 0x0099..=0x009a | 0x009e..=0x009f | 0x00a2..=0x00a3
        | 0xc006..=0xc00a | 0xc010..=0xc014 | 0xc023..=0xc024 | 0xc027..=0xc028 | 0xc02b..=0xc02c | 0xc02f..=0xc030
        | 0xc09e..=0xc09f | 0xc0ac..=0xc0af | 0xcc13..=0xcc15 | 0xcca8..=0xccaa)
}

/// Suites with authenticated encryption (GCM, CCM, ChaCha20-Poly1305).
const fn aead(suite: u16) -> bool {
    matches!(suite, 0x1301..=0x1305 | 0x009c..=0x00a7 | 0xc02b..=0xc032 | 0xc09c..=0xc0af | 0xcc13..=0xcc15
        | 0xcca8..=0xccae)
}

/// Suites with RC4, DES, 3DES, export keys or no encryption.
const fn legacy(suite: u16) -> bool {
    matches!(suite, 0x0001..=0x001b | 0x002c..=0x002e | 0x003b | 0x0060..=0x0066 | 0x008a..=0x008b | 0xc001..=0xc003
        | 0xc006..=0xc008 | 0xc00b..=0xc00d | 0xc010..=0xc012 | 0xc015..=0xc017)
}

/// Shannon entropy of a name's bytes, bits a byte.
fn entropy(name: &str) -> f32 {
    let mut counts = [0u16; 256];
    for byte in name.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
    }
    let n = name.len().max(1) as f32;
    counts.iter().filter(|c| **c > 0).map(|c| f32::from(*c) / n).map(|p| -p * p.log2()).sum()
}
