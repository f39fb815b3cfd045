//! Every industrial fingerprint against messages of encoders that know nothing of it, on ports that mean nothing: all are
//! named, none is anybody else's, and random bytes are nobody's. `PICKET_FULL_SCALE=1` takes ten times as many and more.

use picket_dissect::{Context, Conversation, Head, Output, Probe, link, recognise, registry};
use picket_event::{Direction, Endpoints, Mac, Method, Protocol, Timestamp, Transport};
use picket_tests::encoders::{ENCODERS, Encoder, Exchange, Over, Random};
use picket_tests::place::scale;
use std::collections::BTreeMap;

use Direction::{ToClient, ToServer};

/// Exchanges of each encoder.
const EXCHANGES: u64 = 1_000;
/// How often a fingerprint may be wrong on what is not its own.
const FALSE_RATE: f64 = 1e-6;

/// Messages that name nothing when they are all that is seen, of a protocol in one of its forms, and why. With what they answer,
/// or what answers them, they do.
const LONE: &[(Protocol, &str, &str)] = &[
    (Protocol::COAP, "", "four bytes and a token: an answer has no more that is CoAP's own (RFC 7252 section 3)"),
    (Protocol::COAP, "tcp", "a length, a code and a token, for the same reason (RFC 8323 section 3.2)"),
    (Protocol::GENISYS, "", "a poll or an acknowledgement without a checksum has three bytes, two of them fixed"),
    (
        Protocol::MMS,
        "",
        "a refusal is numbered as that of any protocol of ISO's remote operations (ISO 9506-2, ISO/IEC 9072)",
    ),
    (Protocol::MELSEC, "1e over tcp", "an answer is a code and what was asked for, of whatever length that is"),
    (Protocol::MELSEC, "1e over udp", "the same"),
];

/// A conversation of these messages: what it is called once it is over.
fn called(over: Over, lines: &[(Direction, &[u8])]) -> Protocol {
    let endpoints = match over {
        Over::Ip(transport) => {
            let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
            Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 50_001, transport }
        }
        Over::Link(ether_type) => {
            let (src, dest) = (Some(Mac([2, 0, 0, 0, 0, 1])), Some(Mac([2, 0, 0, 0, 0, 2])));
            Endpoints::Link { src, dest, ether_type: Some(ether_type), link_type: 1 }
        }
    };
    let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let (mut conversation, mut output) = (Conversation::new(&endpoints), Output::default());
    for (direction, bytes) in lines {
        if over == Over::Ip(Transport::TCP) {
            conversation.stream(*direction, bytes, &context, &mut output);
        } else {
            conversation.datagram(*direction, bytes, &context, &mut output);
        }
    }
    for direction in [ToServer, ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    assert_eq!(output.misbehaved, 0);
    let app = conversation.app();
    assert!(app.method != Some(Method::Port) || app.protocol == Protocol::UNKNOWN, "{app:?}");
    app.protocol
}

fn exchange(encoder: &Encoder, seed: u64) -> Exchange {
    (encoder.make)(&mut Random::new(seed))
}

