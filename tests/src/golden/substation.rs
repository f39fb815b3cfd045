//! Substations' messages to groups: GOOSE below IP and routed, GSSE; synchrophasors.

use super::Made;
use crate::make::{Capture, Host, Tcp, layer2, udp};
use picket_event::Direction;

const START: i64 = 1_772_409_600_000_000_000;
const SECOND: i64 = 1_000_000_000;
const IED: [u8; 6] = [0x02, 0x50, 0, 0, 0, 1];
const OTHER_IED: [u8; 6] = [0x02, 0x50, 0, 0, 0, 2];
const GROUP: [u8; 6] = [0x01, 0x0c, 0xcd, 0x01, 0, 1];

fn frames(all: Vec<Vec<u8>>) -> Capture {
    let mut capture = Capture::default();
    for (number, frame) in all.into_iter().enumerate() {
        capture.push(START + number as i64 * SECOND, frame);
    }
    capture
}

/// A value of BER.
fn ber(tag: u8, inside: &[u8]) -> Vec<u8> {
    match inside.len() {
        short @ 0..=0x7f => [&[tag, short as u8][..], inside].concat(),
        long => [&[tag, 0x81, long as u8][..], inside].concat(),
    }
}

/// A goosePdu of a control block; one of its fields can be left out.
fn goose_pdu(control: &str, state: u8, number: u8, without: Option<u8>) -> Vec<u8> {
    let device = control.split('/').next().unwrap_or_default();
    let fields = [
        (0, control.as_bytes().to_vec()),
        (1, vec![7, 0xd0]),
        (2, format!("{device}/LLN0$positions").into_bytes()),
        (3, b"positions".to_vec()),
        (4, vec![0x69, 0xa4, 0xd8, 0, 0, 0, 0, 10]),
        (5, vec![state]),
        (6, vec![number]),
        (7, vec![0]),
        (8, vec![1]),
        (9, vec![0]),
        (10, vec![2]),
    ];
    let kept = fields.iter().filter(|(tag, _)| Some(*tag) != without);
    let mut inside: Vec<u8> = kept.flat_map(|(tag, value)| ber(0x80 | tag, value)).collect();
    inside.extend(ber(0xab, &[0x83, 1, state & 1, 0x84, 3, 3, 0, 0]));
    ber(0x61, &inside)
}

/// A frame with the header of IEC 61850-8-1 annex C.
fn goose(from: [u8; 6], ether_type: u16, application: u16, pdu: &[u8]) -> Vec<u8> {
    let length = (pdu.len() + 8) as u16;
    let payload = [&application.to_be_bytes()[..], &length.to_be_bytes(), &[0; 4], pdu].concat();
    layer2(from, GROUP, ether_type, &payload)
}

const TRIP: &str = "BAY1PROT/LLN0$GO$trip";

fn goose_captures() -> Vec<Made> {
    let state = |state, number| goose(IED, 0x88b8, 3, &goose_pdu(TRIP, state, number, None));
    let publisher = frames(vec![
        state(1, 0),
        state(1, 1),
        state(2, 0),
        goose(IED, 0x88b8, 4, &goose_pdu("BAY1CTRL/LLN0$GO$interlock", 9, 200, None)),
        goose(OTHER_IED, 0x88b8, 3, &goose_pdu(TRIP, 3, 0, None)),
    ]);
    let mut cut = state(1, 3);
    cut.truncate(60);
    let damage = frames(vec![
        state(1, 0),
        goose(IED, 0x88b8, 3, &goose_pdu(TRIP, 1, 1, Some(5))),
        goose(IED, 0x88b8, 3, &goose_pdu(TRIP, 1, 2, Some(0))),
        cut,
        goose(IED, 0x88b8, 3, &[0x61, 5, 0x80, 9, b'A', b'/', b'B']),
        layer2(IED, GROUP, 0x88b8, &[0xff; 50]),
    ]);
    let request = ber(0x62, &[ber(0x80, &[1]), ber(0xa1, &ber(0xa1, &ber(0x80, b"BAY1PROT/LLN0")))].concat());
    let tagged = [&[0x80, 1, 0x88, 0xb8][..], &state(1, 1)[14..]].concat();
    let management = frames(vec![goose(IED, 0x88b9, 0, &request), layer2(IED, GROUP, 0x8100, &tagged)]);
    vec![("goose", "publisher", publisher), ("goose", "damage", damage), ("goose", "management", management)]
}

