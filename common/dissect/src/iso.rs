//! ISO transport on top of TCP (RFC 1006, RFC 2126; ISO 8073 classes 0 and 2): where the messages of S7comm, S7comm-plus and
//! MMS begin and end. Remote desktops (MS-RDPBCGR) lie on the same framing and are told by what stands inside.
//!
//! [`OverIso`] is the session that all of them share: units are put together to messages up to their end mark, streams with a
//! gap or begun in the middle are taken up at the next unit whose inside fits, and what is above reads whole messages.

use crate::{Context, Head, Input, Need, Output, Probe, Progress, Session};
use picket_event::{Direction, Unit as Confidence};
use picket_reader::{Fault, Reader};

/// TPKT and the head of a data unit.
pub(crate) const HEAD: usize = 7;
/// The longest message that is put together, bytes: what one TPKT can carry.
pub(crate) const MESSAGE_LIMIT: usize = 65_535;
/// Bytes of a message's beginning by which a stream is taken up again.
const LOOK: usize = 32;
/// Bytes without a message after which a conversation is something else.
const FOREIGN_LIMIT: usize = 32_768;
/// Damaged places of a direction that are told.
const DAMAGE_LIMIT: u8 = 8;

/// What a unit is for (ISO 8073 section 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Asks for a connection.
    Connect,
    /// Agrees to it.
    Confirm,
    /// Data; `last` ends a message.
    Data {
        /// The end mark.
        last: bool,
    },
    /// Ends, refuses, acknowledges.
    Other,
}

/// One unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit<'a> {
    pub(crate) kind: Kind,
    /// What it carries, as far as it is in view.
    pub(crate) user: &'a [u8],
    /// Its length in bytes, header included.
    pub(crate) total: usize,
}

impl Unit<'_> {
    /// The length of the headers.
    const fn header(&self, seen: usize) -> usize {
        let whole = if seen < self.total { seen } else { self.total };
        whole.saturating_sub(self.user.len())
    }

    /// Whether all of it is in view.
    pub(crate) const fn whole(&self, seen: usize) -> bool {
        seen >= self.total
    }
}

/// The unit at the start of `bytes`, which may be cut.
///
/// # Errors
/// [`Fault::Incomplete`] while its head is cut; [`Fault::Malformed`] where it is none.
pub(crate) fn unit(bytes: &[u8]) -> Result<Unit<'_>, Fault> {
    let mut r = Reader::new(bytes);
    if r.u8("version")? != 3 || r.u8("reserved")? != 0 {
        return Err(Fault::Malformed("tpkt: version"));
    }
    let length = r.u16("length")?;
    let rest = r.u8("header length")?;
    if !(2..=254).contains(&rest) || length < u16::from(rest) + 5 {
        return Err(Fault::Malformed("cotp: header length"));
    }
    let code = r.u8("code")?;
    let total = usize::from(length);
    let behind = |r: &mut Reader<'_>, more: usize| r.skip(usize::from(rest).saturating_sub(more), "header");
    let kind = match code {
        0xd0..=0xef if rest >= 6 => {
            r.skip(4, "references")?;
            if r.u8("class")? >> 4 > 4 {
                return Err(Fault::Malformed("cotp: class"));
            }
            behind(&mut r, 6)?;
            if code >= 0xe0 { Kind::Connect } else { Kind::Confirm }
        }
        // Class 0 and 1 have no reference here, class 2 has.
        0xf0 if rest == 2 => Kind::Data { last: r.u8("number")? & 0x80 != 0 },
        0xf0 if rest == 4 => {
            r.skip(2, "reference")?;
            Kind::Data { last: r.u8("number")? & 0x80 != 0 }
        }
        0x80 | 0xc0 | 0x70 | 0x10 | 0x20 | 0x50..=0x6f => {
            behind(&mut r, 1)?;
            Kind::Other
        }
        _ => return Err(Fault::Malformed("cotp: code")),
    };
    let header = r.position();
    let user = bytes.get(header..total.min(bytes.len())).unwrap_or(&[]);
    Ok(Unit { kind, user, total })
}

/// What reads the messages.
pub(crate) trait Upper {
    /// Whether a message of its kind can begin so; `bytes` may be cut.
    fn fits(bytes: &[u8]) -> bool;

    /// Takes a whole message.
    fn message(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output);
}

/// The session under a protocol over ISO transport.
#[derive(Debug, Default)]
pub(crate) struct OverIso<U> {
    upper: U,
    sides: [Side; 2],
    /// A message was read.
    known: bool,
    /// Bytes passed over before that.
    passed: usize,
}

