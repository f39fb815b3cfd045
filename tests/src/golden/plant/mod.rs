//! Conversations of plants' protocols: every function, messages cut and joined anyhow, beginnings that were missed.

mod bacnet;
mod coap;
mod doip;
mod enip;
mod hart_ip;
mod knxip;
mod mqtt;
mod opcua;

use super::Made;
use crate::make::{Capture, Host, Tcp, udp};
use picket_event::Direction;
pub(super) use picket_event::Direction::{ToClient, ToServer};

const START: i64 = 1_772_409_600_000_000_000;
const STEP: i64 = 50_000_000;

/// What is said, in order.
type Script = Vec<(Direction, Vec<u8>)>;

/// Every capture of these protocols.
pub(super) fn captures() -> Vec<Made> {
    let all = [
        ("enip", enip::captures()),
        ("bacnet", bacnet::captures()),
        ("opcua", opcua::captures()),
        ("hart_ip", hart_ip::captures()),
        ("knxip", knxip::captures()),
        ("mqtt", mqtt::captures()),
        ("coap", coap::captures()),
        ("doip", doip::captures()),
    ];
    let named = |(folder, captures): (&'static str, Vec<(&'static str, Capture)>)| {
        captures.into_iter().map(move |(name, capture)| (folder, name, capture))
    };
    all.into_iter().flat_map(named).collect()
}

fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"))
}

/// A connection: each message in a segment of its own.
fn connection(port: u16, script: &Script) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_152), (&server, port));
    for (direction, bytes) in script {
        tcp.send(*direction, bytes).wait(STEP);
    }
    tcp.close();
    capture
}

/// The same with all the client's messages in one segment, and the server's in pieces.
fn framing(port: u16, script: &Script) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_153), (&server, port));
    let side = |wanted| script.iter().filter(|(d, _)| *d == wanted).flat_map(|(_, bytes)| bytes).copied().collect();
    let (asks, answers): (Vec<u8>, Vec<u8>) = (side(ToServer), side(ToClient));
    tcp.to_server(&asks);
    tcp.segment(13).to_client(&answers);
    tcp.close();
    capture
}

/// A connection that was joined behind its first messages and left inside a message of the client's.
fn midstream(port: u16, script: &Script) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_154), (&server, port));
    for (direction, bytes) in script {
        tcp.send(*direction, bytes).wait(STEP);
    }
    let last = script.iter().rev().find(|(direction, _)| *direction == ToServer);
    if let Some((_, bytes)) = last {
        tcp.to_server(&bytes[..bytes.len() - 1]);
    }
    capture
}

/// Only the client's side was captured, and bytes of it are missing in the middle of the second message.
fn one_direction(port: u16, script: &Script) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_155), (&server, port));
    for (number, (_, bytes)) in script.iter().filter(|(direction, _)| *direction == ToServer).enumerate() {
        let seen = if number == 1 { bytes.len() / 2 } else { bytes.len() };
        tcp.frame_of(ToServer, &bytes[..seen]).lose(ToServer, bytes.len() - seen).wait(STEP);
    }
    capture
}

/// Datagrams, one for each message.
fn datagrams(ports: (u16, u16), script: &Script) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    for (number, (direction, bytes)) in script.iter().enumerate() {
        let (c, s) = ((&client, ports.0), (&server, ports.1));
        let (from, to) = if *direction == ToServer { (c, s) } else { (s, c) };
        udp(&mut capture, START + number as i64 * STEP, from, to, bytes);
    }
    capture
}

/// One byte of a length.
fn short(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).unwrap_or(u8::MAX)
}

/// Two bytes of a length, and what more it covers.
fn long(bytes: &[u8], more: usize) -> u16 {
    u16::try_from(bytes.len() + more).unwrap_or(u16::MAX)
}
