//! The bytes that a protocol's messages are said to begin with, against what its own judgement says: whoever is not asked because of
//! them would have said no. `PICKET_FULL_SCALE=1` takes more messages.

use picket_agent::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_dissect::opening::Opening;
use picket_dissect::{Head, Probe, recognise, registry};
use picket_event::Transport;
use picket_packet::{Upper, decode};
use picket_tests::encoders::{ENCODERS, Over, Random};
use picket_tests::place::{files, repository, scale};
use std::collections::BTreeSet;
use std::path::Path;

/// Bytes of a message that are looked at.
const MESSAGE: usize = 1_600;

/// A candidate by its name, with its own judgement.
struct Judge {
    name: String,
    transports: &'static [Transport],
    opening: Opening,
    probe: Box<dyn Fn(&Head<'_>) -> Probe>,
}

fn judges() -> Vec<Judge> {
    let dissectors = registry::ALL.iter().map(|entry| Judge {
        name: entry.dissector.protocol().name().to_owned(),
        transports: entry.home.transports,
        opening: entry.opening,
        probe: Box::new(|head| entry.dissector.probe(head)),
    });
    let signatures = recognise::ALL.iter().map(|signature| Judge {
        name: signature.protocol.name().to_owned(),
        transports: signature.transports,
        opening: signature.opening,
        probe: Box::new(signature.probe),
    });
    dissectors.chain(signatures).collect()
}

/// The payloads of a capture.
fn payloads(path: &Path, found: &mut BTreeSet<Vec<u8>>) {
    let mut source = FileSource::open(path).unwrap();
    let mut batch = FrameBatch::new();
    while let Ok(Filled::Frames) = source.fill(&mut batch) {
        for frame in batch.frames() {
            let packet = frame.packet();
            let decoded = decode(&packet);
            if matches!(decoded.upper, Some(Upper::Tcp(_) | Upper::Udp { .. })) {
                found.insert(decoded.payload.get(..MESSAGE).unwrap_or(decoded.payload).to_vec());
            }
        }
    }
}

/// Messages of every protocol there is an encoder or a capture of.
fn messages() -> Vec<Vec<u8>> {
    let mut found = BTreeSet::new();
    for encoder in ENCODERS.iter().filter(|encoder| matches!(encoder.over, Over::Ip(_))) {
        for seed in 0..scale(10, 300) {
            let (asks, says) = (encoder.make)(&mut Random::new(seed));
            found.extend([asks, says]);
        }
    }
    for capture in files(&repository().join("common/dissect/src"), &["pcap", "pcapng"]) {
        payloads(&capture, &mut found);
    }
    found.remove(&Vec::new());
    found.into_iter().collect()
}

#[test]
fn who_is_not_asked_would_have_said_no() {
    let messages = messages();
    assert!(messages.len() > 1_000, "{} messages", messages.len());
    let (mut asked, mut wrong) = (0u64, BTreeSet::new());
    for judge in judges() {
        let outside: Vec<u8> = (0..=u8::MAX).filter(|byte| !judge.opening.has(*byte)).collect();
        let (Some(first), transports) = (outside.first(), judge.transports) else { continue };
        let mut other = messages.iter().cycle().skip(messages.len() / 3).cloned();
        for message in &messages {
            let (mut message, mut other) = (message.clone(), other.next().unwrap_or_default());
            other[0] = *first;
            for byte in &outside {
                message[0] = *byte;
                let sides = [(&message[..], &[][..]), (&[], &message), (&message, &other), (&other, &message)];
                for (to_server, to_client) in sides {
                    for transport in transports.iter().filter(|met| [Transport::TCP, Transport::UDP].contains(met)) {
                        asked += 1;
                        let said = (judge.probe)(&Head { transport: *transport, to_server, to_client });
                        if matches!(said, Probe::Yes { .. }) {
                            wrong.insert(format!("{} over {transport}: {byte:02x}", judge.name));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "begin otherwise than is said of them: {wrong:#?}");
    eprintln!("asked {asked} times of {} messages", messages.len());
}
