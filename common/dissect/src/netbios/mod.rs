//! NetBIOS datagrams (RFC 1002 section 4.4) and the browser's announcements in them (MS-BRWS, MS-MAIL section 2.2.1).
//!
//! Read: the sender's own name, the announcements of hosts and of a segment's master: name, version, kinds of server.
//! Not read: comments, elections, lists of backups, logons and other mailslots, datagrams in pieces, the session service.
//! Nothing is told of a datagram that a server passes on: then the sender is not whom it names.

mod parse;
mod table;
#[cfg(test)]
mod tests;

crate::teller::teller! {
    /// The dissector.
    Netbios: NETBIOS {
        transports: crate::dissector::UDP, ports: &[138], ether_types: &[], needs_port: false,
        probe: crate::recognise::netbios_datagram, varies: (2, 4),
    }
}
