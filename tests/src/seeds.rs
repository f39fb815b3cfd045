//! Where fuzzing begins: for every target inputs in its form, made from the golden captures and from what the makers here write.

use crate::make::{Capture, Host, Wrap};
use crate::place::{files, repository};
use picket_agent::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_dissect::registry;
use picket_event::wire::{BatchWriter, Class, EnrolmentToken, HEADER_BYTES, encode_gap};
use picket_event::{AgentId, Event, Site, Transport, eve};
use picket_packet::{Upper, decode};
use picket_score::manifest::{Condition, Rule};
use picket_score::{DEFAULT_BUNDLE, Manifest, bundle};
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;

/// Longest seed: fuzzing begins with short inputs.
const SEED_BYTES: usize = 4096;
/// Longest piece of a conversation: its length is seven bits.
const PIECE: usize = 127;

/// The seeds of a target, with a name each.
///
/// # Panics
/// Where a golden capture cannot be read, or there is no such target.
#[must_use]
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    match target {
        "capture" => captures(),
        "frames" => frames(),
        "reassembly" => reassembly(),
        "dissector" => conversations(),
        "description" => descriptions(),
        "bundle" => bundles(),
        "wire" => wire(),
        other => panic!("no seeds are made for {other}"),
    }
}

/// Every golden capture of the repository.
fn goldens() -> Vec<std::path::PathBuf> {
    files(&repository().join("common/dissect/src"), &["pcap", "pcapng"])
}

fn stem(path: &Path) -> String {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("seed").to_owned()
}

/// The frames of a capture with their times; what is damaged on purpose ends at the damage.
fn frames_of(path: &Path) -> Vec<(i64, Vec<u8>)> {
    let mut source = FileSource::open(path).unwrap_or_else(|error| panic!("{error}"));
    let mut batch = FrameBatch::new();
    let mut found = Vec::new();
    while let Ok(Filled::Frames) = source.fill(&mut batch) {
        found.extend(batch.frames().map(|frame| (frame.time.nanos(), frame.bytes.to_vec())));
    }
    found
}

/// A pcapng file of the same frames, with nanoseconds: section header, interface, enhanced packets.
fn pcapng(frames: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padding = vec![0; body.len().wrapping_neg() % 4];
        let total = u32::try_from(12 + body.len() + padding.len()).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &total, body, &padding, &total].concat()
    };
    let mut out = block(0x0a0d_0d0a, &[&0x1a2b_3c4du32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    out.extend(block(1, &[1, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]));
    for (time, frame) in frames {
        let (high, low) = ((time >> 32) as u32, *time as u32);
        let length = u32::try_from(frame.len()).unwrap();
        let head: Vec<u8> = [0, high, low, length, length].iter().flat_map(|word| word.to_le_bytes()).collect();
        out.extend(block(6, &[head.as_slice(), frame].concat()));
    }
    out
}

fn captures() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for path in goldens().into_iter().step_by(12) {
        let frames: Vec<_> = frames_of(&path).into_iter().take(6).collect();
        let mut capture = Capture::default();
        frames.iter().for_each(|(time, frame)| capture.push(*time, frame.clone()));
        for (form, plain) in [("pcap", capture.to_pcap()), ("pcapng", pcapng(&frames))] {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(&plain).unwrap();
            let packed = [("", plain.clone()), (".gz", gzip.finish().unwrap())];
            let zstd = (".zst", zstd::bulk::compress(&plain, 3).unwrap());
            for (coding, bytes) in packed.into_iter().chain([zstd]) {
                if bytes.len() <= SEED_BYTES {
                    seeds.push((format!("{}.{form}{coding}", stem(&path)), bytes));
                }
            }
        }
    }
    seeds
}

/// Link types with what stands before an Ethernet frame's payload in them; `None` for its type's place.
const LINKS: &[(u16, &[Option<u8>])] = &[
    (0, &[Some(2), Some(0), Some(0), Some(0)]),
    (9, &[Some(0xff), Some(3), Some(0), Some(0x21)]),
    (12, &[]),
    (101, &[]),
    (104, &[Some(0x0f), Some(0), None, None]),
    (105, &[Some(8), Some(0), Some(0), Some(0)]),
    (108, &[Some(0), Some(0), Some(0), Some(2)]),
    (
        113,
        &[Some(0), Some(0), Some(0), Some(1), Some(0), Some(6), Some(2), Some(0), Some(0), Some(0), Some(0), Some(2)],
    ),
    (
        127,
        &[Some(0), Some(0), Some(8), Some(0), Some(0), Some(0), Some(0), Some(0), Some(8), Some(0), Some(0), Some(0)],
    ),
    (276, &[None, None, Some(0), Some(0), Some(0), Some(0), Some(0), Some(1), Some(0), Some(1), Some(0), Some(6)]),
];

