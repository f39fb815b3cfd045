//! MMS conversations: every service, control of IEC 61850, reports, TASE.2, and how reading fails well.

use super::iso::{START, connection, conversation, data, fragments, hosts};
use crate::make::{Capture, Tcp};
use picket_event::Direction;

type Exchange = (Vec<u8>, Vec<u8>);

/// A value: tag and contents.
fn value(tag: &[u8], inside: &[u8]) -> Vec<u8> {
    let length = inside.len();
    let length = match length {
        0..=127 => vec![length as u8],
        128..=255 => vec![0x81, length as u8],
        _ => vec![0x82, (length >> 8) as u8, length as u8],
    };
    [tag, &length, inside].concat()
}

/// Behind the data unit of session, in the third presentation context.
fn presented(unit: &[u8]) -> Vec<u8> {
    let inside = [&[2, 1, 3][..], &value(&[0xa0], unit)].concat();
    [&[1, 0, 1, 0][..], &value(&[0x61], &value(&[0x30], &inside))].concat()
}

/// The tag of a service.
fn tag(number: u8, constructed: bool) -> Vec<u8> {
    let form = if constructed { 0xa0 } else { 0x80 };
    if number < 31 { vec![form | number] } else { vec![form | 0x1f, number] }
}

fn confirmed(unit: u8, invoke: u8, number: u8, constructed: bool, inside: &[u8]) -> Vec<u8> {
    let service = [&[2, 1, invoke][..], &value(&tag(number, constructed), inside)].concat();
    presented(&value(&[unit], &service))
}

fn request(invoke: u8, number: u8, inside: &[u8]) -> Vec<u8> {
    confirmed(0xa0, invoke, number, true, inside)
}

fn response(invoke: u8, number: u8, inside: &[u8]) -> Vec<u8> {
    confirmed(0xa1, invoke, number, true, inside)
}

fn negative(invoke: u8) -> Vec<u8> {
    let error = [&[0x80, 1, invoke][..], &value(&[0xa2], &value(&[0xa0], &[0x87, 1, 2]))].concat();
    presented(&value(&[0xa2], &error))
}

fn name(domain: &str, item: &str) -> Vec<u8> {
    if domain.is_empty() {
        return value(&[0x80], item.as_bytes());
    }
    value(&[0xa1], &[value(&[0x1a], domain.as_bytes()), value(&[0x1a], item.as_bytes())].concat())
}

/// A list of one variable.
fn variable(domain: &str, item: &str) -> Vec<u8> {
    value(&[0xa0], &value(&[0x30], &value(&[0xa0], &name(domain, item))))
}

fn read(invoke: u8, domain: &str, item: &str) -> Exchange {
    let asked = value(&[0xa1], &variable(domain, item));
    (request(invoke, 4, &asked), response(invoke, 4, &value(&[0xa1], &[0x86, 1, 7])))
}

fn write(invoke: u8, item: &str, data: &[u8]) -> Exchange {
    let asked = [variable("IED1LD0", item), value(&[0xa0], data)].concat();
    (request(invoke, 5, &asked), response(invoke, 5, &[0x81, 0]))
}

/// Initiating: versions and services; the answer has the same form.
fn initiate(unit: u8) -> Vec<u8> {
    let detail = [&[0x80, 1, 1, 0x81, 3, 5, 0xf1, 0, 0x82, 12, 3][..], &[0xee; 11]].concat();
    let inside = [&[0x80, 2, 0x7d, 0, 0x81, 1, 10, 0x82, 1, 5, 0x83, 1, 5][..], &value(&[0xa4], &detail)].concat();
    value(&[unit], &inside)
}

/// Connecting all layers, or the answer to it.
fn connect(session: u8, acse: u8, unit: u8) -> Vec<u8> {
    let external = [&[2, 1, 3][..], &value(&[0xa0], &initiate(unit))].concat();
    let context = value(&[0xa1], &[6, 5, 0x28, 0xca, 0x22, 2, 3]);
    let association = [context, value(&[0xbe], &value(&[0x28], &external))].concat();
    let listed = [&[2, 1, 1][..], &value(&[0xa0], &value(&[acse], &association))].concat();
    let contexts = value(&[0xa4], &value(&[0x30], &[2, 1, 3, 6, 5, 0x28, 0xca, 0x22, 2, 1, 0x30, 4, 6, 2, 0x51, 1]));
    let normal = [contexts, value(&[0x61], &value(&[0x30], &listed))].concat();
    let presentation = value(&[0x31], &[value(&[0xa0], &[0x80, 1, 1]), value(&[0xa2], &normal)].concat());
    let user = [&[0xc1, presentation.len() as u8][..], &presentation].concat();
    let parameters = [&[5, 6, 0x13, 1, 0, 0x16, 1, 2, 0x14, 2, 0, 2][..], &user].concat();
    [&[session, parameters.len() as u8][..], &parameters].concat()
}

