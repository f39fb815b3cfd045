//! What readers of plants' messages share: one session that cuts a stream into messages or takes datagrams whole,
//! finds its place again behind gaps and damage, and tells each device once; and a bounded table of requests.
//!
//! A protocol gives a [`Language`]: how long a message is, and what it says.

use crate::handover::{oriented, turned};
use crate::teller::Message;
use crate::{Context, Input, Need, Output, Progress, Session};
use picket_event::body::Asset;
use picket_event::{Body, Direction, Endpoints};
use picket_reader::Fault;

/// Damaged places in a row after which it is something else.
const DAMAGE_LIMIT: u8 = 8;
/// Devices whose telling is remembered, so that what is said all day is told once.
const TOLD_MAX: usize = 8;

/// How the messages of one protocol are cut out and read.
pub(crate) trait Language: Send {
    /// Bytes of a long message that are wanted in view; what is behind them is passed over.
    const VIEW: usize = 16_384;

    /// The whole length of the message at the start, at least 1.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] while it cannot be told, [`Fault::Malformed`] where no message begins.
    fn length(&self, bytes: &[u8]) -> Result<usize, Fault>;

    /// Whether a message begins here, asked byte by byte behind gaps and damage. What it answers must not depend on how
    /// much is in view beyond what it needs, so that a stream reads alike however it is cut.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] while it cannot be told, [`Fault::Malformed`] where none begins.
    fn begins(&self, bytes: &[u8]) -> Result<(), Fault> {
        self.length(bytes).map(|_| ())
    }

    /// Reads a message, of which at most [`Self::VIEW`] bytes are given.
    ///
    /// # Errors
    /// Where the message contradicts itself.
    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault>;

    /// Who says a message, where it tells by itself. Asked of each message until one does: where nobody saw who began, that
    /// one corrects what the first bytes left open.
    fn part(&self, _bytes: &[u8]) -> Part {
        Part::Either
    }

    /// Tells what is still to be told when a direction ends or is interrupted.
    fn interrupted(&mut self, _direction: Direction, _output: &mut Output) {}
}

/// A session of a [`Language`].
#[derive(Debug, Default)]
pub(crate) struct Framed<L> {
    language: L,
    /// A message was read.
    known: bool,
    damaged: u8,
    ways: [Way; 2],
    told: Vec<Asset>,
    ends: Ends,
}

/// Whether the conversation's sense of direction is the right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ends {
    #[default]
    Untold,
    Straight,
    Exchanged,
}

/// The place in one direction's stream.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// The next bytes may begin inside a message.
    lost: bool,
    /// Bytes to pass over.
    skip: usize,
}

impl<L: Language> Framed<L> {
    pub(crate) fn new(language: L) -> Self {
        Self { language, known: false, damaged: 0, ways: [Way::default(); 2], told: Vec::new(), ends: Ends::Untold }
    }

    /// The most one holds, beside what its language holds.
    pub(crate) const fn limit() -> usize {
        size_of::<Self>() + TOLD_MAX * (size_of::<Asset>() + 1024)
    }

