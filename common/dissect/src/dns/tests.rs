//! Names and their loops, messages that are none, and cost.

#![allow(clippy::disallowed_methods, reason = "time is measured, and goes into no output")]

use super::parse::{check, message};
use super::*;
use proptest::prelude::*;
use std::time::Instant;

fn header(questions: u16, answers: u16) -> Vec<u8> {
    [0, 1, 0x81, 0x80].into_iter().chain(questions.to_be_bytes()).chain(answers.to_be_bytes()).chain([0; 4]).collect()
}

/// One question whose name is these bytes.
fn question(name: &[u8]) -> Vec<u8> {
    [&header(1, 0), name, &[0, 1, 0, 1]].concat()
}

#[test]
fn names_are_lower_case_and_escaped() {
    let of = |name: &[u8]| message(&question(name)).map(|(dns, _)| dns.name);
    assert_eq!(of(b"\x03WwW\x07eXample\0").unwrap(), "www.example");
    assert_eq!(of(b"\0").unwrap(), ".");
    assert_eq!(of(b"\x03a.b\x02\\\x07\0").unwrap(), "a\\.b.\\\\\\007");
    assert_eq!(of(b"\x01\xff\0").unwrap(), "\\255");
}

#[test]
fn f33_pointer_loops_end() {
    // To itself, to each other, a long chain, forward, out of the message.
    let to = |at: u8| [0xc0, at];
    assert!(message(&question(&to(12))).is_err());
    assert!(message(&question(&[to(14), to(12)].concat())).is_err());
    // The question points at the last of so many pointers, each of which points at the one before it.
    let chain = |count: u8| {
        let pointers = (0..count).flat_map(|n| to(if n == 0 { 18 } else { 19 + 2 * n }));
        let area: Vec<u8> = [1, b'a', 0].into_iter().chain(pointers).collect();
        [&question(&to(19 + 2 * count))[..], &area].concat()
    };
    assert_eq!(message(&chain(20)).map(|(dns, _)| dns.name).unwrap(), "a");
    assert!(message(&chain(60)).is_err());
    assert!(message(&question(&[0xff, 0xff])).is_err());
}

/// An answer that points to the question has its name, and is refused where that name goes on behind it.
#[test]
fn answers_point_to_the_question() {
    let answered = |name: &[u8]| {
        let record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 255];
        message(&[&header(1, 1), name, &[0, 1, 0, 1], &record].concat()).unwrap()
    };
    let (dns, fault) = answered(b"\x03WwW\x07eXample\0");
    let told: Vec<_> = dns.answers.iter().map(|record| (record.name.as_str(), record.data.as_str())).collect();
    assert_eq!((told, fault), (vec![("www.example", "192.0.2.255")], None));
    // By way of a zero before the question, and of one behind it.
    let (dns, fault) = answered(b"\x01a\xc0\x04");
    assert_eq!((dns.answers[0].name.as_str(), fault), ("a", None));
    let (dns, fault) = answered(b"\x01a\xc0\x10");
    assert_eq!((dns.name.as_str(), dns.answers.len()), ("a", 0));
    assert_eq!(fault, Some(Fault::Malformed("dns: pointer loop")));
}

#[test]
fn names_have_limits() {
    let label = [&[63][..], &[b'a'; 63]].concat();
    let name =
        |labels: usize, last: usize| [label.repeat(labels), vec![last as u8], vec![b'a'; last], vec![0]].concat();
    assert!(message(&question(&name(3, 61))).is_ok());
    assert!(message(&question(&name(3, 62))).is_err());
    assert!(message(&question(&[0x40, 0])).is_err(), "label type 01 is not in use");
}

/// Many records whose names point at a name of many labels: the worst that a message can do.
#[test]
fn f34_cost_of_pointers_is_bounded() {
    let name = [[1, b'a'].repeat(126), vec![0]].concat();
    let mut bytes = question(&name);
    let records = (65_000 - bytes.len()) / 12;
    bytes.splice(6..8, u16::try_from(records.min(4096)).unwrap().to_be_bytes());
    for _ in 0..records.min(4096) {
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
    let begin = Instant::now();
    let _ = check(&bytes);
    let (dns, _) = message(&bytes).unwrap();
    assert_eq!(dns.answers.len(), 32, "answers are bounded");
    assert!(begin.elapsed().as_millis() < 50, "{:?}", begin.elapsed());
}

#[test]
fn other_protocols_are_no_dns() {
    let head = |bytes: &'static [u8], transport| Head { transport, to_server: bytes, to_client: &[] };
    for bytes in
        [&b"GET / HTTP/1.1\r\n"[..], &[0; 48], &[0xff; 64], b"d1:ad2:id20:", &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]]
    {
        assert_eq!(DnsDissector.probe(&head(bytes, Transport::UDP)), Probe::No, "{bytes:02x?}");
    }
    assert_eq!(DnsDissector.probe(&head(&[0], Transport::TCP)), Probe::More);
}

proptest! {
    #[test]
    fn f32_any_bytes_as_a_message(bytes: Vec<u8>) {
        let _ = check(&bytes);
        let _ = message(&bytes);
    }
}

#[test]
fn bytes_behind_a_message_are_counted_where_the_port_says_dns() {
    use crate::rehearsal::{c, datagrams, ends};
    let asked = [question(b"\x01a\0").as_slice(), b"more"].concat();
    for (port, name, malformed) in [(53, "dns", vec![parse::BEHIND]), (9_999, "unknown", vec![])] {
        let heard = datagrams(ends(port, Transport::UDP), &[c(&asked)]);
        assert_eq!((heard.app().as_str(), heard.output.malformed.clone()), (name, malformed));
    }
    let (whole, fault) = message(&question(b"\x01a\0")).unwrap();
    assert_eq!((whole.name.as_str(), fault), ("a", None));
    // What stands behind the answers belongs to the message.
    let mut with_record = question(b"\x01a\0");
    with_record[11] = 1;
    with_record.extend([0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(message(&with_record).unwrap().1, None);
    with_record.push(0);
    assert!(matches!(message(&with_record).unwrap().1, Some(Fault::Malformed(parse::BEHIND))));
}
