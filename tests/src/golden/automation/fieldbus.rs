//! EtherCAT and POWERLINK, below IP and over UDP.

use super::{Exchange, datagrams, frames};
use crate::golden::Made;

const MASTER: [u8; 6] = [0x02, 0x50, 0, 0, 0, 0x10];
/// The same frames come back from the last slave.
const BACK: [u8; 6] = [0x06, 0x50, 0, 0, 0, 0x10];
const EVERYBODY: [u8; 6] = [0xff; 6];
const NODE: [u8; 6] = [0x02, 0x50, 0, 0, 0, 0x20];

type Frame = ([u8; 6], [u8; 6], Vec<u8>);
/// Command, slave, place, data, working counter.
type Datagram<'a> = (u8, u16, u16, &'a [u8], u16);

fn ethercat(all: &[Datagram<'_>]) -> Vec<u8> {
    let mut inside = Vec::new();
    for (at, (command, slave, place, data, worked)) in all.iter().enumerate() {
        let more = if at + 1 < all.len() { 0x8000 } else { 0 };
        inside.extend([*command, at as u8]);
        for word in [*slave, *place, data.len() as u16 | more, 0] {
            inside.extend(word.to_le_bytes());
        }
        inside.extend(*data);
        inside.extend(worked.to_le_bytes());
    }
    [&(0x1000 | inside.len() as u16).to_le_bytes()[..], &inside].concat()
}

fn mailbox(kind: u8, inside: &[u8]) -> Vec<u8> {
    let mut out = (inside.len() as u16).to_le_bytes().to_vec();
    out.extend([0, 0, 0, 0x10 | kind]);
    out.extend(inside);
    out.resize(out.len().max(64), 0);
    out
}

/// A mailbox goes out and comes back: what the master writes, then what it reads.
fn exchange(all: &mut Vec<Frame>, slave: u16, ask: Option<&[u8]>, answer: &[u8]) {
    let process: Datagram<'_> = (12, 0, 0, &[0x55; 16], 0);
    let worked: Datagram<'_> = (12, 0, 0, &[0x66; 16], 3);
    if let Some(ask) = ask {
        all.push((MASTER, EVERYBODY, ethercat(&[process, (5, slave, 0x1000, ask, 0)])));
        all.push((BACK, EVERYBODY, ethercat(&[worked, (5, slave, 0x1000, ask, 1)])));
    }
    all.push((MASTER, EVERYBODY, ethercat(&[process, (4, slave, 0x1080, &[0; 64], 0)])));
    all.push((BACK, EVERYBODY, ethercat(&[worked, (4, slave, 0x1080, answer, 1)])));
}

fn mailboxes() -> Vec<Frame> {
    let coe = |bytes: &[u8]| mailbox(3, bytes);
    let mut all = Vec::new();
    let pairs: &[(Vec<u8>, Vec<u8>)] = &[
        (coe(&[0, 0x20, 0x2b, 0x60, 0x60, 0, 8, 0, 0, 0]), coe(&[0, 0x30, 0x60, 0x60, 0x60, 0, 0, 0, 0, 0])),
        (coe(&[0, 0x20, 0x40, 0x18, 0x10, 1, 0, 0, 0, 0]), coe(&[0, 0x30, 0x43, 0x18, 0x10, 1, 2, 0, 0, 0])),
        (coe(&[0, 0x20, 0x40, 0x08, 0x10, 0, 0, 0, 0, 0]), coe(&[0, 0x30, 0x80, 0x08, 0x10, 0, 0, 0, 2, 6])),
        (coe(&[0, 0x20, 0x60, 0, 0, 0, 0, 0, 0]), coe(&[0, 0x30, 0x01, 1, 2, 3, 4, 5, 6])),
        (coe(&[0, 0x20, 0x01, 1, 2, 3, 4, 5, 6]), coe(&[0, 0x30, 0x20, 0, 0, 0, 0, 0, 0])),
        (coe(&[0, 0x80, 1, 0, 0, 0, 1, 0]), coe(&[0, 0x80, 2, 0, 0, 0, 1, 0, 0, 0x10])),
        (coe(&[0, 0x90, 1, 0, 0, 0]), coe(&[0, 0x90, 1, 0, 0, 0])),
        (mailbox(4, b"\x02\0\0\0\0\0drive.efw"), mailbox(4, &[4, 0, 0, 0, 0, 0])),
        (mailbox(4, b"\x03\0\x01\0\0\0data"), mailbox(4, b"\x05\0\x01\x80\0\0denied")),
        (mailbox(5, &[1, 0x40, 0x24, 0, 0, 0]), mailbox(5, &[2, 0x40, 0x24, 0, 9, 0])),
        (mailbox(5, &[3, 0x40, 0x24, 0x80, 9, 0]), mailbox(5, &[0x14, 0x40, 0x24, 0x80, 1, 0x70])),
    ];
    for (ask, answer) in pairs {
        exchange(&mut all, 0x03e9, Some(ask), answer);
    }
    exchange(&mut all, 0x03ea, None, &coe(&[0, 0x10, 0, 0x10, 1, 0, 0, 0, 0, 0]));
    exchange(&mut all, 0x03ea, None, &mailbox(5, &[5, 0x40, 0x24, 0, 9, 0]));
    all
}

fn cyclic() -> Vec<Frame> {
    let mut all = Vec::new();
    for round in 0..6u8 {
        all.push((MASTER, EVERYBODY, ethercat(&[(12, 0, 0, &[round; 40], 0), (7, 0, 0x0130, &[0, 0], 0)])));
        all.push((BACK, EVERYBODY, ethercat(&[(12, 0, 0, &[round + 1; 40], 3), (7, 0, 0x0130, &[8, 0], 2)])));
    }
    all
}

/// A network starts: states, addresses, watchdogs, who is there; then what no start needs.
fn registers() -> Vec<Frame> {
    let mut all = Vec::new();
    let mut exchange = |command, slave, place, out: &[u8], back: &[u8], worked| {
        all.push((MASTER, EVERYBODY, ethercat(&[(command, slave, place, out, 0)])));
        all.push((BACK, EVERYBODY, ethercat(&[(command, slave, place, back, worked)])));
    };
    let mut write = |command, slave, place, data: &[u8]| exchange(command, slave, place, data, data, 1);
    write(8, 0, 0x0120, &[0x11, 0]);
    write(2, 0, 0x0010, &[0xe9, 3]);
    write(2, 0xffff, 0x0010, &[0xea, 3]);
    write(8, 0, 0x0420, &[0, 0]);
    for (slave, identity) in [(0x03e9, [2, 0, 0, 0, 0x52, 0x2c, 0x4c, 4]), (0x03ea, [9, 0x80, 0, 0, 7, 0, 0, 0])] {
        exchange(5, slave, 0x0502, &[0, 1, 8, 0, 0, 0], &[0, 1, 8, 0, 0, 0], 1);
        exchange(4, slave, 0x0502, &[0; 2], &[0x40, 0], 1);
        exchange(4, slave, 0x0508, &[0; 8], &identity, 1);
    }
    let mut write = |command, slave, place, data: &[u8]| exchange(command, slave, place, data, data, 1);
    for state in [2, 4, 8] {
        write(5, 0x03e9, 0x0120, &[state, 0]);
        write(5, 0x03ea, 0x0120, &[state, 0]);
    }
    write(5, 0x03ea, 0x0120, &[3, 0]);
    write(5, 0x03ea, 0x0502, &[1, 2, 8, 0, 0, 0, 0xad, 0xde]);
    for key in *b"RES" {
        write(5, 0x03e9, 0x0040, &[key]);
    }
    all
}

/// An SDO of POWERLINK in an asynchronous send.
fn sdo(from: u8, to: u8, transaction: u8, flags: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![6, to, from, 5, 0x06, 0x0a, 0, 0, 0, transaction, flags, command];
    out.extend((data.len() as u16).to_le_bytes());
    out.extend([0, 0]);
    out.extend(data);
    out
}

fn powerlink() -> Vec<Frame> {
    let to = |payload| (MASTER, NODE, payload);
    let from = |payload| (NODE, MASTER, payload);
    let mut identity = vec![6, 255, 17, 1, 8, 0, 0x1d, 0, 0x20, 0];
    identity.extend([0xc7, 0, 0, 0, 0xdc, 5, 0, 1, 0, 1, 0xd0, 7, 0, 0, 0, 0]);
    identity.extend([0x91, 1, 7, 1, 0x6c, 0, 0, 1, 0x37, 0x1e, 0, 0, 2, 0, 0, 0]);
    identity.extend([0xff; 28]);
    identity.extend([17, 2, 0, 192, 0, 255, 255, 255, 254, 2, 0, 192]);
    identity.extend(b"press-4\0");
    identity.resize(158, 0);
    vec![
        to(vec![1, 255, 240, 0]),
        from(identity),
        to(vec![3, 17, 240, 0]),
        from(vec![4, 255, 17, 0xfd]),
        // Opening a transfer, then reads, writes and an abort.
        to(vec![6, 17, 240, 5, 1, 2, 0, 0]),
        to(sdo(240, 17, 1, 0, 2, &[0x18, 0x10, 1, 0])),
        from(sdo(17, 240, 1, 0x80, 2, &[0x6c, 0, 0, 1])),
        to(sdo(240, 17, 2, 0, 1, &[0, 0x20, 1, 0, 5])),
        from(sdo(17, 240, 2, 0xc0, 1, &[0, 0, 2, 6])),
        to(sdo(240, 17, 3, 0x10, 0x20, &[0, 0, 1, 0, 1, 2, 3])),
        to(sdo(240, 17, 3, 0x20, 0x20, &[4, 5, 6])),
        from(sdo(17, 240, 3, 0x80, 0x20, &[])),
        to(sdo(240, 17, 4, 0, 0x32, &[0x18, 0x10, 1, 0])),
        from(sdo(17, 240, 4, 0x80, 0x32, &[1])),
        to(sdo(240, 17, 5, 0, 0x70, &[0, 1])),
        to(vec![6, 17, 240, 4, 0x21, 0]),
        to(vec![6, 255, 240, 4, 0x2b, 0]),
        to(vec![6, 255, 240, 4, 0x99, 0]),
    ]
}

/// Version 1: a cycle with its end, a node's identity, something in the channel for everything.
fn first_version() -> Vec<Frame> {
    let mut identity = vec![6, 255, 17, 1, 24, 0];
    identity.extend([17u32, 3, 0x0102, 9, 8, 8].map(u32::to_le_bytes).concat());
    let generic = vec![6, 17, 240, 255, 4, 0, 1, 2, 3, 4];
    let to = |payload| (MASTER, NODE, payload);
    vec![
        to(vec![1, 255, 240, 0, 0, 0]),
        to(vec![3, 17, 240, 1, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
        (NODE, MASTER, vec![4, 255, 17, 1, 4, 0, 0, 0, 0, 0, 4, 3, 2, 1]),
        to(vec![5, 255, 240, 1]),
        (NODE, MASTER, identity),
        to(vec![2, 255, 240, 0]),
        to(generic),
    ]
}

fn remote() -> Vec<Exchange> {
    vec![
        (sdo(0, 0, 1, 0, 2, &[0x18, 0x10, 1, 0]), sdo(0, 0, 1, 0x80, 2, &[0x6c, 0, 0, 1])),
        (sdo(0, 0, 2, 0, 1, &[0, 0x20, 1, 0, 5]), sdo(0, 0, 2, 0xc0, 1, &[0, 0, 2, 6])),
    ]
}

/// Every capture by name.
pub(super) fn captures() -> Vec<Made> {
    let mut lying = cyclic();
    let mut cut = ethercat(&[(12, 0, 0, &[1; 40], 0)]);
    cut[8] = 0xff;
    lying.push((MASTER, EVERYBODY, cut));
    lying.push((MASTER, EVERYBODY, ethercat(&[(5, 0x03e9, 0x1000, &mailbox(3, &[0, 0x20, 0x2b, 0x60]), 0)])));
    let mut broken = powerlink();
    broken.truncate(6);
    let mut wrong = sdo(240, 17, 9, 0x0f, 0x55, &[1]);
    wrong[6] = 7;
    broken.push((MASTER, NODE, wrong));
    broken.push((MASTER, NODE, sdo(240, 17, 10, 0, 2, &[0x18, 0x10, 2, 0])));
    let over_udp: Vec<Exchange> = mailboxes().chunks(2).map(|pair| (pair[0].2.clone(), Vec::new())).collect();
    vec![
        ("ethercat", "mailboxes", frames(0x88a4, &mailboxes())),
        ("ethercat", "registers", frames(0x88a4, &registers())),
        ("ethercat", "cyclic", frames(0x88a4, &cyclic())),
        ("ethercat", "malformed", frames(0x88a4, &lying)),
        ("ethercat", "datagrams", datagrams(34_980, &over_udp)),
        ("powerlink", "functions", frames(0x88ab, &powerlink())),
        ("powerlink", "version-1", frames(0x3e3f, &first_version())),
        ("powerlink", "malformed", frames(0x88ab, &broken)),
        ("powerlink", "remote", datagrams(3819, &remote())),
    ]
}