/// The same frame under another link type.
fn relinked(link_type: u16, prefix: &[Option<u8>], frame: &[u8]) -> Vec<u8> {
    let (head, payload) = frame.split_at(frame.len().min(14));
    let kind = head.get(12..14).unwrap_or(&[8, 0]);
    let mut kinds = kind.iter();
    let mut out: Vec<u8> = prefix.iter().map(|byte| byte.unwrap_or_else(|| *kinds.next().unwrap_or(&0))).collect();
    match link_type {
        // The rest of an 802.11 header, then LLC and SNAP.
        105 | 127 => out.extend([[2; 20].as_slice(), &[0xaa, 0xaa, 3, 0, 0, 0], kind].concat()),
        // Address, and the type at the end.
        113 => out.extend([[0, 0].as_slice(), kind].concat()),
        276 => out.extend([2, 0, 0, 0, 0, 1, 0, 0]),
        _ => {}
    }
    out.extend(payload);
    out
}

/// Frames in the form of the target `frames`.
fn line(switches: u8, link_type: u16, frames: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let mut seed = vec![switches];
    seed.extend(link_type.to_le_bytes());
    for (_, frame) in frames {
        if seed.len() + frame.len() > SEED_BYTES {
            break;
        }
        seed.push(20);
        seed.extend(u16::try_from(frame.len()).unwrap_or(u16::MAX).to_le_bytes());
        seed.extend(frame);
    }
    seed
}

fn frames() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let (near, far) = (Host::new(91, "192.0.2.91"), Host::new(92, "192.0.2.92"));
    for (number, path) in goldens().iter().enumerate() {
        let frames = frames_of(path);
        let name = stem(path);
        seeds.push((name.clone(), line(number as u8 & 15, 1, &frames)));
        let wrap = Wrap::ALL[number % Wrap::ALL.len()];
        let mut capture = Capture::default();
        frames.iter().take(8).for_each(|(time, frame)| capture.push(*time, frame.clone()));
        let outer = |capture: &Capture| capture.sorted().into_iter().cloned().collect::<Vec<_>>();
        if frames.iter().all(|(_, frame)| frame.get(12..14).is_some_and(|k| matches!(k, [8, 0] | [0x86, 0xdd]))) {
            seeds.push((format!("{name}-{wrap:?}"), line(2, 1, &outer(&capture.through(wrap, &near, &far)))));
            if number % 4 == 0 {
                seeds.push((format!("{name}-fragments"), line(0, 1, &outer(&capture.fragmented(64)))));
            }
        }
        let (link_type, prefix) = LINKS[number % LINKS.len()];
        let others: Vec<_> = frames.iter().map(|(time, frame)| (*time, relinked(link_type, prefix, frame))).collect();
        seeds.push((format!("{name}-link-{link_type}"), line(0, link_type, &others)));
    }
    seeds
}

/// Segments and fragments in order, backwards, twice, with what is refused between them.
fn reassembly() -> Vec<(String, Vec<u8>)> {
    let step = |what: u8, offset: u16, length: u8| [[what].as_slice(), &offset.to_le_bytes(), &[length]].concat();
    let data = 0x40 | 5 << 1;
    let forward: Vec<_> = (0..12u16).map(|i| step(data | (i & 1) as u8, i / 2 * 100, 100)).collect();
    let backward: Vec<_> = (0..12u16).rev().map(|i| step(data, i * 100, 120)).collect();
    let acknowledged: Vec<_> = (0..6u16).map(|i| step(data | 0x20 | (i & 1) as u8, i * 300, 50)).collect();
    let odd: Vec<_> = (0..12u16).map(|i| step(0x40 | (i as u8) << 1, i * 40, 60)).collect();
    let pieces: Vec<_> = (0..6u16).map(|i| step(if i == 5 { 2 } else { 0 }, i * 8, 8)).collect();
    let back: Vec<_> = pieces.iter().rev().cloned().collect();
    let all = [(0, forward), (0, backward), (0, acknowledged), (0, odd), (1, pieces), (1, back)];
    let named = |(number, (choice, steps)): (usize, (u8, Vec<Vec<u8>>))| {
        (format!("steps-{number}"), [vec![choice], steps.concat()].concat())
    };
    all.into_iter().enumerate().map(named).collect()
}