/// A session's unit of IEC 61850-90-5: payloads by kind, application's number and bytes.
fn session(kind: u8, number: u32, payloads: &[(u8, u16, Vec<u8>)]) -> Vec<u8> {
    let mut inside = Vec::new();
    for (kind, application, bytes) in payloads {
        inside.extend([*kind, 0]);
        inside.extend(application.to_be_bytes());
        inside.extend((bytes.len() as u16).to_be_bytes());
        inside.extend(bytes);
    }
    let mut unit = vec![1, 0x40, kind, 23, 0x80, 21];
    unit.extend((inside.len() as u32 + 30).to_be_bytes());
    unit.extend(number.to_be_bytes());
    unit.extend([0, 2, 0x69, 0xa4, 0xd8, 0, 0, 60, 0, 0, 0, 1, 0]);
    unit.extend((inside.len() as u32).to_be_bytes());
    unit.extend(inside);
    unit.extend([0x85, 4, 1, 2, 3, 4]);
    unit
}

fn routed(units: &[Vec<u8>]) -> Capture {
    let (ied, mut group) = (Host::new(1, "192.0.2.10"), Host::new(0, "233.252.0.1"));
    group.mac = [0x01, 0, 0x5e, 0x7c, 0, 1];
    let mut capture = Capture::default();
    for (number, unit) in units.iter().enumerate() {
        udp(&mut capture, START + number as i64 * SECOND, (&ied, 50_102), (&group, 102), unit);
    }
    capture
}

fn r_goose_captures() -> Vec<Made> {
    let message = |state| (0x81, 3, goose_pdu(TRIP, state, 0, None));
    let publisher = routed(&[session(0xa1, 1, &[message(1)]), session(0xa1, 2, &[message(2)])]);
    let both = (0x82, 0x4000, ber(0x60, &ber(0x80, &[1])));
    let tunnelled = routed(&[session(0xa0, 1, &[message(1), both, (0x81, 4, vec![0xee; 40])])]);
    let mut cut = session(0xa1, 2, &[message(1)]);
    cut.truncate(80);
    let lacking = (0x81, 3, goose_pdu(TRIP, 1, 0, Some(8)));
    let damage = routed(&[session(0xa1, 1, &[message(1)]), cut, session(0xa1, 3, &[lacking])]);
    vec![("r_goose", "publisher", publisher), ("r_goose", "tunnelled", tunnelled), ("r_goose", "damage", damage)]
}

/// A frame of GSSE: IEEE 802.2, no network layer, a unit of the transport with both selectors.
fn gsse(from: [u8; 6], carried: &[u8]) -> Vec<u8> {
    let head = [0xfe, 0xfe, 3, 0, 9, 0x40, 0xc1, 2, 0, 1, 0xc2, 2, 0, 1];
    let payload = [&head[..], carried].concat();
    layer2(from, [0x01, 0xa0, 0xf4, 8, 0x2f, 0x77], payload.len() as u16, &payload)
}

fn gsse_captures() -> Vec<Made> {
    let message = [0x40, 4, 0, 0, 0, 0, 0x60, 4, 0xbe, 2, 0x28, 0];
    let publisher = frames(vec![gsse(IED, &message), gsse(IED, &message)]);
    let two = frames(vec![gsse(IED, &message), gsse(OTHER_IED, &message), gsse(IED, &message)]);
    let mut short = gsse(IED, &message);
    short.truncate(14 + 9);
    let damage = frames(vec![gsse(IED, &message), short]);
    vec![("gsse", "publisher", publisher), ("gsse", "two-publishers", two), ("gsse", "damage", damage)]
}

