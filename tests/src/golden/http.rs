//! HTTP/1 conversations: framings, pipelines, gaps, credentials, tunnels, upgrades, and what is none.

use crate::make::message::{CLOUD_HELLO as HELLO, server_hello};
use crate::make::{Capture, Host, Tcp};
use picket_event::Direction::{ToClient, ToServer};

const START: i64 = 1_772_409_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn hosts() -> (Host, Host) {
    (Host::new(1, "192.0.2.10"), Host::new(8, "198.51.100.8"))
}

/// One after the other, pipelined, chunked, until the end, in small segments.
fn exchanges() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 52_000), (&server, 80));
    tcp.to_server(b"GET /plan?line=4 HTTP/1.1\r\nHost: Hmi.Plant.Example\r\nUser-Agent: Panel/2.1 (line 4)\r\n\r\n");
    tcp.to_client(b"HTTP/1.1 200 OK\r\nServer: nginx/1.22\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 4000\r\n\r\n");
    tcp.to_client(&[b'x'; 4000]);
    tcp.to_server(b"POST /values HTTP/1.1\r\nHost: hmi.plant.example\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n");
    tcp.to_client(b"HTTP/1.1 100 Continue\r\n\r\n").to_server(&[b'7'; 2000]);
    tcp.to_client(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a;x=1\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n");
    tcp.to_server(b"GET /a HTTP/1.1\r\n\r\nHEAD /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n");
    tcp.to_client(
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n",
    );
    tcp.to_client(b"HTTP/1.1 404 Not Found\nContent-Length: 3\n\nno\n").close();
    let mut tcp = Tcp::open(&mut capture, START + SECOND, (&client, 52_001), (&server, 40_081));
    tcp.segment(9).to_server(b"GET /old HTTP/1.0\r\nUser-Agent: folded\r\n\tover two lines\r\n\r\n");
    tcp.to_client(b"HTTP/1.0 200 OK\r\n\r\nuntil the end").close();
    let mut tcp = Tcp::open(&mut capture, START + 2 * SECOND, (&client, 52_002), (&server, 80));
    tcp.to_server(b"GET /never HTTP/1.1\r\nHost: hmi.plant.example\r\n\r\n");
    tcp.reset(ToClient);
    capture
}

