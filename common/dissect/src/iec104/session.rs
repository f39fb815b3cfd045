//! Frames of IEC 60870-5-104 told and read.

use super::parse::{self, Frame, Unit};
use super::table::{self, ASKED, DIRECTORY, END_OF_INITIALISATION, LINK, SELECT, UNNUMBERED};
use crate::Output;
use crate::framed::Framing;
use crate::sides::{Mark, Speaker};
use crate::teller::Message;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Operation, Protocol};
use picket_reader::Fault;

/// One connection.
#[derive(Debug, Default)]
pub(crate) struct Iec104 {}

impl Framing for Iec104 {
    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn judge(frame: &[u8]) -> Option<Mark> {
        match parse::frame(frame).ok()? {
            Frame::Unnumbered(control) => {
                let (_, _, confirms) = UNNUMBERED.iter().find(|(known, _, _)| *known == control)?;
                let speaker = match (control, confirms) {
                    (0x43 | 0x83, _) => Speaker::Either,
                    (_, true) => Speaker::Server,
                    (_, false) => Speaker::Client,
                };
                Some(Mark { sure: 0.97, speaker })
            }
            Frame::Supervisory => Some(Mark { sure: 0.85, speaker: Speaker::Either }),
            Frame::Information(unit) => {
                if unit.count == 0 || !matches!(unit.cause, 1..=13 | 20..=47) {
                    return None;
                }
                match unit.fits() {
                    Some(true) => Some(Mark { sure: 0.93, speaker: speaker(&unit) }),
                    Some(false) => None,
                    None => Some(Mark { sure: 0.3, speaker: Speaker::Either }),
                }
            }
        }
    }

    fn message(&mut self, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let (said, fits) = match parse::frame(frame.bytes)? {
            Frame::Supervisory => return Ok(()),
            Frame::Unnumbered(control) => (unnumbered(control), true),
            Frame::Information(unit) => {
                (information(&unit, frame.is_from_client()), unit.fits().unwrap_or(unit.count > 0))
            }
        };
        output.ics(said);
        if fits { Ok(()) } else { Err(Fault::Malformed("iec104: objects do not fill their data unit")) }
    }
}

/// Who sends such a unit: process information and answers come from the controlled station.
const fn speaker(unit: &Unit<'_>) -> Speaker {
    match (unit.code, unit.cause) {
        (1..=40 | 70 | 126, _) => Speaker::Server,
        (45..=113, 6 | 8) => Speaker::Client,
        (45..=113, 7 | 9 | 10 | 44..=47) => Speaker::Server,
        _ => Speaker::Either,
    }
}

fn unnumbered(control: u8) -> Ics {
    let known = UNNUMBERED.iter().find(|(known, _, _)| *known == control);
    let (_, name, confirms) = known.copied().unwrap_or((control, "", false));
    let kind = if confirms { MessageKind::Response } else { MessageKind::Request };
    Ics::new(Protocol::IEC104, LINK, kind, u32::from(control), name)
}

fn information(unit: &Unit<'_>, from_client: bool) -> Ics {
    let kind = table::kind(unit.code);
    let (operation, part) = meaning(unit, kind.operation, from_client);
    let cause = table::cause(unit.cause);
    Ics {
        unit: Some(u32::from(unit.address)),
        object: (!cause.is_empty()).then_some(cause.into()),
        range: unit.range(),
        value: unit.value(),
        ..Ics::new(Protocol::IEC104, operation, part, u32::from(unit.code), kind.name)
    }
}

/// What a unit does, and the part it plays, by its type and its cause.
fn meaning(unit: &Unit<'_>, operation: Operation, from_client: bool) -> (Operation, MessageKind) {
    match (unit.code, unit.cause) {
        (END_OF_INITIALISATION, _) => return (operation, MessageKind::Unsolicited),
        (1..=40, 5 | 20..=41) => return (ASKED, MessageKind::Response),
        (1..=40, _) => return (operation, MessageKind::Unsolicited),
        _ => {}
    }
    let operation = if unit.selects() { SELECT } else { operation };
    let part = match unit.cause {
        44..=47 => MessageKind::Exception,
        // A directory goes out with the cause of its request.
        5 if unit.code == DIRECTORY => MessageKind::Response,
        _ if unit.negative => MessageKind::Exception,
        5 | 6 | 8 => MessageKind::Request,
        7 | 9 | 10 => MessageKind::Response,
        // A directory that changed is told by itself.
        1..=4 | 11 | 12 if !from_client => MessageKind::Unsolicited,
        _ if from_client => MessageKind::Request,
        _ => MessageKind::Response,
    };
    (operation, part)
}
