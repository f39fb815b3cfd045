//! IEC 60870-5-104 connections: every type and cause, and how reading fails well.

use crate::make::{Capture, Host, Tcp};
use picket_event::Direction;

const START: i64 = 1_772_409_600_000_000_000;
const PORT: u16 = 2404;

fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"))
}

/// A connection whose frames are numbered as the standard says.
struct Link<'a> {
    tcp: Tcp<'a>,
    sent: [u16; 2],
}

impl<'a> Link<'a> {
    fn open(capture: &'a mut Capture, port: u16) -> Self {
        let (client, server) = hosts();
        let tcp = Tcp::open(capture, START, (&client, 49_152), (&server, port));
        let mut link = Self { tcp, sent: [0; 2] };
        link.tcp.to_server(&unnumbered(0x07)).to_client(&unnumbered(0x0b));
        link
    }

    /// The next frame of a direction.
    fn frame(&mut self, direction: Direction, unit: &[u8]) -> Vec<u8> {
        let (mine, theirs) = (direction.index(), direction.opposite().index());
        let frame = information(self.sent[mine], self.sent[theirs], unit);
        self.sent[mine] += 1;
        frame
    }

    fn up(&mut self, unit: &[u8]) -> &mut Self {
        let frame = self.frame(Direction::ToServer, unit);
        self.tcp.to_server(&frame);
        self
    }

    fn down(&mut self, unit: &[u8]) -> &mut Self {
        let frame = self.frame(Direction::ToClient, unit);
        self.tcp.to_client(&frame);
        self
    }
}

fn unnumbered(control: u8) -> Vec<u8> {
    vec![0x68, 4, control, 0, 0, 0]
}

fn supervisory(received: u16) -> Vec<u8> {
    let [low, high] = (received << 1).to_le_bytes();
    vec![0x68, 4, 1, 0, low, high]
}

fn information(sent: u16, received: u16, unit: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x68, u8::try_from(unit.len() + 4).unwrap_or(253)];
    frame.extend((sent << 1).to_le_bytes());
    frame.extend((received << 1).to_le_bytes());
    frame.extend(unit);
    frame
}

/// A data unit of station 3: type, structure, cause, and objects.
fn unit(kind: u8, structure: u8, cause: u8, objects: &[u8]) -> Vec<u8> {
    [&[kind, structure, cause, 0, 3, 0][..], objects].concat()
}

/// One object: an address and its element.
fn object(address: u16, element: &[u8]) -> Vec<u8> {
    let [low, high] = address.to_le_bytes();
    [&[low, high, 0][..], element].concat()
}

/// 15:30:00 on the second of March 2026 (IEC 60870-5-4 clause 6.8).
const TIME: [u8; 7] = [0, 0, 30, 15, 0x42, 3, 26];

/// Bytes of an element with its time, by type.
const ELEMENTS: &[(u8, usize)] = &[
    (1, 1),
    (2, 4),
    (3, 1),
    (4, 4),
    (5, 2),
    (6, 5),
    (7, 5),
    (8, 8),
    (9, 3),
    (10, 6),
    (11, 3),
    (12, 6),
    (13, 5),
    (14, 8),
    (15, 5),
    (16, 8),
    (17, 6),
    (18, 7),
    (19, 7),
    (20, 5),
    (21, 2),
    (30, 8),
    (31, 8),
    (32, 9),
    (33, 12),
    (34, 10),
    (35, 10),
    (36, 12),
    (37, 12),
    (38, 10),
    (39, 11),
    (40, 11),
];