/// CRC-CCITT (IEEE C37.118.2 annex B).
fn sum(bytes: &[u8]) -> [u8; 2] {
    let mut crc = 0xffff_u16;
    for byte in bytes {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
        }
    }
    crc.to_be_bytes()
}

fn phasor(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xaa, kind << 4 | 1];
    frame.extend((data.len() as u16 + 16).to_be_bytes());
    frame.extend([0x1e, 0x36, 0x69, 0xa4, 0xd8, 0, 0, 0, 0, 0]);
    frame.extend(data);
    frame.extend(sum(&frame));
    frame
}

fn command(code: u16) -> Vec<u8> {
    phasor(4, &code.to_be_bytes())
}

/// A configuration of stations with one phasor each.
fn configuration(kind: u8, stations: &[&str]) -> Vec<u8> {
    let mut data = vec![0, 0x0f, 0x42, 0x40, 0, stations.len() as u8];
    for station in stations {
        data.extend(format!("{station:<16}").bytes());
        data.extend([0x1e, 0x36, 0, 4, 0, 1, 0, 0, 0, 0]);
        data.extend(b"VA              ");
        data.extend([0, 0x0d, 0xf8, 0x47, 0, 0, 0, 1]);
    }
    data.extend([0, 30]);
    phasor(kind, &data)
}

const DATA: [u8; 14] = [0, 0, 0x39, 0x2b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn stream(port: u16) -> Capture {
    let (client, server) = (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"));
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_152), (&server, port));
    tcp.to_server(&command(1)).to_server(&command(3)).to_client(&phasor(1, b"a station of an example"));
    tcp.to_server(&command(4)).to_client(&configuration(2, &["Station A"]));
    tcp.to_server(&command(5)).to_client(&configuration(3, &["Station A"]));
    let third = [&[0, 0, 0, 0x0f, 0x42, 0x40, 0, 1, 9][..], b"Station A", &[0; 40]].concat();
    tcp.to_server(&command(6)).to_client(&phasor(5, &third));
    tcp.to_server(&command(2));
    for _ in 0..5 {
        tcp.to_client(&phasor(0, &DATA)).wait(SECOND / 30);
    }
    tcp.to_server(&phasor(4, &[0, 8, 1, 2, 3])).to_server(&command(0x1234)).to_server(&command(1));
    tcp.close();
    capture
}

fn synchrophasor_captures() -> Vec<Made> {
    let (client, server) = (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"));
    let mut framing = Capture::default();
    let mut tcp = Tcp::midstream(&mut framing, START, (&client, 49_153), (&server, 40_712));
    tcp.to_client(&[phasor(0, &DATA), phasor(0, &DATA)].concat());
    tcp.segment(1).to_client(&phasor(0, &DATA)).segment(1460);
    let whole = configuration(3, &["Station A", "Station B"]);
    tcp.to_client(&whole[..50]).to_client(&whole[50..]);
    tcp.to_client(&phasor(0, &DATA)[..20]).lose(Direction::ToClient, 10);
    tcp.to_client(&phasor(0, &DATA)).to_server(&command(1)).to_client(b"noise");
    tcp.to_client(&configuration(3, &["Station A"]));
    tcp.close();
    let mut datagrams = Capture::default();
    let (c, s) = ((&client, 4713), (&server, 4712));
    let mut broken = command(2);
    broken[15] ^= 1;
    for (number, bytes) in [command(5), command(2), broken, command(1)].iter().enumerate() {
        udp(&mut datagrams, START + number as i64 * SECOND, c, s, bytes);
    }
    udp(&mut datagrams, START + SECOND / 2, s, c, &configuration(3, &["Station A"]));
    vec![
        ("synchrophasor", "stream", stream(4712)),
        ("synchrophasor", "wrong-port", stream(40_001)),
        ("synchrophasor", "framing", framing),
        ("synchrophasor", "datagrams", datagrams),
    ]
}

/// Every capture of these protocols.
pub(super) fn captures() -> Vec<Made> {
    let mut all = goose_captures();
    all.extend(r_goose_captures());
    all.extend(gsse_captures());
    all.extend(synchrophasor_captures());
    all
}
