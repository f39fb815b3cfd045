//! Services that go on under TLS on the same connection: SMTP (RFC 3207), IMAP and POP3 (RFC 9051 section 6.2.1, RFC 2595),
//! FTP (RFC 4217), NNTP (RFC 4642), ManageSieve (RFC 5804), XMPP (RFC 6120 section 5), LDAP (RFC 4511 section 4.14), PostgreSQL, MySQL and RDP (MS-RDPBCGR section 5.4).
//!
//! Read: the services are named by their first bytes, and followed message by message until a TLS record stands where
//! a message would begin; there the direction is handed over. That place tells by itself: none of these
//! messages begins with the bytes of a record. So it needs neither the question nor the answer, and
//! commands sent ahead, a missing direction and a lost command do no harm.
//! A service that stays in clear is left alone behind a few messages.
//! Of LDAP also how clients bind and what servers say of themselves, of RDP what protection is negotiated, of MySQL the version:
//! these go into the conversation's row.
//! Not read: what else is said in the messages, the protection of single messages (SASL).

mod parse;
mod probe;
mod session;
pub mod table;
mod tell;
#[cfg(test)]
mod tests;

pub use table::Service;

use crate::{Context, Dissector, Head, Probe, SessionBox};
use picket_event::Protocol;

impl Dissector for Service {
    fn protocol(&self) -> Protocol {
        self.protocol.clone()
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        (self.probe)(head)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(session::Talk::new(self))
    }

    fn session_limit(&self) -> usize {
        size_of::<session::Talk>()
    }
}