/// Every type of process information, told by itself.
fn reports() -> Capture {
    let mut capture = Capture::default();
    let mut link = Link::open(&mut capture, PORT);
    link.down(&unit(70, 1, 4, &object(0, &[0])));
    for (number, (kind, size)) in ELEMENTS.iter().enumerate() {
        let mut element = vec![1u8; *size];
        if *kind >= 30 {
            element.truncate(*size - TIME.len());
            element.extend(TIME);
        }
        let cause = [1, 2, 3, 11, 12][number % 5];
        link.down(&unit(*kind, 1, cause, &object(100 + number as u16, &element)));
        link.tcp.wait(20_000_000);
    }
    let last = link.sent[1];
    link.tcp.to_server(&supervisory(last));
    link.tcp.to_server(&unnumbered(0x43)).to_client(&unnumbered(0x83));
    link.tcp.to_server(&unnumbered(0x13)).to_client(&unnumbered(0x23));
    link.tcp.close();
    capture
}

/// Interrogations with what they bring: single objects, sequences, several objects.
fn interrogations() -> Capture {
    let mut capture = Capture::default();
    let mut link = Link::open(&mut capture, PORT);
    let general = |cause| unit(100, 1, cause, &object(0, &[20]));
    link.up(&general(6)).down(&general(7));
    link.down(&unit(1, 0x84, 20, &object(16, &[0, 1, 1, 0])));
    let floats = [object(700, &[0, 0, 0x48, 0x42, 0]), object(702, &[0, 0, 0x20, 0xc1, 0])].concat();
    link.down(&unit(13, 2, 20, &floats));
    link.down(&unit(11, 1, 21, &object(710, &[0xff, 0xff, 0]))).down(&general(10));
    let counters = |cause| unit(101, 1, cause, &object(0, &[5]));
    link.up(&counters(6)).down(&counters(7));
    link.down(&unit(15, 1, 37, &object(800, &[0x10, 0x27, 0, 0, 1]))).down(&counters(10));
    link.up(&unit(102, 1, 5, &object(700, &[])));
    link.down(&unit(13, 1, 5, &object(700, &[0, 0, 0x48, 0x42, 0])));
    link.tcp.close();
    capture
}

/// Every command with its confirmation and termination; selected first where it can be.
fn commands() -> Capture {
    let mut capture = Capture::default();
    let mut link = Link::open(&mut capture, PORT);
    let mut command = |kind: u8, element: &[u8]| {
        for cause in [6, 7, 10] {
            let unit = unit(kind, 1, cause, &object(6000, element));
            if cause == 6 {
                link.up(&unit)
            } else {
                link.down(&unit)
            };
        }
    };
    command(45, &[0x81]);
    command(45, &[1]);
    command(46, &[2]);
    command(47, &[1]);
    command(48, &[0, 0x40, 0]);
    command(49, &[0xf6, 0xff, 0x80]);
    command(50, &[0, 0, 0xc0, 0x3f, 0]);
    command(51, &[1, 2, 3, 4]);
    command(58, &[&[1][..], &TIME].concat());
    command(59, &[&[2][..], &TIME].concat());
    command(60, &[&[1][..], &TIME].concat());
    command(61, &[&[0, 0x20, 0][..], &TIME].concat());
    command(62, &[&[5, 0, 0][..], &TIME].concat());
    command(63, &[&[0, 0, 0x80, 0x3f, 0][..], &TIME].concat());
    command(64, &[&[1, 2, 3, 4][..], &TIME].concat());
    command(103, &TIME);
    command(104, &[0xaa, 0x55]);
    command(105, &[1]);
    command(106, &[10, 0]);
    command(107, &[&[1, 0][..], &TIME].concat());
    command(110, &[0, 0x10, 1]);
    command(111, &[9, 0, 1]);
    command(112, &[0, 0, 0x80, 0x3f, 1]);
    command(113, &[1]);
    link.up(&unit(45, 1, 8, &object(6000, &[0x81]))).down(&unit(45, 1, 9, &object(6000, &[0x81])));
    link.tcp.close();
    capture
}

