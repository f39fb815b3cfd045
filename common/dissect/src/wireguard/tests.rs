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

/// Keys change every two minutes: the indices of all of them are told, also where a row has no room for more.
#[test]
fn indices_are_followed_as_long_as_the_tunnel_lives() {
    let mut lines = Vec::new();
    let made: Vec<Vec<u8>> = (0..40u32).map(|number| message(4, &[100 + number], 96)).collect();
    for data in &made {
        lines.extend([c(data), c(data), c(data)]);
    }
    let heard = datagrams(ends(51_820, Transport::UDP), &lines);
    let told = heard.output.facts.iter().filter(|fact| matches!(fact, crate::Fact::Detail(_))).count();
    assert_eq!((heard.app(), told), ("wireguard".to_owned(), made.len()));
}

#[test]
fn what_is_no_message_is_counted() {
    let (asked, other) = (message(1, &[7], 148), message(9, &[7], 60));
    let heard = datagrams(ends(51_820, Transport::UDP), &[c(&asked), s(&other)]);
    assert_eq!(heard.output.malformed, ["wireguard: message of no type"]);
}
