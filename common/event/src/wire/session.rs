//! QUIC, SSH and HTTP on the wire.

use crate::body::{Hellos, Http, Quic, Ssh, SshEnd};
use crate::{Ech, FlowId, SshBehaviour, TlsAlert};
use bincode::{Decode, Encode};

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireQuic {
    version: u32,
    sni: Option<String>,
    alpn: Vec<String>,
    cipher: Option<u16>,
    ja3: Option<[u8; 16]>,
    ja3s: Option<[u8; 16]>,
    ja4: Option<String>,
    resumed: bool,
    retry: bool,
    client: Option<String>,
    continues: Option<u64>,
    hellos: WireHellos,
}

impl From<&Quic> for WireQuic {
    fn from(q: &Quic) -> Self {
        Self {
            version: q.version,
            sni: q.sni.clone(),
            alpn: q.alpn.clone(),
            cipher: q.cipher,
            ja3: q.ja3,
            ja3s: q.ja3s,
            ja4: q.ja4.clone(),
            resumed: q.resumed,
            retry: q.retry,
            client: q.client.clone().map(std::borrow::Cow::into_owned),
            continues: q.continues.map(|flow| flow.0),
            hellos: WireHellos::from(&q.hellos),
        }
    }
}

impl WireQuic {
    pub(super) fn quic(self) -> Quic {
        let Self { version, sni, alpn, cipher, ja3, ja3s, ja4, resumed, retry, client, continues, hellos } = self;
        let (client, continues, hellos) = (client.map(Into::into), continues.map(FlowId), hellos.hellos());
        Quic { version, sni, alpn, cipher, ja3, ja3s, ja4, client, resumed, retry, continues, hellos }
    }
}

/// What TLS and QUIC share.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireHellos {
    /// ECH plus one, 0 where there is none; 0x80 where there is GREASE.
    client: u8,
    server_alpn: Option<String>,
    server_fingerprint: Option<String>,
    /// Number, and whether it is fatal in the lowest bit, whether the server sent it in the next.
    alert: Option<(u8, u8)>,
}

/// The bit of [`WireHellos::client`] that says GREASE.
const GREASE: u8 = 0x80;

impl From<&Hellos> for WireHellos {
    fn from(h: &Hellos) -> Self {
        Self {
            client: h.ech.map_or(0, |ech| ech as u8 + 1) | if h.grease { GREASE } else { 0 },
            server_alpn: h.server_alpn.clone(),
            server_fingerprint: h.server_fingerprint.clone(),
            alert: h.alert.map(|a| (a.description, u8::from(a.fatal) | u8::from(a.from_server) << 1)),
        }
    }
}

impl WireHellos {
    /// The values; a kind of ECH that only a newer release knows is said to be offered.
    pub(super) fn hellos(self) -> Hellos {
        let ech = (self.client & !GREASE).checked_sub(1);
        let known = |index| Ech::ALL.get(usize::from(index)).copied().unwrap_or(Ech::Offered);
        Hellos {
            ech: ech.map(known),
            grease: self.client & GREASE != 0,
            server_alpn: self.server_alpn,
            server_fingerprint: self.server_fingerprint,
            alert: self.alert.map(|(description, bits)| TlsAlert {
                fatal: bits & 1 != 0,
                description,
                from_server: bits & 2 != 0,
            }),
        }
    }
}

/// Version, software, fingerprint.
type WireEnd = (String, String, Option<[u8; 16]>);

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireSsh {
    client: Option<WireEnd>,
    server: Option<WireEnd>,
    /// Behaviour plus one; 0 where there is none.
    behaviour: u8,
    authenticated: Option<bool>,
    attempts: u8,
}

impl From<&Ssh> for WireSsh {
    fn from(ssh: &Ssh) -> Self {
        let end = |end: &SshEnd| (end.version.clone(), end.software.clone(), end.hassh);
        Self {
            client: ssh.client.as_ref().map(end),
            server: ssh.server.as_ref().map(end),
            behaviour: ssh.behaviour.map_or(0, |behaviour| behaviour as u8 + 1),
            authenticated: ssh.authenticated,
            attempts: ssh.attempts,
        }
    }
}

impl WireSsh {
    /// The body; a behaviour that only a newer release knows is left out.
    pub(super) fn ssh(self) -> Ssh {
        let end = |(version, software, hassh): WireEnd| SshEnd { version, software, hassh };
        let behaviour = self.behaviour.checked_sub(1).and_then(|index| SshBehaviour::ALL.get(usize::from(index)));
        Ssh {
            client: self.client.map(end),
            server: self.server.map(end),
            behaviour: behaviour.copied(),
            authenticated: self.authenticated,
            attempts: self.attempts,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(super) struct WireHttp {
    /// Method, request target, version.
    texts: [String; 3],
    /// Host, user agent, content type, server.
    optional: [Option<String>; 4],
    status: Option<u16>,
    request_length: u64,
    response_length: u64,
}

impl From<&Http> for WireHttp {
    fn from(http: &Http) -> Self {
        Self {
            texts: [&http.method, &http.url, &http.version].map(Clone::clone),
            optional: [&http.host, &http.user_agent, &http.content_type, &http.server].map(Clone::clone),
            status: http.status,
            request_length: http.request_length,
            response_length: http.response_length,
        }
    }
}

impl WireHttp {
    pub(super) fn http(self) -> Http {
        let ([method, url, version], [host, user_agent, content_type, server]) = (self.texts, self.optional);
        let Self { status, request_length, response_length, .. } = self;
        Http { method, host, url, version, user_agent, content_type, server, status, request_length, response_length }
    }
}
