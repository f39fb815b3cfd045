//! Modbus told from everything else, without its port: lengths that chain, functions whose inside fits,
//! transaction numbers that echo.

use super::parse::{self, Fit};
use super::table;
use crate::{Head, Probe};
use picket_event::Unit;
use picket_reader::Fault;

/// Frames of one direction that are looked at.
const FRAMES: usize = 6;

/// One frame of a head.
#[derive(Clone, Copy, Default)]
struct Seen {
    transaction: u16,
    function: u8,
    /// It can be said by a client, and by a server.
    request: bool,
    response: bool,
    exact: bool,
    /// The standard names its function.
    named: bool,
}

/// One direction of a head.
#[derive(Clone, Copy, Default)]
struct Look {
    seen: [Seen; FRAMES],
    count: usize,
    /// A frame is cut at the end.
    cut: bool,
    /// A frame held nothing.
    empty: bool,
    /// Something is no frame.
    foreign: bool,
}

impl Look {
    fn frames(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter().take(self.count)
    }

    fn exact(&self) -> usize {
        self.frames().filter(|seen| seen.exact).count()
    }
}

fn look(bytes: &[u8]) -> Look {
    let mut look = Look::default();
    let mut rest = bytes;
    while !rest.is_empty() && look.count < FRAMES {
        // One empty frame is damage, several are zeros of something else.
        if let ([_, _, 0, 0, 0, 0, behind @ ..], false) = (rest, look.empty) {
            look.empty = true;
            rest = behind;
            continue;
        }
        match parse::frame(rest) {
            Ok((frame, total)) => {
                let Some(slot) = look.seen.get_mut(look.count) else { break };
                *slot = judge(&frame);
                // One damaged message behind good ones is damage, not another protocol.
                look.foreign |= look.count == 0 && !slot.request && !slot.response;
                look.count += 1;
                rest = rest.get(total..).unwrap_or(&[]);
            }
            Err(Fault::Incomplete { .. }) => {
                look.cut = true;
                break;
            }
            Err(Fault::Malformed(_)) => {
                // One damaged frame behind good ones is damage, not another protocol.
                look.foreign |= look.exact() < 2;
                break;
            }
        }
    }
    look
}

fn judge(frame: &parse::Frame<'_>) -> Seen {
    let named = !table::function(frame.function & 0x7f).name.is_empty();
    let seen = Seen { transaction: frame.transaction, function: frame.function, named, ..Seen::default() };
    if frame.function & 0x80 != 0 {
        // Both ways: some simulators answer in the client's place, and some answers are a byte too long.
        let exact = matches!(frame.data, [1..=11]);
        let response = matches!(frame.data, [1..=11] | [1..=11, 0]);
        // What is no exception is none of the standard's functions.
        return Seen { response, request: !exact, exact, named: named && response, ..seen };
    }
    // Function 0 is none, though scanners ask for it; other protocols have zeros there.
    if frame.function == 0 {
        return Seen { request: true, ..seen };
    }
    let (asks, _) = parse::request(frame.function, frame.data);
    let (answers, _) = parse::response(frame.function, frame.data);
    Seen {
        request: asks > Fit::Wrong,
        response: answers > Fit::Wrong,
        exact: asks == Fit::Exact || answers == Fit::Exact,
        ..seen
    }
}

/// Confidence of one direction alone.
fn alone(look: &Look) -> f32 {
    match (look.exact(), look.count) {
        (0, 0) => 0.0,
        (0, _) if !look.frames().any(|seen| seen.named) => 0.3,
        (0, 1) => 0.42,
        (0, _) => 0.55,
        (1, 1) => 0.73,
        (1, _) => 0.75,
        _ => 0.88,
    }
}

/// Whether a server's frame answers a client's.
fn echoes(a: &Look, b: &Look) -> bool {
    a.frames().any(|x| b.frames().any(|y| x.transaction == y.transaction && x.function & 0x7f == y.function & 0x7f))
}

/// How many requests may wait at a time for an answer.
const WAITING: u16 = 16;

/// Whether the second's first frame has another number than the first's last, and none shortly before it: an answer, and
/// what was asked next. Where a connection is seen from its middle and requests look like their answers, this alone tells
/// who asks. Some count their requests, some draw their numbers.
fn goes_on(a: &Look, b: &Look) -> bool {
    let (last, next) = (a.frames().last(), b.frames().next());
    last.zip(next).is_some_and(|(x, y)| x.transaction.wrapping_sub(y.transaction) > WAITING) && !echoes(a, b)
}

/// The judgement of both directions.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    let (to_server, to_client) = (look(head.to_server), look(head.to_client));
    if to_server.foreign || to_client.foreign {
        return Probe::No;
    }
    if to_server.count + to_client.count == 0 {
        return Probe::More;
    }
    // Requests from the one taken for the server, or answers from the one taken for the client.
    let only = |look: &Look, request: bool| look.frames().any(|s| s.request == request && s.response != request);
    let straight = only(&to_server, true) || only(&to_client, false);
    let crossed = only(&to_server, false) || only(&to_client, true);
    if straight && crossed {
        return Probe::No;
    }
    let follows = !straight && goes_on(&to_server, &to_client);
    let crossed = crossed || follows;
    let (a, b) = (alone(&to_server), alone(&to_client));
    let confidence = if to_server.count > 0 && to_client.count > 0 {
        match (echoes(&to_server, &to_client), to_server.exact() + to_client.exact()) {
            (true, 0) => 0.85,
            (true, _) => 0.96,
            (false, 0) => 0.4,
            // Said at once: what comes next is the answer, and then either could be the client.
            (false, 2..) if follows => 0.85,
            (false, _) => a.max(b).min(0.75),
        }
    } else {
        a.max(b)
    };
    Probe::Yes { confidence: Unit::new(confidence), reversed: crossed }
}