fn conversations() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (number, registry::Entry { dissector, home, .. }) in registry::ALL.iter().enumerate() {
        let name = dissector.protocol().name().to_owned();
        let folder = repository().join("common/dissect/src").join(&name).join("golden");
        for capture in files(&folder, &["pcap", "pcapng"]) {
            for (at, transport) in home.transports.iter().enumerate() {
                let seed = conversation(&capture, (number << 1 | (at & 1)) as u8, *transport);
                if seed.len() > 1 {
                    seeds.push((format!("{name}-{}-{transport}", stem(&capture)), seed));
                }
            }
        }
    }
    seeds
}

/// The payloads of a capture over one transport, as pieces with a byte of direction and length before each.
fn conversation(capture: &Path, choice: u8, wanted: Transport) -> Vec<u8> {
    let mut seed = vec![choice];
    let mut client: Option<(IpAddr, u16)> = None;
    for (time_ns, data) in frames_of(capture) {
        let wire_len = picket_packet::WireLen(u32::try_from(data.len()).unwrap_or(u32::MAX));
        let decoded = decode(&picket_packet::Frame { time_ns, link_type: 1, wire_len, data: &data });
        let (Some(network), Some(upper)) = (decoded.network, decoded.upper) else { continue };
        let (transport, port) = match upper {
            Upper::Tcp(tcp) => (Transport::TCP, tcp.src_port),
            Upper::Udp { src_port, .. } => (Transport::UDP, src_port),
            _ => continue,
        };
        if transport != wanted || decoded.payload.is_empty() {
            continue;
        }
        let from = (network.src, port);
        let answers = u8::from(*client.get_or_insert(from) != from);
        for piece in decoded.payload.chunks(PIECE) {
            if seed.len() + piece.len() >= SEED_BYTES {
                return seed;
            }
            seed.push((piece.len() as u8) << 1 | answers);
            seed.extend_from_slice(piece);
        }
    }
    seed
}

/// Parts with their lengths before them.
fn parts(parts: &[&[u8]]) -> Vec<u8> {
    let length = |part: &[u8]| u16::try_from(part.len()).unwrap_or(u16::MAX).to_le_bytes();
    parts.iter().flat_map(|part| [length(part).as_slice(), part].concat()).collect()
}

fn descriptions() -> Vec<(String, Vec<u8>)> {
    let full = "name = \"acme\"\ntransport = \"tcp\"\n[[constant]]\nat = 0\nvalue = 0x68\nmask = 0xff\n[length]\nat = 1\n\
        width = 2\norder = \"little\"\nplus = 3\n[operation]\nrequest = 3\nresponse = 3\nrelation = { plus = 128 }\n[[code]]\n\
        value = 1\noperation = \"read\"\nname = \"Get\"\n";
    let ft3 = "name = \"b\"\ntransport = \"udp\"\n[length]\nat = 0\nwidth = 1\nft3 = true\n";
    let asked = |number: u8| vec![0x68, 4, 0, 1, number, 0, 9];
    let told = |number: u8| vec![0x68, 5, 0, 0x81, number, 0, 9, number.wrapping_mul(7)];
    let talk: Vec<Vec<u8>> = (0..8).map(|i| if i % 2 == 0 { asked(i) } else { told(i - 1) }).collect();
    [full, ft3, "name = \"c\"\ntransport = \"tcp\"\n[[constant]]\nat = 2\nvalue = 0\n"]
        .iter()
        .enumerate()
        .map(|(number, text)| {
            let pieces: Vec<&[u8]> = talk.iter().map(Vec::as_slice).collect();
            (format!("text-{number}"), parts(&[&[text.as_bytes()], pieces.as_slice()].concat()))
        })
        .collect()
}

