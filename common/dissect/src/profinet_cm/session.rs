//! One conversation of calls.

use super::parse::{self, Call, Place};
use super::table::{
    self, CONNECT, CONTROL, FAULT, IDENTIFICATION, READ, READ_IMPLICIT, REJECT, REQUEST, RESPONSE, WRITE,
};
use crate::Output;
use crate::codes::{find, ics, name};
use crate::framed::Framing;
use crate::pending::Pending;
use crate::profinet_dcp;
use crate::teller::{self, Message};
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;
use std::borrow::Cow;

/// What an answer takes from its request.
pub(crate) type Waiting = (u32, Option<Place>);

/// What is remembered of a conversation.
#[derive(Debug, Default)]
pub(crate) struct ProfinetCm {
    asked: Pending<u64, Waiting>,
}

impl Framing for ProfinetCm {
    const HELD: usize = Pending::<u64, Waiting>::LIMIT;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::call(bytes).map(|_| bytes.len())
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let call = parse::call(message.bytes)?;
        if (call.ours || call.kind == REJECT) && call.fragment == 0 {
            self.call(&call, message, output);
        }
        Ok(())
    }
}

impl ProfinetCm {
    fn call(&mut self, call: &Call<'_>, message: &Message<'_>, output: &mut Output) {
        let number = u64::from(call.activity) << 32 | u64::from(call.number);
        let kind = match call.kind {
            REQUEST => MessageKind::Request,
            RESPONSE => MessageKind::Response,
            FAULT | REJECT => MessageKind::Exception,
            // Pings, working, acknowledgements.
            _ => return,
        };
        let place = parse::place(call.body);
        let (operation, place) = if kind == MessageKind::Request {
            self.asked.ask(number, (call.operation, place));
            (call.operation, place)
        } else {
            let asked = self.asked.answer(&number);
            // A fault need not repeat what was called.
            (asked.map_or(call.operation, |(operation, _)| operation), place.or(asked.and_then(|(_, place)| place)))
        };
        let event = ics(Protocol::PROFINET_CM, find(table::OPERATIONS, operation), kind);
        output.ics(placed(event, operation, place, call));
        match kind {
            MessageKind::Request if operation == CONNECT => {
                let mut asset = teller::about(message.from(), None);
                parse::initiator(call.body, &mut asset);
                asset.roles.push("io_controller".to_owned());
                asset.purdue_level = Some(1);
                "profinet_cm".clone_into(&mut asset.source);
                if asset.hostname.is_some() {
                    output.asset(asset);
                }
            }
            MessageKind::Response if place.is_some_and(|place| place.index == IDENTIFICATION) => {
                if let Some((vendor, order, version)) = parse::identification(call.body) {
                    let mut asset = teller::about(message.from(), None);
                    asset.vendor = Some(profinet_dcp::vendor(vendor));
                    (asset.model, asset.firmware) = (order, Some(version));
                    asset.roles.push("io_device".to_owned());
                    asset.purdue_level = Some(1);
                    "profinet_cm".clone_into(&mut asset.source);
                    output.asset(asset);
                }
            }
            _ => {}
        }
    }
}

/// Names the record of a read or write with its slot, or what a control says.
fn placed(event: Ics, operation: u32, place: Option<Place>, call: &Call<'_>) -> Ics {
    match (operation, place) {
        (READ | WRITE | READ_IMPLICIT, Some(place)) => {
            let known = name(table::RECORDS, place.index);
            let record: Cow<'static, str> =
                if known.is_empty() { format!("record 0x{:04x}", place.index).into() } else { known.into() };
            let object = Some(format!("slot {}.{} {record}", place.slot, place.subslot).into());
            Ics { unit: Some(place.slot.into()), object, range: Some((place.index, place.index)), ..event }
        }
        (CONTROL, _) => {
            let bits = parse::command(call.body).map_or(0, u32::from);
            let said = table::COMMANDS.iter().find(|(bit, _)| bits & bit != 0);
            Ics { object: said.map(|(_, name)| Cow::Borrowed(*name)), ..event }
        }
        _ => event,
    }
}
