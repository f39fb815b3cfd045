//! Both sides of a conversation's beginning judged, for protocols whose messages show who sends them.

use crate::framed::Framing;
use crate::{Head, Probe};
use picket_event::{Direction, Transport, Unit};
use picket_reader::{Fault, Reader};

/// Messages of one side that are looked at.
const PROBED: usize = 6;

/// Who sends such messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    Client,
    Server,
    /// Either may say it.
    Either,
}

/// What a message shows: how sure it is one, and who sends such.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) sure: f32,
    pub(crate) speaker: Speaker,
}

impl Mark {
    /// Of a message that nothing but its length tells.
    pub(crate) const NONE: Self = Self { sure: 0.0, speaker: Speaker::Either };

    /// With what a later message of the same side shows.
    fn and(self, later: Self) -> Self {
        let speaker = if self.speaker == Speaker::Either { later.speaker } else { self.speaker };
        Self { sure: either(self.sure, later.sure), speaker }
    }
}

/// What one side shows: how sure it is, and who it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Side {
    /// Not this protocol.
    Foreign,
    /// Nothing contradicts, nothing proves.
    Open,
    Fits(f32, Speaker),
}

/// How sure two findings are together.
fn either(a: f32, b: f32) -> f32 {
    1.0 - (1.0 - a) * (1.0 - b)
}

/// Puts both sides of a head together: both have to fit, and who asks is the client.
pub(crate) fn both(head: &Head<'_>, judge: impl Fn(&[u8], Direction) -> Side) -> Probe {
    let side = |bytes: &[u8], direction| if bytes.is_empty() { Side::Open } else { judge(bytes, direction) };
    let yes = |sure: f32, reversed| Probe::Yes { confidence: Unit::new(sure), reversed };
    match (side(head.to_server, Direction::ToServer), side(head.to_client, Direction::ToClient)) {
        (Side::Foreign, _) | (_, Side::Foreign) => Probe::No,
        (Side::Open, Side::Open) => Probe::More,
        (Side::Fits(sure, speaker), Side::Open) => yes(sure, speaker == Speaker::Server),
        (Side::Open, Side::Fits(sure, speaker)) => yes(sure, speaker == Speaker::Client),
        (Side::Fits(a, asks), Side::Fits(b, says)) => {
            let straight = asks == Speaker::Client || says == Speaker::Server;
            yes(either(a, b), !straight && (asks == Speaker::Server || says == Speaker::Client))
        }
    }
}

/// Judges a head by the whole messages of both sides.
pub(crate) fn probe<F: Framing>(head: &Head<'_>) -> Probe {
    let framing = F::default();
    let stream = head.transport == Transport::TCP;
    both(head, |bytes, direction| look(&framing, bytes, direction, stream))
}

fn look<F: Framing>(framing: &F, bytes: &[u8], direction: Direction, stream: bool) -> Side {
    if stream && bytes.len() == 1 {
        return Side::Open;
    }
    let mut known: Option<Mark> = None;
    let mut rest = if stream { bytes.get(stray(framing, bytes, direction)..).unwrap_or_default() } else { bytes };
    for _ in 0..PROBED {
        if rest.is_empty() {
            break;
        }
        match framing.length(rest, direction).and_then(|total| Reader::new(rest).take(total, "message")) {
            Ok(message) => {
                known = match (F::judge(message), known) {
                    (Some(found), None) => Some(found),
                    (Some(found), Some(known)) => Some(known.and(found)),
                    // Damage behind a message that fits is damage, where its first bytes say that it is one.
                    (None, Some(known)) if F::MARKED => Some(known),
                    (None, _) => return Side::Foreign,
                };
                rest = rest.get(message.len().max(1)..).unwrap_or_default();
            }
            Err(Fault::Incomplete { .. }) if stream && known.is_none() => {
                return if F::may_begin(rest) { Side::Open } else { Side::Foreign };
            }
            Err(Fault::Malformed(_)) if known.is_none() => return Side::Foreign,
            Err(_) if !(F::MARKED || stream && F::may_begin(rest)) => return Side::Foreign,
            Err(_) => break,
        }
    }
    known.map_or(Side::Foreign, |mark| Side::Fits(mark.sure, mark.speaker))
}

/// How many bytes stand before the first message that belong to none: a capture that begins inside a connection may begin
/// with a keep-alive, which repeats one byte that was sent before (RFC 1122 section 4.2.3.6).
pub(crate) fn stray<F: Framing>(framing: &F, bytes: &[u8], direction: Direction) -> usize {
    let malformed = |bytes: &[u8]| matches!(framing.length(bytes, direction), Err(Fault::Malformed(_)));
    match bytes.split_first() {
        Some((_, behind)) => usize::from(malformed(bytes) && !behind.is_empty() && !malformed(behind)),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_the_client() {
        let judge = |bytes: &[u8], _| match bytes {
            b"?" => Side::Fits(0.5, Speaker::Client),
            b"!" => Side::Fits(0.5, Speaker::Server),
            b"-" => Side::Fits(0.5, Speaker::Either),
            b"." => Side::Open,
            _ => Side::Foreign,
        };
        let ask = |to_server: &[u8], to_client: &[u8]| match both(
            &Head { transport: Transport::TCP, to_server, to_client },
            judge,
        ) {
            Probe::Yes { confidence, reversed } => Some((confidence.get(), reversed)),
            Probe::No => None,
            Probe::More => Some((0.0, false)),
        };
        assert_eq!((ask(b"?", b""), ask(b"", b"?")), (Some((0.5, false)), Some((0.5, true))));
        assert_eq!((ask(b"?", b"!"), ask(b"!", b"?")), (Some((0.75, false)), Some((0.75, true))));
        assert_eq!((ask(b"-", b"?"), ask(b"?", b"?")), (Some((0.75, true)), Some((0.75, false))));
        assert_eq!(
            (ask(b"-", b"-"), ask(b".", b"."), ask(b"?", b"#")),
            (Some((0.75, false)), Some((0.0, false)), None)
        );
    }
}