fn connecting() -> Exchange {
    (connect(13, 0x60, 0xa8), connect(14, 0x61, 0xa9))
}

/// Identifying, listing, reading, writing and controlling, with negative answers, and the end.
fn substation() -> Vec<Exchange> {
    let identity = [value(&[0x80], b"Example Works"), value(&[0x81], b"XR-61850"), value(&[0x82], b"2.4")].concat();
    let domains =
        [value(&[0xa0], &[value(&[0x1a], b"IED1LD0"), value(&[0x1a], b"IED1CTRL")].concat()), vec![0x81, 1, 0]];
    let variables = [value(&[0xa0], &value(&[0x1a], b"LLN0$ST$Beh")), vec![0x81, 1, 0]].concat();
    let oper = value(&[0xa2], &[0x83, 1, 1, 0xa2, 3, 0x85, 1, 3]);
    let list = |name: &[u8]| value(&[0xa1], name);
    vec![
        connecting(),
        (confirmed(0xa0, 1, 2, false, &[]), response(1, 2, &identity)),
        (
            request(2, 1, &[value(&[0xa0], &[0x80, 1, 9]), value(&[0xa1], &[0x80, 0])].concat()),
            response(2, 1, &domains.concat()),
        ),
        (
            request(3, 1, &[value(&[0xa0], &[0x80, 1, 0]), value(&[0xa1], &value(&[0x81], b"IED1LD0"))].concat()),
            response(3, 1, &variables),
        ),
        (request(4, 6, &value(&[0xa0], &name("IED1LD0", "LLN0$ST$Beh"))), response(4, 6, &[0x80, 1, 0])),
        read(5, "IED1LD0", "MMXU1$MX$TotW"),
        (request(6, 4, &list(&value(&[0xa1], &name("IED1LD0", "LLN0$dsMeas")))), negative(6)),
        read(7, "IED1CTRL", "CSWI1$CO$Pos$SBO"),
        write(8, "CSWI1$CO$Pos$SBOw", &oper),
        write(9, "CSWI1$CO$Pos$Oper", &oper),
        write(10, "CSWI1$CO$Pos$Cancel", &oper),
        write(11, "PTOC1$SP$StrVal$setMag$f", &[0x87, 5, 8, 0x41, 0x48, 0, 0]),
        write(12, "LLN0$RP$rpt1$RptEna", &[0x83, 1, 1]),
        write(13, "LLN0$RP$rpt1$IntgPd", &[0x86, 2, 0x27, 0x10]),
        write(14, "PTOC1$SP$Delta", &[0x85, 1, 0xfe]),
        (Vec::new(), report(&name("", "RPT"), &value(&[0x8a], b"IED1LD0/LLN0$RP$rpt1"))),
        (Vec::new(), presented(&value(&[0xa3], &value(&[0xa1], &[0x80, 1, 0, 0x81, 1, 0])))),
        (Vec::new(), presented(&value(&[0xa3], &value(&[0xa2], &value(&[0xa0], &name("", "alarm7")))))),
        (
            request(15, 76, &value(&[0x19], b"/COMTRADE/old.cfg")),
            presented(&value(&[0xa4], &[0x80, 1, 15, 0x81, 1, 2])),
        ),
        (Vec::new(), negative(99)),
        (presented(&[0x85, 1, 5]), presented(&[0x86, 1, 5])),
        (presented(&[0x85, 1, 6]), presented(&value(&[0xa7], &[0x80, 1, 6, 0xa1, 3, 0x87, 1, 0]))),
        (presented(&[0x8b, 0]), presented(&[0x8c, 0])),
        (release(9, 0x62), release(10, 0x63)),
    ]
}

fn report(list: &[u8], values: &[u8]) -> Vec<u8> {
    let inside = [value(&[0xa1], list), value(&[0xa0], values)].concat();
    presented(&value(&[0xa3], &value(&[0xa0], &inside)))
}

/// The end of the association: it is below MMS.
fn release(session: u8, acse: u8) -> Vec<u8> {
    let listed = [&[2, 1, 1][..], &value(&[0xa0], &value(&[acse], &[0x80, 1, 0]))].concat();
    let user = value(&[0x61], &value(&[0x30], &listed));
    [&[session, user.len() as u8 + 2, 0xc1, user.len() as u8][..], &user].concat()
}

/// Every number a service can have.
fn services() -> Vec<Exchange> {
    let mut all = vec![connecting()];
    for number in 0..=85 {
        let inside = value(&[0x80], b"object7");
        all.push((request(number, number, &inside), response(number, number, &[])));
    }
    all
}

