//! What the unit tests of protocols share: independent encoders against a probe, of which every message is recognised and
//! nothing else is; and conversations step by step.

use crate::rehearsal::ends;
use crate::{Context, Conversation, Dissector, Head, Output, Probe};
use picket_event::{Body, Direction, Endpoints, Mac, Protocol, Timestamp, Transport, body};

pub(crate) use Direction::{ToClient, ToServer};

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
    let mut talk = Talk::known(protocol, transport);
    for (direction, bytes) in lines {
        talk.says(*direction, bytes);
    }
    assert_eq!(talk.output.misbehaved, 0);
    talk.output
}

/// The messages.
pub(crate) fn messages(output: &Output) -> Vec<&body::Ics> {
    output.events.iter().filter_map(|e| if let Body::Ics(ics) = e { Some(ics.as_ref()) } else { None }).collect()
}

/// The operation and the part of each message, as `read/request`.
pub(crate) fn operations(output: &Output) -> Vec<String> {
    messages(output).iter().map(|ics| format!("{}/{}", ics.operation.name(), ics.kind.name())).collect()
}

/// Devices that told of themselves.
pub(crate) fn assets(output: &Output) -> Vec<&body::Asset> {
    output.events.iter().filter_map(|e| if let Body::Asset(asset) = e { Some(asset.as_ref()) } else { None }).collect()
}

/// The first device that told of itself.
pub(crate) fn asset(output: &Output) -> &body::Asset {
    assets(output)[0]
}

/// A conversation on a port that says nothing, and what came of it.
pub(crate) struct Talk {
    pub(crate) conversation: Conversation,
    pub(crate) context: Context,
    pub(crate) output: Output,
}

impl Talk {
    fn context(transport: Transport) -> Context {
        let endpoints = if transport == Transport(0) {
            let (src, dest) = (Some(Mac([2, 0, 0, 0, 0, 1])), Some(Mac([2, 0, 0, 0, 0, 2])));
            Endpoints::Link { src, dest, ether_type: Some(0x88b5), link_type: 1 }
        } else {
            ends(7777, transport)
        };
        Context { time: Timestamp::EPOCH, endpoints, opener_seen: true }
    }

    pub(crate) fn unknown(transport: Transport) -> Self {
        let context = Self::context(transport);
        Self { conversation: Conversation::new(&context.endpoints), context, output: Output::default() }
    }

    /// As in the middle of a conversation.
    pub(crate) fn midway(transport: Transport) -> Self {
        let mut talk = Self::unknown(transport);
        talk.context.opener_seen = false;
        talk
    }

    pub(crate) fn known(protocol: &Protocol, transport: Transport) -> Self {
        let context = Self::context(transport);
        let conversation = Conversation::known(protocol, &context).unwrap();
        Self { conversation, context, output: Output::default() }
    }

    pub(crate) fn says(&mut self, direction: Direction, bytes: &[u8]) -> &mut Self {
        self.conversation.stream(direction, bytes, &self.context, &mut self.output);
        self
    }

    pub(crate) fn gap(&mut self, direction: Direction) -> &mut Self {
        self.conversation.gap(direction, 100, &self.context, &mut self.output);
        self
    }

    pub(crate) fn end(&mut self) -> &mut Self {
        for direction in [ToServer, ToClient] {
            self.conversation.end(direction, &self.context, &mut self.output);
        }
        assert_eq!(self.output.misbehaved, 0);
        self
    }

    pub(crate) fn name(&self) -> String {
        self.conversation.app().protocol.name().to_owned()
    }

    pub(crate) fn ics(&self) -> Vec<&body::Ics> {
        messages(&self.output)
    }

    pub(crate) fn said(&self) -> Vec<String> {
        operations(&self.output)
    }

    pub(crate) fn assets(&self) -> Vec<&body::Asset> {
        assets(&self.output)
    }
}
