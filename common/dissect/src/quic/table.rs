//! Numbers of QUIC: versions with their salts, labels and packet types; frame types.

/// How the Initial packets of a family of versions are protected (RFC 9001 section 5.2, RFC 9369 section 3).
#[derive(Debug)]
pub(crate) struct Family {
    /// Salt of the initial secret.
    pub(crate) salt: [u8; 20],
    /// Labels of key, initialisation vector and header protection key.
    pub(crate) labels: [&'static str; 3],
    /// What the two type bits of a long header mean.
    pub(crate) types: [Type; 4],
    /// The type of CRYPTO frames.
    pub(crate) crypto: u64,
    /// Key and nonce of the integrity tag of Retry packets; absent where there was none.
    pub(crate) retry: Option<([u8; 16], [u8; 12])>,
}

/// Types of long header packets (RFC 9000 section 17.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names of the standard
pub(crate) enum Type {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
}

const LABELS: [&str; 3] = ["quic key", "quic iv", "quic hp"];
const TYPES: [Type; 4] = [Type::Initial, Type::ZeroRtt, Type::Handshake, Type::Retry];

/// Version 1 (RFC 9001 sections 5.2 and 5.8) and the drafts that are equal to it.
static V1: Family = Family {
    salt: [
        0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb,
        0x7f, 0x0a,
    ],
    labels: LABELS,
    types: TYPES,
    crypto: frame::CRYPTO,
    retry: Some((
        [0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8, 0x4e],
        [0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb],
    )),
};

/// Version 2 (RFC 9369 section 3.3).
static V2: Family = Family {
    salt: [
        0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd,
        0x2e, 0xd9,
    ],
    labels: ["quicv2 key", "quicv2 iv", "quicv2 hp"],
    types: [Type::Retry, Type::Initial, Type::ZeroRtt, Type::Handshake],
    crypto: frame::CRYPTO,
    retry: Some((
        [0x8f, 0xb4, 0xb0, 0x1b, 0x56, 0xac, 0x48, 0xe2, 0x60, 0xfb, 0xcb, 0xce, 0xad, 0x7c, 0xcc, 0x92],
        [0xd8, 0x69, 0x69, 0xbc, 0x2d, 0x7c, 0x6d, 0x99, 0x90, 0xef, 0xb0, 0x4a],
    )),
};

/// Drafts 29 to 32 (draft-ietf-quic-tls-29 sections 5.2 and 5.8).
static DRAFT_29: Family = Family {
    salt: [
        0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90,
        0xa8, 0x99,
    ],
    labels: LABELS,
    types: TYPES,
    crypto: frame::CRYPTO,
    retry: Some((
        [0xcc, 0xce, 0x18, 0x7e, 0xd0, 0x9a, 0x09, 0xd0, 0x57, 0x28, 0x15, 0x5a, 0x6c, 0xb9, 0x6b, 0xe1],
        [0xe5, 0x49, 0x30, 0xf9, 0x7f, 0x21, 0x36, 0xf0, 0x53, 0x0a, 0x8c, 0x1c],
    )),
};

/// Salt of the drafts 23 to 28.
const SALT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5,
    0x02,
];

/// Drafts 25 to 28 (draft-ietf-quic-tls-25 sections 5.2 and 5.8).
static DRAFT_25: Family = Family {
    salt: SALT_23,
    labels: LABELS,
    types: TYPES,
    crypto: frame::CRYPTO,
    retry: Some((
        [0x4d, 0x32, 0xec, 0xdb, 0x2a, 0x21, 0x33, 0xc8, 0x41, 0xe4, 0x04, 0x3d, 0xf2, 0x7d, 0x44, 0x30],
        [0x4d, 0x16, 0x11, 0xd0, 0x55, 0x13, 0xa5, 0x52, 0xc5, 0x87, 0xd5, 0x75],
    )),
};

/// Drafts 23 and 24, whose Retry packets carry no tag.
static DRAFT_23: Family = Family { salt: SALT_23, labels: LABELS, types: TYPES, crypto: frame::CRYPTO, retry: None };

/// Google's T050: the layout of the drafts with a salt of its own (as in Chromium's QUICHE).
static T050: Family = Family {
    salt: [
        0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48,
        0x83, 0x10,
    ],
    labels: LABELS,
    types: TYPES,
    crypto: frame::CRYPTO_GOOGLE,
    retry: None,
};

/// Google's T051.
static T051: Family = Family {
    salt: [
        0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e,
        0x03, 0x3d,
    ],
    labels: LABELS,
    types: TYPES,
    crypto: frame::CRYPTO_GOOGLE,
    retry: None,
};

/// How the Initial packets of a version are protected; `None` where that is not known.
pub(crate) const fn family(version: u32) -> Option<&'static Family> {
    match version {
        1 | 0xff00_0021 | 0xff00_0022 => Some(&V1),
        0x6b33_43cf => Some(&V2),
        0xff00_001d..=0xff00_0020 => Some(&DRAFT_29),
        0xff00_0019..=0xff00_001c => Some(&DRAFT_25),
        // Facebook's 0xfaceb002 is draft 27 under another number.
        0xff00_0017 | 0xff00_0018 | 0xface_b002 => Some(&DRAFT_23),
        0x5430_3530 => Some(&T050),
        0x5430_3531 => Some(&T051),
        _ => None,
    }
}

/// Versions that exist and whose handshake is not read: older drafts, the draft of version 2, those of Google
/// with connection ids behind lengths (Q047 to Q059, T052 to T059) and of Facebook.
pub(crate) const fn is_named(version: u32) -> bool {
    matches!(version, 0xff00_0016 | 0x709a_50c4 | 0xface_b000..=0xface_b00f)
        || matches!(version, 0x5130_3437..=0x5130_3439 | 0x5130_3530..=0x5130_3539 | 0x5430_3532..=0x5430_3539)
}

/// Versions that only exercise negotiation (RFC 9000 section 15).
pub(crate) const fn is_reserved(version: u32) -> bool {
    version & 0x0f0f_0f0f == 0x0a0a_0a0a
}

/// Longest connection id of the versions that exist (RFC 9000 section 17.2).
pub(crate) const CID_LIMIT: usize = 20;
/// Least length of the destination connection id a client begins with (RFC 9000 section 7.2).
pub(crate) const FIRST_CID_LEAST: usize = 8;
/// Length of the tag of Retry packets and of AES-128-GCM.
pub(crate) const TAG: usize = 16;

/// Frame types that Initial packets may carry (RFC 9000 section 12.4).
pub(crate) mod frame {
    pub(crate) const PADDING: u64 = 0x00;
    pub(crate) const PING: u64 = 0x01;
    pub(crate) const ACK: u64 = 0x02;
    pub(crate) const ACK_ECN: u64 = 0x03;
    pub(crate) const CRYPTO: u64 = 0x06;
    /// The same in Google's versions with TLS.
    pub(crate) const CRYPTO_GOOGLE: u64 = 0x08;
    pub(crate) const CONNECTION_CLOSE: u64 = 0x1c;
}
