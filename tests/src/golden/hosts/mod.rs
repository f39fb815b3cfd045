//! Protocols that identify hosts: announcements, questions and answers, what is none, what is damaged.

mod link;
mod names;
mod office;
mod sessions;
mod setup;

use super::Made;
use crate::make::{Capture, Host, udp};
use std::net::IpAddr;

const START: i64 = 1_772_409_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// Every capture of these protocols.
pub(super) fn captures() -> Vec<Made> {
    let mut all = link::captures();
    all.extend(setup::captures());
    all.extend(names::captures());
    all.extend(office::captures());
    all.extend(sessions::captures());
    all
}

/// An end of a conversation.
type End<'a> = (&'a Host, u16);

/// A capture of datagrams, one a second: sender, receiver, bytes.
fn datagrams(messages: &[(End<'_>, End<'_>, Vec<u8>)]) -> Capture {
    let mut capture = Capture::default();
    for (number, (from, to, bytes)) in messages.iter().enumerate() {
        udp(&mut capture, START + number as i64 * SECOND, *from, *to, bytes);
    }
    capture
}

/// A capture of frames below IP, one a second.
fn frames(frames: Vec<Vec<u8>>) -> Capture {
    let mut capture = Capture::default();
    for (number, frame) in frames.into_iter().enumerate() {
        capture.push(START + number as i64 * SECOND, frame);
    }
    capture
}

/// A group's address with the MAC address that belongs to it (RFC 1112 section 6.4, RFC 2464 section 7).
fn group(ip: &str) -> Host {
    let mut host = Host::new(0, ip);
    host.mac = match host.ip {
        IpAddr::V4(v4) if v4.is_broadcast() => [0xff; 6],
        IpAddr::V4(v4) => {
            let [_, b, c, d] = v4.octets();
            [0x01, 0x00, 0x5e, b & 0x7f, c, d]
        }
        IpAddr::V6(v6) => {
            let [.., a, b, c, d] = v6.octets();
            [0x33, 0x33, a, b, c, d]
        }
    };
    host
}

/// Bytes behind a length of two bytes.
fn long(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

/// A name of DNS: labels, each behind its length.
fn labels(name: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        name.split('.').flat_map(|label| [&[label.len() as u8][..], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

/// A value of BER with a short or two-byte length.
fn ber(tag: u8, inside: &[u8]) -> Vec<u8> {
    match inside.len() {
        short @ 0..=0x7f => [&[tag, short as u8][..], inside].concat(),
        length => [&[tag, 0x82][..], &(length as u16).to_be_bytes(), inside].concat(),
    }
}