/// Lost segments: inside a body, inside chunks, of a request; and a capture that begins in a body.
fn gaps() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 52_010), (&server, 80));
    tcp.to_server(b"GET /a HTTP/1.1\r\n\r\n").to_client(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n");
    tcp.to_client(&[b'x'; 1000]).lose(ToClient, 1000).to_client(&[b'x'; 1000]);
    tcp.to_server(b"GET /b HTTP/1.1\r\n\r\n")
        .to_client(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
    tcp.lose(ToClient, 500).to_client(b"lo\r\nHTTP/1.1 is no head\r\n");
    tcp.to_server(b"GET /c HTTP/1.1\r\n\r\n").to_client(b"HTTP/1.1 204 No Content\r\n\r\n").close();
    let mut tcp = Tcp::midstream(&mut capture, START + SECOND, (&client, 52_011), (&server, 80));
    tcp.to_client(&[b'y'; 700]).to_server(b"GET /d HTTP/1.1\r\nHost: hmi\r\n\r\n");
    tcp.to_client(b"end\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let mut tcp = Tcp::midstream(&mut capture, START + 2 * SECOND, (&client, 52_012), (&server, 80));
    tcp.frame_of(ToClient, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    tcp.frame_of(ToClient, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    capture
}

/// Credentials everywhere; none of them is in an event.
fn credentials() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 52_020), (&server, 3128));
    tcp.to_server(
        b"GET http://operator:hunter2@hmi.plant.example/login?user=operator&password=hunter2&line=4 HTTP/1.1\r\n\
        Host: operator:hunter2@hmi.plant.example\r\nAuthorization: Basic aHVudGVyMg==\r\nCookie: sid=hunter2\r\n\
        Proxy-Authorization: Basic aHVudGVyMg==\r\n\r\n",
    );
    tcp.to_client(
        b"HTTP/1.1 302 Found\r\nLocation: /?token=hunter2\r\nSet-Cookie: sid=hunter2\r\nContent-Length: 0\r\n\r\n",
    );
    tcp.close();
    capture
}

/// A proxy that asks for a password first, then a tunnel; a tunnel that is refused; one side alone.
fn tunnels() -> Capture {
    let (client, server) = hosts();
    let (hello, answer) = (HELLO.record(7), server_hello(0x1301, 9));
    let connect: &[u8] = b"CONNECT cloud.vendor.example:443 HTTP/1.1\r\nHost: cloud.vendor.example:443\r\n\r\n";
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 52_030), (&server, 3128));
    tcp.to_server(connect);
    tcp.to_client(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno");
    tcp.to_server(connect).to_client(b"HTTP/1.1 200 Connection established\r\n\r\n");
    tcp.to_server(&hello).to_client(&answer).close();
    let mut tcp = Tcp::open(&mut capture, START + SECOND, (&client, 52_031), (&server, 3128));
    tcp.to_server(connect).to_client(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").close();
    let mut tcp = Tcp::midstream(&mut capture, START + 2 * SECOND, (&client, 52_032), (&server, 3128));
    tcp.frame_of(ToServer, connect);
    tcp.frame_of(ToServer, &hello);
    capture
}

/// What a connection becomes: WebSocket, HTTP/2, nothing; and HTTP/2 from the first byte.
fn upgrades() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let asked = [("websocket", true), ("h2c", true), ("websocket", false)];
    for (number, (what, granted)) in asked.into_iter().enumerate() {
        let time = START + number as i64 * SECOND;
        let mut tcp = Tcp::open(&mut capture, time, (&client, 52_040 + number as u16), (&server, 80));
        let ask = format!("GET /live HTTP/1.1\r\nHost: hmi\r\nConnection: Upgrade\r\nUpgrade: {what}\r\n\r\n");
        tcp.to_server(ask.as_bytes());
        if granted {
            tcp.to_client(format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: {what}\r\n\r\n").as_bytes());
            tcp.to_server(&[0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]).to_client(&[0x81, 2, b'o', b'k']);
        } else {
            tcp.to_client(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            tcp.to_server(b"GET /next HTTP/1.1\r\nHost: hmi\r\n\r\n").to_client(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
        tcp.close();
    }
    let mut tcp = Tcp::open(&mut capture, START + 3 * SECOND, (&client, 52_043), (&server, 50_051));
    tcp.to_server(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").to_client(b"\0\0\0\x04\0\0\0\0\0").close();
    capture
}

/// Damaged chunks and lengths, a head over the limit, and other protocols on HTTP's port.
fn odd() -> Capture {
    let (client, server) = hosts();
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 52_050), (&server, 8080));
    tcp.to_server(b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\nGET /b HTTP/1.1\r\n\r\n");
    tcp.to_client(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx\r\nHTTP/1.1 204 No Content\r\n\r\n",
    );
    let long = format!("GET /c HTTP/1.1\r\nHost: hmi\r\nX-Long: {}\r\n\r\n", "x".repeat(20_000));
    tcp.to_server(long.as_bytes())
        .to_client(b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n\r\n");
    tcp.close();
    let mut tcp = Tcp::open(&mut capture, START + SECOND, (&client, 52_051), (&server, 80));
    tcp.to_server(b"GET nothing of the kind\r\n").to_client(b"what?\r\n").close();
    let mut tcp = Tcp::open(&mut capture, START + 2 * SECOND, (&client, 52_052), (&server, 80));
    tcp.to_server(b"SSH-2.0-OpenSSH_9.2\r\n").to_client(b"SSH-2.0-OpenSSH_9.2\r\n").close();
    capture
}

/// Every capture by name.
pub(super) fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("exchanges", exchanges()),
        ("gaps", gaps()),
        ("credentials", credentials()),
        ("tunnels", tunnels()),
        ("upgrades", upgrades()),
        ("odd", odd()),
    ]
}
