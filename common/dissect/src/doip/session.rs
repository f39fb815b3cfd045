//! One DoIP conversation being read.

use super::parse::{self, HEAD};
use super::table;
use crate::Output;
use crate::framed::Framing;
use crate::teller::{Message, about, text};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::{Fault, Reader};

/// The session.
#[derive(Debug, Default)]
pub(crate) struct DoIp {
    /// Somebody asked who is there, and was not answered yet.
    asked: bool,
}

impl Framing for DoIp {
    const VIEW: usize = 512;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::head(bytes).map(|(_, total)| total)
    }

    fn message(&mut self, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let (payload, _) = parse::head(said.bytes)?;
        let body = said.bytes.get(HEAD..).unwrap_or(&[]);
        let Some(mut kind) = payload.kind else { return Ok(()) };
        match payload.code {
            0x0001..=0x0003 => self.asked = true,
            // Vehicles announce themselves, too, when they come.
            table::ANNOUNCEMENT if !std::mem::take(&mut self.asked) => kind = MessageKind::Unsolicited,
            // Codes 0x10 and 0x11 accept.
            table::ROUTING_RESPONSE if !matches!(body.get(4), Some(0x10 | 0x11)) => kind = MessageKind::Exception,
            _ => {}
        }
        let mut ics = Ics::new(Protocol::DOIP, payload.operation, kind, u32::from(payload.code), payload.name);
        if payload.code == table::DIAGNOSTIC {
            let diagnostic = parse::diagnostic(body)?;
            ics.kind = diagnostic.kind;
            ics.unit = Some(u32::from(diagnostic.entity));
            let name = table::service(diagnostic.service);
            ics.object = Some(if name.is_empty() {
                format!("service 0x{:02x}", diagnostic.service).into()
            } else {
                name.into()
            });
        } else if matches!(payload.code, 0x8003) {
            ics.unit = Reader::new(body).u16("source").ok().map(u32::from);
        }
        output.ics(ics);
        if payload.code == table::ANNOUNCEMENT {
            let vehicle = parse::vehicle(body)?;
            let number = text(vehicle.number).map(|number| format!("VIN {number}"));
            output.asset(Asset {
                names: number.into_iter().chain([format!("entity {:04x}", vehicle.address)]).collect(),
                roles: vec!["server".to_owned()],
                source: Protocol::DOIP.name().to_owned(),
                ..about(said.from(), Some(vehicle.entity))
            });
        }
        Ok(())
    }
}
