//! What readers of industrial protocols that consist of frames share: telling them, the way through a stream with its
//! gaps and damage, requests waiting for their answers.

use crate::{Context, Head, Input, Need, Output, Probe, Progress, Session};
use picket_event::body::Asset;
use picket_event::{Body, Direction, Endpoints, Transport, Unit};
use picket_reader::Fault;

/// Frames of one direction that a probe looks at.
const PROBED: usize = 6;
/// Damaged places in a row after which it is something else.
const DAMAGE_LIMIT: u8 = 8;

/// How one protocol is framed, told and read.
pub(crate) trait Framed: Send {
    /// Bytes that have to be in view before a frame can be judged.
    const HEAD: usize;
    /// What a rest of a datagram that is no frame is called; none where such rests are padding.
    const REST: Option<&'static str>;
    /// Whether frames begin with bytes that tell them. Where they do not, a damaged one may be none at all: the next
    /// beginning is sought inside it.
    const MARKED: bool = true;
    /// The most memory it holds beside itself, bytes.
    const HELD: usize;

    /// The length of the frame at the start, of which not all need be in view.
    ///
    /// # Errors
    /// [`Fault::Incomplete`] where more bytes tell; [`Fault::Malformed`] where no frame begins so.
    fn length(bytes: &[u8]) -> Result<usize, Fault>;

    /// What a whole frame shows to a probe; `None` where it is none of this protocol.
    fn judge(frame: &[u8]) -> Option<Mark>;

    /// Reads one frame.
    ///
    /// # Errors
    /// What is wrong with it.
    fn frame(&mut self, frame: &Frame<'_>, output: &mut Output) -> Result<(), &'static str>;

    /// Whether a frame that is cut may be one, as far as a probe cares: what nothing marks would else be waited for.
    fn may_begin(_bytes: &[u8]) -> bool {
        true
    }

    /// Whether a whole frame is one without doubt, whatever it says.
    fn is_whole(_frame: &[u8]) -> bool {
        true
    }

    /// Bytes of a direction are missing: what was begun there is not finished.
    fn gap(&mut self, _direction: Direction) {}
}

/// A frame on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) direction: Direction,
    pub(crate) context: &'a Context,
}

impl Frame<'_> {
    /// Whether the client sent it.
    pub(crate) fn is_from_client(&self) -> bool {
        self.direction == Direction::ToServer
    }

    /// The two ends, the sender first.
    pub(crate) const fn ends(&self) -> Endpoints {
        match self.direction {
            Direction::ToServer => self.context.endpoints,
            Direction::ToClient => self.context.endpoints.swapped(),
        }
    }
}

/// Who sends such frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    Client,
    Server,
    Either,
}

/// What a frame shows to a probe: how sure it is one, and who sends such.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) sure: f32,
    pub(crate) speaker: Speaker,
}

/// What one direction shows.
enum Look {
    No,
    Open,
    Yes(Mark),
}

fn look<F: Framed>(bytes: &[u8], stream: bool) -> Look {
    let mut mark: Option<Mark> = None;
    let mut rest = if stream { bytes.get(stray::<F>(bytes)..).unwrap_or_default() } else { bytes };
    if stream && bytes.len() == 1 {
        return Look::Open;
    }
    for _ in 0..PROBED {
        if rest.is_empty() {
            break;
        }
        match F::length(rest).and_then(|total| picket_reader::Reader::new(rest).take(total, "frame")) {
            Ok(frame) => {
                match (F::judge(frame), &mut mark) {
                    (Some(found), None) => mark = Some(found),
                    (Some(found), Some(known)) => {
                        known.sure = 1.0 - (1.0 - known.sure) * (1.0 - found.sure);
                        if known.speaker == Speaker::Either {
                            known.speaker = found.speaker;
                        }
                    }
                    (None, None) => return Look::No,
                    // Damage behind a frame that fits is damage, where its first bytes say that it is one.
                    (None, Some(_)) if F::MARKED => {}
                    (None, Some(_)) => return Look::No,
                }
                rest = rest.get(frame.len().max(1)..).unwrap_or_default();
            }
            Err(Fault::Incomplete { .. }) if stream && mark.is_none() => {
                return if F::may_begin(rest) { Look::Open } else { Look::No };
            }
            Err(Fault::Malformed(_)) if mark.is_none() => return Look::No,
            Err(_) if !(F::MARKED || stream && F::may_begin(rest)) => return Look::No,
            Err(_) => break,
        }
    }
    match mark {
        Some(mark) => Look::Yes(mark),
        None if bytes.is_empty() => Look::Open,
        None => Look::No,
    }
}

