//! One conversation with a panel. Answers name their function.

use super::parse;
use super::table::{self, MANUFACTURER, MODEL};
use crate::codes::find;
use crate::dialogue::{Dialect, Say, ics};
use crate::teller::{self, Message};
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// Nothing has to be remembered.
#[derive(Debug, Default)]
pub(crate) struct Crimson;

impl Dialect for Crimson {
    const HEAD: usize = 4;

    fn length(&mut self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn message(&mut self, message: &Message<'_>, say: &mut Say<'_>) -> Result<(), Fault> {
        let (_, read) = parse::message(message.bytes)?;
        let answer = message.direction == Direction::ToClient;
        let kind = if answer { MessageKind::Response } else { MessageKind::Request };
        say.ics(ics(Protocol::CRIMSON, find(table::FUNCTIONS, read.code), kind));
        if answer && matches!(read.code, MODEL | MANUFACTURER) {
            let text = read.data.get(2..).and_then(teller::text);
            let mut asset = teller::about(message.from(), message.sender());
            if read.code == MODEL {
                asset.model = text;
            } else {
                asset.vendor = text;
            }
            "crimson".clone_into(&mut asset.source);
            say.asset(asset);
        }
        Ok(())
    }
}
