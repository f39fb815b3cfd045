//! One HART-IP conversation being read.

use super::parse::{self, Frame, Identity, NAK, PASS_THROUGH, PUBLISH, Pdu, REQUEST};
use super::table;
use crate::Output;
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::{Message, name};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, MessageKind, Operation, Protocol};
use picket_reader::Fault;

/// What was asked: message id, command, operation.
#[derive(Clone, Copy, Debug)]
struct Asked {
    command: u16,
    operation: Operation,
}

/// The session.
#[derive(Debug, Default)]
pub(crate) struct HartIp {
    pending: Pending<(u8, u16), Asked>,
    /// The device whose address it is: the one that answers to polling address 0, or the first to say who it is.
    itself: Option<u32>,
}

impl Framing for HartIp {
    const HELD: usize = Pending::<(u8, u16), Asked>::LIMIT;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn message(&mut self, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let frame = parse::frame(said.bytes)?;
        let kind = match frame.kind {
            REQUEST => MessageKind::Request,
            PUBLISH => MessageKind::Unsolicited,
            NAK => MessageKind::Exception,
            _ => MessageKind::Response,
        };
        if frame.id == PASS_THROUGH && kind != MessageKind::Exception {
            return self.command(&frame, kind, said, output);
        }
        let key = (frame.id, frame.sequence);
        let asked = if kind == MessageKind::Request { None } else { self.pending.answer(&key) };
        let own = parse::operation(frame.id).unwrap_or(Operation::Other);
        let operation = asked.map_or(own, |asked| asked.operation);
        let mut ics = Ics::new(Protocol::HART_IP, operation, kind, u32::from(frame.id), table::message(frame.id));
        if let (PASS_THROUGH, Some(asked)) = (frame.id, asked) {
            (ics.function, ics.function_name) = (u32::from(asked.command), table::name(asked.command).into());
        }
        output.ics(ics);
        Ok(())
    }
}

impl HartIp {
    /// A command passed through, its answer, or a burst.
    fn command(
        &mut self,
        frame: &Frame<'_>,
        kind: MessageKind,
        said: &Message<'_>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let pdu = parse::pdu(frame.body)?;
        let key = (frame.id, frame.sequence);
        let own = table::operation(pdu.command);
        let operation = match kind {
            MessageKind::Unsolicited => table::PUBLISH,
            MessageKind::Request => {
                self.pending.ask(key, Asked { command: pdu.command, operation: own });
                own
            }
            _ => {
                self.pending.answer(&key);
                own
            }
        };
        let function = u32::from(pdu.command);
        let mut ics = Ics::new(Protocol::HART_IP, operation, kind, function, table::name(pdu.command));
        ics.unit = Some(pdu.address);
        output.ics(ics);
        if kind == MessageKind::Response {
            self.tell(&pdu, said, output);
        }
        Ok(())
    }

    /// Devices behind a gateway share its address: their own numbers tell them apart, and their makers are not its own.
    fn tell(&mut self, pdu: &Pdu<'_>, said: &Message<'_>, output: &mut Output) {
        let mut asset = said.about();
        match pdu.command {
            table::READ_IDENTITY => {
                let Some(identity) = parse::identity(pdu.data) else { return };
                if pdu.itself {
                    self.itself = Some(identity.device);
                }
                if *self.itself.get_or_insert(identity.device) == identity.device {
                    describe(&mut asset, &identity);
                }
                asset.names = vec![format!("device {:06x}", identity.device)];
            }
            table::READ_LONG_TAG => {
                let Some(tag) = name(pdu.data) else { return };
                asset.names = vec![tag, format!("device {:06x}", pdu.address)];
            }
            _ => return,
        }
        asset.roles = vec!["server".to_owned()];
        asset.source = Protocol::HART_IP.name().to_owned();
        output.asset(asset);
    }
}

fn describe(asset: &mut Asset, identity: &Identity) {
    let known = table::VENDORS.iter().find(|(number, _)| *number == identity.vendor);
    let vendor = known.map_or_else(|| format!("HART maker {}", identity.vendor), |(_, name)| (*name).to_owned());
    asset.vendor = Some(vendor);
    asset.model = Some(format!("HART device type 0x{:04x}", identity.device_type));
    asset.firmware = Some(format!("{}.{}", identity.device_revision, identity.software_revision));
}
