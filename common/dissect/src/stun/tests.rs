//! Messages, addresses, and what else lies on the same ports.

use super::parse::length;
use crate::rehearsal::{c, client_hello, datagrams, ends, rehearse, s};
use picket_event::Transport;

fn message(kind: u16, attributes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(attributes.len()).unwrap();
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), b"\x21\x12\xa4\x42transaction!", attributes].concat()
}

/// 192.0.2.1, port 32853, under the cookie (RFC 5769 section 2.2).
const MAPPED: [u8; 12] = [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];

#[test]
fn the_mapped_address_of_the_published_vector() {
    let heard = datagrams(ends(3478, Transport::UDP), &[c(&message(1, &[])), s(&message(0x101, &MAPPED))]);
    assert_eq!(heard.detail().messages, ["binding request", "binding success"]);
    assert_eq!(heard.detail().addresses, ["mapped 192.0.2.1:32853"]);
}

#[test]
fn names_of_users_are_never_told() {
    let attributes = [&[0, 6, 0, 8][..], b"operator", &[0, 0x14, 0, 5], b"realm\0\0\0"].concat();
    let heard = datagrams(ends(3478, Transport::UDP), &[c(&message(3, &attributes))]);
    let detail = heard.detail();
    assert_eq!((detail.authentication, detail.realms), (vec!["long-term".to_owned()], vec!["realm".to_owned()]));
    assert!(!format!("{:?}", heard.output.facts).contains("operator"));
}

#[test]
fn media_and_cut_attributes_do_no_harm() {
    let media = [0x80; 60];
    let cut = message(0x101, &[0, 0x20, 0, 200, 0]);
    let heard = datagrams(ends(3478, Transport::UDP), &[c(&message(1, &[])), c(&media), c(&[7]), s(&cut)]);
    assert_eq!(heard.app(), "stun");
    assert_eq!(heard.output.malformed, ["message ends early"]);
}

#[test]
fn streams_are_cut_by_their_lengths() {
    let stream = [message(3, &[]), vec![0x40, 0, 0, 3, 1, 2, 3, 0], message(4, &[])].concat();
    for piece in [1, 3, 21, 4096] {
        let heard = rehearse(3478, piece, &[c(&stream)]);
        assert_eq!(heard.detail().messages, ["allocate request", "refresh request"], "pieces of {piece}");
    }
    assert!(length(&client_hello()).is_ok_and(|length| length > 4) && length(&[0xff; 4]).is_err());
}
