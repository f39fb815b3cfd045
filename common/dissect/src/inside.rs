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
        Self(Candidate::reading(&Protocol::TLS).map(|candidate| Open::new(tls::Tls.open(context), candidate, None)))
    }

    /// Gives the next bytes of a direction; answers whether more are wanted.
    pub(crate) fn give(&mut self, from: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> bool {
        let goes = |open: &mut Open| matches!(open.stream(from, bytes, context, output), Outcome::Goes);
        self.0.as_mut().is_some_and(goes)
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
