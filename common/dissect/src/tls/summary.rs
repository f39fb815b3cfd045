//! What an event says of a handshake, whatever has carried it.

use crate::fact::{Certificates, ClientHello, ServerHello};
use picket_event::body;

/// Longest ALPN name in an event, bytes.
const ALPN_LIMIT: usize = 64;
/// Most ALPN names in an event.
const ALPN_NAMES: usize = 16;

/// What was seen of a handshake. Small, since many handshakes wait for their answer at once: of the client's hello only
/// what the event says is kept.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) client: Option<Box<Client>>,
    pub(crate) server: Option<Box<ServerHello>>,
    pub(crate) certificates: Option<Box<Certificates>>,
    pub(crate) resumed: bool,
}

/// What the event says of a client's hello.
#[derive(Debug)]
pub(crate) struct Client {
    alpn: Vec<String>,
    sni: Option<String>,
    ja3: [u8; 16],
    ja4: String,
}

impl Client {
    pub(crate) fn of(hello: &ClientHello) -> Box<Self> {
        let alpn = hello.alpn.iter().take(ALPN_NAMES).map(|name| printable_case(name)).collect();
        Box::new(Self { alpn, sni: hello.sni.clone(), ja3: hello.ja3, ja4: hello.ja4.clone() })
    }
}

impl Seen {
    /// The event's body. Takes the parts that it moves.
    pub(crate) fn summary(&mut self) -> body::Tls {
        let mut tls = body::Tls { resumed: self.resumed, ..body::Tls::default() };
        if let Some(hello) = self.client.take() {
            tls.alpn = hello.alpn;
            tls.ja3 = Some(hello.ja3);
            tls.client = super::clients::client(&hello.ja4).map(Into::into);
            tls.ja4 = Some(hello.ja4);
            tls.sni = hello.sni;
        }
        if let Some(hello) = self.server.take() {
            tls.version = hello.version;
            tls.cipher = Some(hello.cipher);
            tls.ja3s = Some(hello.ja3s);
        }
        if let Some(facts) = self.certificates.take() {
            tls.chain_length = facts.chain_length;
            tls.certificate = Some(facts.leaf);
        }
        tls
    }

    /// Whether nothing was seen that is worth an event.
    pub(crate) const fn is_empty(&self) -> bool {
        self.client.is_none() && self.server.is_none()
    }
}

/// ALPN names are compared byte for byte, so their case stays.
fn printable_case(name: &[u8]) -> String {
    name.get(..ALPN_LIMIT).unwrap_or(name).escape_ascii().to_string()
}
