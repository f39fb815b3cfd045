//! Certificates remembered per server, so that resumed and encrypted (TLS 1.3) handshakes have one.

use crate::handshake::Handshake;
use crate::lru::Lru;
use picket_dissect::fact::Certificates;
use picket_event::Transport;
use std::net::IpAddr;
use std::sync::Arc;

/// A server's address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerKey {
    /// The address.
    pub server: IpAddr,
    /// The port.
    pub port: u16,
    /// The transport.
    pub transport: Transport,
}

/// The last certificate of each server, the least recently used forgotten first.
#[derive(Debug)]
pub struct CertificateMemory {
    servers: Lru<ServerKey, Arc<Certificates>>,
}

impl CertificateMemory {
    /// Remembers at most `capacity` servers (at least one).
    #[must_use]
    pub fn new(capacity: usize, seed: u64) -> Self {
        Self { servers: Lru::new(capacity, seed) }
    }

    /// Remembers the handshake's certificate where it has one, and otherwise lends it the server's last.
    pub fn complete(&mut self, key: ServerKey, handshake: &mut Handshake) {
        match &handshake.certificate {
            Some(certificate) if handshake.certificate_seen => {
                let fresh = Arc::clone(certificate);
                *self.servers.entry(key, || Arc::clone(certificate)) = fresh;
            }
            Some(_) => {}
            None => handshake.certificate = self.servers.peek(&key).map(Arc::clone),
        }
    }

    /// Servers remembered now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.servers.len() == 0
    }

    /// Servers forgotten for want of room (`capped` in the ledger as `certificate_memory`).
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.servers.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_later_handshake_borrows_what_an_earlier_one_showed() {
        let key = ServerKey { server: Ipv4Addr::LOCALHOST.into(), port: 443, transport: Transport::TCP };
        let shown = Arc::new(crate::handshake::tests::chain(&["a.example"], ""));
        let mut first =
            Handshake { certificate: Some(Arc::clone(&shown)), certificate_seen: true, ..Handshake::default() };
        let mut resumed = Handshake::default();
        let mut memory = CertificateMemory::new(4, 0);
        memory.complete(key, &mut resumed);
        assert!(resumed.certificate.is_none());
        memory.complete(key, &mut first);
        memory.complete(key, &mut resumed);
        assert_eq!(resumed.certificate.as_ref(), Some(&shown));
        assert!(!resumed.certificate_seen);
        let mut elsewhere = Handshake::default();
        memory.complete(ServerKey { port: 8443, ..key }, &mut elsewhere);
        assert!(elsewhere.certificate.is_none());
    }
}
