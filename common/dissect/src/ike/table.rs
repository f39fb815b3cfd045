//! Numbers and names (IANA, "Internet Key Exchange Version 2 (IKEv2) Parameters" and "Internet Key Exchange (IKE) Attributes").

pub(super) const SA: u8 = 33;
pub(super) const NOTIFY: u8 = 41;
pub(super) const VENDOR: u8 = 43;
pub(super) const ENCRYPTED: u8 = 46;
pub(super) const FRAGMENT: u8 = 53;
pub(super) const FIRST_SA: u8 = 1;
pub(super) const FIRST_NOTIFY: u8 = 11;
pub(super) const FIRST_VENDOR: u8 = 13;
/// NAT discovery (RFC 3947), and its number in the drafts.
pub(super) const FIRST_NAT: u8 = 20;
pub(super) const DRAFT_NAT: u8 = 130;

/// The name of an exchange.
pub(super) const fn exchange(version: u8, exchange: u8) -> Option<&'static str> {
    Some(match (version, exchange) {
        (1, 1) => "base",
        (1, 2) => "identity_protection",
        (1, 3) => "authentication_only",
        (1, 4) => "aggressive",
        (1, 5) | (2, 37) => "informational",
        (1, 6) => "transaction",
        (1, 32) => "quick_mode",
        (1, 33) => "new_group",
        (1, 34) => "acknowledged_informational",
        (2, 34) => "ike_sa_init",
        (2, 35) => "ike_auth",
        (2, 36) => "create_child_sa",
        (2, 38) => "ike_session_resume",
        (2, 39) => "gsa_auth",
        (2, 40) => "gsa_registration",
        (2, 41) => "gsa_rekey",
        (2, 43) => "ike_intermediate",
        (2, 44) => "ike_followup_ke",
        _ => return None,
    })
}

/// What a transform is for.
pub(super) fn transform_kind(kind: u8) -> String {
    let name = match kind {
        1 => "encr",
        2 => "prf",
        3 => "integ",
        4 => "group",
        5 => "esn",
        6..=12 => "additional_group",
        other => return format!("transform{other}"),
    };
    name.to_owned()
}

/// The name of a transform, with the length of its key in bits where that is told.
pub(super) fn transform(kind: u8, id: u16, bits: u16) -> String {
    let name = match kind {
        1 => cipher(id),
        2 => pseudo_random(id),
        3 => integrity(id),
        4 | 6..=12 => return group(id),
        5 => Some(if id == 0 { "no" } else { "yes" }),
        _ => None,
    };
    with_bits(name.map_or_else(|| id.to_string(), str::to_owned), bits)
}

fn with_bits(name: String, bits: u16) -> String {
    if bits == 0 { name } else { format!("{name}-{bits}") }
}

const fn cipher(id: u16) -> Option<&'static str> {
    Some(match id {
        2 => "des-cbc",
        3 => "3des-cbc",
        7 => "blowfish-cbc",
        11 => "null",
        12 => "aes-cbc",
        13 => "aes-ctr",
        14 => "aes-ccm-8",
        15 => "aes-ccm-12",
        16 => "aes-ccm-16",
        18 => "aes-gcm-8",
        19 => "aes-gcm-12",
        20 => "aes-gcm-16",
        23 => "camellia-cbc",
        28 => "chacha20-poly1305",
        _ => return None,
    })
}

const fn pseudo_random(id: u16) -> Option<&'static str> {
    Some(match id {
        1 => "hmac-md5",
        2 => "hmac-sha1",
        4 => "aes128-xcbc",
        5 => "hmac-sha2-256",
        6 => "hmac-sha2-384",
        7 => "hmac-sha2-512",
        8 => "aes128-cmac",
        _ => return None,
    })
}

const fn integrity(id: u16) -> Option<&'static str> {
    Some(match id {
        0 => "none",
        1 => "hmac-md5-96",
        2 => "hmac-sha1-96",
        5 => "aes-xcbc-96",
        8 => "aes-cmac-96",
        12 => "hmac-sha2-256-128",
        13 => "hmac-sha2-384-192",
        14 => "hmac-sha2-512-256",
        _ => return None,
    })
}

/// The name of a group of the key exchange.
pub(super) fn group(id: u16) -> String {
    let name = match id {
        0 => "none",
        1 => "modp768",
        2 => "modp1024",
        5 => "modp1536",
        14 => "modp2048",
        15 => "modp3072",
        16 => "modp4096",
        17 => "modp6144",
        18 => "modp8192",
        19 => "ecp256",
        20 => "ecp384",
        21 => "ecp521",
        31 => "curve25519",
        32 => "curve448",
        35 => "ml-kem-512",
        36 => "ml-kem-768",
        37 => "ml-kem-1024",
        other => return other.to_string(),
    };
    name.to_owned()
}

/// Whether a notification is about address translation (RFC 7296 section 2.23).
pub(super) const fn tells_nat(notify: u16) -> bool {
    matches!(notify, 16_388 | 16_389)
}

