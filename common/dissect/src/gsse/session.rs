//! Messages of GSSE told and counted.

use super::{parse, table};
use crate::Output;
use crate::framed::{Frame, Framed, Mark, Speaker};
use picket_event::body::Ics;
use picket_event::{MessageKind, Protocol};
use picket_reader::Fault;

/// What one publisher sends to one group.
#[derive(Debug, Default)]
pub(crate) struct Gsse {}

impl Framed for Gsse {
    const HEAD: usize = 1;
    const REST: Option<&'static str> = None;
    const HELD: usize = 0;

    fn length(bytes: &[u8]) -> Result<usize, Fault> {
        Ok(bytes.len())
    }

    fn judge(frame: &[u8]) -> Option<Mark> {
        parse::frame(frame).ok().map(|_| Mark { sure: 0.85, speaker: Speaker::Client })
    }

    fn frame(&mut self, frame: &Frame<'_>, output: &mut Output) -> Result<(), &'static str> {
        parse::frame(frame.bytes).map_err(|_| "gsse: frame does not fit")?;
        let message = Ics::new(Protocol::GSSE, table::REPORT, MessageKind::Unsolicited, 0, table::NAME);
        output.ics(message);
        Ok(())
    }
}