/// Bilateral tables of TASE.2, both sides asking.
fn tase2() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_402), (&server, 102));
    tcp.to_server(&connection(0xe0)).to_client(&connection(0xd0));
    let (ask, reply) = connecting();
    tcp.to_server(&data(&ask)).to_client(&data(&reply));
    let (ask, reply) = read(1, "", "TASE2_Version");
    tcp.to_server(&data(&ask)).to_client(&data(&reply));
    let (ask, reply) = read(1, "ICC2", "Bilateral_Table_ID");
    tcp.to_client(&data(&ask)).to_server(&data(&reply));
    tcp.close();
    capture
}

/// MMS straight over transport, as simple programs send it; the server's units are not well-formed.
fn without_layers() -> Vec<Exchange> {
    let plain = |unit: Vec<u8>| unit;
    let start = [&[2, 1, 1][..], &value(&tag(40, true), &value(&[0x80], b"program1"))].concat();
    vec![
        (plain(initiate(0xa8)), plain(initiate(0xa9))),
        (value(&[0xa0], &start), value(&[0xa1], &[2, 1, 1, 0x9f, 40, 0])),
        (vec![0x8b, 0], Vec::new()),
    ]
}

/// Several messages in a segment, segments of one byte, a long answer in several units.
fn framing() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_404), (&server, 102));
    tcp.to_server(&connection(0xe0)).to_client(&connection(0xd0));
    let (ask, reply) = connecting();
    tcp.to_server(&fragments(&ask, 30)).to_client(&data(&reply));
    let [one, two] = [1, 2].map(|invoke| read(invoke, "IED1LD0", "MMXU1$MX$TotW"));
    tcp.to_server(&[data(&one.0), data(&two.0)].concat());
    tcp.segment(1).to_client(&[data(&one.1), data(&two.1)].concat()).segment(1460);
    tcp.to_server(&data(&request(3, 1, &[value(&[0xa0], &[0x80, 1, 0]), value(&[0xa1], &[0x80, 0])].concat())));
    let names: Vec<u8> = (0..60).flat_map(|at| value(&[0x1a], format!("LLN0$ST$Ind{at}").as_bytes())).collect();
    let long = response(3, 1, &value(&[0xa0], &names));
    tcp.to_client(&fragments(&long, 200));
    // A list of values with two units.
    let unit = |invoke: u8| {
        value(&[0x30], &[&[2, 1, 3][..], &value(&[0xa0], &value(&[0xa0], &[2, 1, invoke, 0x82, 0]))].concat())
    };
    tcp.to_server(&data(&[&[1, 0, 1, 0][..], &value(&[0x61], &[unit(4), unit(5)].concat())].concat()));
    tcp.close();
    capture
}

/// Begins with a report, without what was agreed; bytes are lost; ends inside a request.
fn midstream() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_405), (&server, 3102));
    let reports = data(&report(&name("", "RPT"), &value(&[0x8a], b"rpt1")));
    tcp.to_client(&[&reports[11..], &reports, &reports].concat());
    let (ask, reply) = read(7, "IED1LD0", "MMXU1$MX$TotW");
    tcp.to_server(&data(&ask)).to_client(&data(&reply)[..8]).lose(Direction::ToClient, data(&reply).len() - 8);
    let (ask, reply) = read(8, "IED1LD0", "MMXU1$MX$TotW");
    tcp.to_server(&data(&ask)).to_client(&data(&reply)).to_server(&data(&ask)[..20]);
    capture
}

/// Only the client's side was captured.
fn one_direction() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 49_406), (&server, 102));
    for invoke in 0..3 {
        tcp.frame_of(Direction::ToServer, &data(&read(invoke, "IED1LD0", "GGIO1$ST$Ind1").0)).wait(1_000_000);
    }
    capture
}

/// Values that are longer than what is round them, units that are none; what comes behind is read.
fn malformed() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 49_407), (&server, 102));
    let (ask, reply) = connecting();
    tcp.to_server(&data(&ask)).to_client(&data(&reply));
    let (ask, reply) = read(1, "IED1LD0", "GGIO1$ST$Ind1");
    tcp.to_server(&data(&ask)).to_client(&data(&reply));
    let mut long = ask.clone();
    long[5] = 0x7f;
    tcp.to_server(&data(&long)).to_client(&data(&presented(&[0xa1, 3, 4, 1, 1])));
    tcp.to_server(&data(&ask)).to_client(&data(&reply));
    tcp.close();
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("substation", conversation((49_400, 102), &substation())),
        ("wrong-port", conversation((49_408, 4445), &substation())),
        ("services", conversation((49_401, 102), &services())),
        ("tase2", tase2()),
        ("without-layers", conversation((49_403, 102), &without_layers())),
        ("framing", framing()),
        ("midstream", midstream()),
        ("one-direction", one_direction()),
        ("malformed", malformed()),
    ]
}
