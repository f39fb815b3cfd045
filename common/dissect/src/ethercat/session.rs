//! One conversation of a master, out or back.

use super::parse::{self, Mailbox, Sdo};
use super::registers::Registers;
use super::table::{self, COE, FOE, SOE};
use crate::Output;
use crate::codes::{Code, find, ics};
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::Message;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Operation, Protocol};
use picket_reader::{Fault, Reader};

/// Datagrams of one frame that are looked at: as many as fit in 1,498 bytes.
const DATAGRAMS_MAX: usize = 128;

/// What an answer takes from its request: what it was, and its object.
pub(crate) type Waiting = (Code, (u16, u8));

/// What is remembered of a conversation.
#[derive(Debug, Default)]
pub(crate) struct EtherCat {
    asked: Pending<u64, Waiting>,
    registers: Registers,
}

impl Framing for EtherCat {
    const HELD: usize = Pending::<u64, Waiting>::LIMIT + Registers::LIMIT;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        // A frame is a datagram of the link; padding stands behind it.
        Ok(bytes.len())
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let (kind, mut r) = parse::frame(message.bytes)?;
        if kind != 0b00010 {
            return Ok(());
        }
        for _ in 0..DATAGRAMS_MAX {
            let datagram = parse::datagram(&mut r)?;
            match parse::mailbox(&datagram) {
                Some(mailbox) => self.mailbox(&mailbox, datagram.slave, message, output)?,
                None => self.registers.hear(&datagram, message, output),
            }
            if !datagram.more {
                break;
            }
        }
        Ok(())
    }
}

impl EtherCat {
    fn mailbox(
        &mut self,
        mailbox: &Mailbox<'_>,
        slave: u16,
        message: &Message<'_>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let event = match mailbox.kind {
            COE => self.objects(mailbox, slave, message, output)?,
            FOE => files(mailbox, self.registers.boots(slave))?,
            SOE => drives(mailbox)?,
            _ => return Ok(()),
        };
        // Frames come back under another address, so that the request is noted on both ways, and told on one.
        if mailbox.again {
            return Ok(());
        }
        output.ics(Ics { unit: Some(slave.into()), ..event });
        Ok(())
    }

    /// CoE.
    fn objects(
        &mut self,
        mailbox: &Mailbox<'_>,
        slave: u16,
        message: &Message<'_>,
        output: &mut Output,
    ) -> Result<Ics, Fault> {
        let sdo = parse::coe(mailbox.inside)?;
        let kind = if mailbox.written { MessageKind::Request } else { MessageKind::Response };
        let code = match (sdo.service, sdo.command >> 5) {
            (1, _) => return Ok(event(table::EMERGENCY, MessageKind::Unsolicited)),
            (2 | 3, 4) => return Ok(self.abort(&sdo, slave)),
            (2, 1) | (3, 3) => table::DOWNLOAD,
            (2, 2) | (3, 2) => table::UPLOAD,
            (2, 0) | (3, 1) => table::DOWNLOAD_SEGMENT,
            (2, 3) | (3, 0) => table::UPLOAD_SEGMENT,
            (8, _) => table::INFORMATION,
            _ => table::OTHER,
        };
        let first = matches!(code.code, 0x0302 | 0x0303);
        let mut place = if first { Some((sdo.index, sdo.sub)) } else { None };
        if let Some(place) = place.filter(|_| mailbox.written) {
            self.asked.answer(&slave.into());
            self.asked.ask(slave.into(), (code, place));
        } else if first {
            // Some slaves leave the object out of their answers.
            place = self.asked.answer(&slave.into()).map(|(_, place)| place).or(place);
        }
        if code.code == table::UPLOAD.code
            && !mailbox.written
            && let (Some(place), Some(data)) = (place, parse::uploaded(&sdo))
        {
            self.registers.object((slave, place), data, message, output);
        }
        // A download's request and an upload's answer hold the value.
        let holds = first && (code.code == table::DOWNLOAD.code) == mailbox.written;
        let value = if holds { parse::expedited(&sdo) } else { None };
        Ok(Ics { value, ..placed(event(code, kind), place) })
    }

    /// An abort names the object, and takes the operation of what it ends.
    fn abort(&mut self, sdo: &Sdo<'_>, slave: u16) -> Ics {
        let asked = self.asked.answer(&slave.into());
        let operation = asked.map_or(table::ABORT.operation, |(code, _)| code.operation);
        let code = Code { operation, ..table::ABORT };
        placed(event(code, MessageKind::Exception), Some((sdo.index, sdo.sub)))
    }
}

fn event(code: Code, kind: MessageKind) -> Ics {
    ics(Protocol::ETHERCAT, code, kind)
}

fn placed(event: Ics, place: Option<(u16, u8)>) -> Ics {
    let Some((index, sub)) = place else { return event };
    let index = u32::from(index);
    Ics { object: Some(format!("0x{index:04x}:{sub}").into()), range: Some((index, index)), ..event }
}

/// FoE: the name of a file where one is asked for. What is written in BOOT is firmware.
fn files(mailbox: &Mailbox<'_>, boots: bool) -> Result<Ics, Fault> {
    let mut r = Reader::new(mailbox.inside);
    let operation = r.u8("operation")?;
    r.skip(5, "password")?;
    let kind = match operation {
        5 => MessageKind::Exception,
        _ if mailbox.written => MessageKind::Request,
        _ => MessageKind::Response,
    };
    let mut code = find(table::FILES, u32::from(operation));
    if boots && code.code == table::FILE_WRITE {
        code.operation = Operation::Firmware;
    }
    let name = if matches!(operation, 1 | 2) { crate::teller::text(r.peek()) } else { None };
    Ok(Ics { object: name.map(Into::into), function: 0x0400 | code.code, ..event(code, kind) })
}

/// SoE: a parameter of a drive.
fn drives(mailbox: &Mailbox<'_>) -> Result<Ics, Fault> {
    let mut r = Reader::new(mailbox.inside);
    let head = r.u8("header")?;
    r.skip(1, "elements")?;
    let number = u32::from(r.u16_le("parameter")?);
    let operation = head & 7;
    let kind = match operation {
        _ if head & 0x10 != 0 => MessageKind::Exception,
        5 | 6 => MessageKind::Unsolicited,
        2 | 4 => MessageKind::Response,
        _ => MessageKind::Request,
    };
    let code = find(table::DRIVES, u32::from(operation));
    // S and P parameters with their set (IEC 61800-7-204).
    let class = if number & 0x8000 == 0 { 'S' } else { 'P' };
    let object = format!("{class}-{}-{:04}", number >> 12 & 7, number & 0x0fff);
    let place = number & 0xffff;
    Ok(Ics {
        object: Some(object.into()),
        range: Some((place, place)),
        function: 0x0500 | code.code,
        ..event(code, kind)
    })
}
