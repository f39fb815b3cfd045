//! DNS conversations: record types, TCP, and how reading fails well.

use crate::make::message::{dns_answer, dns_query};
use crate::make::{Capture, Host, Tcp, udp};

const START: i64 = 1_772_409_600_000_000_000;

fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(3, "192.0.2.53"))
}

/// An answer to `name` of this type with records of type and data; owners point at the question.
fn answer(id: u16, question: &[u8], record_type: u16, records: &[(u16, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    for word in [id, 0x8180, 1, u16::try_from(records.len()).unwrap_or(0), 0, 0] {
        message.extend(word.to_be_bytes());
    }
    message.extend(question);
    message.extend(record_type.to_be_bytes());
    message.extend([0, 1]);
    for (kind, data) in records {
        message.extend([0xc0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1, 0, 0, 14, 16]);
        message.extend(u16::try_from(data.len()).unwrap_or(0).to_be_bytes());
        message.extend(*data);
    }
    message
}

const PLANT: &[u8] = b"\x05plant\x07example\x00";

/// One answer for each shape of data.
const SHAPES: &[(u16, &[u8])] = &[
    (1, &[192, 0, 2, 7]),
    (28, &[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]),
    (2, b"\x02ns\xc0\x0c"),
    (5, b"\x03www\xc0\x0c"),
    (12, b"\x03hmi\xc0\x0c"),
    (15, b"\x00\x0a\x04mail\xc0\x0c"),
    (6, b"\x02ns\xc0\x0c\x05admin\xc0\x0c\x00\x00\x00\x01\x00\x00\x0e\x10\x00\x00\x02\x58\x00\x09\x3a\x80\x00\x00\x00\x3c"),
    (33, b"\x00\x00\x00\x05\x01\xf6\x03plc\xc0\x0c"),
    (16, b"\x0bv=spf1 -all\x04\"a\\b"),
    (13, b"\x03ARM\x05Linux"),
    (35, b"\x00\x64\x00\x0a\x01s\x07SIP+D2U\x00\x04_sip\xc0\x0c"),
    (257, b"\x00\x05issueca.example"),
    (65, b"\x00\x01\x00\x00\x01\x00\x03\x02h2\x00\x03\x00\x02\x01\xbb\x00\x04\x00\x04\xc0\x00\x02\x07"),
    (43, &[0x30, 0x39, 8, 2, 0xde, 0xad, 0xbe, 0xef]),
    (52, &[3, 1, 1, 0xca, 0xfe]),
    (44, &[4, 2, 0xca, 0xfe]),
    (65_280, &[1, 2, 3]),
    // An address of three bytes is none.
    (1, &[192, 0, 2]),
];

fn types() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    for (number, record) in SHAPES.iter().enumerate() {
        let id = u16::try_from(number).unwrap_or(0) + 100;
        let time = START + i64::from(id) * 10_000_000;
        let (c, s) = ((&client, 50_000 + id), (&server, 53));
        udp(&mut capture, time, c, s, &dns_query(id, "Plant.Example", record.0));
        udp(&mut capture, time + 2_000_000, s, c, &answer(id, PLANT, record.0, &[*record]));
    }
    let (c, s) = ((&client, 51_000), (&server, 53));
    udp(&mut capture, START, c, s, &dns_query(9, "gone.example", 1));
    udp(&mut capture, START + 1_000_000, s, c, &dns_answer(9, "gone.example", None));
    capture
}

/// Over TCP: two queries in one segment, answers in pieces.
fn stream() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 50_001), (&server, 53));
    let framed = |message: Vec<u8>| [&u16::try_from(message.len()).unwrap_or(0).to_be_bytes()[..], &message].concat();
    tcp.to_server(&[framed(dns_query(1, "a.example", 1)), framed(dns_query(2, "b.example", 28))].concat());
    tcp.segment(7).to_client(&framed(dns_answer(1, "a.example", Some([192, 0, 2, 1]))));
    tcp.to_client(&framed(dns_answer(2, "b.example", None)));
    tcp.close();
    capture
}

/// Names with dots, spaces and bytes that no text has; a loop; a cut answer; another port.
fn odd() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let odd: &[u8] = b"\x04a.b \x03\\\x00\xff\x07example\x00";
    let mut query = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(odd);
    query.extend([0, 16, 0, 1]);
    udp(&mut capture, START, (&client, 50_002), (&server, 53), &query);
    // On another port the structure alone tells.
    let time = START + 1_000_000_000;
    udp(&mut capture, time, (&client, 50_003), (&server, 8053), &dns_query(3, "far.example", 1));
    udp(
        &mut capture,
        time + 1_000_000,
        (&server, 8053),
        (&client, 50_003),
        &dns_answer(3, "far.example", Some([192, 0, 2, 3])),
    );
    // In a conversation that is known: a pointer to itself, then an answer cut in the middle.
    let mut looping = dns_answer(4, "far.example", Some([192, 0, 2, 3]));
    let at = looping.len() - 16;
    looping[at + 1] = u8::try_from(at).unwrap_or(0);
    udp(&mut capture, time + 2_000_000, (&server, 8053), (&client, 50_003), &looping);
    let cut = dns_answer(5, "far.example", Some([192, 0, 2, 3]));
    udp(&mut capture, time + 3_000_000, (&server, 8053), (&client, 50_003), &cut[..cut.len() - 2]);
    udp(&mut capture, time + 4_000_000, (&server, 8053), (&client, 50_003), &cut[..20]);
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![("types", types()), ("stream", stream()), ("odd", odd())]
}