/// How many bytes stand before the first frame that belong to none: a capture that begins inside a connection may begin
/// with a keep-alive, which repeats one byte that was sent before (RFC 1122 section 4.2.3.6).
fn stray<F: Framed>(bytes: &[u8]) -> usize {
    let malformed = |bytes: &[u8]| matches!(F::length(bytes), Err(Fault::Malformed(_)));
    match bytes.split_first() {
        Some((_, behind)) => usize::from(malformed(bytes) && !behind.is_empty() && !malformed(behind)),
        None => 0,
    }
}

/// Judges a head by the frames of both directions.
pub(crate) fn probe<F: Framed>(head: &Head<'_>) -> Probe {
    let stream = head.transport == Transport::TCP;
    let (a, b) = (look::<F>(head.to_server, stream), look::<F>(head.to_client, stream));
    let (sure, reversed) = match (&a, &b) {
        (Look::No, _) | (_, Look::No) => return Probe::No,
        (Look::Open, Look::Open) => return Probe::More,
        (Look::Yes(mark), Look::Open) => (mark.sure, mark.speaker == Speaker::Server),
        (Look::Open, Look::Yes(mark)) => (mark.sure, mark.speaker == Speaker::Client),
        (Look::Yes(a), Look::Yes(b)) => {
            let crossed = a.speaker != Speaker::Client && b.speaker != Speaker::Server;
            let told = a.speaker != Speaker::Either || b.speaker != Speaker::Either;
            (1.0 - (1.0 - a.sure) * (1.0 - b.sure), crossed && told)
        }
    };
    Probe::Yes { confidence: Unit::new(sure), reversed }
}

/// The session of a protocol of frames.
#[derive(Debug, Default)]
pub(crate) struct Frames<F> {
    framed: F,
    /// A frame was read of this direction.
    known: [bool; 2],
    damaged: u8,
    /// The next bytes of this direction may begin inside a frame.
    lost: [bool; 2],
}

impl<F: Framed> Session for Frames<F> {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            Input::Datagram(bytes) => self.datagram(direction, bytes, context, output),
            Input::Gap(_) => {
                self.lose(direction, true);
                self.framed.gap(direction);
                Progress { consumed: 0, need: Need::Bytes(F::HEAD) }
            }
            Input::End => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}

impl<F: Framed> Frames<F> {
    fn began(&self, direction: Direction) -> bool {
        self.known.get(direction.index()).copied().unwrap_or(false)
    }

    fn is_known(&self) -> bool {
        self.known != [false; 2]
    }

