//! A tunnel being read: its handshakes, and the indices of its data as they change.

use super::parse;
use super::table::DATA;
use crate::describer::Said;
use crate::{Context, Fact, Input, Need, Output, Progress, Session};
use picket_event::{AppDetail, DETAIL_TEXT_BYTES_MAX, DETAIL_TEXTS_MAX, Direction};
use picket_reader::Fault;

/// Messages that are read beside data under a known index: some five in two minutes.
const MESSAGES_LIMIT: u16 = 60_000;
/// Lists of texts that it fills: kinds of messages and indices.
const LISTS: usize = 2;

/// The session. It reads on while the tunnel lives, since it may move at any time; of data under the index of the message before
/// it looks at eight bytes.
#[derive(Debug)]
pub(super) struct Tunnel {
    /// Type and receiver of the last data each way.
    data: [[u8; 8]; 2],
    left: u16,
    said: AppDetail,
}

/// The most a session holds.
pub(super) const fn session_limit() -> usize {
    size_of::<Tunnel>() + LISTS * DETAIL_TEXTS_MAX * (DETAIL_TEXT_BYTES_MAX + size_of::<String>())
}

impl Tunnel {
    pub(super) fn new() -> Self {
        Self { data: [[0; 8]; 2], left: MESSAGES_LIMIT, said: AppDetail::default() }
    }

    fn message(&mut self, said: &Said<'_>, output: &mut Output) -> Need {
        let mut now = AppDetail::default();
        if let Err(fault) = parse::read(said, &mut now) {
            output.malformed.push(if let Fault::Malformed(reason) = fault { reason } else { "message ends early" });
        }
        // An index is told on where there is no more room for it in the row: whoever follows the tunnel needs it.
        if self.said.merge(&now) || !now.identifiers.is_empty() {
            output.facts.push(Fact::Detail(Box::new(now)));
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 { Need::Done } else { Need::Bytes(1) }
    }
}

impl Session for Tunnel {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        let Input::Datagram(bytes) = input else { return Progress { consumed: 0, need: Need::Nothing } };
        let consumed = bytes.len();
        if let Some(start @ [DATA, ..]) = bytes.first_chunk::<8>() {
            let known = direction.of_mut(&mut self.data);
            if *known == *start {
                return Progress { consumed, need: Need::Bytes(1) };
            }
            *known = *start;
        }
        Progress { consumed, need: self.message(&Said { bytes, direction, context }, output) }
    }
}
