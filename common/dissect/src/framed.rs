//! The session of protocols whose messages can be cut out of a stream or stand in datagrams: the way through a stream with its
//! gaps and damage, and whether client and server have to be exchanged.
//!
//! A protocol gives a [`Framing`]: where its messages end and what they say. Everything else is the same for all of them.

use crate::handover::{oriented, turned};
use crate::repeats::Repeats;
use crate::sides::{Mark, Speaker, stray};
use crate::teller::Message;
use crate::{Context, Input, Need, Output, Progress, Session};
use picket_event::{Direction, Endpoints, Timestamp};
use picket_reader::Fault;

/// Damaged places in a row after which it is something else.
const DAMAGE_LIMIT: u8 = 8;

/// How the messages of one protocol are cut out, told and read.
pub(crate) trait Framing: Send + Default {
    /// Bytes of a long message that are wanted in view; what is behind them is passed over.
    const VIEW: usize = usize::MAX;
    /// Whether messages begin with bytes that tell them. Where they do not, a damaged one may be none at all.
    const MARKED: bool = true;
    /// The most memory it holds beside itself, bytes.
    const HELD: usize = 0;

    /// The length of the message at the start, of which not all need be in view.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] while it cannot be told, [`Fault::Malformed`] where no message begins.
    fn length(&self, bytes: &[u8], direction: Direction) -> Result<usize, Fault>;

    /// The same within a datagram, where a message may need no length of its own.
    ///
    /// # Errors
    /// As [`Self::length`].
    fn within(&self, bytes: &[u8], direction: Direction) -> Result<usize, Fault> {
        self.length(bytes, direction)
    }

    /// Reads a message, of which at most [`Self::VIEW`] bytes are given. What was understood of a damaged one is said all
    /// the same.
    ///
    /// # Errors
    /// Where its inside does not fit.
    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault>;

    /// What a whole message shows to a probe, and behind gaps and damage; `None` where it is none of this protocol.
    fn judge(_message: &[u8]) -> Option<Mark> {
        Some(Mark::NONE)
    }

    /// Whether a message that is cut may be one, as far as a probe cares: what nothing marks would else be waited for.
    fn may_begin(_bytes: &[u8]) -> bool {
        true
    }

    /// Whether a whole message is one without doubt, whatever it says. The next beginning is sought inside one that is not.
    fn is_whole(_message: &[u8]) -> bool {
        true
    }

    /// Whether a message begins here, asked byte by byte behind gaps and damage. What it answers must not depend on how much
    /// is in view beyond what it needs, so that a stream reads alike however it is cut.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] while it cannot be told, [`Fault::Malformed`] where none begins.
    fn begins(&self, bytes: &[u8], direction: Direction) -> Result<(), Fault> {
        let total = self.length(bytes, direction)?.max(1);
        let Some(message) = bytes.get(..total.min(Self::VIEW)) else {
            return Err(Fault::Incomplete {
                field: "message",
                missing: total.min(Self::VIEW).saturating_sub(bytes.len()),
            });
        };
        Self::judge(message).map(|_| ()).ok_or(Fault::Malformed("no message begins here"))
    }

    /// Who says a message, where it tells by itself. Asked of each message until one does: where nobody saw who began, that
    /// one corrects what the first bytes left open.
    fn speaker(&self, _message: &Message<'_>) -> Speaker {
        Speaker::Either
    }

    /// A direction ended, or bytes of it are missing or damaged: what was begun there is not finished.
    fn interrupted(&mut self, _direction: Direction, _output: &mut Output) {}
}

/// A dissector whose session is [`Framed`].
macro_rules! framed {
    ($(#[$doc:meta])* $type:ident: $protocol:ident {
        framing: $framing:ty, probe: $probe:expr,
        transports: $transports:expr, ether_types: $ether_types:expr, ports: $ports:expr,
    }) => {
        $crate::dissector::dissector! { $(#[$doc])* $type: $protocol {
            transports: $transports, ether_types: $ether_types, ports: $ports, needs_port: false,
            probe: $probe, session: Box::<$crate::framed::Framed<$framing>>::default(),
            limit: $crate::framed::Framed::<$framing>::LIMIT,
        }}
    };
}
pub(crate) use framed;

