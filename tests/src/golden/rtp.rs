//! Media: a call, a stream of pictures, and what only looks like one.

use crate::make::{Capture, Host, udp};

const START: i64 = 1_772_409_600_000_000_000;
/// Packets of a call follow each other in this time, nanoseconds.
const STEP: i64 = 20_000_000;

/// A packet with media.
fn packet(second: u8, sequence: u16, timestamp: u32, source: u32, payload: usize) -> Vec<u8> {
    let mut bytes = vec![0x80, second];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(timestamp.to_be_bytes());
    bytes.extend(source.to_be_bytes());
    bytes.resize(12 + payload, 0xd5);
    bytes
}

fn call() -> Capture {
    let (caller, called) = (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"));
    let mut capture = Capture::default();
    for at in 0..8u16 {
        let time = START + i64::from(at) * STEP;
        let voice = packet(0, 65_533u16.wrapping_add(at), u32::from(at) * 160, 0x1234_5678, 160);
        udp(&mut capture, time, (&caller, 40_000), (&called, 40_002), &voice);
        let voice = packet(8, 700 + at, 9_000 + u32::from(at) * 160, 0x9abc_def0, 160);
        udp(&mut capture, time + 3_000_000, (&called, 40_002), (&caller, 40_000), &voice);
        if at == 2 {
            let report: Vec<u8> =
                [&[0x80, 201, 0, 1, 0x12, 0x34, 0x56, 0x78][..], &[0x81, 202, 0, 3], &[0x12; 12]].concat();
            udp(&mut capture, time + 5_000_000, (&caller, 40_000), (&called, 40_002), &report);
        }
    }
    capture
}

fn stream() -> Capture {
    let (camera, group) = (Host::new(3, "192.0.2.30"), Host::new(9, "233.252.0.5"));
    let mut capture = Capture::default();
    for at in 0..9u16 {
        // Three packets a picture, the last one marked.
        let marker = if at % 3 == 2 { 0x80 } else { 0 };
        let pictures = packet(96 | marker, 10 + at, u32::from(at / 3) * 3000, 0x0c0f_fee0, 900);
        udp(&mut capture, START + i64::from(at) * 4_000_000, (&camera, 50_004), (&group, 5004), &pictures);
    }
    capture
}

fn jumping() -> Capture {
    let (one, other) = (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"));
    let mut capture = Capture::default();
    for at in 0..6u16 {
        let bytes = packet(0, at.wrapping_mul(7919), 1 << at, 0x1000 + u32::from(at), 80);
        udp(&mut capture, START + i64::from(at) * STEP, (&one, 40_010), (&other, 40_012), &bytes);
    }
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![("call", call()), ("stream", stream()), ("jumping", jumping())]
}
