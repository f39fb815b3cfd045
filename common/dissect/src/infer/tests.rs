//! Inference on made-up protocols, and on what is none.

use super::*;
use crate::{Context, Conversation, Output};
use picket_event::body::App;
use picket_event::{Body, Direction, Endpoints, MessageKind, Method, Operation, Protocol, Timestamp, Transport};
use proptest::prelude::*;
use std::sync::Arc;

const ENDS: Endpoints = Endpoints::Ip {
    src: std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)),
    dest: std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)),
    src_port: 50_000,
    dest_port: 4_321,
    transport: Transport::TCP,
};

/// Numbers without a pattern, the same for the same seed (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % below
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next(256) as u8).collect()
    }
}

/// A protocol: what stands in its header, in order, and what its functions carry.
#[derive(Clone, Debug)]
struct Made {
    magic: Vec<u8>,
    width: usize,
    order: Order,
    counter: bool,
    unit: bool,
    added: u8,
    /// Function, bytes of the request behind it and of the response.
    functions: Vec<(u8, usize, usize)>,
}

impl Made {
    fn any(random: &mut Random) -> Self {
        let magic = (0..random.next(3)).map(|_| 0x20 + random.next(200) as u8).collect();
        let count = 3 + random.next(3);
        let functions =
            (0..count).map(|n| (1 + n as u8 * 3, 2 + random.next(8) as usize, 1 + random.next(30) as usize)).collect();
        Self {
            magic,
            width: [1, 2][random.next(2) as usize],
            order: [Order::Big, Order::Little][random.next(2) as usize],
            counter: random.next(2) == 0,
            unit: random.next(2) == 0,
            added: [0, 0x80, 1][random.next(3) as usize],
            functions,
        }
    }

    /// The places of the length's last byte and of the operation.
    fn places(&self) -> (usize, usize) {
        let at = self.magic.len();
        let last = if self.order == Order::Big { at + self.width - 1 } else { at };
        (last, at + self.width + usize::from(self.counter) * 2 + usize::from(self.unit))
    }

    fn message(&self, number: u16, unit: u8, function: u8, body: &[u8]) -> Vec<u8> {
        let mut rest = Vec::new();
        if self.counter {
            rest.extend(number.to_be_bytes());
        }
        if self.unit {
            rest.push(unit);
        }
        rest.push(function);
        rest.extend(body);
        let length = rest.len() as u16;
        let mut all = self.magic.clone();
        match (self.width, self.order) {
            (1, _) => all.push(length as u8),
            (_, Order::Big) => all.extend(length.to_be_bytes()),
            (_, Order::Little) => all.extend(length.to_le_bytes()),
        }
        all.extend(rest);
        all
    }

    /// One conversation: requests that poll, and their responses with values that move a little.
    fn talk(&self, exchanges: usize, random: &mut Random) -> Vec<(Direction, Vec<u8>)> {
        let (mut number, unit) = (random.next(60_000) as u16, 1 + random.next(20) as u8);
        let mut all = Vec::new();
        for _ in 0..exchanges {
            let (function, asks, answers) = self.functions[random.next(self.functions.len() as u64) as usize];
            let request: Vec<u8> = (0..asks).map(|at| function.wrapping_mul(at as u8)).collect();
            let values: Vec<u8> = (0..answers).map(|at| if at % 2 == 0 { 0 } else { random.next(9) as u8 }).collect();
            all.push((Direction::ToServer, self.message(number, unit, function, &request)));
            all.push((Direction::ToClient, self.message(number, unit, function.wrapping_add(self.added), &values)));
            number = number.wrapping_add(1);
        }
        all
    }
}

fn talk_of(pieces: &[(Direction, Vec<u8>)]) -> Talk {
    let mut talk = Talk::default();
    for (at, (direction, bytes)) in (0i64..).zip(pieces) {
        talk.push(*direction, bytes, Timestamp::from_nanos(at * 10_000_000));
    }
    talk
}

/// Plays pieces through a conversation; answers what it is called and what it said.
fn play(pieces: &[(Direction, Vec<u8>)], library: Option<Library>) -> (App, Output) {
    let mut output = Output { unknown: Desk::new(library.map(Arc::new)), ..Output::default() };
    let mut conversation = Conversation::new(&ENDS);
    let mut context = Context { time: Timestamp::EPOCH, endpoints: ENDS, opener_seen: true };
    for (at, (direction, bytes)) in (0i64..).zip(pieces) {
        context.time = Timestamp::from_nanos(at * 10_000_000);
        conversation.stream(*direction, bytes, &context, &mut output);
    }
    let app = conversation.app();
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    (app, output)
}

