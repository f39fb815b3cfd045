//! Three weeks of a small plant, as a capture: the baseline of the demonstration, and what breaks it.
//!
//! Office hours with people at six workstations; an operator station that polls three controllers day and night; an
//! engineering station that writes set points on weekday mornings. On the last day, in the night, a workstation writes to a
//! controller (only a baseline can know that it never did); and another calls a server with a self-signed certificate and a
//! bare hello again and again (the sensor's classifiers see that). Both can be left out.

use crate::make::message::{Hello, certificates, dns_answer, dns_query, modbus, server_hello, tls_record};
use crate::make::{Capture, Host, Tcp, udp};

/// What stands in the capture.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Days of ordinary behaviour; the last is the one that is broken.
    pub days: u32,
    /// Whether a workstation writes to a controller in the last night.
    pub night_writer: bool,
    /// Whether a workstation calls a server with the marks of malware.
    pub beacon: bool,
}

/// Monday, 2026-03-02T00:00:00Z.
pub const START_NS: i64 = 1_772_409_600_000_000_000;

/// Who the night writer is, and whom it writes to.
pub const NIGHT_WRITER: &str = "10.10.10.23";
/// The controller that is written to.
pub const WRITTEN_CONTROLLER: &str = "10.10.101.12";
/// Who calls the server with the self-signed certificate.
pub const BEACON_CLIENT: &str = "10.10.10.25";
/// That server.
pub const BEACON_SERVER: &str = "203.0.113.66";

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A small generator of even numbers, the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below.max(1).unsigned_abs()) as i64
    }
}

struct Plant {
    workstations: Vec<Host>,
    intranet: Host,
    resolver: Host,
    outside: Vec<Host>,
    operator: Host,
    engineer: Host,
    controllers: Vec<Host>,
}

impl Plant {
    fn new() -> Self {
        let numbered = |count: u32, first: u32, prefix: &str, from: u32| {
            (0..count).map(|n| Host::new(first + n, &format!("{prefix}{}", from + n))).collect::<Vec<_>>()
        };
        Self {
            workstations: numbered(6, 20, "10.10.10.", 20),
            intranet: Host::new(40, "10.10.20.10"),
            resolver: Host::new(41, "10.10.20.53"),
            outside: numbered(5, 60, "198.51.100.", 10),
            operator: Host::new(50, "10.10.100.10"),
            engineer: Host::new(51, "10.10.100.20"),
            controllers: numbered(3, 70, "10.10.101.", 11),
        }
    }
}

impl Scenario {
    /// The whole of it: three weeks and both breaks.
    #[must_use]
    pub const fn full() -> Self {
        Self { days: 22, night_writer: true, beacon: true }
    }

    /// Makes the capture. The same scenario gives the same bytes.
    #[must_use]
    pub fn capture(&self) -> Capture {
        let plant = Plant::new();
        let mut capture = Capture::default();
        let mut dice = Dice(20_260_302);
        for day in 0..i64::from(self.days) {
            let midnight = START_NS + day * DAY;
            poll_controllers(&mut capture, &plant, midnight, &mut dice);
            if day % 7 < 5 {
                office_day(&mut capture, &plant, midnight, &mut dice);
                set_points(&mut capture, &plant, midnight + 9 * HOUR + dice.roll(40 * MINUTE));
            }
        }
        let last = START_NS + i64::from(self.days.saturating_sub(1)) * DAY;
        if self.night_writer {
            night_writer(&mut capture, &plant, last + 3 * HOUR + 12 * MINUTE);
        }
        if self.beacon {
            beacon(&mut capture, last + 14 * HOUR);
        }
        capture
    }
}