/// The name of a notification of version 2.
pub(super) const fn notify(notify: u16) -> Option<&'static str> {
    Some(match notify {
        1 => "unsupported_critical_payload",
        4 => "invalid_ike_spi",
        5 => "invalid_major_version",
        7 => "invalid_syntax",
        9 => "invalid_message_id",
        14 => "no_proposal_chosen",
        17 => "invalid_ke_payload",
        24 => "authentication_failed",
        16_384 => "initial_contact",
        16_390 => "cookie",
        16_404 => "multiple_auth_supported",
        16_406 => "redirect_supported",
        16_407 => "redirect",
        16_418 => "childless_ikev2_supported",
        16_430 => "ikev2_fragmentation_supported",
        16_431 => "signature_hash_algorithms",
        16_435 => "use_ppk",
        16_438 => "intermediate_exchange_supported",
        _ => return None,
    })
}

/// The name of a notification of version 1 (RFC 2408 section 3.14.1, RFC 3706).
pub(super) const fn first_notify(notify: u16) -> Option<&'static str> {
    Some(match notify {
        1 => "invalid_payload_type",
        4 => "invalid_cookie",
        7 => "invalid_exchange_type",
        14 => "no_proposal_chosen",
        16 => "payload_malformed",
        18 => "invalid_id_information",
        24 => "authentication_failed",
        24_578 => "initial_contact",
        36_136 => "are_you_there",
        36_137 => "are_you_there_ack",
        _ => return None,
    })
}

/// The name of a cipher of version 1.
pub(super) fn first_cipher(id: u16, bits: u16) -> String {
    let name = match id {
        1 => "des-cbc",
        3 => "blowfish-cbc",
        5 => "3des-cbc",
        6 => "cast-cbc",
        7 => "aes-cbc",
        8 => "camellia-cbc",
        other => return other.to_string(),
    };
    with_bits(name.to_owned(), bits)
}

/// The name of a hash of version 1.
pub(super) fn first_hash(id: u16) -> String {
    let name = match id {
        1 => "md5",
        2 => "sha1",
        4 => "sha2-256",
        5 => "sha2-384",
        6 => "sha2-512",
        other => return other.to_string(),
    };
    name.to_owned()
}

/// How the ends of version 1 prove themselves.
pub(super) fn first_authentication(id: u16) -> String {
    let name = match id {
        1 => "pre-shared key",
        2 => "dss signature",
        3 => "rsa signature",
        4 | 5 => "rsa encryption",
        9 => "ecdsa-256 signature",
        10 => "ecdsa-384 signature",
        11 => "ecdsa-521 signature",
        64_221 => "hybrid rsa",
        65_001 => "xauth pre-shared key",
        65_005 => "xauth rsa signature",
        other => return other.to_string(),
    };
    name.to_owned()
}

/// What stands for every vendor id that says nothing but that address translation is known.
pub(super) const NAT_TRAVERSAL: &str = "nat_traversal";

/// The first bytes of vendor ids that are hashes of texts, and what they say.
const VENDORS: &[(&[u8], &str)] = &[
    (b"\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f", NAT_TRAVERSAL),
    (b"\x44\x85\x15\x2d\x18\xb6\xbb\xcd\x0b\xe8\xa8\x46\x95\x79\xdd\xcc", NAT_TRAVERSAL),
    (b"\xcd\x60\x46\x43\x35\xdf\x21\xf8\x7c\xfd\xb2\xfc\x68\xb6\xa4\x48", NAT_TRAVERSAL),
    (b"\x90\xcb\x80\x91\x3e\xbb\x69\x6e\x08\x63\x81\xb5\xec\x42\x7b\x1f", NAT_TRAVERSAL),
    (b"\x7d\x94\x19\xa6\x53\x10\xca\x6f\x2c\x17\x9d\x92\x15\x52\x9d\x56", NAT_TRAVERSAL),
    (b"\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57", "dead peer detection"),
    (b"\x40\x48\xb7\xd5\x6e\xbc\xe8\x85\x25\xe7\xde\x7f\x00\xd6\xc2\xd3", "fragmentation"),
    (b"\x09\x00\x26\x89\xdf\xd6\xb7\x12", "xauth"),
    (b"\x12\xf5\xf2\x8c\x45\x71\x68\xa9\x70\x2d\x9f\xe2\x74\xcc", "Cisco Unity"),
    (b"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb", "strongSwan"),
    (b"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61", "Windows"),
    (b"\x26\x24\x4d\x38\xed\xdb\x61\xb3\x17\x2a\x36\xe3\xd0\xcf\xb8\x19", "Windows initial contact"),
    (b"\xfb\x1d\xe3\xcd\xf3\x41\xb7\xea\x16\xb7\xe5\xbe\x08\x55\xf1\x20", "Windows negotiation discovery"),
];

/// What a vendor id says; versions may stand behind it.
pub(super) fn vendor(id: &[u8]) -> Option<&'static str> {
    VENDORS.iter().find(|(known, _)| id.starts_with(known)).map(|(_, name)| *name)
}
