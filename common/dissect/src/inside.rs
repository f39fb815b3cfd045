//! TLS that another protocol carries in messages of its own, where there is no place to hand a direction over.

use crate::identify::Candidate;
use crate::open::{Open, Outcome};
use crate::{Context, Dissector, Input, Output, tls};
use picket_event::{Direction, Protocol};

/// The handshake inside.
#[derive(Debug)]
pub(crate) struct Inside(Option<Open>);

/// The most it holds, bytes.
pub(crate) fn limit() -> usize {
    tls::Tls.session_limit() + 2 * tls::HELLO_LIMIT
}

impl Inside {
    pub(crate) fn new(context: &Context) -> Self {
        let candidate = Candidate::reading(&Protocol::TLS, &context.endpoints);
        Self(candidate.map(|candidate| Open::new(tls::Tls.open(context), candidate, None)))
    }

    /// Gives the next bytes of a direction; answers whether more are wanted.
    pub(crate) fn give(&mut self, from: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> bool {
        let Some(open) = &mut self.0 else { return false };
        let goes = matches!(open.stream(from, bytes, context, output), Outcome::Goes);
        if !goes {
            // Nobody goes on from what it gave up.
            drop(open.take_input(from));
        }
        goes
    }

    /// A direction has ended.
    pub(crate) fn end(&mut self, direction: Direction, context: &Context, output: &mut Output) {
        if let Some(open) = &mut self.0 {
            let _ = open.interrupt(direction, Input::End, context, output);
        }
    }

    /// Nothing more will come: what was seen is said.
    pub(crate) fn close(&mut self, context: &Context, output: &mut Output) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.end(direction, context, output);
        }
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_event::{Endpoints, Timestamp};

    /// What was put together is not cut off by the end where its reader has given it up before.
    #[test]
    fn what_was_given_up_is_not_cut_by_the_end() {
        let endpoints = Endpoints::Link { src: None, dest: None, ether_type: None, link_type: 0 };
        let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
        let (mut inside, mut output) = (Inside::new(&context), Output::default());
        assert!(inside.give(Direction::ToServer, &[0x16, 0x03], &context, &mut output));
        assert!(!inside.give(Direction::ToServer, b"nothing of TLS at all", &context, &mut output));
        inside.close(&context, &mut output);
        assert!(output.malformed.is_empty(), "{:?}", output.malformed);
    }
}
