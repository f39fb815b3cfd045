//! One session for protocols whose messages say how long they are: framing, taking up again behind gaps and damage,
//! datagrams, requests that wait for their answers.
//!
//! A [`Dialect`] says where a message ends and what it means; everything else is the same for all of them.

use crate::codes::Code;
use crate::pending::Pending;
use crate::teller::{self, Message};
use crate::{Context, Input, Need, Output, Progress, Session};
use picket_event::body::{Asset, Ics};
use picket_event::{Body, Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// Damaged places in a row after which it is something else.
const DAMAGE_LIMIT: u8 = 8;

/// Where the messages of one protocol end, and what they mean.
pub(crate) trait Dialect: Send + Default {
    /// Bytes that have to be in view to tell a message's length.
    const HEAD: usize;
    /// Bytes that a dialect holds elsewhere, beside the requests it remembers.
    const HELD: usize = 0;

    /// The length of the message that begins here. [`Fault::Incomplete`] while too little is in view,
    /// [`Fault::Malformed`] where none can begin.
    fn length(&mut self, bytes: &[u8], direction: Direction) -> Result<usize, Fault>;

    /// The same within a datagram, where a message may need no length of its own.
    fn within(&mut self, bytes: &[u8], direction: Direction) -> Result<usize, Fault> {
        self.length(bytes, direction)
    }

    /// Reads a whole message. [`Fault::Malformed`] where its inside lies; what was understood is said all the same.
    fn message(&mut self, message: &Message<'_>, say: &mut Say<'_>) -> Result<(), Fault>;

    /// Bytes of a direction were lost: the next may begin anywhere.
    fn lost(&mut self, _direction: Direction) {}
}

/// What a dialect has to say of a message.
pub(crate) struct Say<'a> {
    output: &'a mut Output,
}

impl Say<'_> {
    /// Puts out a message.
    pub(crate) fn ics(&mut self, message: Ics) {
        self.output.ics(message);
    }

    /// Puts out what a device told of itself, if it says anything.
    pub(crate) fn asset(&mut self, asset: Asset) {
        if teller::tells(&asset) {
            self.output.events.push(Body::Asset(Box::new(asset)));
        }
    }
}

