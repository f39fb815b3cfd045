//! S7comm conversations: every function, blocks that are loaded, status lists, and how reading fails well.

use super::iso::{START, connection, conversation, data, fragments, hosts};
use crate::make::{Capture, Tcp};
use picket_event::Direction;

type Exchange = (Vec<u8>, Vec<u8>);

/// A message: its kind, number, error, parameters and data.
fn message(kind: u8, number: u16, error: Option<[u8; 2]>, parameters: &[u8], data: &[u8]) -> Vec<u8> {
    let mut message = vec![0x32, kind, 0, 0];
    for word in [number, parameters.len() as u16, data.len() as u16] {
        message.extend(word.to_be_bytes());
    }
    message.extend(error.unwrap_or_default().iter().take(if error.is_some() { 2 } else { 0 }));
    [&message, parameters, data].concat()
}

fn job(number: u16, parameters: &[u8], data: &[u8]) -> Vec<u8> {
    message(1, number, None, parameters, data)
}

fn answer(number: u16, parameters: &[u8], data: &[u8]) -> Vec<u8> {
    message(3, number, Some([0, 0]), parameters, data)
}

/// An address: type, count, data block, area, place.
fn variable(kind: u8, count: u8, block: u8, area: u8, bit: u32) -> Vec<u8> {
    let [_, a, b, c] = bit.to_be_bytes();
    vec![0x12, 0x0a, 0x10, kind, 0, count, 0, block, area, a, b, c]
}

fn variables(function: u8, all: &[Vec<u8>]) -> Vec<u8> {
    [&[function, all.len() as u8][..], &all.concat()].concat()
}

fn read(number: u16, all: &[Vec<u8>], values: &[u8]) -> Exchange {
    (job(number, &variables(4, all), &[]), answer(number, &[4, all.len() as u8], values))
}

fn write(number: u16, all: &[Vec<u8>], values: &[u8]) -> Exchange {
    (job(number, &variables(5, all), values), answer(number, &[5, all.len() as u8], &[0xff]))
}

