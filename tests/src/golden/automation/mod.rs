//! Protocols of factory automation: each function, then the same conversation in other pieces, from the middle, with a gap.

mod ads;
mod device;
mod fieldbus;
mod fins;
mod ge_srtp;
mod melsec;
mod profinet;

use super::Made;
use crate::make::{Capture, Host, Tcp, layer2, udp};
use picket_event::Direction;

const START: i64 = 1_772_409_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// Every capture of these protocols.
pub(super) fn captures() -> Vec<Made> {
    let mut all = melsec::captures();
    all.extend(ads::captures());
    all.extend(fins::captures());
    all.extend(ge_srtp::captures());
    all.extend(device::captures());
    all.extend(profinet::captures());
    all.extend(fieldbus::captures());
    all
}

/// A question and its answer; either may be missing.
type Exchange = (Vec<u8>, Vec<u8>);

fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(2, "192.0.2.20"))
}

/// One connection with these exchanges, as asked and answered.
fn spoken(port: u16, exchanges: &[Exchange]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_152), (&server, port));
    say(&mut tcp, exchanges);
    tcp.close();
    capture
}

fn say(tcp: &mut Tcp<'_>, exchanges: &[Exchange]) {
    for (ask, answer) in exchanges {
        if !ask.is_empty() {
            tcp.to_server(ask);
        }
        if !answer.is_empty() {
            tcp.to_client(answer);
        }
        tcp.wait(50_000_000);
    }
}

/// The captures that every protocol over TCP has.
fn streams(protocol: &'static str, port: u16, exchanges: &[Exchange]) -> Vec<Made> {
    vec![
        (protocol, "functions", spoken(port, exchanges)),
        (protocol, "wrong-port", spoken(40_404, exchanges.get(..4).unwrap_or(exchanges))),
        (protocol, "framing", framing(port, exchanges)),
        (protocol, "midstream", midstream(port, exchanges)),
        (protocol, "gap", gap(port, exchanges)),
    ]
}

/// All questions in one segment, all answers in segments of seven bytes, then one question in two segments.
fn framing(port: u16, exchanges: &[Exchange]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_153), (&server, port));
    let few = exchanges.get(..6).unwrap_or(exchanges);
    tcp.to_server(&few.iter().flat_map(|(ask, _)| ask.clone()).collect::<Vec<_>>());
    tcp.segment(7).to_client(&few.iter().flat_map(|(_, answer)| answer.clone()).collect::<Vec<_>>()).segment(1460);
    if let Some((ask, answer)) = exchanges.first() {
        let (first, second) = ask.split_at(ask.len() / 2);
        tcp.to_server(first).to_server(second).to_client(answer);
    }
    tcp.close();
    capture
}

/// Begins with the answer of an exchange, ends inside a question.
fn midstream(port: u16, exchanges: &[Exchange]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_154), (&server, port));
    let few = exchanges.get(..4).unwrap_or(exchanges);
    if let Some((_, answer)) = few.first() {
        tcp.to_client(answer);
    }
    say(&mut tcp, few);
    if let Some((ask, _)) = few.first() {
        tcp.to_server(&ask[..ask.len() / 2]);
    }
    capture
}

/// Bytes of an answer are lost in the middle; then it goes on.
fn gap(port: u16, exchanges: &[Exchange]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_155), (&server, port));
    let few = exchanges.get(..3).unwrap_or(exchanges);
    say(&mut tcp, few);
    if let Some((ask, answer)) = few.last() {
        tcp.to_server(ask).to_client(&answer[..answer.len() / 2]);
        tcp.lose(Direction::ToClient, answer.len() - answer.len() / 2);
    }
    say(&mut tcp, few);
    tcp.close();
    capture
}

/// A conversation of datagrams from one port of the client: questions and answers.
fn datagrams(port: u16, exchanges: &[Exchange]) -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let (c, s) = ((&client, 49_160), (&server, port));
    for (number, (ask, answer)) in exchanges.iter().enumerate() {
        let at = START + number as i64 * SECOND;
        if !ask.is_empty() {
            udp(&mut capture, at, c, s, ask);
        }
        if !answer.is_empty() {
            udp(&mut capture, at + 2_000_000, s, c, answer);
        }
    }
    capture
}

/// Frames below IP, ten milliseconds apart: sender, receiver, payload.
fn frames(ether_type: u16, all: &[([u8; 6], [u8; 6], Vec<u8>)]) -> Capture {
    let mut capture = Capture::default();
    for (number, (from, to, payload)) in all.iter().enumerate() {
        let mut padded = payload.clone();
        padded.resize(padded.len().max(46), 0);
        capture.push(START + number as i64 * 10_000_000, layer2(*from, *to, ether_type, &padded));
    }
    capture
}

/// The same questions without answers.
fn unanswered(exchanges: &[Exchange]) -> Vec<Exchange> {
    exchanges.iter().map(|(ask, _)| (ask.clone(), Vec::new())).collect()
}
