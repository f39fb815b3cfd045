//! The services, each on its lines.

use super::parse::{self, Step};
use super::probe;
use super::tell::{self, Tell};
use crate::{Head, Home, Probe};
use picket_event::{Direction, Protocol, Transport};

/// One service that can go on under TLS.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub(super) protocol: Protocol,
    /// Where it is met; TLS follows on TCP alone.
    pub(crate) home: Home,
    /// Judges the first bytes of a conversation.
    pub(super) probe: fn(&Head<'_>) -> Probe,
    /// What lies at the beginning of a direction's message, of which so many came before.
    pub(super) step: fn(Direction, u8, &[u8]) -> Step,
    /// What a message says of the conversation.
    pub(super) tell: Option<Tell>,
}

const TCP: &[Transport] = &[Transport::TCP];
const BOTH: &[Transport] = &[Transport::TCP, Transport::UDP];

macro_rules! services {
    ($($(#[$doc:meta])* $name:ident = $transports:expr, $ports:expr, $probe:ident, $step:ident, $tell:expr;)*) => {
        $(
            $(#[$doc])*
            pub static $name: Service = Service {
                protocol: Protocol::$name,
                home: Home { transports: $transports, ether_types: &[], ports: &$ports, needs_port: false },
                probe: probe::$probe,
                step: parse::$step,
                tell: $tell,
            };
        )*
    };
}

services! {
    /// Mail transfer (RFC 5321).
    SMTP = TCP, [25, 587, 2525], smtp, line, None;
    /// File transfer, its control connection (RFC 959).
    FTP = TCP, [21], ftp, line, None;
    /// Mail boxes (RFC 1939).
    POP3 = TCP, [110], pop3, line, None;
    /// Mail boxes (RFC 9051).
    IMAP = TCP, [143], imap, line, None;
    /// News (RFC 3977, RFC 4642).
    NNTP = TCP, [119, 433], nntp, line, None;
    /// Filters of mail (RFC 5804).
    MANAGESIEVE = TCP, [4190], managesieve, line, None;
    /// Presence and messages (RFC 6120).
    XMPP = TCP, [5222, 5269], xmpp, text, None;
    /// Directories (RFC 4511).
    LDAP = BOTH, [389, 3268], ldap, ldap, Some(tell::ldap);
    /// Remote desktops (MS-RDPBCGR).
    RDP = TCP, [3389], rdp, rdp, Some(tell::rdp);
    /// MySQL and MariaDB.
    MYSQL = TCP, [3306], mysql, mysql, Some(tell::mysql);
    /// PostgreSQL.
    POSTGRESQL = TCP, [5432], postgresql, postgresql, None;
}