#[test]
fn made_up_protocols_are_understood() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let (mut lengths, mut operations, mut same, mut all) = (0, 0, 0, 0);
    for _ in 0..200 {
        let made = Made::any(&mut random);
        let talks = [0, 1].map(|_| talk_of(&made.talk(24, &mut random)));
        let found = talks.each_ref().map(|talk| infer(Transport::TCP, talk));
        let (last, operation) = made.places();
        all += 1;
        let [Some(first), Some(second)] = &found else { continue };
        lengths += usize::from(first.length.is_some_and(|field| usize::from(field.last()) == last));
        operations += usize::from(first.operation.is_some_and(|field| usize::from(field.request_at) == operation));
        same += usize::from(first.id() == second.id());
    }
    assert!(lengths * 100 >= all * 95, "length fields of {lengths} of {all}");
    assert!(operations * 100 >= all * 85, "operations of {operations} of {all}");
    assert!(same * 100 >= all * 95, "ids of {same} of {all}");
}

#[test]
fn what_is_no_protocol_of_a_plant_gets_no_format() {
    let mut random = Random(77);
    for round in 0..100 {
        let turn = |at: usize| if at.is_multiple_of(2) { Direction::ToServer } else { Direction::ToClient };
        let noise: Vec<_> = (0..48)
            .map(|at| {
                (turn(at), {
                    let n = 10 + random.next(190) as usize;
                    random.bytes(n)
                })
            })
            .collect();
        assert_eq!(infer(Transport::UDP, &talk_of(&noise)), None, "noise {round}");
        let records: Vec<_> = (0..48)
            .map(|at| {
                let body = {
                    let n = 19 + random.next(80) as usize;
                    random.bytes(n)
                };
                (turn(at), [&[0x17, 3, 3, 0, body.len() as u8][..], &body].concat())
            })
            .collect();
        assert_eq!(infer(Transport::TCP, &talk_of(&records)), None, "records {round}");
        let text: Vec<_> = (0..48)
            .map(|at| {
                (
                    turn(at),
                    format!("STATUS {} line {}\r\n", random.next(1000), "x".repeat(random.next(30) as usize))
                        .into_bytes(),
                )
            })
            .collect();
        assert_eq!(infer(Transport::TCP, &talk_of(&text)), None, "text {round}");
    }
}

/// Length, counter, unit, function: reads, a write, and a refusal.
fn plant() -> (Made, Vec<(Direction, Vec<u8>)>) {
    let made = Made {
        magic: vec![0xa5],
        width: 2,
        order: Order::Big,
        counter: true,
        unit: true,
        added: 0,
        functions: vec![(0x11, 4, 20), (0x12, 4, 9)],
    };
    let mut pieces = made.talk(30, &mut Random(5));
    for number in 0..4u8 {
        let (number, body) = (u16::from(number) + 900, [number, 2, 3, 4, 5, 6, 7, 8]);
        pieces.push((Direction::ToServer, made.message(number, 3, 0x21, &body)));
        pieces.push((Direction::ToClient, made.message(number, 3, 0x21, &body[..1])));
    }
    pieces.push((Direction::ToServer, made.message(990, 3, 0x11, &[0; 4])));
    pieces.push((Direction::ToClient, made.message(990, 3, 0x91, &[2])));
    (made, pieces)
}

#[test]
fn a_clear_format_gives_a_name_and_operations() {
    let (_, pieces) = plant();
    let (app, output) = play(&pieces, None);
    assert_eq!(app.method, Some(Method::Reverse));
    assert!(app.protocol.name().starts_with("unknown-"), "{}", app.protocol);
    let ics: Vec<_> =
        output.events.iter().filter_map(|b| if let Body::Ics(ics) = b { Some(ics) } else { None }).collect();
    let count = |function, operation, kind| {
        ics.iter().filter(|i| (i.function, i.operation, i.kind) == (function, operation, kind)).count()
    };
    assert!(count(0x11, Operation::Read, MessageKind::Request) > 3, "{ics:?}");
    assert!(count(0x21, Operation::Write, MessageKind::Response) >= 3, "{ics:?}");
    assert_eq!(count(0x91, Operation::Read, MessageKind::Exception), 1, "{ics:?}");
    assert!(ics.iter().all(|ics| ics.function_name == "inferred"));
}

