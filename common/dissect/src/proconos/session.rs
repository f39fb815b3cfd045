//! One conversation: which services there are decides what calls do.

use super::parse;
use super::table::{self, CALL, REGISTER, REGISTERED, Service};
use crate::Output;
use crate::codes::{Code, ics};
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::{self, Message};
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// Services that are remembered, by the number the server gave them.
const SERVICES_MAX: usize = 32;
/// Registrations wait under this.
const REGISTRATION: u64 = u64::MAX;

/// What an answer takes from its request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Waiting {
    Registration(Service),
    Call(Code),
}

/// What is remembered of a conversation.
#[derive(Debug, Default)]
pub(crate) struct Proconos {
    asked: Pending<u64, Waiting>,
    services: [Service; SERVICES_MAX],
}

impl Framing for Proconos {
    const HELD: usize = Pending::<u64, Waiting>::LIMIT;

    fn length(&self, bytes: &[u8], direction: Direction) -> Result<usize, Fault> {
        let head = parse::head(bytes)?;
        if head.answer() != (direction == Direction::ToClient) {
            return Err(Fault::Malformed("proconos: an answer from the wrong side"));
        }
        Ok(head.total)
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let head = parse::head(message.bytes)?;
        let number = u64::from(head.service) << 16 | u64::from(head.call);
        let event = |code, kind| ics(Protocol::PROCONOS, code, kind);
        match head.kind {
            REGISTER => {
                let name = message.bytes.get(parse::HEADER..).and_then(teller::text).unwrap_or_default();
                let known = table::SERVICES.iter().find(|(part, _)| name.contains(part));
                let service = known.map_or(Service::Other, |(_, service)| *service);
                self.asked.ask(REGISTRATION, Waiting::Registration(service));
                let object = Some(name.trim_start_matches("Ade.Remoting.Services.").to_owned().into());
                output.ics(Ics { object, ..event(table::REGISTRATION, MessageKind::Request) });
            }
            REGISTERED => {
                if let Some(Waiting::Registration(service)) = self.asked.answer(&REGISTRATION)
                    && let Some(place) = self.services.get_mut(usize::from(head.service))
                {
                    *place = service;
                }
                let unit = Some(u32::from(head.service));
                output.ics(Ics { unit, ..event(table::REGISTRATION, MessageKind::Response) });
            }
            CALL => {
                let service = self.services.get(usize::from(head.service)).copied().unwrap_or_default();
                let code = table::call(service, head.call);
                self.asked.ask(number, Waiting::Call(code));
                output.ics(Ics { unit: Some(u32::from(head.service)), ..event(code, MessageKind::Request) });
            }
            _ => {
                let code = match self.asked.answer(&number) {
                    Some(Waiting::Call(code)) => code,
                    _ => table::call(Service::Other, head.call),
                };
                output.ics(Ics { unit: Some(u32::from(head.service)), ..event(code, MessageKind::Response) });
            }
        }
        Ok(())
    }
}