/// One direction.
#[derive(Debug)]
struct Side {
    /// Units of an unfinished message.
    parts: Vec<u8>,
    /// The next bytes may begin inside a unit.
    lost: bool,
    /// What is put together is too long: passed over up to its end.
    skipping: bool,
    damaged: u8,
}

impl Default for Side {
    fn default() -> Self {
        Self { parts: Vec::new(), lost: true, skipping: false, damaged: 0 }
    }
}

/// The most that a session holds beside what is above.
pub(crate) const fn session_limit() -> usize {
    2 * MESSAGE_LIMIT.next_power_of_two()
}

impl<U: Upper> Session for OverIso<U> {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            Input::Datagram(bytes) => Progress { consumed: bytes.len(), need: Need::NotMine },
            Input::Gap(_) => {
                if let Some(side) = self.sides.get_mut(direction.index()) {
                    *side = Side { damaged: side.damaged, ..Side::default() };
                }
                Progress { consumed: 0, need: Need::Bytes(HEAD) }
            }
            Input::End => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}

impl<U: Upper> OverIso<U> {
    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let Self { upper, sides, known, passed } = self;
        let Some(side) = sides.get_mut(direction.index()) else {
            return Progress { consumed: bytes.len(), need: Need::Nothing };
        };
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or(&[]);
            if side.lost {
                let (skip, found) = resynchronise::<U>(rest);
                at = at.saturating_add(skip);
                if !found {
                    *passed = passed.saturating_add(if *known { 0 } else { skip });
                    let left = bytes.len().saturating_sub(at);
                    let need =
                        if *passed > FOREIGN_LIMIT { Need::NotMine } else { Need::Bytes(left.saturating_add(1)) };
                    return Progress { consumed: at, need };
                }
                side.lost = false;
                continue;
            }
            match unit(rest) {
                Ok(unit) if unit.whole(rest.len()) => {
                    at = at.saturating_add(unit.total);
                    *known |= side.take(upper, &unit, direction, context, output);
                }
                Ok(unit) => return Progress { consumed: at, need: Need::Bytes(unit.total) },
                Err(Fault::Incomplete { .. }) => {
                    return Progress { consumed: at, need: Need::Bytes(rest.len().saturating_add(1).max(HEAD)) };
                }
                Err(Fault::Malformed(reason)) => {
                    side.lose(reason, output);
                    at = at.saturating_add(1);
                }
            }
        }
    }
}

impl Side {
    /// Something is no unit: the stream is taken up again further on.
    fn lose(&mut self, reason: &'static str, output: &mut Output) {
        if self.damaged < DAMAGE_LIMIT {
            self.damaged += 1;
            output.malformed.push(reason);
        }
        self.lost = true;
        self.parts = Vec::new();
    }

    /// Takes a whole unit; answers whether it ended a message.
    fn take<U: Upper>(
        &mut self,
        upper: &mut U,
        unit: &Unit<'_>,
        direction: Direction,
        context: &Context,
        output: &mut Output,
    ) -> bool {
        let Kind::Data { last } = unit.kind else {
            self.parts.clear();
            return false;
        };
        if self.parts.is_empty() && last && !self.skipping {
            // Empty units acknowledge.
            if !unit.user.is_empty() {
                upper.message(direction, unit.user, context, output);
            }
            return !unit.user.is_empty();
        }
        if !self.skipping && self.parts.len().saturating_add(unit.user.len()) > MESSAGE_LIMIT {
            self.skipping = true;
            self.parts = Vec::new();
            output.malformed.push("cotp: message without end");
        }
        if !self.skipping {
            self.parts.extend_from_slice(unit.user);
        }
        if !last {
            return false;
        }
        let whole = !std::mem::take(&mut self.skipping) && !self.parts.is_empty();
        if whole {
            upper.message(direction, &self.parts, context, output);
        }
        self.parts.clear();
        self.parts.shrink_to(LOOK);
        whole
    }
}

/// How far to the next place where a message can begin, and whether it is one. Linear: each place costs a look at its head.
fn resynchronise<U: Upper>(bytes: &[u8]) -> (usize, bool) {
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == 3) {
        let rest = bytes.get(at..).unwrap_or(&[]);
        if begins::<U>(rest) {
            return (at, true);
        }
    }
    // The last bytes may be the start of a unit.
    (bytes.len().saturating_sub(LOOK - 1), false)
}