#[test]
fn messages_are_split_wherever_segments_end() {
    let (_, pieces) = plant();
    let (clear, rest) = pieces.split_at(48);
    // Behind the beginning every byte comes alone.
    let cut: Vec<_> = rest.iter().flat_map(|(way, bytes)| bytes.iter().map(|byte| (*way, vec![*byte]))).collect();
    let whole = play(&pieces, None).1.events;
    assert_eq!(play(&[clear, &cut].concat(), None).1.events, whole);
}

#[test]
fn a_site_names_its_protocol() {
    let (_, pieces) = plant();
    let site = SiteProtocol {
        protocol: Protocol::from_name("press"),
        transport: Transport::TCP,
        constants: vec![Constant { at: 0, value: 0xa5, mask: 0xff }],
        length: Some(LengthField { at: 1, width: 2, order: Order::Big, counts: Counts::Plus(3) }),
        operation: Some(OperationField { request_at: 6, response_at: 6, relation: Relation::Equal }),
        codes: vec![(0x21, Operation::Control, "Set output".to_owned())],
    };
    let (app, output) = play(&pieces, Some(Library::new(vec![site])));
    assert_eq!((app.protocol.name(), app.method), ("press", Some(Method::Fingerprint)));
    assert_eq!(output.events.len(), pieces.len());
    let named = |body: &&Body| matches!(body, Body::Ics(ics) if ics.function_name == "Set output" && ics.operation == Operation::Control);
    assert_eq!(output.events.iter().filter(named).count(), 8);
}

#[test]
fn a_hidden_reader_is_not_asked() {
    let mut library = Library::default();
    assert!(library.hide(&Protocol::MODBUS) && !library.hide(&Protocol::from_name("acme")));
    let pieces = [
        (Direction::ToServer, vec![0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2]),
        (Direction::ToClient, vec![0, 1, 0, 0, 0, 7, 1, 3, 4, 0, 1, 0, 2]),
    ];
    assert_eq!(play(&pieces, None).0.protocol, Protocol::MODBUS);
    assert_ne!(play(&pieces, Some(library)).0.protocol, Protocol::MODBUS);
}

#[test]
fn only_so_many_conversations_are_looked_at() {
    let (_, pieces) = plant();
    let mut output = Output::default();
    let context = Context { time: Timestamp::EPOCH, endpoints: ENDS, opener_seen: true };
    let mut random = Random(3);
    let mut open: Vec<_> = (0..70).map(|_| Conversation::new(&ENDS)).collect();
    for conversation in &mut open {
        for at in 0..30 {
            let way = if at % 2 == 0 { Direction::ToServer } else { Direction::ToClient };
            conversation.stream(way, &random.bytes(20), &context, &mut output);
        }
    }
    assert!(output.unknown.capped() > 0);
    for conversation in &mut open {
        conversation.end(Direction::ToServer, &context, &mut output);
        conversation.end(Direction::ToClient, &context, &mut output);
    }
    let before = output.unknown.capped();
    let mut one = Conversation::new(&ENDS);
    for (direction, bytes) in &pieces {
        one.stream(*direction, bytes, &context, &mut output);
    }
    assert_eq!((output.unknown.capped(), one.app().method), (before, Some(Method::Reverse)));
}

#[test]
fn a_cluster_is_told_in_words() {
    let (_, pieces) = plant();
    let talk = talk_of(&pieces);
    let format = infer(Transport::TCP, &talk).unwrap();
    let mut clusters = Clusters::default();
    clusters.add(Inferred { format, talk });
    let words = clusters.to_string();
    for said in ["each begins a5", "1 byte(s) at 2", "byte 6 of requests", "0x11", "[operation]\nrequest = 6", "period"]
    {
        assert!(words.contains(said), "{said}: {words}");
    }
}

proptest! {
    /// Whatever the bytes, nothing breaks.
    #[test]
    fn any_bytes_are_survived(pieces in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..120)), 0..70)) {
        let way = |to_server| if to_server { Direction::ToServer } else { Direction::ToClient };
        let pieces: Vec<_> = pieces.into_iter().map(|(to_server, bytes)| (way(to_server), bytes)).collect();
        let talk = talk_of(&pieces);
        let _ = infer(Transport::TCP, &talk);
        let _ = infer_all(Transport::UDP, &[&talk]);
        let (_, output) = play(&pieces, None);
        prop_assert_eq!(output.misbehaved, 0);
    }
}