fn shown(bytes: &[u8]) -> String {
    bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_message_of_an_independent_encoder_is_named() {
    let (mut problems, mut total) = (Vec::new(), 0);
    for encoder in ENCODERS {
        let own = &encoder.protocol;
        let lone = LONE.iter().any(|(protocol, form, _)| protocol == own && *form == encoder.form);
        for seed in 0..scale(EXCHANGES, 10 * EXCHANGES) {
            let (asks, says) = exchange(encoder, seed);
            // Straight, with the ends exchanged, and each side alone.
            let both = [(ToServer, &asks[..]), (ToClient, &says[..])];
            let turned = [(ToClient, &asks[..]), (ToServer, &says[..])];
            for (lines, alone) in [(&both[..], false), (&turned, false), (&both[..1], true), (&both[1..], true)] {
                if lines.iter().all(|(_, bytes)| bytes.is_empty()) {
                    continue;
                }
                total += 1;
                let found = called(encoder.over, lines);
                if found != *own && !(alone && lone && found == Protocol::UNKNOWN) {
                    let (asks, says) = (shown(&asks), shown(&says));
                    problems.push(format!("{own} {}, seed {seed}: {found}\n  {asks}\n  {says}", encoder.form));
                }
            }
        }
    }
    // Among millions chance makes messages that are two protocols' at once.
    let most = scale(0, total / 100_000);
    assert!(problems.len() <= most, "{} of {total}\n{}", problems.len(), problems[..problems.len().min(40)].join("\n"));
    eprintln!("{} of {total} conversations have another name", problems.len());
}

/// What a candidate says of a message that is alone: how sure it is.
fn sure(probe: Probe) -> f32 {
    if let Probe::Yes { confidence, .. } = probe { confidence.get() } else { 0.0 }
}

/// Everybody industrial who is asked there, and how sure each is of a message.
fn judged(over: Over, bytes: &[u8]) -> Vec<(Protocol, f32)> {
    let transport = if let Over::Ip(transport) = over { transport } else { Transport(0) };
    let head = Head { transport, to_server: bytes, to_client: &[] };
    let met = |transports: &[Transport], ether_types: &[u16]| match over {
        Over::Ip(transport) => transports.contains(&transport),
        Over::Link(ether_type) => ether_types.contains(&ether_type),
    };
    let dissectors = registry::ALL.iter().filter(|entry| met(entry.home.transports, entry.home.ether_types));
    let signatures = recognise::ALL.iter().filter(|signature| met(signature.transports, &[]));
    let links = link::ALL.iter().filter(|signature| met(&[], signature.ether_types));
    dissectors
        .map(|entry| (entry.dissector.protocol(), sure(entry.dissector.probe(&head))))
        .chain(signatures.map(|signature| (signature.protocol.clone(), sure((signature.probe)(&head)))))
        .chain(links.map(|signature| (signature.protocol.clone(), sure(signature.ask(&head)))))
        .filter(|(protocol, _)| protocol.is_industrial())
        .collect()
}

/// Of whose messages another fingerprint is sure too, and why the conversation has the right name all the same.
const KIN: &[(Protocol, Protocol, &str)] = &[];

/// Every message against every other fingerprint, and over the transport that is not its own.
#[test]
fn no_message_is_another_protocols() {
    let per_encoder = scale(EXCHANGES, 20 * EXCHANGES);
    let mut wrong: BTreeMap<(String, String), (u64, String)> = BTreeMap::new();
    let mut total = 0.0;
    for encoder in ENCODERS {
        let own = &encoder.protocol;
        for seed in 0..per_encoder {
            let (asks, says) = exchange(encoder, seed);
            for message in [&asks, &says].into_iter().filter(|message| !message.is_empty()) {
                total += 1.0;
                let mut note = |name: &Protocol, how: &str| {
                    let row = wrong.entry((own.name().to_owned(), format!("{how} {}", name.name()))).or_default();
                    *row = (row.0 + 1, shown(message));
                };
                for (name, sure) in judged(encoder.over, message) {
                    let kin = KIN.iter().any(|(a, b, _)| a == own && *b == name);
                    if name != *own && sure >= 0.8 && !kin {
                        note(&name, "sure of");
                    }
                }
                if let Over::Ip(transport) = encoder.over {
                    let other = if transport == Transport::TCP { Transport::UDP } else { Transport::TCP };
                    let name = called(Over::Ip(other), &[(ToServer, message)]);
                    if name != *own && name.is_industrial() {
                        note(&name, "elsewhere");
                    }
                }
            }
        }
    }
    let count: u64 = wrong.values().map(|(count, _)| count).sum();
    assert!(count as f64 <= FALSE_RATE * total, "{count} of {total}: {wrong:#?}");
}

/// A head of random bytes; every fourth has a length that fits somewhere in its first bytes, as in many protocols: at a
/// place that its size divides, counting all or what stands behind it or a little less.
fn random_head(random: &mut Random) -> Vec<u8> {
    let mut bytes = random.bytes(1, 96);
    if random.once_in(4) && bytes.len() > 16 {
        let place = random.within(0, 5);
        let length = |end: usize, random: &mut Random| bytes.len() - random.within(0, end);
        let (at, field) = match random.within(0, 3) {
            0 => (2 * place, (length(2 * place + 2, random) as u16).to_be_bytes().to_vec()),
            1 => (2 * place, (length(2 * place + 2, random) as u16).to_le_bytes().to_vec()),
            2 => (place / 2 * 4, (length(place / 2 * 4 + 4, random) as u32).to_be_bytes().to_vec()),
            _ => (place / 2 * 4, (length(place / 2 * 4 + 4, random) as u32).to_le_bytes().to_vec()),
        };
        bytes[at..at + field.len()].copy_from_slice(&field);
    }
    bytes
}

#[test]
fn random_bytes_are_no_industrial_protocol() {
    let heads = scale(1_500_000u32, 10_000_000);
    let mut random = Random::new(0x7069_636b_6574);
    let mut wrong: BTreeMap<String, (u32, String)> = BTreeMap::new();
    for _ in 0..heads {
        let bytes = random_head(&mut random);
        // Below IP a type names the protocol, and is one of 65,536.
        for over in [Over::Ip(Transport::TCP), Over::Ip(Transport::UDP), Over::Link(random.u16())] {
            let name = called(over, &[(ToServer, &bytes)]);
            if name.is_industrial() {
                let row = wrong.entry(format!("{} {over:?}", name.name())).or_default();
                *row = (row.0 + 1, shown(&bytes));
            }
        }
    }
    let most = wrong.values().map(|(count, _)| *count).max().unwrap_or(0);
    assert!(f64::from(most) <= FALSE_RATE * f64::from(heads), "of {heads}: {wrong:#?}");
    eprintln!("of {heads} random heads: {wrong:?}");
}

/// Nobody is left out: of the industrial names, all that a conversation is told by have an encoder.
#[test]
fn every_industrial_protocol_has_an_encoder() {
    // ICCP is named beside MMS, by what is said in it.
    let told_inside = [Protocol::ICCP];
    let names = (1..u16::MAX).map(Protocol::Known).take_while(|protocol| protocol.name() != "unknown");
    let missing: Vec<Protocol> = names
        .filter(|protocol| protocol.is_industrial() && !told_inside.contains(protocol))
        .filter(|protocol| ENCODERS.iter().all(|encoder| encoder.protocol != *protocol))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(ENCODERS.len() > 70);
}