/// The name of a number in a table of names; empty where nobody knows it.
pub(crate) fn name(table: &[(u32, &'static str)], wanted: u32) -> &'static str {
    table.iter().find(|(number, _)| *number == wanted).map_or("", |(_, name)| name)
}

/// A message of which no more than its function is known.
pub(crate) fn ics(protocol: Protocol, code: Code, kind: MessageKind) -> Ics {
    Ics::new(protocol, code.operation, kind, code.code, code.name)
}

/// First and last of `count` places from `start` on; none where there are none or they reach too far.
pub(crate) fn range(start: u32, count: u32) -> Option<(u32, u32)> {
    Some((start, start.checked_add(count.checked_sub(1)?)?))
}

/// The most a session of a dialect holds, beside the box itself; `T` is what it remembers of a request.
pub(crate) const fn limit<D: Dialect, T>() -> usize {
    size_of::<Dialogue<D>>() + D::HELD + Pending::<u64, T>::LIMIT + Pending::<u64, T>::MAX * 32
}

/// A dissector whose session is a [`Dialogue`].
macro_rules! speaker {
    ($(#[$doc:meta])* $type:ident: $protocol:ident {
        transports: $transports:expr, ports: $ports:expr, ether_types: $ether_types:expr,
        probe: $probe:expr, dialect: $dialect:ty, remembers: $remembers:ty,
    }) => {
        $crate::dissector::dissector! { $(#[$doc])* $type: $protocol {
            transports: $transports, ether_types: $ether_types, ports: $ports, needs_port: false,
            probe: $probe, session: Box::<$crate::dialogue::Dialogue<$dialect>>::default(),
            limit: $crate::dialogue::limit::<$dialect, $remembers>(),
        }}
    };
}
pub(crate) use speaker;

/// Over TCP alone.
pub(crate) const TCP: &[picket_event::Transport] = &[picket_event::Transport::TCP];
/// Over UDP alone.
pub(crate) const UDP: &[picket_event::Transport] = &[picket_event::Transport::UDP];
/// Over both.
pub(crate) const BOTH: &[picket_event::Transport] = &[picket_event::Transport::TCP, picket_event::Transport::UDP];

/// A conversation in a dialect.
#[derive(Debug, Default)]
pub(crate) struct Dialogue<D> {
    dialect: D,
    /// A message was read.
    known: bool,
    damaged: u8,
    /// The next bytes of this direction may begin inside a message.
    lost: [bool; 2],
}

impl<D: Dialect> Session for Dialogue<D> {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            Input::Datagram(bytes) => {
                let need = self.datagram(direction, bytes, context, output);
                Progress { consumed: bytes.len(), need }
            }
            Input::Gap(_) => {
                self.lose(direction, true);
                Progress { consumed: 0, need: Need::Bytes(D::HEAD) }
            }
            Input::End => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}

impl<D: Dialect> Dialogue<D> {
    fn lose(&mut self, direction: Direction, lost: bool) {
        if lost {
            self.dialect.lost(direction);
        }
        if let Some(flag) = self.lost.get_mut(direction.index()) {
            *flag = lost;
        }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or(&[]);
            if self.lost.get(direction.index()).copied().unwrap_or(false) {
                let (skip, found) = self.resynchronise(rest, direction);
                at = at.saturating_add(skip);
                if !found {
                    return Progress { consumed: at, need: Need::Bytes(D::HEAD) };
                }
                self.lose(direction, false);
                continue;
            }
            let total = match self.dialect.length(rest, direction) {
                Ok(total) => total.max(1),
                Err(Fault::Incomplete { missing, .. }) => {
                    let need = D::HEAD.max(rest.len().saturating_add(missing.max(1)));
                    return Progress { consumed: at, need: Need::Bytes(need) };
                }
                Err(Fault::Malformed(reason)) => {
                    self.damaged = self.damaged.saturating_add(1);
                    if !self.known || self.damaged > DAMAGE_LIMIT {
                        return Progress { consumed: at, need: Need::NotMine };
                    }
                    output.malformed.push(reason);
                    self.lose(direction, true);
                    at = at.saturating_add(1);
                    continue;
                }
            };
            let Some(message) = rest.get(..total) else {
                return Progress { consumed: at, need: Need::Bytes(total) };
            };
            self.message(&Message { bytes: message, direction, context }, output);
            at = at.saturating_add(total);
        }
    }

    /// How far to the next place where a message can begin, and whether it is one. Linear: each place costs the
    /// reading of two heads.
    fn resynchronise(&mut self, bytes: &[u8], direction: Direction) -> (usize, bool) {
        let last = bytes.len().saturating_sub(D::HEAD.saturating_sub(1));
        for at in 0..last {
            let rest = bytes.get(at..).unwrap_or(&[]);
            let Ok(total) = self.dialect.length(rest, direction) else { continue };
            // What stands behind a whole message begins one too; an unfinished one is waited for.
            let behind = rest.get(total.max(1)..).unwrap_or(&[]);
            if behind.is_empty() || !matches!(self.dialect.length(behind, direction), Err(Fault::Malformed(_))) {
                return (at, true);
            }
        }
        // The last bytes may be the start of a message.
        (last, false)
    }

    fn datagram(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Need {
        let mut rest = bytes;
        while !rest.is_empty() {
            let total = self.dialect.within(rest, direction).unwrap_or(usize::MAX).max(1);
            let Some(message) = rest.get(..total) else {
                if !self.known {
                    return Need::NotMine;
                }
                output.malformed.push("datagram holds no whole message");
                break;
            };
            self.message(&Message { bytes: message, direction, context }, output);
            rest = rest.get(total..).unwrap_or(&[]);
        }
        Need::Bytes(1)
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) {
        let mut say = Say { output };
        match self.dialect.message(message, &mut say) {
            Ok(()) => (self.known, self.damaged) = (true, 0),
            Err(Fault::Malformed(reason)) => output.malformed.push(reason),
            Err(Fault::Incomplete { .. }) => output.malformed.push("message ends early"),
        }
    }
}

#[cfg(test)]
pub(crate) mod trial {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_do_not_wrap() {
        assert_eq!((range(7, 2), range(7, 0), range(u32::MAX, 2)), (Some((7, 8)), None, None));
    }

    /// A length of one byte and as many bytes; 0 begins no message.
    #[derive(Default)]
    struct Toy(Vec<usize>);

    impl Dialect for Toy {
        const HEAD: usize = 1;

        fn length(&mut self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
            match bytes {
                [] => Err(Fault::Incomplete { field: "length", missing: 1 }),
                [0, ..] => Err(Fault::Malformed("toy: 0")),
                [length, ..] => Ok(1 + usize::from(*length)),
            }
        }

        fn message(&mut self, message: &Message<'_>, _: &mut Say<'_>) -> Result<(), Fault> {
            self.0.push(message.bytes.len());
            Ok(())
        }
    }

    #[test]
    fn f40_messages_are_found_again_behind_a_gap_and_damage() {
        let ends = picket_event::Endpoints::Link { src: None, dest: None, ether_type: None, link_type: 1 };
        let context = Context { time: picket_event::Timestamp::EPOCH, endpoints: ends, opener_seen: true };
        let (mut toy, mut output) = (Dialogue::<Toy>::default(), Output::default());
        let mut feed = |input| toy.feed(Direction::ToServer, input, &context, &mut output);
        assert_eq!(feed(Input::Stream(&[2, 9, 9, 3, 9])), Progress { consumed: 3, need: Need::Bytes(4) });
        feed(Input::Gap(7));
        assert_eq!(feed(Input::Stream(&[0, 0, 1, 9, 2, 9, 9])).consumed, 7);
        assert_eq!(feed(Input::Stream(&[0, 1, 9])).consumed, 3);
        assert_eq!(feed(Input::Datagram(&[1, 9, 1, 9])).consumed, 4);
        assert_eq!(toy.dialect.0, [3, 2, 3, 2, 2, 2]);
        assert_eq!(output.malformed, ["toy: 0"]);
    }
}