/// Reading and writing of every area and type, one and several variables, and refusals.
fn variables_of_all_kinds() -> Vec<Exchange> {
    let refused = message(2, 20, Some([0x81, 0x04]), &[], &[]);
    vec![
        (job(1, &[0xf0, 0, 0, 1, 0, 1, 1, 0xe0], &[]), answer(1, &[0xf0, 0, 0, 1, 0, 1, 0, 0xf0], &[])),
        read(2, &[variable(8, 1, 1, 0x84, 0)], &[0xff, 7, 0, 4, 0x41, 0x48, 0, 0]),
        read(3, &[variable(5, 1, 7, 0x84, 80)], &[0xff, 5, 0, 16, 0xff, 0x85]),
        read(4, &[variable(7, 1, 7, 0x85, 96)], &[0xff, 6, 0, 4, 0xff, 0xff, 0xff, 0xfe]),
        read(5, &[variable(2, 10, 0, 0x81, 0)], &[0xff, 4, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        read(6, &[variable(0x1c, 1, 0, 0x1c, 5)], &[0xff, 9, 0, 2, 0, 9]),
        read(7, &[variable(0x1d, 1, 0, 0x1d, 6)], &[0xff, 9, 0, 2, 0x10, 0]),
        read(
            8,
            &[variable(6, 1, 1, 0x84, 0), variable(6, 1, 1, 0x84, 320)],
            &[0xff, 4, 0, 32, 0, 0, 0, 1, 0x0a, 0, 0, 0],
        ),
        write(9, &[variable(1, 1, 0, 0x82, 12)], &[0, 3, 0, 1, 1]),
        write(10, &[variable(4, 1, 0, 0x83, 160)], &[0, 4, 0, 16, 0x12, 0x34]),
        write(11, &[variable(2, 1, 0, 0x80, 8), variable(2, 1, 0, 0x80, 16)], &[0, 4, 0, 8, 1, 0, 0, 4, 0, 8, 2]),
        (job(20, &variables(4, &[variable(2, 1, 9, 0x84, 0)]), &[]), refused),
        // An address by name, as the S7 1200 has it.
        (
            job(21, &[4, 1, 0x12, 0x0e, 0xb2, 0xff, 0, 0, 0, 0x52, 1, 2, 3, 4, 5, 6, 7, 8], &[]),
            answer(21, &[4, 1], &[0x0a, 0, 0, 0]),
        ),
        (job(22, &[0x77, 1], &[]), message(3, 22, Some([0x81, 0x04]), &[0x77], &[])),
        (job(23, &[0], &[]), answer(23, &[0], &[])),
    ]
}

/// A service of the program: its argument and its name.
fn service(number: u16, argument: &[u8], name: &str) -> Exchange {
    let mut parameters = vec![0x28, 0, 0, 0, 0, 0, 0, 0xfd, 0, argument.len() as u8];
    parameters.extend(argument);
    parameters.push(name.len() as u8);
    parameters.extend(name.as_bytes());
    (job(number, &parameters, &[]), answer(number, &[0x28], &[]))
}

fn block(function: u8, name: &str) -> Vec<u8> {
    [&[function, 0, 1, 0, 0, 0, 0, 0, name.len() as u8][..], name.as_bytes()].concat()
}

/// A program is loaded, compressed, started, stopped and read back. Parts of the block are asked for by the device.
fn programs() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_301), (&server, 102));
    tcp.to_server(&connection(0xe0)).to_client(&connection(0xd0));
    let load = [&block(0x1a, "_0800001P")[..], &[13], b"1000100000072"].concat();
    tcp.to_server(&data(&job(1, &load, &[]))).to_client(&data(&answer(1, &[0x1a], &[])));
    tcp.to_client(&data(&job(2, &block(0x1b, "_0800001P"), &[])));
    tcp.to_server(&data(&answer(2, &[0x1b, 0], &[0, 4, 0, 0xfb, 1, 2, 3, 4])));
    tcp.to_client(&data(&job(3, &block(0x1c, "_0800001P"), &[]))).to_server(&data(&answer(3, &[0x1c], &[])));
    let inserted = [&[1, 0][..], b"0800001P"].concat();
    let services = [
        service(4, &inserted, "_INSE"),
        service(5, &[1, 0, b'0', b'A', b'0', b'0', b'0', b'0', b'7', b'B'], "_DELE"),
        service(6, &[], "_GARB"),
        service(7, b"EP", "_MODU"),
        service(8, &[], "P_PROGRAM"),
        service(9, &[], "_N_LOGIN_"),
        service(10, &[], "_RESET"),
    ];
    for (ask, reply) in services {
        tcp.to_server(&data(&ask)).to_client(&data(&reply));
    }
    let stop = [&[0x29, 0, 0, 0, 0, 0, 9][..], b"P_PROGRAM"].concat();
    tcp.to_server(&data(&job(11, &stop, &[]))).to_client(&data(&answer(11, &[0x29], &[])));
    tcp.to_server(&data(&job(12, &block(0x1d, "_0A00003A"), &[])));
    tcp.to_client(&data(&answer(12, &[0x1d, 0, 1, 0, 0, 0, 0, 1, 7], b"0000064")));
    tcp.to_server(&data(&job(13, &[0x1e, 0, 0, 0, 0, 0, 0, 1], &[])));
    tcp.to_client(&data(&answer(13, &[0x1e, 0], &[0, 2, 0, 0xfb, 9, 9])));
    tcp.to_server(&data(&job(14, &[0x1f, 0, 0, 0, 0, 0, 0, 1], &[]))).to_client(&data(&answer(14, &[0x1f], &[])));
    tcp.close();
    capture
}

/// User data: type and group in one byte, function, data.
fn user(number: u16, kind: u8, function: u8, data: &[u8]) -> Vec<u8> {
    let short = [0, 1, 0x12, 4, 0x11, kind, function, 0];
    let long = [0, 1, 0x12, 8, 0x12, kind, function, 1, 0, 0, 0, 0];
    let parameters: &[u8] = if kind & 0xf0 == 0x40 { &short } else { &long };
    message(7, number, None, parameters, data)
}

/// A status list: its number and index; records of one length.
fn status(id: u16, length: u8, records: &[Vec<u8>]) -> Vec<u8> {
    let mut list = id.to_be_bytes().to_vec();
    list.extend([0, 0, 0, length, 0, records.len() as u8]);
    for record in records {
        list.extend(record.iter().chain(std::iter::repeat(&0)).take(usize::from(length)));
    }
    [&[0xff, 9, 0, list.len() as u8][..], &list].concat()
}

fn record(index: u8, text: &str, tail: &[u8]) -> Vec<u8> {
    [&[0, index], text.as_bytes(), tail].concat()
}

