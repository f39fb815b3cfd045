//! Frames that are of this shape, and others of the same access point.

use super::*;
use crate::rehearsal::{c, datagrams, link};
use crate::{Dissector, Head, Probe};
use picket_event::Transport;
use proptest::prelude::*;

#[test]
fn every_message_is_a_report() {
    let message = [0xfe, 0xfe, 3, 0, 9, 0x40, 0xc1, 2, 0, 1, 0xc2, 2, 0, 1, 0x60, 1, 0, 0];
    let heard = datagrams(link(0xfe), &[c(&message), c(&message[..5])]);
    assert_eq!((heard.app().as_str(), heard.operations().len()), ("gsse", 1));
    assert_eq!(heard.output.malformed, ["gsse: frame does not fit"]);
    // Routing of ISO has the same access point.
    assert_eq!(datagrams(link(0xfe), &[c(&[0xfe, 0xfe, 3, 0x83, 27, 1])]).app(), "isis");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_unit_of_the_transport_is_told(selectors: [u8; 4], carried in proptest::collection::vec(any::<u8>(), 1..80)) {
        let [a, b, x, y] = selectors;
        let bytes = [&[0xfe, 0xfe, 3, 0, 9, 0x40, 0xc1, 2, a, b, 0xc2, 2, x, y][..], &carried].concat();
        let told = Gsse.probe(&Head { transport: Transport(0), to_server: &bytes, to_client: &[] });
        let yes = matches!(told, Probe::Yes { .. });
        prop_assert!(yes);
    }

    #[test]
    fn random_bytes_are_not(bytes: [u8; 60]) {
        let told = Gsse.probe(&Head { transport: Transport(0), to_server: &bytes, to_client: &[] });
        prop_assert_eq!(told, Probe::No);
    }
}