fn begins<U: Upper>(bytes: &[u8]) -> bool {
    match unit(bytes) {
        Ok(unit) => match unit.kind {
            Kind::Connect | Kind::Confirm => unit.header(bytes.len()) == unit.total,
            Kind::Data { .. } => !unit.user.is_empty() && U::fits(unit.user),
            Kind::Other => false,
        },
        Err(_) => false,
    }
}

/// What the first messages of a direction say of a protocol.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    /// Messages that fit it.
    fits: u32,
    /// Of these, those that only a client says, and those that only a server says.
    asks: u32,
    answers: u32,
    /// Messages that are something else.
    foreign: u32,
    /// The unit that asks for a connection, or agrees to it, was seen.
    connects: bool,
    confirms: bool,
    /// No unit begins where the bytes do.
    unframed: bool,
}

/// How one message looks to a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It is mine; who says it is told where that is known.
    Mine(Option<Direction>),
    /// It is not.
    Foreign,
    /// It is cut too short to tell.
    Cut,
}

/// Messages of a direction that are looked at.
const LOOKED_AT: u32 = 6;

/// Judges a message's beginning; told whether that is all of it.
pub(crate) type Judge = fn(&[u8], bool) -> Sight;

/// Tells a protocol by its messages: none that is something else, at least one that is its own. Connections alone could carry
/// anything.
pub(crate) fn probe(head: &Head<'_>, judge: Judge) -> Probe {
    let (to_server, to_client) = (look(head.to_server, judge), look(head.to_client, judge));
    let fits = to_server.fits + to_client.fits;
    let foreign = to_server.foreign + to_client.foreign;
    if fits == 0 {
        // A byte or two may be a sign of life of TCP's own.
        let unframed = |look: Look, bytes: &[u8]| bytes.is_empty() || (look.unframed && bytes.len() > HEAD);
        let hopeless = unframed(to_server, head.to_server) && unframed(to_client, head.to_client);
        return if foreign > 0 || hopeless { Probe::No } else { Probe::More };
    }
    if foreign >= fits {
        return Probe::No;
    }
    let confidence = match (fits, to_server.unframed || to_client.unframed || foreign > 0) {
        (_, true) => 0.93,
        (1, _) => 0.97,
        _ => 0.99,
    };
    Probe::Yes {
        confidence: Confidence::new(confidence),
        reversed: to_server.served() + to_client.asked() > to_server.asked() + to_client.served(),
    }
}

/// Looks at the first bytes of a direction, also where they begin inside a unit.
fn look(bytes: &[u8], judge: Judge) -> Look {
    let look = look_at(bytes, judge);
    if !look.unframed {
        return look;
    }
    let places = bytes.windows(2).enumerate().filter(|(_, pair)| *pair == [3, 0]);
    for (at, _) in places {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let Ok(unit) = unit(rest) else { continue };
        if unit.kind == (Kind::Data { last: true })
            && unit.whole(rest.len())
            && judge(unit.user, true) != Sight::Foreign
        {
            return Look { unframed: true, ..look_at(rest, judge) };
        }
    }
    look
}

fn look_at(bytes: &[u8], judge: Judge) -> Look {
    let mut look = Look::default();
    let mut rest = bytes;
    let mut begun = true;
    while !rest.is_empty() && look.fits + look.foreign < LOOKED_AT {
        let unit = match unit(rest) {
            Ok(unit) => unit,
            Err(fault) => {
                look.unframed |= matches!(fault, Fault::Malformed(_)) && look.fits == 0;
                break;
            }
        };
        match unit.kind {
            Kind::Connect => look.connects = true,
            Kind::Confirm => look.confirms = true,
            Kind::Data { last } => {
                if begun && !unit.user.is_empty() {
                    look.note(judge(unit.user, last && unit.whole(rest.len())));
                }
                begun = last;
            }
            Kind::Other => {}
        }
        rest = rest.get(unit.total..).unwrap_or(&[]);
    }
    look
}

impl Look {
    fn note(&mut self, sight: Sight) {
        match sight {
            Sight::Mine(from) => {
                self.fits += 1;
                self.asks += u32::from(from == Some(Direction::ToServer));
                self.answers += u32::from(from == Some(Direction::ToClient));
            }
            Sight::Foreign => self.foreign += 1,
            Sight::Cut => {}
        }
    }

    /// What speaks for a client, and what for a server.
    const fn asked(&self) -> u32 {
        self.asks + if self.connects { LOOKED_AT } else { 0 }
    }

    const fn served(&self) -> u32 {
        self.answers + if self.confirms { LOOKED_AT } else { 0 }
    }
}
