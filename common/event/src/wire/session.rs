//! QUIC, SSH and HTTP on the wire.

use crate::body::{Http, Quic, Ssh, SshEnd};
use crate::{FlowId, SshBehaviour};
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
        }
    }
}

impl WireQuic {
    pub(super) fn quic(self) -> Quic {
        let Self { version, sni, alpn, cipher, ja3, ja3s, ja4, resumed, retry, client, continues } = self;
        let (client, continues) = (client.map(Into::into), continues.map(FlowId));
        Quic { version, sni, alpn, cipher, ja3, ja3s, ja4, client, resumed, retry, continues }
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
