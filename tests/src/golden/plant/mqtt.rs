//! MQTT of both versions, and Sparkplug B.

use super::{Script, ToClient, ToServer, connection, framing, long, midstream, one_direction};
use crate::make::Capture;

/// A control packet: its length in bytes of seven bits.
fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut rest = body.len();
    while rest > 127 {
        bytes.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    bytes.push(rest as u8);
    [&bytes[..], body].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&long(text.as_bytes(), 0).to_be_bytes()[..], text.as_bytes()].concat()
}

fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    packet(0x30, &[&text(topic)[..], payload].concat())
}

/// Every packet of a version; properties only in the newer.
fn conversation(version: u8) -> Script {
    let none: &[u8] = if version == 5 { &[0] } else { &[] };
    let numbered = |first, more: &[u8]| packet(first, &[&[0, 7][..], more].concat());
    let connect = [&text("MQTT")[..], &[version, 2, 0, 60], none, &text("pump-7")].concat();
    let topic = [&text("plant/line1/pump7/speed")[..], &[0, 8], none, b"1480"].concat();
    let mut script = vec![
        (ToServer, packet(0x10, &connect)),
        (ToClient, packet(0x20, &[&[0, 0][..], none].concat())),
        (ToServer, numbered(0x82, &[none, &text("plant/line1/#"), &[1]].concat())),
        (ToClient, numbered(0x90, &[none, &[1]].concat())),
        (ToServer, numbered(0x82, &[none, &text("secret/#"), &[1]].concat())),
        (ToClient, numbered(0x90, &[none, &[0x80]].concat())),
        (ToClient, publish("plant/line1/pump7/set", &[none, b"1500"].concat())),
        (ToServer, packet(0x32, &topic)),
        (ToClient, packet(0x40, &[0, 8])),
        (ToServer, packet(0x34, &topic)),
        (ToClient, packet(0x50, &[0, 8])),
        (ToServer, packet(0x62, &[0, 8])),
        (ToClient, packet(0x70, &[0, 8])),
        (ToServer, packet(0xc0, &[])),
        (ToClient, packet(0xd0, &[])),
        (ToServer, numbered(0xa2, &[none, &text("plant/line1/#")].concat())),
        (ToClient, numbered(0xb0, if version == 5 { &[0, 0] } else { &[] })),
        (ToServer, packet(0xe0, &[])),
    ];
    if version == 5 {
        script.insert(2, (ToClient, packet(0xf0, &[0x18, 0])));
    }
    script
}

/// A node and its device under Sparkplug B, commanded, and a client that is refused.
fn sparkplug() -> Script {
    let client = [&text("MQTT")[..], &[4, 2, 0, 60], &text("edge-1")].concat();
    vec![
        (ToServer, packet(0x10, &client)),
        (ToClient, packet(0x20, &[0, 0])),
        (ToServer, publish("spBv1.0/Plant/NBIRTH/Edge1", &[8, 1, 0x18, 0])),
        (ToServer, publish("spBv1.0/Plant/DBIRTH/Edge1/Pump7", &[8, 1, 0x18, 1])),
        (ToServer, publish("spBv1.0/Plant/DDATA/Edge1/Pump7", &[8, 2, 0x18, 2])),
        (ToClient, publish("spBv1.0/Plant/DCMD/Edge1/Pump7", &[8, 3, 0x18, 3])),
        (ToClient, publish("spBv1.0/Plant/NCMD/Edge1", &[8, 4, 0x18, 4])),
        (ToClient, publish("spBv1.0/STATE/Scada1", b"{\"online\":true}")),
        (ToServer, publish("spBv1.0/Plant/NDEATH/Edge1", &[8, 5])),
    ]
}

/// A broker that refuses; a topic with a wildcard, and good messages behind it.
fn malformed() -> Script {
    let mut script = sparkplug();
    script.truncate(4);
    script[1].1 = packet(0x20, &[0, 5]);
    script
        .push((ToServer, [publish("plant/+/bad", b"x"), publish("plant/a", b"1"), publish("plant/b", b"2")].concat()));
    script
}

pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    let large: Script = (0..3).map(|n| (ToServer, publish("plant/line1/camera", &vec![n; 5_000]))).collect();
    vec![
        ("version-3-1-1", connection(1883, &conversation(4))),
        ("version-5", connection(1883, &conversation(5))),
        ("sparkplug", connection(1883, &sparkplug())),
        ("wrong-port", connection(4444, &sparkplug())),
        ("framing", framing(1883, &conversation(4))),
        ("midstream", midstream(1883, &conversation(4)[6..].to_vec())),
        ("large", midstream(1883, &large)),
        ("one-direction", one_direction(1883, &conversation(4))),
        ("malformed", connection(1883, &malformed())),
    ]
}