    fn way(&mut self, direction: Direction) -> Option<&mut Way> {
        self.ways.get_mut(direction.index())
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or(&[]);
            let Some(way) = self.way(direction) else { return Progress { consumed: at, need: Need::Nothing } };
            if way.skip > 0 {
                let passed = way.skip.min(rest.len());
                way.skip -= passed;
                at = at.saturating_add(passed);
                if passed == rest.len() {
                    return Progress { consumed: at, need: Need::Bytes(1) };
                }
                continue;
            }
            if way.lost {
                let (skip, need) = self.find(rest);
                at = at.saturating_add(skip);
                if let Some(need) = need {
                    return Progress { consumed: at, need: Need::Bytes(need) };
                }
                self.set_lost(direction, false);
                continue;
            }
            match self.language.length(rest) {
                Ok(total) => {
                    let wanted = total.max(1).min(L::VIEW);
                    let Some(view) = rest.get(..wanted) else {
                        return Progress { consumed: at, need: Need::Bytes(wanted) };
                    };
                    if let Some(way) = self.way(direction) {
                        way.skip = total.saturating_sub(wanted);
                    }
                    if !self.take(&Message { bytes: view, direction, context }, output) {
                        return Progress { consumed: at, need: Need::NotMine };
                    }
                    at = at.saturating_add(wanted);
                }
                Err(Fault::Incomplete { .. }) => return Progress { consumed: at, need: Need::Bytes(rest.len() + 1) },
                Err(Fault::Malformed(reason)) => {
                    if !self.damage(reason, output) {
                        return Progress { consumed: at, need: Need::NotMine };
                    }
                    self.set_lost(direction, true);
                    at = at.saturating_add(1).min(bytes.len());
                }
            }
        }
    }

    fn set_lost(&mut self, direction: Direction, lost: bool) {
        if let Some(way) = self.way(direction) {
            way.lost = lost;
        }
    }

    /// Passes over bytes to the next place where a message begins; or says how many have to be in view to know.
    fn find(&self, bytes: &[u8]) -> (usize, Option<usize>) {
        for at in 0..bytes.len() {
            let rest = bytes.get(at..).unwrap_or(&[]);
            match self.language.begins(rest) {
                Ok(()) => return (at, None),
                Err(Fault::Malformed(_)) => {}
                Err(Fault::Incomplete { missing, .. }) => return (at, Some(rest.len().saturating_add(missing.max(1)))),
            }
        }
        (bytes.len(), Some(1))
    }

    fn datagram(&mut self, message: &Message<'_>, output: &mut Output) -> bool {
        let mut rest = message.bytes;
        while !rest.is_empty() {
            let whole = self.language.length(rest).ok().and_then(|total| rest.split_at_checked(total.max(1)));
            let Some((bytes, behind)) = whole else { return self.damage("datagram is cut", output) };
            if !self.take(&Message { bytes, ..*message }, output) {
                return false;
            }
            rest = behind;
        }
        true
    }

    /// Has a message read; answers whether the conversation is still this language's.
    fn take(&mut self, message: &Message<'_>, output: &mut Output) -> bool {
        let before = output.events.len();
        self.tell_ends(message, output);
        let exchanged = self.ends == Ends::Exchanged;
        let (direction, context) = (turned(message.direction, exchanged), oriented(message.context, exchanged));
        let read = self.language.message(&Message { bytes: message.bytes, direction, context: &context }, output);
        self.tell_once(before, output);
        // A head that fits was there, and the probe has seen more than that: what follows is damage.
        self.known = true;
        match read {
            Ok(()) => {
                self.damaged = 0;
                true
            }
            Err(Fault::Malformed(reason)) => self.damage(reason, output),
            Err(Fault::Incomplete { field, .. }) => self.damage(field, output),
        }
    }

    /// Learns who is the client from the first message that one end alone says.
    fn tell_ends(&mut self, message: &Message<'_>, output: &mut Output) {
        if self.ends != Ends::Untold {
            return;
        }
        let asks = match self.language.part(message.bytes) {
            Part::Either => return,
            part => part == Part::Request,
        };
        let over_ip = matches!(message.context.endpoints, Endpoints::Ip { .. });
        let exchanged = over_ip && !message.context.opener_seen && asks == (message.direction == Direction::ToClient);
        self.ends = if exchanged { Ends::Exchanged } else { Ends::Straight };
        output.exchanged |= exchanged;
    }

    /// Notes damage; answers whether the conversation is still this language's.
    fn damage(&mut self, reason: &'static str, output: &mut Output) -> bool {
        self.damaged = self.damaged.saturating_add(1);
        if !self.known || self.damaged > DAMAGE_LIMIT {
            return false;
        }
        output.malformed.push(reason);
        true
    }

    /// Takes out devices that were told before.
    fn tell_once(&mut self, before: usize, output: &mut Output) {
        if !output.events.iter().skip(before).any(|event| matches!(event, Body::Asset(_))) {
            return;
        }
        let is_known = |event: &Body| matches!(event, Body::Asset(asset) if !self.is_news(asset));
        let repeats = output.events.iter().skip(before).any(is_known);
        if repeats {
            let mut at = 0usize;
            output.events.retain(|event| {
                at += 1;
                at <= before || !matches!(event, Body::Asset(asset) if !self.is_news(asset))
            });
        }
        for event in output.events.iter().skip(before) {
            if let Body::Asset(asset) = event {
                if self.told.len() >= TOLD_MAX {
                    self.told.remove(0);
                }
                self.told.push(asset.as_ref().clone());
            }
        }
    }

    /// Whether a device is known by an address, and was not told like this before.
    fn is_news(&self, asset: &Asset) -> bool {
        (asset.ip.is_some() || asset.mac.is_some()) && !self.told.contains(asset)
    }

    fn interrupt(&mut self, direction: Direction, output: &mut Output) {
        let before = output.events.len();
        self.language.interrupted(turned(direction, self.ends == Ends::Exchanged), output);
        self.tell_once(before, output);
    }
}

