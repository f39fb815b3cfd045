//! SSH connections that OpenSSH does not give: greetings before the banner, pieces, damage, SSH-1, one direction.

use crate::make::{Capture, Host, Tcp};
use picket_event::Direction;

const START: i64 = 1_772_409_600_000_000_000;
const CLIENT: &[u8] = b"SSH-2.0-PuTTY_Release_0.83\r\n";
const SERVER: &[u8] = b"SSH-2.0-dropbear_2025.88\r\n";

fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(4, "198.51.100.4"))
}

/// A packet in clear (RFC 4253 section 6), padded to eight.
fn packet(number: u8, body: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (4 + 1 + 1 + body.len() + 4) % 8) % 8;
    let mut bytes = u32::try_from(2 + body.len() + padding).unwrap_or(0).to_be_bytes().to_vec();
    bytes.extend([u8::try_from(padding).unwrap_or(0), number]);
    bytes.extend(body);
    bytes.resize(bytes.len() + padding, 0);
    bytes
}

/// A KEXINIT (section 7.1) with this key exchange and cipher, the same in both directions.
fn kexinit(kex: &str, cipher: &str, mac: &str) -> Vec<u8> {
    let mut body = vec![0x5a; 16];
    for list in [kex, "ssh-ed25519", cipher, cipher, mac, mac, "none", "none", "", ""] {
        body.extend(u32::try_from(list.len()).unwrap_or(0).to_be_bytes());
        body.extend(list.as_bytes());
    }
    body.extend([0; 5]);
    packet(20, &body)
}

fn offer() -> Vec<u8> {
    kexinit("curve25519-sha256,diffie-hellman-group14-sha256", "aes256-ctr,aes128-ctr", "hmac-sha2-256,hmac-sha1")
}

/// The rest of the key exchange: both shares, and NEWKEYS of both.
fn exchange(tcp: &mut Tcp<'_>, client: Direction) {
    tcp.send(client, &packet(30, &[7; 36])).send(client.opposite(), &packet(31, &[9; 200]));
    tcp.send(client.opposite(), &packet(21, &[])).send(client, &packet(21, &[]));
}

/// Lines before the server's banner, and banner and KEXINIT in one segment.
fn greeting() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 50_000), (&server, 22));
    tcp.to_client(b"Plant network, authorised use only.\r\nAll access is logged.\r\n");
    tcp.to_client(&[SERVER, &offer()].concat()).to_server(&[CLIENT, &offer()].concat());
    exchange(&mut tcp, Direction::ToServer);
    tcp.close();
    capture
}

/// Everything in segments of seven bytes, on another port.
fn pieces() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 50_001), (&server, 10_022));
    tcp.segment(7).to_server(CLIENT).to_client(SERVER).to_server(&offer()).to_client(&offer());
    exchange(&mut tcp, Direction::ToServer);
    tcp.close();
    capture
}

/// A key exchange with a hole, one whose lists lie, and a packet in clear that is none.
fn damaged() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let offered = offer();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 50_002), (&server, 22));
    tcp.to_server(CLIENT).to_client(SERVER).to_client(&offered);
    tcp.to_server(&offered[..80]).lose(Direction::ToServer, 40).to_server(&offered[120..]);
    tcp.close();
    let mut lying = offered.clone();
    // The first list says that it is longer than the packet.
    lying[23] = 0x7f;
    let mut tcp = Tcp::open(&mut capture, START + 1_000_000_000, (&client, 50_003), (&server, 22));
    tcp.to_server(CLIENT).to_client(SERVER).to_client(&lying).to_server(&offered);
    tcp.close();
    let mut tcp = Tcp::open(&mut capture, START + 2_000_000_000, (&client, 50_004), (&server, 22));
    tcp.to_client(SERVER).to_server(b"GET / HTTP/1.0\r\n\r\n").to_client(b"Protocol mismatch.\r\n");
    tcp.close();
    capture
}

/// SSH-1, which is named alone.
fn first_version() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 50_005), (&server, 22));
    tcp.to_client(b"SSH-1.5-Cisco-1.25\n").to_server(b"SSH-1.5-PuTTY_Release_0.60\n");
    tcp.to_client(&[0, 0, 1, 3, 0, 0, 0, 0, 0, 2]);
    tcp.close();
    capture
}

/// The server's side alone, and a capture that begins behind the banners.
fn parts() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 50_006), (&server, 22));
    for bytes in [SERVER, &offer(), &packet(31, &[9; 200]), &packet(21, &[])] {
        tcp.frame(Direction::ToClient, 0x18, bytes);
        tcp.lose(Direction::ToClient, bytes.len());
    }
    let mut tcp = Tcp::midstream(&mut capture, START + 1_000_000_000, (&client, 50_007), (&server, 22));
    tcp.to_server(&offer()).to_client(&offer());
    exchange(&mut tcp, Direction::ToServer);
    capture
}

/// The end that opened the connection is the SSH server: a host that gives its shell away.
fn exchanged() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 50_008), (&server, 443));
    tcp.to_server(SERVER).to_client(CLIENT).to_server(&offer()).to_client(&offer());
    exchange(&mut tcp, Direction::ToClient);
    // With aes256-ctr and hmac-sha2-256: SERVICE_REQUEST and its answer, a log-in at once.
    tcp.to_client(&[1; 64]).to_server(&[2; 64]).to_client(&[3; 144]).to_server(&[4; 48]);
    for key in 0..5 {
        tcp.wait(150_000_000).to_client(&[key; 64]).to_server(&[key; 64]);
    }
    tcp.close();
    capture
}

/// A capture that begins behind the client's banner: the server speaks first, from a port that nobody knows, and the client
/// types. Who opened the connection is not known, so the ends are those of the key exchange.
fn late() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::midstream(&mut capture, START, (&client, 50_009), (&server, 2200));
    tcp.to_client(SERVER).to_client(&offer()).to_server(&offer());
    exchange(&mut tcp, Direction::ToServer);
    tcp.to_server(&[1; 64]).to_client(&[2; 64]).to_server(&[3; 144]).to_client(&[4; 48]);
    for key in 0..5 {
        tcp.wait(150_000_000).to_server(&[key; 64]).to_client(&[key; 64]);
    }
    tcp.close();
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("greeting", greeting()),
        ("pieces", pieces()),
        ("damaged", damaged()),
        ("first-version", first_version()),
        ("parts", parts()),
        ("exchanged", exchanged()),
        ("late", late()),
    ]
}
