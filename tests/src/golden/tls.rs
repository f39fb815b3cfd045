//! TLS conversations that real programs do not give: hellos in pieces, cut, damaged, and begun in the middle.

use crate::make::message::{Hello, server_hello, tls_record};
use crate::make::{Capture, Host, Tcp};
use picket_event::Direction;

const START: i64 = 1_772_409_600_000_000_000;

const HELLO: Hello<'static> = Hello {
    sni: "historian.plant.example",
    alpn: &["h2", "http/1.1"],
    ciphers: &[0x1301, 0x1302, 0xc02b, 0xc02f],
    groups: &[29, 23, 24],
    signatures: &[0x0403, 0x0804, 0x0401],
    extra: &[23, 35],
    tls13: true,
};

fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(4, "198.51.100.4"))
}

/// The hello over a hundred segments and more, and in records of one byte.
fn pieces() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let record = HELLO.record(7);
    let mut tcp = Tcp::open(&mut capture, START, (&client, 50_000), (&server, 443));
    tcp.segment(2).to_server(&record).segment(1460).to_client(&server_hello(0xc02f, 9));
    tcp.to_client(&tls_record(21, &[2, 40]));
    tcp.close();
    let single: Vec<u8> = record[5..].iter().flat_map(|byte| tls_record(22, &[*byte])).collect();
    let mut tcp = Tcp::open(&mut capture, START + 1_000_000_000, (&client, 50_001), (&server, 8883));
    tcp.to_server(&single).to_client(&server_hello(0xc02b, 9)).to_client(&tls_record(21, &[2, 40]));
    tcp.close();
    capture
}

/// A hello whose extensions lie, one that is cut by a gap, and one never answered on a port of its own.
fn damaged() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut lying = HELLO.record(7);
    let end = lying.len();
    // The key share says that it is longer than its extension.
    lying[end - 34] = 0x7f;
    let mut tcp = Tcp::open(&mut capture, START, (&client, 50_002), (&server, 443));
    tcp.to_server(&lying).to_client(&tls_record(21, &[2, 50]));
    tcp.close();
    let record = HELLO.record(7);
    let mut tcp = Tcp::open(&mut capture, START + 1_000_000_000, (&client, 50_003), (&server, 443));
    tcp.to_server(&record[..60]).lose(Direction::ToServer, 50).to_server(&record[110..]);
    tcp.to_client(&server_hello(0xc02f, 9)).to_client(&tls_record(21, &[2, 40]));
    tcp.close();
    let mut tcp = Tcp::open(&mut capture, START + 2_000_000_000, (&client, 50_004), (&server, 10_443));
    tcp.to_server(&record);
    tcp.reset(Direction::ToClient);
    capture
}

/// Application data only: the handshake was before the capture.
fn midstream() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 50_005), (&server, 10_444));
    tcp.to_server(&tls_record(23, &[0x5a; 90])).to_client(&tls_record(23, &[0xa5; 700]));
    tcp.to_server(&tls_record(23, &[0x5a; 90])).to_client(&tls_record(23, &[0xa5; 700]));
    capture
}

/// Something else on TLS's port.
fn not_tls() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 50_006), (&server, 443));
    tcp.to_server(b"SSH-2.0-OpenSSH_9.2\r\n").to_client(b"SSH-2.0-OpenSSH_9.2\r\n");
    tcp.close();
    capture
}

/// What is left of conversations that went over to TLS before the capture: whose service it was is lost, the hellos are not.
fn late() -> Capture {
    type Line = (bool, &'static [u8]);
    const REMAINS: &[(u16, &[Line])] = &[
        (25, &[(false, b"250-mx\r\n250 STARTTLS\r\n"), (true, b"STARTTLS\r\n"), (false, b"220 go\r\n")]),
        (143, &[(true, b"STARTTLS\r\n"), (false, b"a1 OK begin\r\n")]),
        (3306, &[(true, b"\x20\0\0\x01\x85\xae\xff\x01\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")]),
        (5432, &[(false, b"S")]),
        (1080, &[(false, b"\x05\0\0\x01\0\0\0\0\0\0")]),
        (3128, &[(false, b"HTTP/1.1 200 OK\r\n\r\n")]),
    ];
    let (client, server) = hosts();
    let mut capture = Capture::default();
    for ((port, lines), number) in REMAINS.iter().zip(0u16..) {
        let time = START + i64::from(number) * 1_000_000_000;
        let mut tcp = Tcp::midstream(&mut capture, time, (&client, 50_010 + number), (&server, *port));
        for (up, bytes) in *lines {
            tcp.send(if *up { Direction::ToServer } else { Direction::ToClient }, bytes);
        }
        tcp.to_server(&HELLO.record(7)).to_client(&server_hello(0xc02f, 9)).to_client(&tls_record(22, &[14, 0, 0, 0]));
        tcp.to_server(&tls_record(20, &[1]));
        tcp.close();
    }
    capture
}

/// DNS over TLS by its protocol and by its port, over HTTPS by a resolver's name; a web server on the port of the first.
fn dns() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let hellos: [(u16, &str, &[&str]); 4] = [
        (4853, "resolver.plant.example", &["dot"]),
        (853, "resolver.plant.example", &[]),
        (443, "dns.quad9.net", &["h2"]),
        (853, "shop.plant.example", &["h2", "http/1.1"]),
    ];
    for ((port, sni, alpn), number) in hellos.into_iter().zip(0u16..) {
        let time = START + i64::from(number) * 1_000_000_000;
        let mut tcp = Tcp::open(&mut capture, time, (&client, 50_020 + number), (&server, port));
        tcp.to_server(&Hello { sni, alpn, ..HELLO }.record(7)).to_client(&server_hello(0xc02f, 9));
        tcp.to_client(&tls_record(22, &[14, 0, 0, 0])).to_server(&tls_record(20, &[1]));
        tcp.close();
    }
    capture
}

/// Alerts in clear: a warning before the server's hello, certificates that the client refuses, a refusal by the server; and
/// hellos that carry GREASE and an encrypted hello, the second under a name made for that.
fn alerts() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let hellos = [
        Hello { extra: &[23, 35], ..HELLO },
        Hello { extra: &[0x0a0a, 23, 0xfe0d], ..HELLO },
        Hello { sni: "cloudflare-ech.com", extra: &[23, 0xfe0d], ..HELLO },
    ];
    for (hello, number) in hellos.iter().zip(0u16..) {
        let time = START + i64::from(number) * 1_000_000_000;
        let mut tcp = Tcp::open(&mut capture, time, (&client, 50_030 + number), (&server, 443));
        tcp.to_server(&hello.record(7));
        match number {
            0 => {
                tcp.to_client(&tls_record(21, &[1, 112])).to_client(&server_hello(0xc02f, 9));
                tcp.to_client(&tls_record(22, &[14, 0, 0, 0])).to_server(&tls_record(20, &[1]));
            }
            1 => {
                tcp.to_client(&server_hello(0xc02f, 9)).to_client(&tls_record(22, &[14, 0, 0, 0]));
                tcp.to_server(&tls_record(21, &[2, 48]));
            }
            _ => {
                tcp.to_client(&tls_record(21, &[2, 40]));
            }
        }
        tcp.close();
    }
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("pieces", pieces()),
        ("damaged", damaged()),
        ("midstream", midstream()),
        ("not-tls", not_tls()),
        ("late", late()),
        ("dns", dns()),
        ("alerts", alerts()),
    ]
}
