//! Any bytes as a conversation of one protocol of the registry, or of one to be identified.
//!
//! With `PICKET_DISSECTOR=modbus` in the environment of that protocol alone; else the first byte chooses. Input: a choice, then
//! pieces of a direction and length byte and as many bytes.

use picket_dissect::{Context, Conversation, Output, registry};
use picket_event::{Direction, Endpoints, Timestamp, Transport};
use std::sync::LazyLock;

static CHOSEN: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("PICKET_DISSECTOR").ok());

/// Gives the pieces to it; a session that breaks its contract is a fault.
pub(super) fn run(data: &[u8]) {
    let Some((choice, mut rest)) = data.split_first() else { return };
    let number = usize::from(choice >> 1) % (registry::ALL.len() + 1);
    let named = CHOSEN.as_ref().map(|name| {
        let found = registry::ALL.iter().find(|entry| entry.dissector.protocol().name() == name);
        found.unwrap_or_else(|| panic!("PICKET_DISSECTOR={name} is not in the registry"))
    });
    let entry = named.or_else(|| registry::ALL.get(number));
    let transports = entry.map_or(&[Transport::TCP, Transport::UDP][..], |e| e.home.transports);
    // A protocol below IP has no transport.
    let transport = transports.get(usize::from(choice & 1) % transports.len().max(1)).copied();
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let ether_type = entry.and_then(|e| e.home.ether_types.first().copied());
    let endpoints = match transport {
        Some(transport) => Endpoints::Ip { src, src_port: 40_000, dest, dest_port: 4444, transport },
        None => Endpoints::Link { src: None, dest: None, ether_type, link_type: 1 },
    };
    let transport = transport.unwrap_or(Transport(0));
    let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let known = entry.and_then(|e| Conversation::known(&e.dissector.protocol(), &context));
    let mut conversation = known.unwrap_or_else(|| Conversation::new(&endpoints));
    let mut output = Output::default();
    while let Some((head, tail)) = rest.split_first() {
        let direction = if head & 1 == 0 { Direction::ToServer } else { Direction::ToClient };
        let (piece, tail) = tail.split_at(usize::from(head >> 1).min(tail.len()));
        match (transport, piece) {
            (Transport::TCP, []) => conversation.gap(direction, 1, &context, &mut output),
            (Transport::TCP, piece) => conversation.stream(direction, piece, &context, &mut output),
            (_, piece) => conversation.datagram(direction, piece, &context, &mut output),
        }
        rest = tail;
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    assert_eq!(output.misbehaved, 0, "a session broke its contract");
}