/// One connection an hour to each controller, six polls each.
fn poll_controllers(capture: &mut Capture, plant: &Plant, midnight: i64, dice: &mut Dice) {
    for hour in 0..24 {
        for (index, controller) in plant.controllers.iter().enumerate() {
            let start = midnight + hour * HOUR + 60 * SECOND * index as i64 + dice.roll(20 * SECOND);
            let port = 40_000 + (hour as u16) * 8 + index as u16;
            let mut tcp = Tcp::open(capture, start, (&plant.operator, port), (controller, 502));
            for poll in 0..6u16 {
                tcp.to_server(&modbus(poll, 1, &[3, 0, 100, 0, 4]));
                tcp.to_client(&modbus(poll, 1, &[3, 8, 0, 10, 0, 20, 0, dice.roll(50) as u8, 0, 40]));
                tcp.wait(10 * SECOND);
            }
            tcp.close();
        }
    }
}

/// Weekday mornings: the engineering station writes one set point to each controller.
fn set_points(capture: &mut Capture, plant: &Plant, start: i64) {
    for (index, controller) in plant.controllers.iter().enumerate() {
        let at = start + index as i64 * 30 * SECOND;
        let mut tcp = Tcp::open(capture, at, (&plant.engineer, 51_000 + index as u16), (controller, 502));
        write_register(&mut tcp, 1, 200, 650);
        tcp.close();
    }
}

fn write_register(tcp: &mut Tcp<'_>, transaction: u16, register: u16, value: u16) {
    let pdu = [&[16], register.to_be_bytes().as_slice(), &[0, 1, 2], &value.to_be_bytes()].concat();
    tcp.to_server(&modbus(transaction, 1, &pdu));
    tcp.to_client(&modbus(transaction, 1, &[&[16], register.to_be_bytes().as_slice(), &[0, 1]].concat()));
    tcp.wait(2 * SECOND);
}

/// From eight to six, every workstation looks up names and uses the intranet and the web.
fn office_day(capture: &mut Capture, plant: &Plant, midnight: i64, dice: &mut Dice) {
    for (index, workstation) in plant.workstations.iter().enumerate() {
        for hour in 8..18 {
            for visit in 0..2 {
                let start = midnight + hour * HOUR + dice.roll(55 * MINUTE);
                let outside = &plant.outside[dice.roll(plant.outside.len() as i64) as usize];
                let name = format!("www{}.example.com", dice.roll(9));
                let port = 49_152 + dice.roll(12_000) as u16;
                let id = dice.roll(65_536) as u16;
                udp(capture, start, (workstation, port), (&plant.resolver, 53), &dns_query(id, &name, 1));
                let answer = dns_answer(id, &name, Some([198, 51, 100, 10]));
                udp(capture, start + 3_000_000, (&plant.resolver, 53), (workstation, port), &answer);
                let server = if (visit + index) % 2 == 0 { &plant.intranet } else { outside };
                browse(capture, start + 10_000_000, (workstation, port), server, &name, dice);
            }
        }
    }
}

