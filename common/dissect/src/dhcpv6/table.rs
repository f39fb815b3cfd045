//! Messages and options (RFC 8415 section 7.3, IANA "DHCPv6 Option Codes").

/// What clients send: solicit, request, confirm, renew, rebind, release, decline, information-request.
pub(super) const fn is_client(kind: u8) -> bool {
    matches!(kind, 1 | 3..=6 | 8 | 9 | 11)
}

/// What servers send: advertise, reply, reconfigure.
pub(super) const fn is_server(kind: u8) -> bool {
    matches!(kind, 2 | 7 | 10)
}

pub(super) const RELAY_FORWARD: u8 = 12;
pub(super) const RELAY_REPLY: u8 = 13;

pub(super) const REQUESTED: u16 = 6;
pub(super) const RELAYED: u16 = 9;
pub(super) const VENDOR_CLASS: u16 = 16;
pub(super) const NAME_SERVERS: u16 = 23;
pub(super) const FQDN: u16 = 39;
