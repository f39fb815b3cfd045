//! Multicast DNS, LLMNR, NetBIOS names and SSDP: how hosts announce themselves.

use super::{datagrams, group, labels, long};
use crate::golden::Made;
use crate::make::Host;
use crate::make::message::dns_query;

type Record<'a> = (&'a str, u16, Vec<u8>);

/// An answer of records, the first of which stand in the answer section.
fn answer(id: u16, records: &[Record<'_>], answers: usize) -> Vec<u8> {
    let counts = [id, 0x8400, 0, answers as u16, 0, (records.len() - answers) as u16];
    let mut message: Vec<u8> = counts.iter().flat_map(|word| word.to_be_bytes()).collect();
    for (name, kind, data) in records {
        message.extend(labels(name));
        message.extend(kind.to_be_bytes());
        message.extend([0x80, 1, 0, 0, 0, 120]);
        message.extend(long(data));
    }
    message
}

fn texts(pairs: &[&str]) -> Vec<u8> {
    pairs.iter().flat_map(|pair| [&[pair.len() as u8][..], pair.as_bytes()].concat()).collect()
}

fn srv(port: u16, target: &str) -> Vec<u8> {
    [&[0, 0, 0, 0][..], &port.to_be_bytes(), &labels(target)].concat()
}

fn mdns() -> Vec<Made> {
    let (host, all) = (Host::new(41, "192.0.2.41"), group("224.0.0.251"));
    let printer = [
        ("office._ipp._tcp.local", 33, srv(631, "Printer-4.local")),
        ("office._ipp._tcp.local", 16, texts(&["txtvers=1", "ty=Example Laser 400", "usb_MFG=Example", "x"])),
        ("Printer-4.local", 1, vec![192, 0, 2, 41]),
        ("Printer-4.local", 28, [&[0xfe, 0x80][..], &[0; 13], &[0x41]].concat()),
    ];
    let announcement = answer(0, &printer, 2);
    let printer =
        datagrams(&[((&host, 5353), (&all, 5353), announcement.clone()), ((&host, 5353), (&all, 5353), announcement)]);
    // A proxy answers for one that sleeps; a device tells its model and system.
    let proxy = Host::new(42, "192.0.2.42");
    let records = [
        ("sleeper.local", 1, vec![192, 0, 2, 43]),
        ("proxy.local", 13, texts(&["ARM64", "ExampleOS 7"])),
        ("x._device-info._tcp.local", 16, texts(&["model=Example4,1", "fv=7.1.2"])),
        ("x._http._tcp.local", 33, srv(8080, "proxy.local")),
    ];
    let devices = datagrams(&[
        ((&proxy, 5353), (&all, 5353), dns_query(0, "_services._dns-sd._udp.local", 12)),
        ((&proxy, 5353), (&all, 5353), answer(0, &records, 4)),
    ]);
    // In a conversation that is known: an address of two bytes, a message that ends in a record.
    let short = answer(0, &[("host.local", 1, vec![192, 0])], 1);
    let mut cut = answer(0, &[("host.local", 1, vec![192, 0, 2, 44])], 1);
    cut.truncate(cut.len() - 3);
    let other = Host::new(44, "192.0.2.44");
    let damaged = datagrams(&[
        ((&other, 5353), (&all, 5353), answer(0, &[("cam.local", 1, vec![192, 0, 2, 44])], 1)),
        ((&other, 5353), (&all, 5353), short),
        ((&other, 5353), (&all, 5353), cut),
    ]);
    vec![("mdns", "printer", printer), ("mdns", "devices", devices), ("mdns", "damaged", damaged)]
}

fn llmnr() -> Vec<Made> {
    let (asks, answers, all) = (Host::new(45, "192.0.2.45"), Host::new(46, "192.0.2.46"), group("224.0.0.252"));
    let v4 = answer(7, &[("HMI-9", 1, vec![192, 0, 2, 46])], 1);
    let resolution = datagrams(&[
        ((&asks, 50_001), (&all, 5355), dns_query(7, "hmi-9", 1)),
        ((&answers, 5355), (&asks, 50_001), v4),
    ]);
    let v6 = answer(8, &[("hmi-9", 28, [&[0xfe, 0x80][..], &[0; 13], &[0x46]].concat())], 1);
    let wide = datagrams(&[((&answers, 5355), (&asks, 50_002), v6)]);
    let unanswered = datagrams(&[
        ((&asks, 50_003), (&all, 5355), dns_query(9, "wpad", 1)),
        ((&asks, 50_003), (&all, 5355), dns_query(10, "wpad", 28)),
    ]);
    vec![("llmnr", "resolution", resolution), ("llmnr", "wide", wide), ("llmnr", "unanswered", unanswered)]
}

/// A NetBIOS name as it stands in a message.
pub(super) fn netbios(name: &str, suffix: u8) -> Vec<u8> {
    let mut bytes = [b' '; 16];
    bytes.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    bytes[15] = suffix;
    let letters = bytes.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]);
    [32].into_iter().chain(letters).chain([0]).collect()
}

