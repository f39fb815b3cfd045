//! Session units told and read.

use super::parse::{self, Unit};
use super::table::{GOOSE, SAMPLED_VALUES, UNREADABLE};
use crate::Output;
use crate::framed::Framing;
use crate::goose::{self, Publishers};
use crate::sides::{Mark, Speaker};
use crate::teller::Message;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::{Fault, Reader};

/// What one publisher sends to one group.
#[derive(Debug, Default)]
pub(crate) struct RGoose {
    publishers: Publishers,
}

impl Framing for RGoose {
    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        Ok(bytes.len())
    }

    fn judge(frame: &[u8]) -> Option<Mark> {
        let unit = parse::unit(frame).ok().filter(|unit| unit.kind != SAMPLED_VALUES)?;
        judge(&unit)
    }

    fn message(&mut self, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let mut unit = parse::unit(frame.bytes).map_err(|_| Fault::Malformed("r_goose: session unit does not fit"))?;
        while !unit.payloads.is_empty() {
            let (kind, application, bytes) =
                parse::payload(&mut unit.payloads).map_err(|_| Fault::Malformed("r_goose: payload is cut"))?;
            if kind == GOOSE {
                self.message(application, bytes, frame, output)?;
            }
        }
        Ok(())
    }
}

/// Whether the payloads of a unit have kinds and lengths that fit.
pub(crate) fn judge(unit: &Unit<'_>) -> Option<Mark> {
    let mut payloads = unit.payloads;
    let (kind, _, _) = parse::payload(&mut payloads).ok()?;
    (0x81..=0x85).contains(&kind).then_some(Mark { sure: 0.98, speaker: Speaker::Client })
}

impl RGoose {
    fn message(
        &mut self,
        application: u16,
        bytes: &[u8],
        frame: &Message<'_>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let unit = Some(u32::from(application));
        let mut r = Reader::new(bytes);
        let Ok((message, content)) = goose::parse::message(&mut r) else {
            // Encrypted, as far as anybody can tell.
            let kind = MessageKind::Unsolicited;
            let hidden = Ics::new(Protocol::R_GOOSE, UNREADABLE, kind, u32::from(GOOSE), "");
            output.ics(Ics { unit, ..hidden });
            return Ok(());
        };
        let inside = r.take(content, "message").unwrap_or(r.peek());
        let (event, said, damage) = goose::report(Protocol::R_GOOSE, message, inside);
        output.ics(Ics { unit, ..event });
        self.publishers.tell(&said, frame, "r_goose", output);
        damage
    }
}
