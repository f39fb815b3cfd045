//! One conversation with a panel. Answers name their function.

use super::parse;
use super::table::{self, MANUFACTURER, MODEL};
use crate::Output;
use crate::codes::{find, ics};
use crate::framed::Framing;
use crate::teller::{self, Message};
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// Nothing has to be remembered.
#[derive(Debug, Default)]
pub(crate) struct Crimson;

impl Framing for Crimson {
    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let (_, read) = parse::message(message.bytes)?;
        let answer = message.direction == Direction::ToClient;
        let kind = if answer { MessageKind::Response } else { MessageKind::Request };
        output.ics(ics(Protocol::CRIMSON, find(table::FUNCTIONS, read.code), kind));
        if answer && matches!(read.code, MODEL | MANUFACTURER) {
            let text = read.data.get(2..).and_then(teller::text);
            let mut asset = message.about();
            if read.code == MODEL {
                asset.model = text;
            } else {
                asset.vendor = text;
            }
            "crimson".clone_into(&mut asset.source);
            output.asset(asset);
        }
        Ok(())
    }
}