/// A session of a [`Framing`].
#[derive(Debug, Default)]
pub(crate) struct Framed<F> {
    framing: F,
    /// A message was read whose inside fits.
    known: bool,
    damaged: u8,
    ways: [Way; 2],
    ends: Ends,
    repeats: Repeats,
}

/// The place in one direction's stream.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// A message was there, whatever its inside.
    begun: bool,
    /// The next bytes may begin inside a message.
    lost: bool,
    /// Bytes to pass over.
    skip: usize,
}

/// Whether the conversation's sense of direction is the right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ends {
    #[default]
    Untold,
    Straight,
    Exchanged,
}

/// What one look at a stream came to.
enum Step {
    /// So many bytes are done with.
    On(usize),
    /// So many bytes have to be in view.
    Wants(usize),
    /// It is something else after all.
    Foreign,
}

impl<F: Framing> Session for Framed<F> {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(&Message { bytes, direction, context }, output),
            Input::Datagram(bytes) => {
                let mine = self.datagram(&Message { bytes, direction, context }, output);
                Progress { consumed: bytes.len(), need: if mine { Need::Bytes(1) } else { Need::NotMine } }
            }
            Input::Gap(_) => {
                self.lose(direction, context.time, output);
                Progress { consumed: 0, need: Need::Bytes(1) }
            }
            Input::End => {
                self.lose(direction, context.time, output);
                Progress { consumed: 0, need: Need::Nothing }
            }
        }
    }
}

impl<F: Framing> Framed<F> {
    /// The most one holds.
    pub(crate) const LIMIT: usize = size_of::<Self>() + F::HELD + Repeats::LIMIT;

    fn stream(&mut self, input: &Message<'_>, output: &mut Output) -> Progress {
        let mut consumed = 0usize;
        loop {
            let bytes = input.bytes.get(consumed..).unwrap_or_default();
            match self.step(&Message { bytes, ..*input }, output) {
                Step::On(count) => consumed = consumed.saturating_add(count),
                Step::Wants(count) => return Progress { consumed, need: Need::Bytes(count) },
                Step::Foreign => return Progress { consumed, need: Need::NotMine },
            }
        }
    }

    fn step(&mut self, rest: &Message<'_>, output: &mut Output) -> Step {
        let Message { bytes, direction, .. } = *rest;
        let Some(way) = self.ways.get_mut(direction.index()) else { return Step::Foreign };
        if bytes.is_empty() {
            return Step::Wants(1);
        }
        if way.skip > 0 {
            let passed = way.skip.min(bytes.len());
            way.skip -= passed;
            return Step::On(passed);
        }
        if way.lost {
            let found = find(&self.framing, bytes, direction);
            way.lost = !matches!(found, Step::On(0));
            return found;
        }
        match self.framing.length(bytes, direction) {
            Ok(total) => self.take(total.max(1), rest, output),
            Err(Fault::Incomplete { missing, .. }) => Step::Wants(bytes.len().saturating_add(missing.max(1))),
            Err(Fault::Malformed(_)) if !way.begun && bytes.len() == 1 => Step::Wants(2),
            Err(Fault::Malformed(_)) if !way.begun && stray(&self.framing, bytes, direction) == 1 => Step::On(1),
            Err(Fault::Malformed(reason)) if self.damage(reason, output) => {
                self.lose(direction, rest.context.time, output);
                Step::On(1)
            }
            Err(Fault::Malformed(_)) => Step::Foreign,
        }
    }

