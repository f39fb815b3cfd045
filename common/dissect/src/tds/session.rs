//! A connection being followed until its handshake is over, or it stays in clear.

use super::parse::{self, Header, Step};
use super::table::{HANDSHAKE, HEADER, PRE_LOGIN, RESPONSE};
use crate::inside::Inside;
use crate::{Context, Input, Need, Output, Progress, Session};
use picket_event::Direction;
use picket_reader::Reader;

/// Packets of a direction that are looked at.
const PACKETS_LIMIT: u8 = 64;

/// One direction.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    /// Bytes of the packet still to come.
    left: usize,
    /// They belong to the handshake.
    inside: bool,
    packets: u8,
}

/// The session.
#[derive(Debug)]
pub(super) struct Talk {
    sides: [Side; 2],
    inside: Inside,
}

impl Talk {
    pub(super) fn new(context: &Context) -> Self {
        Self { sides: [Side::default(); 2], inside: Inside::new(context) }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let mut r = Reader::new(bytes);
        loop {
            let side = direction.of_mut(&mut self.sides);
            if side.left == 0 {
                match header(side, r.peek()) {
                    Some(true) => drop(r.skip(HEADER, "header")),
                    // One more byte tells what is in it.
                    None => return Progress { consumed: r.position(), need: Need::Bytes(HEADER + 1) },
                    Some(false) => return self.over(r.position(), context, output),
                }
                continue;
            }
            let count = side.left.min(r.remaining());
            if count == 0 {
                return Progress { consumed: r.position(), need: Need::Bytes(1) };
            }
            side.left -= count;
            let inside = side.inside;
            let part = r.take(count, "packet").unwrap_or(&[]);
            if inside && !self.inside.give(direction, part, context, output) {
                return self.over(r.position(), context, output);
            }
        }
    }

    fn over(&mut self, consumed: usize, context: &Context, output: &mut Output) -> Progress {
        self.inside.close(context, output);
        Progress { consumed, need: Need::Done }
    }
}

/// Reads the header at the beginning of a view; answers whether it is one of the handshake's. `None` while it is cut.
fn header(side: &mut Side, view: &[u8]) -> Option<bool> {
    let Header { kind, length, first } = match parse::header(view) {
        Step::Cut => return None,
        Step::Record => return Some(false),
        Step::Packet(header) => header,
    };
    let begins = kind == PRE_LOGIN && (first == HANDSHAKE || side.inside);
    let fits = begins || matches!(kind, PRE_LOGIN | RESPONSE) && side.packets == 0;
    if !fits || length == 0 {
        return Some(false);
    }
    side.packets = side.packets.saturating_add(1);
    (side.left, side.inside) = (length, begins);
    Some(side.packets <= PACKETS_LIMIT)
}

impl Session for Talk {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            Input::Datagram(_) => Progress { consumed: 0, need: Need::NotMine },
            // Packets are found by their lengths alone.
            Input::Gap(_) => self.over(0, context, output),
            Input::End => {
                self.inside.end(direction, context, output);
                Progress { consumed: 0, need: Need::Nothing }
            }
        }
    }
}
