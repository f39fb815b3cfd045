//! One KNXnet/IP conversation being read. Services name themselves: nothing is to be remembered.

use super::parse::{self, Device};
use super::table;
use crate::Output;
use crate::framed::Framing;
use crate::teller::{Message, about, text};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::{Fault, Reader};
use std::borrow::Cow;
use std::fmt::Write as _;

/// The session.
#[derive(Debug, Default)]
pub(crate) struct KnxIp;

impl Framing for KnxIp {
    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn message(&mut self, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let mut r = Reader::new(said.bytes);
        r.skip(2, "header")?;
        let service = table::service(r.u16("service")?);
        r.skip(2, "length")?;
        let mut ics = Ics::new(Protocol::KNXIP, service.operation, service.kind, u32::from(service.code), service.name);
        match service.code {
            table::TUNNELLING_REQUEST | table::CONFIGURATION_REQUEST => {
                // The connection: its own length, channel, sequence counter.
                let connection = usize::from(r.u8("connection header")?);
                let channel = r.u8("channel")?;
                ics.unit = Some(u32::from(channel));
                r.skip(connection.saturating_sub(2), "connection header")?;
                telegram(&mut ics, r.rest());
            }
            table::ROUTING_INDICATION => telegram(&mut ics, r.rest()),
            table::CONNECT_RESPONSE => {
                r.skip(1, "channel")?;
                if r.u8("status")? != 0 {
                    ics.kind = MessageKind::Exception;
                }
            }
            _ => {}
        }
        output.ics(ics);
        match service.code {
            table::SEARCH_RESPONSE | table::EXTENDED_SEARCH_RESPONSE => {
                let address = r.u8("address length")?;
                r.skip(usize::from(address).saturating_sub(1), "address")?;
                tell(parse::device(r.rest()), said, output);
            }
            table::DESCRIPTION_RESPONSE => tell(parse::device(r.rest()), said, output),
            _ => {}
        }
        Ok(())
    }
}

/// Whom a telegram is for, and its value where that is small.
fn telegram(ics: &mut Ics, bytes: &[u8]) {
    let Some(telegram) = parse::telegram(bytes) else { return };
    ics.object = Some(Cow::Owned(telegram.receiver()));
    ics.value = telegram.small.filter(|_| telegram.group).map(f64::from);
}

fn tell(device: Option<Device<'_>>, said: &Message<'_>, output: &mut Output) {
    let Some(device) = device else { return };
    let mut serial = String::from("serial ");
    for byte in device.serial {
        let _ = write!(serial, "{byte:02x}");
    }
    let address = device.address;
    let bus = format!("device {}.{}.{}", address >> 12, address >> 8 & 15, address & 255);
    output.asset(Asset {
        model: text(device.name),
        names: vec![serial, bus],
        roles: vec!["server".to_owned()],
        source: Protocol::KNXIP.name().to_owned(),
        ..about(said.from(), Some(device.mac))
    });
}
