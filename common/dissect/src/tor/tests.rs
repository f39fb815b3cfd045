//! What names a link to a relay, and what does not.

use super::*;
use crate::fact::{KeyKind, SignatureKind};
use crate::rehearsal::{Heard, Line, c, client_hello_for, rehearse, s, server_hello};
use picket_event::Timestamp;
use picket_event::body::Certificate;
use proptest::prelude::*;

fn certificates(subject: &str, issuer: &str, extensions: u16) -> Certificates {
    let leaf = Certificate {
        sha256: [0; 32],
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        serial: vec![1],
        not_before: Timestamp::EPOCH,
        not_after: Timestamp::EPOCH,
        names: Vec::new(),
        self_signed: subject == issuer,
        fingerprint: String::new(),
    };
    Certificates {
        leaf,
        version: 3,
        extensions,
        key: KeyKind::Rsa,
        key_bits: 2048,
        signature: SignatureKind::RsaSha2,
        length: 450,
        chain_length: 1,
        chain_bytes: 453,
    }
}

#[test]
fn certificates_of_relays() {
    let is = |subject, issuer, extensions| is_relays(&certificates(subject, issuer, extensions));
    assert!(is("CN=www.axslhtfqq.net", "CN=www.hkkch64skp7am.com", 0));
    assert!(is("CN=www.e6r5p57kbafwrxj3plz.net", "CN=www.axslhtfqq.net", 0));
    for (subject, issuer, extensions) in [
        ("CN=www.axslhtfqq.net", "CN=www.hkkch64skp7am.com", 3),
        ("CN=www.axslhtfqq.net", "CN=www.axslhtfqq.net", 0),
        ("CN=www.axslhtfqq.com", "CN=www.hkkch64skp7am.com", 0),
        ("CN=www.short.net", "CN=www.hkkch64skp7am.com", 0),
        ("CN=www.vendor-one.net", "CN=www.hkkch64skp7am.com", 0),
        ("CN=www.axslhtfqq.net,O=Plant", "CN=www.hkkch64skp7am.com", 0),
        ("CN=www.axslhtfqq.net", "CN=Plant CA", 0),
    ] {
        assert!(!is(subject, issuer, extensions), "{subject} by {issuer}");
    }
}

fn verdict(lengths: &[usize]) -> Verdict {
    let mut cells = Cells::default();
    lengths
        .iter()
        .map(|length| cells.record(*length))
        .find(|verdict| *verdict != Verdict::More)
        .unwrap_or(Verdict::More)
}

#[test]
fn records_of_cells() {
    assert_eq!(verdict(&[69, 28, 531]), Verdict::Tor);
    assert_eq!(verdict(&[53, 26, 1045]), Verdict::Tor);
    assert_eq!(verdict(&[69, 28, 2100, 531]), Verdict::Tor);
    assert_eq!(verdict(&[69, 28]), Verdict::More);
    for other in [&[531][..], &[69, 531], &[69, 28, 530], &[69, 28, 17], &[69, 28, 28], &[69, 28, 2100, 600], &[3]] {
        assert_eq!(verdict(other), Verdict::Foreign, "{other:?}");
    }
}

fn encrypted(length: usize) -> Vec<u8> {
    [&[0x17, 3, 3, (length >> 8) as u8, length as u8][..], &vec![0x5a; length]].concat()
}

fn link(name: &str, lengths: &[usize], piece: usize) -> Heard {
    let (hello, answer) = (client_hello_for(name), server_hello());
    let records: Vec<Vec<u8>> = lengths.iter().map(|length| encrypted(*length)).collect();
    let mut lines: Vec<Line<'_>> = vec![c(&hello), s(&answer), c(&[0x14, 3, 3, 0, 1, 1])];
    lines.extend(records.iter().map(|record| c(record)));
    rehearse(9001, piece, &lines)
}

const NAME: &str = "www.y3qxi5alvdxg7niv2k.com";

#[test]
fn a_link_is_named_and_keeps_its_handshake() {
    for piece in [4096, 60, 3] {
        let heard = link(NAME, &[69, 28, 1045, 531], piece);
        assert_eq!((heard.app().as_str(), heard.tls()), ("tor", vec![(Some(NAME), Some(0x1301))]), "{piece}");
        assert!(heard.output.malformed.is_empty());
    }
}

/// A name alone names nothing, nor do the records.
#[test]
fn what_has_one_half_stays_tls() {
    for (name, lengths) in [
        (NAME, &[69, 28, 400, 531][..]),
        (NAME, &[69, 28, 600, 600]),
        (NAME, &[69, 200, 531]),
        (NAME, &[69]),
        ("www.my-plant-portal.com", &[69, 28, 531]),
        ("portal.plant.example", &[69, 28, 531]),
    ] {
        let heard = link(name, lengths, 4096);
        assert_eq!((heard.app().as_str(), heard.tls().len()), ("tls", 1), "{name} {lengths:?}");
    }
}

/// What is no record behind the hello is damage, and not another protocol.
#[test]
fn what_follows_may_be_damaged() {
    let (hello, answer) = (client_hello_for(NAME), server_hello());
    let heard = rehearse(9001, 4096, &[c(&hello), s(&answer), c(b"GET / HTTP/1.1\r\n\r\n")]);
    assert_eq!((heard.app().as_str(), heard.tls().len(), heard.output.malformed.len()), ("tls", 1, 1));
    let heard =
        rehearse(9001, 4096, &[c(&hello), s(&answer), c(&encrypted(69)), Line::Lacks(crate::rehearsal::ToServer, 9)]);
    assert_eq!((heard.app().as_str(), heard.tls().len()), ("tls", 1));
}

proptest! {
    /// Lengths that come by chance are no cells.
    #[test]
    fn lengths_by_chance_are_foreign(first in 0usize..16_000, second in 0usize..16_000, third in 0usize..16_000) {
        if verdict(&[first, second, third]) == Verdict::Tor {
            prop_assert!([53, 69].contains(&first) && second < 33 && (third - 17) % 514 == 0);
        }
    }
}
