//! Golden captures as payloads, a driver, and a generator of mutations.

use picket_dissect::{Context, Conversation, Output};
use picket_event::{Body, Direction, Endpoints, Mac, Timestamp, Transport};
use std::path::Path;

/// One segment or datagram of a golden capture.
#[derive(Clone, Debug)]
pub struct Piece {
    pub direction: Direction,
    pub bytes: Vec<u8>,
}

/// One conversation of a golden capture.
#[derive(Clone, Debug)]
pub struct Golden {
    pub name: String,
    pub transport: Transport,
    pub ports: (u16, u16),
    /// The type of a conversation below IP; transport and ports mean nothing then.
    pub ether_type: Option<u16>,
    pub pieces: Vec<Piece>,
}

impl Golden {
    pub fn context(&self) -> Context {
        if self.ether_type.is_some() {
            let (src, dest) = (Some(Mac([2, 0, 0, 0, 0, 1])), Some(Mac([2, 0, 0, 0, 0, 2])));
            let endpoints = Endpoints::Link { src, dest, ether_type: self.ether_type, link_type: 1 };
            return Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
        }
        let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let (src_port, dest_port) = self.ports;
        let endpoints = Endpoints::Ip { src, src_port, dest, dest_port, transport: self.transport };
        Context { time: Timestamp::EPOCH, endpoints, opener_seen: true }
    }
}

/// Every conversation of a protocol's golden captures. The captures are Ethernet and in order; above it is IPv4,
/// IPv6 without extensions, or a protocol of the link, whose frames are one conversation for each sender.
pub fn goldens(protocol: &str) -> Vec<Golden> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let own = source.join(protocol).join("golden");
    // Protocols that one folder reads share its captures; theirs begin with their names.
    let shared = !own.is_dir();
    let folder = match protocol {
        _ if !shared => own,
        "umas" => source.join("modbus/golden"),
        _ => source.join("starttls/golden"),
    };
    let prefix = if shared { format!("{protocol}-") } else { String::new() };
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "pcap"))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)))
        .collect();
    paths.sort();
    paths.iter().flat_map(|path| conversations(path)).collect()
}

fn conversations(path: &Path) -> Vec<Golden> {
    let bytes = std::fs::read(path).unwrap();
    let mut found: Vec<Golden> = Vec::new();
    let mut rest = &bytes[24..];
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let frame = &rest[16..16 + length];
        rest = &rest[16 + length..];
        let kind = u16::from_be_bytes([frame[12], frame[13]]);
        let name = path.file_name().unwrap().to_string_lossy();
        if !matches!(kind, 0x0800 | 0x86dd) {
            below(&mut found, &name, kind, frame);
            continue;
        }
        let (protocol, segment) = if kind == 0x0800 {
            let ip = &frame[14..];
            let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
            (ip[9], &ip[usize::from(ip[0] & 15) * 4..total])
        } else {
            (frame[20], &frame[54..])
        };
        // ICMP has no ports; its type stands in their place, its message begins behind the checksum.
        let word = |at: usize| u16::from_be_bytes([segment[at], segment[at + 1]]);
        let (from, to) = if protocol == 58 { (segment[0].into(), 0) } else { (word(0), word(2)) };
        let header = match protocol {
            6 => usize::from(segment[12] >> 4) * 4,
            58 => 4,
            _ => 8,
        };
        let name = format!("{name} {}", from.max(to));
        // Clients of the captures have the higher ports.
        let (ports, direction) =
            if from >= to { ((from, to), Direction::ToServer) } else { ((to, from), Direction::ToClient) };
        let at = found.iter().position(|golden| golden.ports == ports).unwrap_or_else(|| {
            found.push(Golden { name, transport: Transport(protocol), ports, ether_type: None, pieces: Vec::new() });
            found.len() - 1
        });
        if segment.len() > header {
            found[at].pieces.push(Piece { direction, bytes: segment[header..].to_vec() });
        }
    }
    found.retain(|golden| !golden.pieces.is_empty());
    found
}

/// A frame of a protocol below IP.
fn below(found: &mut Vec<Golden>, name: &str, kind: u16, frame: &[u8]) {
    let (ether_type, payload) = match (kind, &frame[14..]) {
        (0..0x0600, [0xaa, 0xaa, 3, _, _, _, high, low, rest @ ..]) => (u16::from_be_bytes([*high, *low]), rest),
        (0..0x0600, payload) => (payload[0].into(), payload),
        (_, payload) => (kind, payload),
    };
    let name = format!("{name} {ether_type:#06x} {:02x?}", &frame[6..12]);
    let at = found.iter().position(|golden| golden.name == name).unwrap_or_else(|| {
        found.push(Golden {
            name,
            transport: Transport(0),
            ports: (0, 0),
            ether_type: Some(ether_type),
            pieces: Vec::new(),
        });
        found.len() - 1
    });
    found[at].pieces.push(Piece { direction: Direction::ToServer, bytes: payload.to_vec() });
}

/// What came out of a conversation.
#[derive(Debug, Default)]
pub struct Said {
    pub events: Vec<Body>,
    pub malformed: usize,
    pub misbehaved: u32,
}

/// Gives pieces to a conversation and ends it.
pub fn run(mut conversation: Conversation, context: &Context, pieces: &[Piece]) -> Said {
    let mut said = Said::default();
    let mut output = Output::default();
    let stream = matches!(context.endpoints, Endpoints::Ip { transport: Transport::TCP, .. });
    for piece in pieces {
        if stream {
            conversation.stream(piece.direction, &piece.bytes, context, &mut output);
        } else {
            conversation.datagram(piece.direction, &piece.bytes, context, &mut output);
        }
        take(&mut said, &mut output);
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, context, &mut output);
    }
    take(&mut said, &mut output);
    said
}

fn take(said: &mut Said, output: &mut Output) {
    said.events.append(&mut output.events);
    said.malformed += output.malformed.len();
    said.misbehaved += output.misbehaved;
    output.clear();
}

/// Numbers from a seed (xorshift64*, Vigna 2016).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Damages pieces: flips, overwrites, cuts, repeats, drops, exchanges, splits.
pub fn mutate(pieces: &mut Vec<Piece>, random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        if pieces.is_empty() {
            return;
        }
        let at = random.below(pieces.len());
        let length = pieces[at].bytes.len();
        match random.below(9) {
            0 | 1 if length > 0 => pieces[at].bytes[random.below(length)] ^= 1 << random.below(8),
            2 if length > 0 => pieces[at].bytes[random.below(length)] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            3 if length > 1 => {
                let place = random.below(length - 1);
                let value = (random.next() as u16).to_be_bytes();
                pieces[at].bytes[place..place + 2].copy_from_slice(&value);
            }
            4 => pieces[at].bytes.truncate(random.below(length)),
            5 => {
                let copy = pieces[at].clone();
                pieces.insert(at, copy);
            }
            6 => {
                pieces.remove(at);
            }
            7 => {
                let other = random.below(pieces.len());
                pieces.swap(at, other);
            }
            _ => {
                let tail = pieces[at].bytes.split_off(random.below(length + 1));
                let direction = pieces[at].direction;
                pieces.insert(at + 1, Piece { direction, bytes: tail });
            }
        }
    }
}
