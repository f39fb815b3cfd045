//! Indices, also of a tunnel that goes on elsewhere.

use crate::rehearsal::{c, datagrams, ends, s};
use picket_event::Transport;

fn message(kind: u8, indices: &[u32], length: usize) -> Vec<u8> {
    let mut bytes = vec![kind, 0, 0, 0];
    indices.iter().for_each(|index| bytes.extend(index.to_le_bytes()));
    bytes.resize(length, 0);
    bytes
}

#[test]
fn a_tunnel_that_moves_keeps_its_indices() {
    let (asked, answer, data) = (message(1, &[7], 148), message(2, &[9, 7], 92), message(4, &[9], 96));
    let first = datagrams(ends(51_820, Transport::UDP), &[c(&asked), s(&answer), c(&data)]);
    assert_eq!(first.app(), "wireguard");
    assert_eq!(first.detail().messages, ["handshake_initiation", "handshake_response", "transport_data"]);
    assert_eq!(first.detail().identifiers, ["client 00000007", "server 00000009"]);
    let moved = datagrams(ends(51_820, Transport::UDP), &[c(&data)]);
    assert_eq!(moved.detail().identifiers, ["server 00000009"]);
}

#[test]
fn what_is_no_message_is_counted() {
    let (asked, other) = (message(1, &[7], 148), message(9, &[7], 60));
    let heard = datagrams(ends(51_820, Transport::UDP), &[c(&asked), s(&other)]);
    assert_eq!(heard.output.malformed, ["wireguard: message of no type"]);
}