    /// Takes a message of a stream, once as much of it is in view as is wanted.
    fn take(&mut self, total: usize, rest: &Message<'_>, output: &mut Output) -> Step {
        let wanted = total.min(F::VIEW);
        let Some(bytes) = rest.bytes.get(..wanted) else { return Step::Wants(wanted) };
        if self.known && !F::is_whole(bytes) {
            output.malformed.push("bytes that are no message");
            self.lose(rest.direction, rest.context.time, output);
            return Step::On(1);
        }
        if let Some(way) = self.ways.get_mut(rest.direction.index()) {
            way.skip = total.saturating_sub(wanted);
        }
        if self.read(&Message { bytes, ..*rest }, output) { Step::On(wanted) } else { Step::Foreign }
    }

    /// Answers whether the conversation is still this protocol's. In a stream a message stands between others; below IP a
    /// frame's type says whose it is; a datagram over IP has nothing but what is in it.
    fn datagram(&mut self, datagram: &Message<'_>, output: &mut Output) -> bool {
        let over_ip = matches!(datagram.context.endpoints, Endpoints::Ip { .. });
        let mut rest = datagram.bytes;
        while !rest.is_empty() {
            let total = self.framing.within(rest, datagram.direction).unwrap_or(usize::MAX).max(1);
            let Some((bytes, behind)) = rest.split_at_checked(total) else {
                return self.damage("datagram holds no whole message", output);
            };
            if !self.read(&Message { bytes, ..*datagram }, output) || over_ip && self.damaged > DAMAGE_LIMIT {
                return false;
            }
            rest = behind;
        }
        true
    }

    /// Has a message read; answers whether the conversation can still be this protocol's.
    fn read(&mut self, message: &Message<'_>, output: &mut Output) -> bool {
        self.tell_ends(message, output);
        let exchanged = self.ends == Ends::Exchanged;
        let (direction, context) = (turned(message.direction, exchanged), oriented(message.context, exchanged));
        let from = output.events.len();
        let read = self.framing.message(&Message { bytes: message.bytes, direction, context: &context }, output);
        self.repeats.thin(output, from, message.context.time);
        if let Some(way) = self.ways.get_mut(message.direction.index()) {
            way.begun = true;
        }
        match read {
            Ok(()) => (self.known, self.damaged) = (true, 0),
            Err(fault) => {
                self.damaged = self.damaged.saturating_add(1);
                output.malformed.push(crate::teller::reason(fault));
            }
        }
        self.known || self.damaged <= DAMAGE_LIMIT
    }

    /// Learns who is the client from the first message that one end alone says.
    fn tell_ends(&mut self, message: &Message<'_>, output: &mut Output) {
        if self.ends != Ends::Untold {
            return;
        }
        let asks = match self.framing.speaker(message) {
            Speaker::Either => return,
            speaker => speaker == Speaker::Client,
        };
        let over_ip = matches!(message.context.endpoints, Endpoints::Ip { .. });
        let exchanged = over_ip && !message.context.opener_seen && asks == (message.direction == Direction::ToClient);
        self.ends = if exchanged { Ends::Exchanged } else { Ends::Straight };
        output.exchanged |= exchanged;
    }

    /// Notes a place where no message begins; answers whether the conversation is still this protocol's.
    fn damage(&mut self, reason: &'static str, output: &mut Output) -> bool {
        self.damaged = self.damaged.saturating_add(1);
        let begun = self.ways.iter().any(|way| way.begun);
        let mine = begun && self.damaged <= DAMAGE_LIMIT;
        if mine {
            output.malformed.push(reason);
        }
        mine
    }

    /// What follows in this direction, if anything does, may begin anywhere.
    fn lose(&mut self, direction: Direction, now: Timestamp, output: &mut Output) {
        let from = output.events.len();
        self.framing.interrupted(turned(direction, self.ends == Ends::Exchanged), output);
        self.repeats.thin(output, from, now);
        if let Some(way) = self.ways.get_mut(direction.index()) {
            (way.lost, way.skip) = (true, 0);
        }
    }
}

