//! What clocks say of themselves.

use crate::rehearsal::{Line, c, datagrams, ends, s};
use picket_event::Transport;

fn message(first: u8, stratum: u8, reference: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![first, stratum, 6, 0xe9, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(reference);
    bytes.resize(48, 0);
    bytes
}

#[test]
fn a_servers_clock_is_told_and_a_clients_is_not() {
    let (asked, said) = (message(0x23, 9, [1, 2, 3, 4]), message(0xe4, 3, [192, 0, 2, 9]));
    let heard = datagrams(ends(123, Transport::UDP), &[c(&asked), s(&said)]);
    let detail = heard.detail();
    assert_eq!((detail.versions, detail.messages), (vec!["4".to_owned()], vec!["client".to_owned(), "server".into()]));
    assert_eq!((detail.strata, detail.references), (vec!["3".to_owned()], vec!["192.0.2.9".to_owned()]));
    assert_eq!(detail.notices, ["clock is not synchronised"]);
}

/// However long two clocks talk, what is kept is bounded and what was said is told once.
#[test]
fn a_long_talk_is_told_once() {
    let (asked, said) = (message(0x1b, 0, [0; 4]), message(0x1c, 1, *b"PPS\0"));
    let lines: Vec<Line<'_>> = (0..200).flat_map(|_| [c(&asked), s(&said)]).collect();
    let heard = datagrams(ends(123, Transport::UDP), &lines);
    assert_eq!(heard.output.facts.len(), 2);
    assert_eq!(heard.detail().references, ["PPS"]);
}
