//! Methods, attributes and errors (IANA, "STUN Parameters").

/// The name of a method.
pub(super) const fn method(method: u16) -> Option<&'static str> {
    Some(match method {
        1 => "binding",
        2 => "shared_secret",
        3 => "allocate",
        4 => "refresh",
        6 => "send",
        7 => "data",
        8 => "create_permission",
        9 => "channel_bind",
        10 => "connect",
        11 => "connection_bind",
        12 => "connection_attempt",
        _ => return None,
    })
}

/// The name of a class.
pub(super) const fn class(class: u16) -> &'static str {
    match class {
        0 => "request",
        1 => "indication",
        2 => "success",
        _ => "error",
    }
}

pub(super) const USERNAME: u16 = 0x0006;
pub(super) const ERROR_CODE: u16 = 0x0009;
pub(super) const REALM: u16 = 0x0014;
pub(super) const USERHASH: u16 = 0x001e;
pub(super) const SOFTWARE: u16 = 0x8022;

/// What an address attribute tells of, and whether it is exclusive-ored (RFC 8489 section 14.2).
pub(super) const fn address(attribute: u16) -> Option<(&'static str, bool)> {
    Some(match attribute {
        0x0001 => ("mapped", false),
        0x0020 | 0x8020 => ("mapped", true),
        0x0005 | 0x802c => ("other", false),
        0x0012 => ("peer", true),
        0x0016 => ("relayed", true),
        _ => return None,
    })
}
