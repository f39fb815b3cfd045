//! Independent encoders against a probe: every message of theirs is recognised, and nothing else is.

use crate::{Conversation, Dissector, Head, Output, Probe};
use picket_event::{Body, Direction, Endpoints, Mac, Protocol, Timestamp, Transport, body};

/// A small generator (xorshift64*): the same messages every time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit.max(1)
    }

    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// How sure a probe is of one message of the client and one of the server; 0 where it says no or waits.
pub(crate) fn sure(d: &dyn Dissector, transport: Transport, to_server: &[u8], to_client: &[u8]) -> f32 {
    match d.probe(&Head { transport, to_server, to_client }) {
        Probe::Yes { confidence, .. } => confidence.get(),
        Probe::No | Probe::More => 0.0,
    }
}

/// Every one of 1,000 messages is recognised at once, alone and in either direction; 200,000 of random bytes are not.
pub(crate) fn recognises(d: &dyn Dissector, transport: Transport, make: impl FnMut(&mut Random) -> Vec<u8>) {
    takes(d, transport, make);
    refuses_random(d, transport);
}

/// Every one of 1,000 messages is recognised at once, alone and in either direction.
pub(crate) fn takes(d: &dyn Dissector, transport: Transport, mut make: impl FnMut(&mut Random) -> Vec<u8>) {
    let mut random = Random(0x5049_434b_4554);
    for number in 0..1_000 {
        let message = make(&mut random);
        for (a, b) in [(&message[..], &[][..]), (&[][..], &message[..])] {
            let found = sure(d, transport, a, b);
            assert!(found >= 0.8, "{} message {number}: {found} for {message:02x?}", d.protocol());
        }
    }
}

/// Random bytes are nobody's.
pub(crate) fn refuses_random(d: &dyn Dissector, transport: Transport) {
    let mut random = Random(77);
    for _ in 0..200_000 {
        let length = 1 + random.below(96);
        let bytes = random.bytes(length);
        assert!(sure(d, transport, &bytes, &[]) < 0.4, "{}: {bytes:02x?}", d.protocol());
    }
}

/// Says all lines to a protocol that is known.
pub(crate) fn told(protocol: &Protocol, transport: Transport, lines: &[(Direction, &[u8])]) -> Output {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let endpoints = if transport == Transport(0) {
        let (src, dest) = (Some(Mac([2, 0, 0, 0, 0, 1])), Some(Mac([2, 0, 0, 0, 0, 2])));
        Endpoints::Link { src, dest, ether_type: Some(0x88b5), link_type: 1 }
    } else {
        Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 7777, transport }
    };
    let context = crate::Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let mut conversation = Conversation::known(protocol, &context).unwrap();
    let mut output = Output::default();
    for (direction, bytes) in lines {
        conversation.stream(*direction, bytes, &context, &mut output);
    }
    assert_eq!(output.misbehaved, 0);
    output
}

/// The messages.
pub(crate) fn messages(output: &Output) -> Vec<&body::Ics> {
    output.events.iter().filter_map(|e| if let Body::Ics(ics) = e { Some(ics.as_ref()) } else { None }).collect()
}

/// The first device that told of itself.
pub(crate) fn asset(output: &Output) -> &body::Asset {
    output.events.iter().find_map(|e| if let Body::Asset(asset) = e { Some(asset) } else { None }).unwrap()
}
