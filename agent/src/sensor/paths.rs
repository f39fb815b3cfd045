//! Connections of QUIC that go on from another address or port: a NAT that has forgotten a mapping, a flow that was
//! idle for longer than flows are kept.
//!
//! Shards are chosen by addresses, so that a connection's second flow lies in another shard than its first; the back
//! joins them. What joins is the connection id the server has chosen in its handshake: as long as a client does not
//! know that it moved, it goes on sending to it (RFC 9000 section 9.5). A client that moves on purpose uses an id that
//! was given to it under encryption, and nobody can follow; nor can ids be told that are shorter than [`LEAST`].

use picket_dissect::fact::ConnectionIds;
use picket_dissect::quic::ConnectionId;
use picket_event::body::{App, Quic};
use picket_event::{FlowId, FlowRef, Method, Protocol, Unit};
use picket_feature::{Lru, ServerKey};

/// Connections remembered, and flows that continue one.
const CONNECTIONS_MAX: usize = 4_096;
/// Shortest connection id that tells connections of one server apart, bytes.
const LEAST: usize = 4;

/// The memory of connections.
#[derive(Debug)]
pub(crate) struct Paths {
    connections: Lru<(ServerKey, ConnectionId), Option<Known>>,
    /// Lengths of connection ids in use, a bit each.
    lengths: u32,
    continued: Lru<FlowId, ()>,
}

/// A connection whose handshake was seen.
#[derive(Debug)]
struct Known {
    flow: FlowId,
    quic: Quic,
}

impl Paths {
    pub(crate) fn new(seed: u64) -> Self {
        Self { connections: Lru::new(CONNECTIONS_MAX, seed), lengths: 0, continued: Lru::new(CONNECTIONS_MAX, seed) }
    }

    /// Remembers a connection with what its handshake told.
    pub(crate) fn learn(&mut self, server: ServerKey, ids: &ConnectionIds, flow: FlowId, quic: &Quic) {
        let length = ids.server.as_bytes().len();
        if length >= LEAST {
            self.lengths |= 1 << length;
            *self.connections.entry((server, ids.server), || None) = Some(Known { flow, quic: quic.clone() });
        }
    }

    /// What is known of the connection that a flow continues; `start` begins with the connection id its first packet
    /// was sent to.
    pub(crate) fn follow(&mut self, server: ServerKey, flow: &FlowRef, start: &ConnectionId) -> Option<Quic> {
        let bytes = start.as_bytes();
        let lengths = (LEAST..=bytes.len()).rev().filter(|length| self.lengths & 1 << length != 0);
        let ids = lengths.filter_map(|length| ConnectionId::new(bytes.get(..length)?));
        let key = ids.map(|id| (server, id)).find(|key| self.connections.peek(key).is_some())?;
        let known = self.connections.entry(key, || None).as_ref()?;
        let quic = Quic { continues: Some(known.flow), ..known.quic.clone() };
        self.continued.entry(flow.id, || ());
        Some(quic)
    }

    /// What a flow is called that continues a connection; `None` of all others.
    pub(crate) fn name(&self, flow: FlowId) -> Option<App> {
        self.continued.peek(&flow)?;
        Some(App { protocol: Protocol::QUIC, confidence: Unit::ONE, method: Some(Method::Fingerprint) })
    }

    /// Connections forgotten for want of room.
    pub(crate) const fn forgotten(&self) -> u64 {
        self.connections.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_event::{Endpoints, Transport};

    const SERVER: &str = "198.51.100.4";

    fn server(port: u16) -> ServerKey {
        ServerKey { server: SERVER.parse().unwrap(), port, transport: Transport::UDP }
    }

    fn flow(number: u64) -> FlowRef {
        let (src, dest) = ("192.0.2.1".parse().unwrap(), SERVER.parse().unwrap());
        let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 443, transport: Transport::UDP };
        FlowRef { id: FlowId(number), endpoints }
    }

    fn ids(server: &[u8]) -> ConnectionIds {
        ConnectionIds { client: ConnectionId::default(), server: ConnectionId::new(server).unwrap() }
    }

    fn start(bytes: &[u8]) -> ConnectionId {
        ConnectionId::new(bytes).unwrap()
    }

    fn told() -> Quic {
        Quic { version: 1, sni: Some("a.example".to_owned()), ..Quic::default() }
    }

    #[test]
    fn a_flow_is_known_by_the_id_it_sends_to_at_the_same_server_alone() {
        let mut paths = Paths::new(0);
        paths.learn(server(443), &ids(b"chosen-8"), FlowId(7), &told());
        assert_eq!(paths.follow(server(8443), &flow(8), &start(b"chosen-8 and noise")), None);
        assert_eq!(paths.follow(server(443), &flow(8), &start(b"chosen-9 and noise")), None);
        assert_eq!(paths.follow(server(443), &flow(8), &start(b"chosen-")), None);
        assert_eq!(paths.name(FlowId(8)), None);
        let found = paths.follow(server(443), &flow(8), &start(b"chosen-8 and noise"));
        assert_eq!(found, Some(Quic { continues: Some(FlowId(7)), ..told() }));
        assert_eq!(paths.name(FlowId(8)).map(|app| app.protocol), Some(Protocol::QUIC));
        assert_eq!(paths.name(FlowId(7)), None);
    }

    #[test]
    fn the_longest_id_counts_and_short_ones_tell_nothing() {
        let mut paths = Paths::new(0);
        paths.learn(server(443), &ids(b""), FlowId(1), &told());
        paths.learn(server(443), &ids(b"abc"), FlowId(2), &told());
        paths.learn(server(443), &ids(b"abcd"), FlowId(3), &told());
        paths.learn(server(443), &ids(b"abcdefgh"), FlowId(4), &told());
        let mut continues = |bytes: &[u8]| paths.follow(server(443), &flow(9), &start(bytes))?.continues;
        assert_eq!(continues(b"abcdefgh--"), Some(FlowId(4)));
        assert_eq!(continues(b"abcdefgg--"), Some(FlowId(3)));
        assert_eq!(continues(b"abcxefgg--"), None);
    }

    #[test]
    fn the_memory_is_bounded_and_counts_what_it_forgets() {
        let mut paths = Paths::new(0);
        for number in 0..CONNECTIONS_MAX as u64 + 10 {
            paths.learn(server(443), &ids(&number.to_be_bytes()), FlowId(number), &told());
        }
        assert_eq!(paths.forgotten(), 10);
        assert_eq!(paths.follow(server(443), &flow(0), &start(&9u64.to_be_bytes())), None);
        assert!(paths.follow(server(443), &flow(0), &start(&10u64.to_be_bytes())).is_some());
    }
}
