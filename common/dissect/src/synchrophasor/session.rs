//! Frames of C37.118 told and read.

use super::parse;
use super::table::{self, COMMAND, DATA};
use crate::Output;
use crate::framed::Framing;
use crate::sides::{Mark, Speaker};
use crate::teller::Message;
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, Protocol};
use picket_reader::Fault;

/// One stream, or several between two ends.
#[derive(Debug, Default)]
pub(crate) struct Synchrophasor {}

impl Framing for Synchrophasor {
    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn judge(frame: &[u8]) -> Option<Mark> {
        let kind = parse::frame(frame).ok()?.kind;
        Some(Mark { sure: 0.97, speaker: if kind == COMMAND { Speaker::Client } else { Speaker::Server } })
    }

    fn message(&mut self, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let read = parse::frame(frame.bytes).map_err(|_| Fault::Malformed("synchrophasor: checksum"))?;
        if read.kind == DATA {
            return Ok(());
        }
        let command = read.command();
        let ((code, name, operation), part) = table::meaning(read.kind, command);
        let message = Ics::new(Protocol::SYNCHROPHASOR, operation, part, u32::from(code), name);
        output.ics(Ics { unit: Some(u32::from(read.stream)), ..message });
        stations(&read, frame, output);
        if read.kind == COMMAND && command.is_none() {
            Err(Fault::Malformed("synchrophasor: command is missing"))
        } else {
            Ok(())
        }
    }
}

/// What a configuration tells of the device that sends it.
fn stations(read: &parse::Frame<'_>, frame: &Message<'_>, output: &mut Output) {
    let names: Vec<String> = read.stations().into_iter().filter_map(crate::teller::text).collect();
    if !names.is_empty() {
        // One that speaks for several stations gathers their data.
        let role = if names.len() > 1 { "pdc" } else { "pmu" };
        let told = Asset {
            names,
            roles: vec![role.to_owned()],
            purdue_level: Some(1),
            source: "synchrophasor".to_owned(),
            ..frame.about()
        };
        output.asset(told);
    }
}