/// The way to the next place where a message begins; nothing to pass over where one does.
fn find<F: Framing>(framing: &F, bytes: &[u8], direction: Direction) -> Step {
    for at in 0..bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        match framing.begins(rest, direction) {
            Err(Fault::Malformed(_)) => {}
            Err(Fault::Incomplete { missing, .. }) if at == 0 => {
                return Step::Wants(rest.len().saturating_add(missing.max(1)));
            }
            _ => return Step::On(at),
        }
    }
    Step::On(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A length of one byte and as many bytes; 0 begins no message.
    #[derive(Default)]
    struct Toy(Vec<usize>);

    impl Framing for Toy {
        fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
            match bytes {
                [] => Err(Fault::Incomplete { field: "length", missing: 1 }),
                [0, ..] => Err(Fault::Malformed("toy: 0")),
                [length, ..] => Ok(1 + usize::from(*length)),
            }
        }

        fn message(&mut self, message: &Message<'_>, _: &mut Output) -> Result<(), Fault> {
            self.0.push(message.bytes.len());
            if message.bytes == [1, 7] { Err(Fault::Malformed("toy: 7")) } else { Ok(()) }
        }
    }

    fn context() -> Context {
        let endpoints = Endpoints::Link { src: None, dest: None, ether_type: None, link_type: 1 };
        Context { time: picket_event::Timestamp::EPOCH, endpoints, opener_seen: true }
    }

    #[test]
    fn f40_messages_are_found_again_behind_a_gap_and_damage() {
        let context = context();
        let (mut toy, mut output) = (Framed::<Toy>::default(), Output::default());
        let mut feed = |input| toy.feed(Direction::ToServer, input, &context, &mut output);
        assert_eq!(feed(Input::Stream(&[2, 9, 9, 3, 9])), Progress { consumed: 3, need: Need::Bytes(4) });
        feed(Input::Gap(7));
        assert_eq!(feed(Input::Stream(&[0, 0, 1, 9, 2, 9, 9])).consumed, 7);
        assert_eq!(feed(Input::Stream(&[0, 1, 9])).consumed, 3);
        assert_eq!(feed(Input::Datagram(&[1, 9, 1, 9])).consumed, 4);
        assert_eq!(toy.framing.0, [3, 2, 3, 2, 2, 2]);
        assert_eq!(output.malformed, ["toy: 0"]);
    }

    /// What a session wants behind this stream.
    fn need(stream: &[u8]) -> Need {
        let (mut toy, mut output) = (Framed::<Toy>::default(), Output::default());
        toy.feed(Direction::ToServer, Input::Stream(stream), &context(), &mut output).need
    }

    #[test]
    fn what_never_fits_is_something_else() {
        assert_eq!(need(&[0, 0, 1, 9]), Need::NotMine);
        // One byte may be a keep-alive's.
        assert_eq!((need(&[0]), need(&[0, 1, 9])), (Need::Bytes(2), Need::Bytes(1)));
        // A head that fits was there: what follows is damage, up to a limit.
        assert_eq!(need(&[1, 7, 0, 0, 1, 9]), Need::Bytes(1));
        assert_eq!(need(&[1, 7].repeat(8)), Need::Bytes(1));
        assert_eq!(need(&[1, 7].repeat(9)), Need::NotMine);
        // Once a message was read, messages whose inside is damaged are this protocol's however many they are.
        assert_eq!(need(&[&[1, 9][..], &[1, 7].repeat(99)].concat()), Need::Bytes(1));
    }

    #[test]
    fn datagrams_over_ip_that_do_not_fit_are_something_else() {
        let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let transport = picket_event::Transport::UDP;
        let over_ip = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 7777, transport };
        let mine = |endpoints, damaged: usize| {
            let context = Context { endpoints, ..context() };
            let (mut toy, mut output) = (Framed::<Toy>::default(), Output::default());
            let mut feed = |bytes| toy.feed(Direction::ToServer, Input::Datagram(bytes), &context, &mut output).need;
            assert_eq!(feed(&[1, 9]), Need::Bytes(1));
            (0..damaged).all(|_| feed(&[1, 7]) == Need::Bytes(1))
        };
        assert_eq!((mine(over_ip, 8), mine(over_ip, 9), mine(context().endpoints, 99)), (true, false, true));
    }
}