    fn lose(&mut self, direction: Direction, lost: bool) {
        if let Some(flag) = self.lost.get_mut(direction.index()) {
            *flag = lost;
        }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if self.lost.get(direction.index()).copied().unwrap_or(false) {
                let (skip, found) = resynchronise::<F>(rest);
                at = at.saturating_add(skip);
                if let Some(need) = found {
                    return Progress { consumed: at, need: Need::Bytes(need) };
                }
                self.lose(direction, false);
                continue;
            }
            let total = match F::length(rest) {
                Ok(total) => total.max(1),
                Err(Fault::Incomplete { missing, .. }) => {
                    return Progress { consumed: at, need: Need::Bytes(rest.len().saturating_add(missing.max(1))) };
                }
                Err(Fault::Malformed(_)) if !self.began(direction) && rest.len() == 1 => {
                    return Progress { consumed: at, need: Need::Bytes(2) };
                }
                Err(Fault::Malformed(_)) if !self.began(direction) && stray::<F>(rest) == 1 => {
                    at = at.saturating_add(1);
                    continue;
                }
                Err(Fault::Malformed(reason)) => {
                    self.damaged = self.damaged.saturating_add(1);
                    if !self.is_known() || self.damaged > DAMAGE_LIMIT {
                        return Progress { consumed: at, need: Need::NotMine };
                    }
                    output.malformed.push(reason);
                    self.framed.gap(direction);
                    self.lose(direction, true);
                    at = at.saturating_add(1);
                    continue;
                }
            };
            let Some(bytes) = rest.get(..total) else {
                return Progress { consumed: at, need: Need::Bytes(total) };
            };
            if !F::MARKED && self.is_known() && !F::is_whole(bytes) {
                output.malformed.push("bytes that are no message");
                self.lose(direction, true);
                at = at.saturating_add(1);
                continue;
            }
            at = at.saturating_add(total);
            if !self.read(&Frame { bytes, direction, context }, output) {
                return Progress { consumed: at, need: Need::NotMine };
            }
        }
    }

    fn datagram(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let mut rest = bytes;
        let mut need = Need::Bytes(1);
        while !rest.is_empty() {
            let total = F::length(rest).map_or(usize::MAX, |total| total.max(1));
            let Some(bytes) = rest.get(..total) else {
                if let Some(reason) = F::REST {
                    output.malformed.push(reason);
                }
                self.damaged = self.damaged.saturating_add(1);
                if !self.is_known() || self.damaged > DAMAGE_LIMIT {
                    need = Need::NotMine;
                }
                break;
            };
            if !self.read(&Frame { bytes, direction, context }, output) {
                need = Need::NotMine;
                break;
            }
            rest = rest.get(total..).unwrap_or_default();
        }
        Progress { consumed: bytes.len(), need }
    }

    /// Reads a frame; answers whether it can still be this protocol.
    fn read(&mut self, frame: &Frame<'_>, output: &mut Output) -> bool {
        match self.framed.frame(frame, output) {
            Ok(()) => {
                if let Some(known) = self.known.get_mut(frame.direction.index()) {
                    *known = true;
                }
                self.damaged = 0;
            }
            Err(reason) => {
                self.damaged = self.damaged.saturating_add(1);
                output.malformed.push(reason);
            }
        }
        self.is_known() || self.damaged <= DAMAGE_LIMIT
    }
}

/// How far it is to the next place where a frame stands that a probe would take, and how many bytes have to be in view
/// before it can be said whether one does; none where it does. A place costs the reading of a head, and more only where that fits.
fn resynchronise<F: Framed>(bytes: &[u8]) -> (usize, Option<usize>) {
    for at in 0..bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        match F::length(rest) {
            Ok(total) => match rest.get(..total.max(1)) {
                Some(frame) if F::judge(frame).is_some() => return (at, None),
                Some(_) => {}
                None => return (at, Some(total)),
            },
            Err(Fault::Incomplete { missing, .. }) => return (at, Some(rest.len().saturating_add(missing.max(1)))),
            Err(Fault::Malformed(_)) => {}
        }
    }
    (bytes.len(), Some(1))
}

/// What the sender of a frame tells of itself, under its address.
pub(crate) fn asset(frame: &Frame<'_>, asset: Asset, output: &mut Output) {
    let (ip, mac) = match frame.ends() {
        Endpoints::Ip { src, .. } => (crate::teller::is_host(src).then_some(src), None),
        Endpoints::Link { src, .. } => (None, src.filter(crate::teller::is_station)),
    };
    if ip.is_some() || mac.is_some() {
        output.events.push(Body::Asset(Box::new(Asset { ip, mac, ..asset })));
    }
}

/// A dissector whose session is that of a protocol of frames.
macro_rules! framed {
    ($(#[$doc:meta])* $type:ident: $protocol:ident {
        framed: $framed:ty, transports: $transports:expr, ether_types: $types:expr, ports: $ports:expr,
    }) => {
        $crate::dissector::dissector! { $(#[$doc])* $type: $protocol {
            transports: $transports, ether_types: $types, ports: $ports, needs_port: false,
            probe: $crate::framed::probe::<$framed>, session: Box::new($crate::framed::Frames::<$framed>::default()),
            limit: size_of::<$crate::framed::Frames<$framed>>() + <$framed as $crate::framed::Framed>::HELD,
        }}
    };
}
pub(crate) use framed;

/// Over TCP alone.
pub(crate) const TCP: &[Transport] = &[Transport::TCP];
/// Over UDP alone.
pub(crate) const UDP: &[Transport] = &[Transport::UDP];
/// Below IP alone.
pub(crate) const LINK: &[Transport] = &[];
/// Over TCP and UDP.
pub(crate) const BOTH: &[Transport] = &[Transport::TCP, Transport::UDP];
