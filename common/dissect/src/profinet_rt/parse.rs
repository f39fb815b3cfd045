//! Cyclic frames told by their ends, alarms read.

use super::table;
use crate::Output;
use crate::codes::{code, find, ics};
use crate::link::Verdict;
use picket_event::body::Ics;
use picket_event::{MessageKind, Operation, Protocol};
use picket_reader::{Fault, Reader};

/// Kinds of an alarm frame: data, refusal, acknowledgement, error.
const DATA: u8 = 1;
const ERROR: u8 = 4;

/// Cyclic data, whose end carries a counter, the data's status and the transfer's, which is 0; fragments; alarms.
pub(super) fn probe(bytes: &[u8]) -> Verdict {
    let id = Reader::new(bytes).u16("frame id")?;
    match id {
        0xfc01 | 0xfe01 => {
            let head = head(bytes)?;
            Ok((head.version == 1 && (DATA..=ERROR).contains(&head.kind)).then_some(0.97))
        }
        0x0100..=0x0fff | 0x8000..=0xfbff => {
            let [.., status, transfer] = *bytes else { return Ok(None) };
            // Reserved bits of the status are 0 (IEC 61158-6-10, "Coding of the field DataStatus").
            Ok((bytes.len() >= 42 && transfer == 0 && status & 0x48 == 0).then_some(0.9))
        }
        0xff80..=0xff8f => {
            // Fragments say how many eights of bytes they hold, rounded down at the end.
            let [_, _, eights, state, data @ ..] = bytes else { return Ok(None) };
            let fits = data.len() >> 3 == usize::from(*eights) && *eights > 0;
            Ok((fits && state & 0x40 == 0 && bytes.len() >= 42).then_some(0.85))
        }
        _ => Ok(None),
    }
}

struct Head<'a> {
    version: u8,
    kind: u8,
    inside: Reader<'a>,
}

fn head(bytes: &[u8]) -> Result<Head<'_>, Fault> {
    let mut r = Reader::new(bytes);
    r.skip(6, "frame id and ends")?;
    let kind = r.u8("kind")?;
    r.skip(5, "flags and numbers")?;
    Ok(Head { version: kind >> 4, kind: kind & 15, inside: r.vec16("inside")? })
}

/// Reads an alarm; acknowledgements of the transport are no events.
pub(super) fn alarm(bytes: &[u8], output: &mut Output) -> Result<(), Fault> {
    let head = head(bytes)?;
    let event = |code, kind| ics(Protocol::PROFINET_RT, code, kind);
    match head.kind {
        DATA => {
            let mut r = head.inside;
            // Notifications (1, 2) and their acknowledgements (0x8001, 0x8002) have the same start.
            let block = r.u16("block")?;
            r.skip(4, "block length and version")?;
            let kind = find(table::ALARMS, u32::from(r.u16("alarm type")?));
            let kind = code(kind.code, kind.name, Operation::Alarm);
            r.skip(4, "application")?;
            let (slot, subslot) = (r.u16("slot")?, r.u16("subslot")?);
            let role = if block & 0x8000 == 0 { "slot" } else { "acknowledged slot" };
            let object = Some(format!("{role} {slot}.{subslot}").into());
            output.ics(Ics { unit: Some(slot.into()), object, ..event(kind, MessageKind::Unsolicited) });
        }
        ERROR => output.ics(event(code(0, "Error", Operation::Alarm), MessageKind::Exception)),
        _ => {}
    }
    Ok(())
}