/// A TLS 1.3 visit as a browser makes it: a full hello, and encrypted records both ways.
fn browse(capture: &mut Capture, start: i64, client: (&Host, u16), server: &Host, name: &str, dice: &mut Dice) {
    let hello = Hello {
        sni: name,
        alpn: &["h2", "http/1.1"],
        ciphers: &[
            0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d,
            0x002f, 0x0035,
        ],
        groups: &[0x001d, 0x0017, 0x0018],
        signatures: &[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
        extra: &[5, 23, 35, 18, 27, 45, 0xff01],
        tls13: true,
    };
    let mut tcp = Tcp::open(capture, start, client, (server, 443));
    tcp.to_server(&hello.record(dice.roll(250) as u8));
    let mut flight = server_hello(0x1301, dice.roll(250) as u8);
    flight.extend(tls_record(23, &vec![0x5a; 2400 + dice.roll(800) as usize]));
    tcp.to_client(&flight);
    for _ in 0..1 + dice.roll(3) {
        tcp.to_server(&tls_record(23, &vec![0xa5; 300 + dice.roll(400) as usize]));
        tcp.to_client(&tls_record(23, &vec![0x3c; 1000 + dice.roll(9000) as usize]));
        tcp.wait(dice.roll(5 * SECOND));
    }
    tcp.close();
}

/// Thirty writes from a workstation that never spoke to a controller.
fn night_writer(capture: &mut Capture, plant: &Plant, start: i64) {
    let writer = &plant.workstations[3];
    let controller = &plant.controllers[1];
    let mut tcp = Tcp::open(capture, start, (writer, 50_222), (controller, 502));
    for transaction in 0..30 {
        write_register(&mut tcp, transaction, 300 + transaction, 1000);
    }
    tcp.close();
}

/// Sixteen calls, one a minute.
fn beacon(capture: &mut Capture, start: i64) {
    let client = Host::new(25, BEACON_CLIENT);
    let server = Host::new(90, BEACON_SERVER);
    for call in 0..16 {
        beacon_call(capture, start + i64::from(call) * MINUTE, &client, &server, call);
    }
}

/// A call to a server with a self-signed certificate; the hello names nobody and offers little.
pub fn beacon_call(capture: &mut Capture, start: i64, client: &Host, server: &Host, call: u16) {
    let hello = Hello {
        sni: "",
        alpn: &[],
        ciphers: &[
            0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013, 0x009d,
            0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a,
        ],
        groups: &[0x001d, 0x0017, 0x0018],
        signatures: &[0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0201, 0x0403, 0x0503, 0x0203, 0x0202, 0x0601, 0x0603],
        extra: &[23, 0xff01],
        tls13: false,
    };
    let mut tcp = Tcp::open(capture, start, (client, 52_000 + call % 10_000), (server, 4443));
    tcp.to_server(&hello.record(call as u8));
    let mut flight = server_hello(0xc030, (call as u8).wrapping_add(100));
    flight.extend(certificates(&[self_signed()]));
    tcp.to_client(&flight);
    tcp.to_server(&tls_record(20, &[1]));
    tcp.to_client(&tls_record(20, &[1]));
    tcp.to_server(&tls_record(23, &[0x77; 230]));
    tcp.to_client(&tls_record(23, &[0x88; 180]));
    tcp.close();
}

/// A self-signed certificate without alternative names or extensions, as DER: RFC 5280 written out by hand so that the same
/// scenario gives the same bytes. Its signature is not valid, and nothing in the line checks signatures.
fn self_signed() -> Vec<u8> {
    let der = |tag: u8, content: &[u8]| {
        let mut out = vec![tag];
        match content.len() {
            short if short < 128 => out.push(short as u8),
            long => out.extend([0x82, (long >> 8) as u8, long as u8]),
        }
        out.extend(content);
        out
    };
    let name = || {
        let common_name = der(0x30, &[der(0x06, &[0x55, 4, 3]), der(0x0c, b"localhost")].concat());
        der(0x30, &der(0x31, &common_name))
    };
    let sha256_with_rsa = der(0x30, &[der(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]), vec![5, 0]].concat());
    let validity = der(0x30, &[der(0x17, b"260301000000Z"), der(0x17, b"360227000000Z")].concat());
    let modulus: Vec<u8> = (0..257u16).map(|at| if at == 0 { 0 } else { (at * 37 % 251) as u8 | 1 }).collect();
    let rsa = der(0x30, &[der(0x02, &modulus), der(0x02, &[1, 0, 1])].concat());
    let rsa_oid = der(0x30, &[der(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]), vec![5, 0]].concat());
    let key = der(0x30, &[rsa_oid, der(0x03, &[vec![0], rsa].concat())].concat());
    let version = der(0xa0, &der(0x02, &[2]));
    let body =
        [version, der(0x02, &[0x41, 0x07, 0x99]), sha256_with_rsa.clone(), name(), validity, name(), key].concat();
    let signature = der(0x03, &[vec![0], vec![0x5e; 256]].concat());
    der(0x30, &[der(0x30, &body), sha256_with_rsa, signature].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_scenario_gives_the_same_bytes() {
        let small = Scenario { days: 2, night_writer: true, beacon: true };
        let bytes = small.capture().to_pcap();
        assert_eq!(bytes, small.capture().to_pcap());
        let calm = Scenario { night_writer: false, beacon: false, ..small };
        assert!(calm.capture().frames() + 100 < small.capture().frames());
    }
}
