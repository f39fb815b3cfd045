//! What an event says of a handshake, whatever has carried it.

use super::fingerprint;
use super::parse::Carrier;
use crate::digits::escaped;
use crate::fact::{Certificates, ClientHello, ServerHello};
use picket_event::{Direction, Ech, TlsAlert, body};

/// Longest ALPN name in an event, bytes.
const ALPN_LIMIT: usize = 64;
/// Most ALPN names in an event.
const ALPN_NAMES: usize = 16;

/// Names that are made for outer hellos (the public names of providers' ECH configurations) and serve nothing else.
const ECH_NAMES: &[&str] = &["cloudflare-ech.com"];

/// What was seen of a handshake. Small, since many handshakes wait for their answer at once: of the client's hello only
/// what the event says is kept.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) client: Option<Box<Client>>,
    pub(crate) server: Option<Box<ServerHello>>,
    pub(crate) certificates: Option<Box<Certificates>>,
    pub(crate) resumed: bool,
    pub(crate) alert: Option<TlsAlert>,
}

/// What the event says of a client's hello.
#[derive(Debug)]
pub(crate) struct Client {
    alpn: Vec<String>,
    sni: Option<String>,
    ja3: [u8; 16],
    ja4: String,
    program: Option<&'static str>,
    ech: Option<Ech>,
    /// Length of the key of an encrypted hello, and the extension's hash.
    pub(crate) ech_outer: Option<Box<(u16, u64)>>,
    grease: bool,
}

impl Client {
    pub(crate) fn of(hello: &ClientHello, carrier: Carrier) -> Box<Self> {
        let alpn = hello.alpn.iter().take(ALPN_NAMES).map(|name| printable_case(name)).collect();
        let (sni, grease) = (hello.sni.clone(), hello.grease.any());
        let outer = sni.as_deref().is_some_and(|name| ECH_NAMES.contains(&name));
        let ech = hello.ech.then_some(if outer { Ech::Outer } else { Ech::Offered });
        let program = super::clients::of(hello, carrier);
        let ech_outer = hello.ech_outer.map(Box::new);
        Box::new(Self { alpn, sni, ja3: hello.ja3, ja4: hello.ja4.clone(), program, ech, ech_outer, grease })
    }
}

impl Client {
    /// The hello that follows a retry request tells whether the encrypted one was real: GREASE is sent again to the byte
    /// (RFC 9849 section 6.2), a real one goes on under the key that the server has and leaves it out (section 6.1.5).
    pub(crate) fn said_again(&mut self, hello: &ClientHello) {
        match (self.ech_outer.as_deref().copied(), hello.ech_outer) {
            (Some(first), Some(second)) if first == second => self.ech = Some(Ech::Grease),
            (Some((1.., _)), Some((0, _))) => self.ech = Some(Ech::Outer),
            _ => {}
        }
    }
}

impl Seen {
    /// The event's body. Takes the parts that it moves.
    pub(crate) fn summary(&mut self, carrier: Carrier) -> body::Tls {
        let mut tls = body::Tls { resumed: self.resumed, ..body::Tls::default() };
        if let Some(hello) = self.client.take() {
            tls.alpn = hello.alpn;
            tls.ja3 = Some(hello.ja3);
            tls.client = hello.program.map(Into::into);
            tls.ja4 = Some(hello.ja4);
            tls.sni = hello.sni;
            tls.hellos.ech = hello.ech;
            tls.hellos.grease = hello.grease;
        }
        if let Some(hello) = self.server.take() {
            tls.version = hello.version;
            tls.cipher = Some(hello.cipher);
            tls.ja3s = Some(hello.ja3s);
            tls.hellos.server_alpn = hello.alpn.as_deref().map(printable_case);
            tls.hellos.server_fingerprint = Some(fingerprint::server(&hello, carrier));
        }
        tls.hellos.alert = self.alert;
        if let Some(facts) = self.certificates.take() {
            tls.chain_length = facts.chain_length;
            tls.certificate = Some(facts.leaf);
        }
        tls
    }

    /// Notes an alert: the first fatal one, else the first.
    pub(crate) fn alert(&mut self, level: u8, description: u8, from: Direction) {
        let alert = TlsAlert { fatal: level == 2, description, from_server: from == Direction::ToClient };
        if self.alert.is_none_or(|known| alert.fatal && !known.fatal) {
            self.alert = Some(alert);
        }
    }

    /// Whether nothing was seen that is worth an event.
    pub(crate) const fn is_empty(&self) -> bool {
        self.client.is_none() && self.server.is_none()
    }
}

/// ALPN names are compared byte for byte, so their case stays.
fn printable_case(name: &[u8]) -> String {
    escaped(name.get(..ALPN_LIMIT).unwrap_or(name), usize::MAX)
}
