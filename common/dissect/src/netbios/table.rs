//! Kinds of datagrams, frames of the browser, and what kinds of servers are (MS-BRWS section 2.2.10, MS-SRVS 2.2.2.7).

use crate::smb::system;

pub(super) const DIRECT_UNIQUE: u8 = 0x10;
pub(super) const DIRECT_GROUP: u8 = 0x11;
pub(super) const BROADCAST: u8 = 0x12;
/// Flag: a piece, more follow.
pub(super) const MORE: u8 = 1;

/// How a transaction of SMB begins.
pub(super) const TRANSACTION: &[u8] = b"\xffSMB\x25";
/// The browser's mailslot.
pub(super) const BROWSE: &[u8] = b"\\MAILSLOT\\BROWSE\0";

pub(super) const HOST: u8 = 0x01;
pub(super) const LOCAL_MASTER: u8 = 0x0f;

/// How a comment begins that Samba makes itself.
pub(super) const SAMBA: &str = "Samba";

/// A server that runs on Unix.
pub(super) const UNIX: u32 = 0x0000_0800;

/// Windows by its version alone.
pub(super) const fn windows(major: u8, minor: u8) -> Option<&'static str> {
    match (major, minor) {
        (4, 0) => Some("Windows NT 4.0"),
        (5, 0) => Some("Windows 2000"),
        (10, 0) => Some("Windows 10 or 11, Server 2016 or newer"),
        _ => system(major, minor, 1),
    }
}

/// Kinds that are roles.
pub(super) const ROLES: &[(u32, &str)] = &[
    (0x0000_0002, "file-server"),
    (0x0000_0004, "database-server"),
    (0x0000_0018, "domain-controller"),
    (0x0000_0020, "time-server"),
    (0x0000_0200, "print-server"),
    (0x0004_0000, "master-browser"),
];