impl<L: Language> Session for Framed<L> {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            Input::Datagram(bytes) => {
                let mine = self.datagram(&Message { bytes, direction, context }, output);
                Progress { consumed: bytes.len(), need: if mine { Need::Bytes(1) } else { Need::NotMine } }
            }
            Input::Gap(_) => {
                self.interrupt(direction, output);
                if let Some(way) = self.way(direction) {
                    *way = Way { lost: true, skip: 0 };
                }
                Progress { consumed: 0, need: Need::Bytes(1) }
            }
            Input::End => {
                self.interrupt(direction, output);
                Progress { consumed: 0, need: Need::Nothing }
            }
        }
    }
}

/// Which part of a dialogue a side's messages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Request,
    Answer,
    /// Either may say it.
    Either,
}

/// One side of a head, as a probe judged it: how sure, and which part its messages are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Side {
    /// Not this protocol.
    Foreign,
    /// Nothing contradicts, nothing proves.
    Open,
    Fits(f32, Part),
}

/// Puts both sides of a head together: both have to fit, and who asks is the client.
pub(crate) fn dialogue(head: &crate::Head<'_>, judge: impl Fn(&[u8]) -> Side) -> crate::Probe {
    use crate::Probe;
    let side = |bytes: &[u8]| if bytes.is_empty() { Side::Open } else { judge(bytes) };
    let yes = |sure: f32, reversed| Probe::Yes { confidence: picket_event::Unit::new(sure), reversed };
    match (side(head.to_server), side(head.to_client)) {
        (Side::Foreign, _) | (_, Side::Foreign) => Probe::No,
        (Side::Fits(a, asks), Side::Fits(b, says)) => {
            let reversed = asks == Part::Answer || says == Part::Request;
            yes(1.0 - (1.0 - a) * (1.0 - b), reversed && !(asks == Part::Request || says == Part::Answer))
        }
        (Side::Fits(sure, part), Side::Open) => yes(sure, part == Part::Answer),
        (Side::Open, Side::Fits(sure, part)) => yes(sure, part == Part::Request),
        (Side::Open, Side::Open) => Probe::More,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    //! What the unit tests of these protocols share.

    use crate::{Context, Conversation, Output};
    use picket_event::body::{Asset, Ics};
    use picket_event::{Body, Direction, Endpoints, Protocol, Timestamp, Transport};

    pub(crate) use Direction::{ToClient, ToServer};

    /// A conversation on a port that says nothing, and what came of it.
    pub(crate) struct Talk {
        pub(crate) conversation: Conversation,
        pub(crate) context: Context,
        pub(crate) output: Output,
    }

    impl Talk {
        fn context(transport: Transport) -> Context {
            let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
            let endpoints = Endpoints::Ip { src, src_port: 50_000, dest, dest_port: 7777, transport };
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

        pub(crate) fn ics(&self) -> Vec<&Ics> {
            self.output
                .events
                .iter()
                .filter_map(|e| if let Body::Ics(ics) = e { Some(ics.as_ref()) } else { None })
                .collect()
        }

        /// `operation/kind` of each message.
        pub(crate) fn said(&self) -> Vec<String> {
            self.ics().iter().map(|ics| format!("{}/{}", ics.operation.name(), ics.kind.name())).collect()
        }

        pub(crate) fn assets(&self) -> Vec<&Asset> {
            self.output
                .events
                .iter()
                .filter_map(|e| if let Body::Asset(asset) = e { Some(asset.as_ref()) } else { None })
                .collect()
        }
    }
}