/// Every group of user data, with what a device tells of itself.
fn user_data() -> Vec<Exchange> {
    let ask =
        |number: u16, id: u16| user(number, 0x44, 1, &[&[0xff, 9, 0, 4][..], &id.to_be_bytes(), &[0, 0]].concat());
    let order = "6ES7 315-2EH14-0AB0 ";
    let modules = [
        record(1, order, &[0, 0xc0, 0, 4, 0, 1]),
        record(6, order, &[0, 0xc0, 0, 4, 0, 1]),
        record(7, "                    ", &[0, 0xc0, b'V', 3, 2, 6]),
    ];
    let parts = [record(1, "Station 4", &[]), record(2, "CPU 315-2 PN/DP", &[]), record(5, "S C-X4U421302009", &[])];
    let mut all = vec![
        (ask(1, 0x0011), user(1, 0x84, 1, &status(0x0011, 28, &modules))),
        (ask(2, 0x001c), user(2, 0x84, 1, &status(0x001c, 34, &parts))),
        (ask(3, 0x0424), user(3, 0x84, 1, &status(0x0424, 20, &[vec![0x51, 0x44, 0xff, 8]]))),
    ];
    let groups: &[(u8, u8)] = &[
        (1, 0x01),
        (1, 0x02),
        (1, 0x0c),
        (1, 0x0e),
        (1, 0x0f),
        (1, 0x10),
        (1, 0x13),
        (1, 0x55),
        (2, 1),
        (2, 4),
        (2, 5),
        (2, 9),
        (3, 1),
        (3, 2),
        (3, 3),
        (3, 9),
        (4, 2),
        (4, 7),
        (4, 8),
        (4, 0x0b),
        (4, 0x13),
        (4, 0x44),
        (5, 1),
        (5, 2),
        (5, 9),
        (6, 1),
        (7, 1),
        (7, 2),
        (7, 3),
        (7, 4),
        (7, 9),
        (15, 1),
        (9, 1),
    ];
    for (number, (group, function)) in (4u16..).zip(groups) {
        let asked = user(number, 0x40 | group, *function, &[0x0a, 0, 0, 0]);
        all.push((asked, user(number, 0x80 | group, *function, &[0xff, 9, 0, 2, 0, 1])));
    }
    for (group, function) in
        [(0u8, 0u8), (2, 1), (4, 3), (4, 5), (4, 6), (4, 0x0c), (4, 0x0d), (4, 0x0e), (4, 0x11), (4, 0x12), (4, 0x16)]
    {
        all.push((Vec::new(), user(0, group, function, &[0xff, 9, 0, 2, 0, 1])));
    }
    all
}

/// Several messages in a segment, answers one byte a segment, messages in several units, an empty unit between.
fn framing() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_304), (&server, 102));
    let [one, two] = [1, 2].map(|number| read(number, &[variable(2, 4, 5, 0x84, 0)], &[0xff, 4, 0, 32, 1, 2, 3, 4]));
    tcp.to_server(&connection(0xe0)).to_client(&connection(0xd0));
    tcp.to_server(&[data(&one.0), data(&two.0)].concat());
    tcp.segment(1).to_client(&[data(&one.1), data(&[]), data(&two.1)].concat()).segment(1460);
    tcp.to_server(&fragments(&read(3, &[variable(2, 200, 5, 0x84, 0)], &[]).0, 10));
    let long = answer(3, &[4, 1], &[&[0xff, 4, 6, 64][..], &[7; 200]].concat());
    tcp.to_client(&fragments(&long, 64));
    tcp.close();
    capture
}

/// Begins inside of an answer; bytes are lost in the middle of another; ends inside a job.
fn midstream() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_305), (&server, 2102));
    let ask = |number| data(&read(number, &[variable(2, 4, 5, 0x84, 0)], &[]).0);
    let reply = |number| data(&answer(number, &[4, 1], &[0xff, 4, 0, 32, 1, 2, 3, 4]));
    tcp.to_client(&[&reply(1)[9..], &reply(2)].concat());
    tcp.to_server(&ask(3)).to_client(&reply(3)[..12]).lose(Direction::ToClient, 17);
    tcp.to_server(&ask(4)).to_client(&reply(4));
    tcp.to_server(&ask(5)[..20]);
    capture
}

/// Only the device's side was captured.
fn one_direction() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_306), (&server, 102));
    for number in 0..3 {
        let reply = data(&answer(number, &[4, 1], &[0xff, 4, 0, 32, 1, 2, 3, 4]));
        tcp.frame_of(Direction::ToClient, &reply).wait(1_000_000);
    }
    capture
}

/// Lengths that lie, something that is no unit, an unknown kind of user data; what comes behind is read.
fn malformed() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_307), (&server, 102));
    let (ask, reply) = read(1, &[variable(2, 1, 5, 0x84, 0)], &[0xff, 4, 0, 8, 1]);
    tcp.to_server(&data(&ask)).to_client(&data(&reply));
    let mut lies = ask.clone();
    lies[7] = 0xee;
    tcp.to_server(&data(&lies));
    tcp.to_server(&data(&user(2, 0xc4, 1, &[]))).to_client(b"no unit");
    tcp.to_server(&data(&ask)).to_client(&data(&reply));
    tcp.close();
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("variables", conversation((49_300, 102), &variables_of_all_kinds())),
        ("programs", programs()),
        ("user-data", conversation((49_302, 102), &user_data())),
        ("wrong-port", conversation((49_303, 4444), &variables_of_all_kinds())),
        ("framing", framing()),
        ("midstream", midstream()),
        ("one-direction", one_direction()),
        ("malformed", malformed()),
    ]
}
