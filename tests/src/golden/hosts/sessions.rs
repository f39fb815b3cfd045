//! SNMP, Kerberos and SMB: what sessions tell of their ends.

use super::{START, ber, datagrams};
use crate::golden::Made;
use crate::make::{Capture, Host, Tcp};
use picket_event::Direction;

fn text(tag: u8, text: &str) -> Vec<u8> {
    ber(tag, text.as_bytes())
}

/// A message of version 2c: request or answer of variables.
fn snmp(pdu: u8, id: u8, variables: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
    let list: Vec<u8> =
        variables.iter().flat_map(|(object, value)| ber(0x30, &[ber(6, object), value.clone()].concat())).collect();
    let numbers = [ber(2, &[id]), ber(2, &[0]), ber(2, &[0])].concat();
    let body = ber(pdu, &[numbers, ber(0x30, &list)].concat());
    ber(0x30, &[ber(2, &[1]), text(4, "public"), body].concat())
}

const DESCRIPTION: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 1, 0];
const NAME: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 5, 0];
const UPTIME: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 3, 0];

fn snmp_captures() -> Vec<Made> {
    let (asks, host) = (Host::new(61, "192.0.2.61"), Host::new(62, "192.0.2.62"));
    let null = || vec![5, 0];
    let system = datagrams(&[
        ((&asks, 50_011), (&host, 161), snmp(0xa0, 1, &[(DESCRIPTION, null()), (NAME, null())])),
        (
            (&host, 161),
            (&asks, 50_011),
            snmp(0xa2, 1, &[(DESCRIPTION, text(4, "Example Drive 55, FW: Version 2.0.3")), (NAME, text(4, "Drive-7"))]),
        ),
    ]);
    let linux = datagrams(&[
        ((&asks, 50_012), (&host, 161), snmp(0xa1, 2, &[(DESCRIPTION, null())])),
        ((&host, 161), (&asks, 50_012), snmp(0xa2, 2, &[(DESCRIPTION, text(4, "Linux gw 5.10.0 x86_64"))])),
    ]);
    // Version 3 keeps its names to itself; then answers that tell nothing, and one that is cut.
    let version3 = ber(0x30, &[ber(2, &[3]), ber(0x30, &[ber(2, &[1])].concat()), text(4, ""), text(4, "x")].concat());
    let mut cut = snmp(0xa2, 4, &[(NAME, text(4, "drive-8"))]);
    let at = cut.len() - 8;
    cut[at] = 0x7f;
    let others = datagrams(&[
        ((&asks, 50_013), (&host, 161), version3),
        ((&asks, 50_014), (&host, 161), snmp(0xa0, 3, &[(UPTIME, null())])),
        ((&host, 161), (&asks, 50_014), snmp(0xa2, 3, &[(UPTIME, ber(0x43, &[1, 2]))])),
        ((&host, 161), (&asks, 50_014), cut),
    ]);
    vec![("snmp", "system", system), ("snmp", "linux", linux), ("snmp", "others", others)]
}

fn field(number: u8, inside: &[u8]) -> Vec<u8> {
    ber(0xa0 | number, inside)
}

fn principal(kind: u8, parts: &[&str]) -> Vec<u8> {
    let list: Vec<u8> = parts.iter().flat_map(|part| text(0x1b, part)).collect();
    ber(0x30, &[field(0, &ber(2, &[kind])), field(1, &ber(0x30, &list))].concat())
}

fn request(client: &[&str], addresses: Option<&str>) -> Vec<u8> {
    let mut body = [
        field(0, &ber(3, &[0, 0x40, 0x81, 0, 0x10])),
        field(1, &principal(1, client)),
        field(2, &text(0x1b, "PLANT.EXAMPLE")),
        field(3, &principal(2, &["krbtgt", "PLANT.EXAMPLE"])),
        field(7, &ber(2, &[1, 2, 3, 4])),
        field(8, &ber(0x30, &ber(2, &[18]))),
    ]
    .concat();
    if let Some(name) = addresses {
        let address = [field(0, &ber(2, &[20])), field(1, &text(4, &format!("{name:<16}")))].concat();
        body.extend(field(9, &ber(0x30, &ber(0x30, &address))));
    }
    let message = [field(1, &ber(2, &[5])), field(2, &ber(2, &[10])), field(4, &ber(0x30, &body))].concat();
    ber(0x6a, &ber(0x30, &message))
}

fn reply(client: &[&str]) -> Vec<u8> {
    let sealed = ber(0x30, &[field(0, &ber(2, &[18])), field(2, &text(4, "sealed"))].concat());
    let ticket = [
        field(0, &ber(2, &[5])),
        field(1, &text(0x1b, "PLANT.EXAMPLE")),
        field(2, &principal(2, &["krbtgt", "PLANT.EXAMPLE"])),
        field(3, &sealed),
    ]
    .concat();
    let message = [
        field(0, &ber(2, &[5])),
        field(1, &ber(2, &[11])),
        field(3, &text(0x1b, "PLANT.EXAMPLE")),
        field(4, &principal(1, client)),
        field(5, &ber(0x61, &ber(0x30, &ticket))),
        field(6, &sealed),
    ]
    .concat();
    ber(0x6b, &ber(0x30, &message))
}

