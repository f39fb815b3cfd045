//! Messages and fields (RFC 4120 section 5.4).

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;

/// What a message is by its application tag: the tags of its body, realm and client's name.
pub(super) enum Kind {
    /// AS-REQ, TGS-REQ: a body in field 4.
    Request,
    /// AS-REP, TGS-REP: realm and client's name in fields 3 and 4.
    Reply,
    /// KRB-ERROR: nothing of the client is sure.
    Error,
}

pub(super) const fn kind(tag: u8) -> Option<Kind> {
    match tag {
        0x6a | 0x6c => Some(Kind::Request),
        0x6b | 0x6d => Some(Kind::Reply),
        0x7e => Some(Kind::Error),
        _ => None,
    }
}

/// Fields of a body: client's name, realm, addresses.
pub(super) const BODY: u8 = 0xa4;
pub(super) const BODY_CLIENT: u8 = 0xa1;
pub(super) const BODY_REALM: u8 = 0xa2;
pub(super) const BODY_ADDRESSES: u8 = 0xa9;
/// Fields of a reply.
pub(super) const REPLY_REALM: u8 = 0xa3;
pub(super) const REPLY_CLIENT: u8 = 0xa4;

/// Kind of a NetBIOS address (RFC 4120 section 7.5.3), as an integer's bytes.
pub(super) const NETBIOS: &[u8] = &[20];
