//! Messages of Genisys told and read.

use super::parse::{self, HEAD};
use crate::Output;
use crate::framed::{Frame, Framed, Mark, Speaker};
use picket_event::body::Ics;
use picket_event::{MessageKind, Protocol};
use picket_reader::Fault;

/// One connection between an office and field stations.
#[derive(Debug, Default)]
pub(crate) struct Genisys {}

impl Framed for Genisys {
    const HEAD: usize = HEAD;
    const REST: Option<&'static str> = Some("genisys: bytes behind the last message");
    const HELD: usize = 0;

    fn length(bytes: &[u8]) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    /// Messages without a checksum are three bytes of which two are fixed: one alone tells nothing, a poll with its
    /// acknowledgement does.
    fn judge(frame: &[u8]) -> Option<Mark> {
        let read = parse::message(frame).ok()?;
        let speaker = if read.message.kind == MessageKind::Request { Speaker::Client } else { Speaker::Server };
        Some(Mark { sure: if read.checked { 0.93 } else { 0.3 }, speaker })
    }

    fn frame(&mut self, frame: &Frame<'_>, output: &mut Output) -> Result<(), &'static str> {
        let read = match parse::message(frame.bytes) {
            Ok(read) => read,
            Err(Fault::Malformed(reason)) => return Err(reason),
            Err(Fault::Incomplete { .. }) => return Err("genisys: message is cut"),
        };
        let known = read.message;
        let message = Ics::new(Protocol::GENISYS, known.operation, known.kind, u32::from(known.code), known.name);
        let unit = Some(u32::from(read.station));
        output.ics(Ics { unit, range: read.range, value: read.value, ..message });
        Ok(())
    }
}
