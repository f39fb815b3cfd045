//! Damage, and what shares the ports.

use crate::rehearsal::{c, datagrams, ends, s};
use picket_event::Transport;
use proptest::prelude::*;

fn message(exchange: u8, flags: u8, next: u8, payloads: &[u8]) -> Vec<u8> {
    let mut bytes = vec![7; 8];
    bytes.extend([0; 8]);
    bytes.extend([next, 0x20, exchange, flags, 0, 0, 0, 0]);
    bytes.extend(u32::try_from(28 + payloads.len()).unwrap().to_be_bytes());
    bytes.extend(payloads);
    bytes
}

#[test]
fn a_vendor_id_is_a_name_a_text_or_its_bytes() {
    let payloads = [
        &[43, 0, 0, 20][..],
        b"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb",
        &[43, 0, 0, 14],
        b"FLEXVPN-OK",
        &[0, 0, 0, 7, 1, 2, 3],
    ];
    let heard = datagrams(ends(500, Transport::UDP), &[c(&message(34, 8, 43, &payloads.concat()))]);
    assert_eq!(heard.detail().programs, ["strongSwan", "FLEXVPN-OK", "010203"]);
}

/// ESP on the port that both share is not read as IKE.
#[test]
fn esp_says_nothing() {
    let marked = [&[0; 4][..], &message(35, 8, 46, &[0, 0, 0, 4])].concat();
    let heard = datagrams(ends(4500, Transport::UDP), &[c(&marked), s(&[0x20; 64]), c(&[0xff])]);
    assert_eq!((heard.app().as_str(), heard.output.malformed.len()), ("ike", 0));
    assert_eq!(
        (heard.detail().messages, heard.detail().nat),
        (vec!["ike_auth".into()], vec!["udp_encapsulated".into()])
    );
}

proptest! {
    #[test]
    fn any_payloads_are_bounded(next: u8, payloads in proptest::collection::vec(any::<u8>(), 0..600), first: bool) {
        let mut bytes = message(34, 8, next % 55, &payloads);
        if first {
            bytes[17] = 0x10;
            bytes[18] = 2;
        }
        let heard = datagrams(ends(500, Transport::UDP), &[c(&bytes)]);
        prop_assert!(heard.detail().offers.len() <= 16 && heard.output.malformed.len() <= 1);
    }
}