/// The default bundle as it is, and a small one with the members and rules that need no numbers.
fn bundles() -> Vec<(String, Vec<u8>)> {
    let length = u32::from_le_bytes([DEFAULT_BUNDLE[8], DEFAULT_BUNDLE[9], DEFAULT_BUNDLE[10], DEFAULT_BUNDLE[11]]);
    let numbers = bundle::tensors(DEFAULT_BUNDLE);
    let text =
        &DEFAULT_BUNDLE[DEFAULT_BUNDLE.len() - numbers.len() - length as usize..DEFAULT_BUNDLE.len() - numbers.len()];
    let whole: Manifest = serde_json::from_slice(text).expect("the default manifest");
    let mut small = Manifest { behaviour: None, self_test: Vec::new(), ..whole };
    small.card = picket_score::manifest::Card::default();
    small.members.retain(|member| format!("{:?}", member.model).starts_with("Feature"));
    small.members.iter_mut().for_each(|member| member.range = None);
    small.rules.truncate(1);
    small.rules.push(Rule {
        name: "r".to_owned(),
        conditions: vec![Condition { feature: "sign_self_signed".to_owned(), least: 1.0, most: 1.0 }],
        hits: 400,
        right: 400,
        sources: 3,
    });
    let manifest = serde_json::to_vec(&small).expect("a manifest");
    let signed = [[1].as_slice(), &parts(&[&manifest]), &numbers[..numbers.len().min(256)]].concat();
    vec![("signed".to_owned(), signed), ("file".to_owned(), [&[0], &DEFAULT_BUNDLE[..2048]].concat())]
}

/// Events of some captures as the records of a frame and as lines; a token; a frame.
fn wire() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for path in goldens().iter().step_by(12) {
        let events = events_of(path);
        let mut writer = BatchWriter::new(Class::Flow).expect("a writer");
        let fitting: Vec<&Event> = events.iter().take(6).filter(|event| writer.push(event).is_ok()).collect();
        let Some(event) = fitting.first() else { continue };
        let frame = writer.finish(1).expect("a frame").bytes;
        let records = zstd::bulk::decompress(&frame[HEADER_BYTES..], 1 << 20).expect("a body");
        seeds.push((format!("{}-records", stem(path)), [&[1, 0], records.as_slice()].concat()));
        let mut text = Vec::new();
        let (agent, site) = (AgentId::new("a"), Site::new("s"));
        eve::write_line(&mut text, event, Some(&agent), Some(&site));
        seeds.push((format!("{}-line", stem(path)), [&[3, 0], text.as_slice()].concat()));
        seeds.push((format!("{}-frame", stem(path)), [&[0, 0], frame.as_slice()].concat()));
    }
    let token =
        EnrolmentToken { id: "t".to_owned(), secret: [1; 32], authority: [2; 32], addresses: vec!["h:1".to_owned()] };
    seeds.push(("token".to_owned(), [&[3, 0], token.to_text().as_bytes()].concat()));
    seeds.push(("gap".to_owned(), [&[0, 0], encode_gap(7, 9).expect("a gap").bytes.as_slice()].concat()));
    for (name, message) in controls() {
        let body = &message[HEADER_BYTES..];
        let records = zstd::bulk::decompress(body, 1 << 20).expect("a body");
        seeds.push((name.to_owned(), [&[2, 0], records.as_slice()].concat()));
    }
    seeds
}

fn controls() -> Vec<(&'static str, Vec<u8>)> {
    use picket_event::wire::{Control, Policy, encode_control};
    let ledger = picket_event::Ledger { frames: 3, bytes: 900, decoded: 3, ..Default::default() };
    [
        ("ack", Control::Ack { epoch: 3, acknowledged: 9 }),
        ("ahead", Control::Ahead { epoch: 3, ranges: vec![(20, 30)] }),
        ("policy", Control::Policy(Policy { group: "g".to_owned(), version: 1, text: "a = 1".to_owned() })),
        ("ledger", Control::Ledger(Box::new(ledger))),
        ("renewal", Control::Renewal(vec![0x30; 40])),
    ]
    .into_iter()
    .map(|(name, message)| (name, encode_control(&message).expect("a message").bytes))
    .collect()
}

fn events_of(path: &Path) -> Vec<Event> {
    let mut sensor = picket_agent::sensor::Sensor::new(&picket_agent::sensor::Settings::file("seed"));
    let mut events = Vec::new();
    for (time_ns, data) in frames_of(path) {
        let wire_len = picket_packet::WireLen(u32::try_from(data.len()).unwrap_or(u32::MAX));
        sensor.frame(picket_packet::Frame { time_ns, link_type: 1, wire_len, data: &data }, &mut events);
    }
    sensor.finish(&mut events);
    events
}