fn kerberos_captures() -> Vec<Made> {
    let (client, centre) = (Host::new(63, "192.0.2.63"), Host::new(64, "192.0.2.64"));
    let machine = datagrams(&[
        ((&client, 50_021), (&centre, 88), request(&["ENG-WS-2$"], None)),
        ((&centre, 88), (&client, 50_021), reply(&["ENG-WS-2$"])),
    ]);
    // A person's name is nobody's host; the address beside it is.
    let person = datagrams(&[
        ((&client, 50_022), (&centre, 88), request(&["jdoe"], Some("ENG-WS-3"))),
        ((&centre, 88), (&client, 50_022), reply(&["jdoe"])),
    ]);
    let framed = |message: Vec<u8>| [&(message.len() as u32).to_be_bytes()[..], &message].concat();
    let mut stream = Capture::default();
    let mut tcp = Tcp::open(&mut stream, START, (&client, 50_023), (&centre, 88));
    tcp.segment(300).to_server(&framed(request(&["host", "eng-ws-4.plant.example"], None)));
    tcp.to_client(&framed(reply(&["host", "eng-ws-4.plant.example"])));
    tcp.close();
    let mut damaged = request(&["PC$"], None);
    let at = damaged.len() / 2;
    damaged[at] = 0xff;
    damaged[at + 1] = 0xff;
    let odd = datagrams(&[
        ((&client, 50_024), (&centre, 88), request(&["PC$"], None)),
        ((&client, 50_024), (&centre, 88), damaged),
    ]);
    vec![
        ("kerberos", "machine", machine),
        ("kerberos", "person", person),
        ("kerberos", "stream", stream),
        ("kerberos", "odd", odd),
    ]
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// An NTLM message: type, fixed parts with places for fields, then the fields' bytes.
fn place(length: usize, at: usize) -> Vec<u8> {
    let length = (length as u16).to_le_bytes();
    [&length[..], &length, &(at as u32).to_le_bytes()].concat()
}

const VERSION: [u8; 8] = [10, 0, 0x63, 0x45, 0, 0, 0, 15];
const HAS_VERSION: [u8; 4] = [0x15, 0x82, 0x8a, 0x62];

fn challenge(computer: &str, full: &str) -> Vec<u8> {
    let pair = |kind: u16, text: &str| {
        let text = wide(text);
        [&kind.to_le_bytes()[..], &(text.len() as u16).to_le_bytes(), &text].concat()
    };
    let (target, pairs) = (wide("PLANT"), [pair(2, "PLANT"), pair(1, computer), pair(3, full), vec![0; 4]].concat());
    let mut message = b"NTLMSSP\0\x02\0\0\0".to_vec();
    message.extend(place(target.len(), 56));
    message.extend(HAS_VERSION);
    message.extend([0x11; 8]);
    message.extend([0; 8]);
    message.extend(place(pairs.len(), 56 + target.len()));
    message.extend(VERSION);
    message.extend(target);
    message.extend(pairs);
    message
}

fn authenticate(workstation: &str) -> Vec<u8> {
    let (domain, user, workstation) = (wide("PLANT"), wide("jdoe"), wide(workstation));
    let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
    let (a, b) = (72 + domain.len(), 72 + domain.len() + user.len());
    for field in [
        place(0, 72),
        place(0, 72),
        place(domain.len(), 72),
        place(user.len(), a),
        place(workstation.len(), b),
        place(0, 72),
    ] {
        message.extend(field);
    }
    message.extend(HAS_VERSION);
    message.extend(VERSION);
    message.extend([domain, user, workstation].concat());
    message
}

/// A message of version 2 and its header (MS-SMB2 section 2.2.1), behind the length of the session service.
fn smb2(command: u8, answer: bool, body: &[u8]) -> Vec<u8> {
    let mut message = b"\xfeSMB\x40\0\0\0\0\0\0\0".to_vec();
    message.extend([command, 0, 1, 0, u8::from(answer), 0, 0, 0]);
    message.resize(64, 0);
    message.extend(body);
    [&(message.len() as u32).to_be_bytes()[..], &message].concat()
}

fn smb_captures() -> Vec<Made> {
    let (client, server) = (Host::new(65, "192.0.2.65"), Host::new(66, "192.0.2.66"));
    let negotiate = || smb2(0, false, &[36, 0, 1, 0, 1, 0, 0, 0]);
    let setup = |token: &[u8]| smb2(1, false, &[&[25, 0, 0, 1][..], &[0; 20], token].concat());
    let mut session = Capture::default();
    let mut tcp = Tcp::open(&mut session, START, (&client, 50_031), (&server, 445));
    tcp.to_server(&negotiate()).to_client(&smb2(0, true, &[65, 0, 1, 0, 0x11, 3]));
    tcp.to_server(&setup(b"NTLMSSP\0\x01\0\0\0\x15\x82\x08\x62"));
    tcp.segment(100).to_client(&smb2(1, true, &challenge("FILES-1", "files-1.plant.example")));
    tcp.to_server(&setup(&authenticate("ENG-WS-2")));
    tcp.close();
    // A long message is stepped over; what follows is read.
    let mut long = Capture::default();
    let mut tcp = Tcp::open(&mut long, START, (&client, 50_032), (&server, 445));
    tcp.to_server(&smb2(9, false, &[0x41; 20_000]));
    tcp.to_client(&smb2(1, true, &challenge("FILES-1", "files-1.plant.example")));
    tcp.lose(Direction::ToClient, 100).to_client(&smb2(1, true, &[9]));
    tcp.close();
    // Fields that point out of the message.
    let mut lying = challenge("X", "x");
    lying[44..48].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
    let mut damaged = Capture::default();
    let mut tcp = Tcp::open(&mut damaged, START, (&client, 50_033), (&server, 445));
    tcp.to_server(&negotiate()).to_client(&smb2(1, true, &lying));
    tcp.close();
    vec![("smb", "session", session), ("smb", "long", long), ("smb", "damaged", damaged)]
}

pub(super) fn captures() -> Vec<Made> {
    let mut all = snmp_captures();
    all.extend(kerberos_captures());
    all.extend(smb_captures());
    all
}