fn nbns_message(id: u8, flags: u16, counts: [u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    let mut message = vec![0, id];
    message.extend(flags.to_be_bytes());
    counts.iter().for_each(|count| message.extend([0, *count]));
    message.extend(parts.concat());
    message
}

fn nbns() -> Vec<Made> {
    let (host, all, asks) = (Host::new(47, "192.0.2.47"), group("255.255.255.255"), Host::new(48, "192.0.2.48"));
    let question = |name: &str, suffix: u8, kind: u8| [netbios(name, suffix), vec![0, kind, 0, 1]].concat();
    let registered =
        |flags: u8, ip: [u8; 4]| [&[0xc0, 12, 0, 0x20, 0, 1, 0, 4, 0x93, 0xe0, 0, 6, flags, 0][..], &ip].concat();
    let register = |id: u8, name: &str, suffix: u8, flags: u8| {
        nbns_message(id, 0x2910, [1, 0, 0, 1], &[question(name, suffix, 0x20), registered(flags, [192, 0, 2, 47])])
    };
    let registration = datagrams(&[
        ((&host, 137), (&all, 137), register(1, "ENG-WS-2", 0x00, 0)),
        ((&host, 137), (&all, 137), register(2, "ENG-WS-2", 0x20, 0)),
        ((&host, 137), (&all, 137), register(3, "PLANT", 0x00, 0x80)),
        ((&host, 137), (&all, 137), register(4, "PLANT", 0x1d, 0)),
    ]);
    let record = |name: &str, suffix: u8, kind: u8, data: &[u8]| {
        [netbios(name, suffix), vec![0, kind, 0, 1, 0, 0, 0, 0], long(data)].concat()
    };
    let found = nbns_message(5, 0x8500, [0, 1, 0, 0], &[record("FILES", 0x20, 0x20, &[0, 0, 192, 0, 2, 49])]);
    let lookup = datagrams(&[
        ((&asks, 50_004), (&all, 137), nbns_message(5, 0x0110, [1, 0, 0, 0], &[question("FILES", 0x20, 0x20)])),
        ((&Host::new(49, "192.0.2.49"), 137), (&asks, 50_004), found),
    ]);
    let entry = |name: &str, suffix: u8, flags: u8| {
        let mut bytes = [b' '; 18];
        bytes.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        (bytes[15], bytes[16], bytes[17]) = (suffix, flags, 0);
        bytes.to_vec()
    };
    let mut table = vec![3];
    table.extend([entry("DC-1", 0x00, 4), entry("PLANT", 0x1c, 0x84), entry("DC-1", 0x20, 4)].concat());
    table.extend(Host::new(50, "192.0.2.50").mac);
    table.extend([0; 40]);
    let whole = nbns_message(6, 0x8400, [0, 1, 0, 0], &[record("*", 0, 0x21, &table)]);
    let mut cut = whole.clone();
    cut.truncate(90);
    let node = datagrams(&[
        (
            (&asks, 50_005),
            (&Host::new(50, "192.0.2.50"), 137),
            nbns_message(6, 0, [1, 0, 0, 0], &[question("*", 0, 0x21)]),
        ),
        ((&Host::new(50, "192.0.2.50"), 137), (&asks, 50_005), whole),
        ((&Host::new(50, "192.0.2.50"), 137), (&asks, 50_005), cut),
    ]);
    vec![("nbns", "registration", registration), ("nbns", "lookup", lookup), ("nbns", "node", node)]
}

fn ssdp() -> Vec<Made> {
    let (host, all) = (Host::new(51, "192.0.2.51"), group("239.255.255.250"));
    let notify = |kind: &str, server: &str| {
        format!(
            "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\n\
             LOCATION: http://192.0.2.51:49152/description.xml\r\nNT: {kind}\r\nNTS: ssdp:alive\r\nSERVER: {server}\r\n\
             USN: uuid:00000000-0000-0000-0000-000000000051::{kind}\r\n\r\n"
        )
        .into_bytes()
    };
    let server = "Linux/3.10.0 UPnP/1.0 ExampleBox/2.1";
    let announcement = datagrams(&[
        ((&host, 50_006), (&all, 1900), notify("upnp:rootdevice", server)),
        ((&host, 50_006), (&all, 1900), notify("urn:schemas-upnp-org:device:InternetGatewayDevice:1", server)),
    ]);
    let asks = Host::new(52, "192.0.2.52");
    let search =
        b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n";
    let found = b"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: http://[fe80::53]/d.xml\r\n\
        SERVER: ExampleOS/1.0, UPnP/1.1, Camera/9\r\nST: urn:schemas-upnp-org:device:MediaServer:1\r\n\
        USN: uuid:00000000-0000-0000-0000-000000000053\r\n\r\n";
    let answered = datagrams(&[
        ((&asks, 50_007), (&all, 1900), search.to_vec()),
        ((&Host::new(53, "192.0.2.53"), 1900), (&asks, 50_007), found.to_vec()),
    ]);
    let leaving = datagrams(&[(
        (&host, 50_008),
        (&all, 1900),
        b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\nNTS: ssdp:byebye\r\nno colon\r\n\r\n".to_vec(),
    )]);
    let alone = datagrams(&[((&Host::new(53, "192.0.2.53"), 1900), (&asks, 50_009), found.to_vec())]);
    vec![
        ("ssdp", "announcement", announcement),
        ("ssdp", "answered", answered),
        ("ssdp", "leaving", leaving),
        ("ssdp", "alone", alone),
    ]
}

pub(super) fn captures() -> Vec<Made> {
    let mut all = mdns();
    all.extend(llmnr());
    all.extend(nbns());
    all.extend(ssdp());
    all
}
