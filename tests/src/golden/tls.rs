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

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![("pieces", pieces()), ("damaged", damaged()), ("midstream", midstream()), ("not-tls", not_tls())]
}
