//! One conversation with a controller. Answers name their function.

use super::parse;
use super::table::{self, IDENTIFY};
use crate::Output;
use crate::codes::{find, ics};
use crate::framed::Framing;
use crate::teller::{self, Message};
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// Nothing has to be remembered.
#[derive(Debug, Default)]
pub(crate) struct PcWorx;

impl Framing for PcWorx {
    fn length(&self, bytes: &[u8], direction: Direction) -> Result<usize, Fault> {
        let (total, answer, _) = parse::head(bytes)?;
        if answer != (direction == Direction::ToClient) {
            return Err(Fault::Malformed("pcworx: an answer from the wrong side"));
        }
        Ok(total)
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let (_, answer, function) = parse::head(message.bytes)?;
        let kind = if answer { MessageKind::Response } else { MessageKind::Request };
        output.ics(ics(Protocol::PCWORX, find(table::FUNCTIONS, function), kind));
        if answer && function == IDENTIFY {
            let Some((model, firmware)) = parse::controller(message.bytes) else { return Ok(()) };
            let mut asset = message.about();
            (asset.model, asset.firmware) = (teller::text(model), teller::text(firmware));
            asset.vendor = Some("Phoenix Contact".to_owned());
            asset.roles.push("plc".to_owned());
            asset.purdue_level = Some(1);
            "pcworx".clone_into(&mut asset.source);
            output.asset(asset);
        }
        Ok(())
    }
}