/// Files from directory to acknowledgement.
fn files() -> Capture {
    let mut capture = Capture::default();
    let mut link = Link::open(&mut capture, PORT);
    let entry = [&[1, 0, 64, 0, 0, 0][..], &TIME].concat();
    link.up(&unit(122, 1, 5, &object(0, &[0, 0, 0, 0]))).down(&unit(126, 1, 5, &object(1, &entry)));
    link.up(&unit(122, 1, 13, &object(1, &[1, 0, 0, 1]))).down(&unit(120, 1, 13, &object(1, &[1, 0, 64, 0, 0, 0])));
    link.up(&unit(122, 1, 13, &object(1, &[1, 0, 1, 2]))).down(&unit(121, 1, 13, &object(1, &[1, 0, 1, 4, 0, 0, 0])));
    link.down(&unit(125, 1, 13, &object(1, &[1, 0, 1, 4, b'd', b'a', b't', b'a'])));
    link.down(&unit(123, 1, 13, &object(1, &[1, 0, 1, 3, 0x99])));
    link.up(&unit(124, 1, 13, &object(1, &[1, 0, 1, 3])));
    link.up(&unit(127, 1, 5, &object(1, &[&[1, 0][..], &TIME, &TIME].concat())));
    link.down(&unit(126, 1, 3, &object(1, &entry)));
    link.tcp.close();
    capture
}

/// Refusals by every cause, a negative confirmation, a private type, a cause that nobody knows.
fn refusals() -> Capture {
    let mut capture = Capture::default();
    let mut link = Link::open(&mut capture, PORT);
    for cause in [44, 45, 46, 47, 0x47] {
        link.up(&unit(45, 1, 6, &object(6000, &[1]))).down(&unit(45, 1, cause, &object(6000, &[1])));
    }
    link.down(&unit(200, 1, 3, &object(1, &[1, 2, 3]))).down(&unit(1, 1, 50, &object(1, &[1])));
    link.tcp.close();
    capture
}

/// Three frames in a segment, one byte a segment, a frame in two segments.
fn framing() -> Capture {
    let mut capture = Capture::default();
    let mut link = Link::open(&mut capture, PORT);
    let report = |number: u16| unit(30, 1, 3, &object(number, &[&[1][..], &TIME].concat()));
    let three: Vec<u8> = (0..3).flat_map(|number| link.frame(Direction::ToClient, &report(number))).collect();
    link.tcp.to_client(&three);
    let slow = link.frame(Direction::ToClient, &report(3));
    link.tcp.segment(1).to_client(&slow).segment(1460);
    let halves = link.frame(Direction::ToClient, &report(4));
    link.tcp.to_client(&halves[..9]).to_client(&halves[9..]);
    link.tcp.close();
    capture
}

/// Bytes lost inside a frame, then more; a frame whose count lies; bytes that are none.
fn damage() -> Capture {
    let mut capture = Capture::default();
    let mut link = Link::open(&mut capture, PORT);
    let report = unit(1, 1, 3, &object(7, &[1]));
    link.down(&report);
    let cut = link.frame(Direction::ToClient, &report);
    link.tcp.to_client(&cut[..5]).lose(Direction::ToClient, cut.len() - 5);
    link.down(&report).down(&unit(1, 2, 3, &object(7, &[1]))).down(&report);
    link.tcp.to_client(&[0, 0xff, 0x68]);
    link.down(&report).down(&report);
    link.tcp.close();
    capture
}

/// The capture begins inside a connection on another port, with reports alone, and ends inside a frame.
fn midstream() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_156), (&server, 20_404));
    for number in 0..3u16 {
        let frame = information(70 + number, 5, &unit(9, 1, 1, &object(number, &[0, 0x20, 0])));
        tcp.frame_of(Direction::ToClient, &frame);
    }
    tcp.frame_of(Direction::ToClient, &information(73, 5, &unit(9, 1, 1, &object(3, &[0, 0x20, 0])))[..10]);
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("reports", reports()),
        ("interrogations", interrogations()),
        ("commands", commands()),
        ("files", files()),
        ("refusals", refusals()),
        ("framing", framing()),
        ("damage", damage()),
        ("midstream", midstream()),
    ]
}
