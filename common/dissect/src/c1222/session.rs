//! Messages of C12.22 told and read.

use super::parse::{self, Message, SERVICES_MAX};
use super::table::{self, FULL_READ, HIDDEN, MANUFACTURER, Row};
use crate::Output;
use crate::framed::Framing;
use crate::pending::Pending;
use crate::sides::{Mark, Speaker};
use crate::teller;
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::{Fault, Reader};

/// Codes below this one answer.
const FIRST_REQUEST: u8 = 0x20;

/// A service waiting for its answer.
#[derive(Clone, Copy, Debug)]
struct Asked {
    row: Row,
    table: Option<u16>,
}

/// One connection, or the datagrams between two ends.
#[derive(Debug, Default)]
pub(crate) struct C1222 {
    /// By invocation and place in its message.
    asked: Pending<(u32, usize), Asked>,
}

impl Framing for C1222 {
    const HELD: usize = Pending::<(u32, usize), Asked>::LIMIT;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn judge(frame: &[u8]) -> Option<Mark> {
        let Message { answers, encrypted, mut services, .. } = parse::message(frame).ok()?;
        let mut speaker = if answers { Speaker::Server } else { Speaker::Either };
        if !encrypted && let Some((code, _)) = parse::service(&mut services).ok()? {
            speaker = if code < FIRST_REQUEST { Speaker::Server } else { Speaker::Client };
        }
        Some(Mark { sure: 0.97, speaker })
    }

    fn message(&mut self, frame: &teller::Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let message = parse::message(frame.bytes)?;
        if message.encrypted {
            self.hidden(&message, frame, output);
            return Ok(());
        }
        let mut services = message.services;
        for place in 0..SERVICES_MAX {
            if services.is_empty() {
                break;
            }
            match parse::service(&mut services) {
                Ok(Some((code, data))) if code < FIRST_REQUEST => {
                    self.answer((message.invocation, place), code, data, frame, output);
                }
                Ok(Some((code, data))) => self.request((message.invocation, place), code, data, output),
                Ok(None) => break,
                Err(_) => return Err(Fault::Malformed("c1222: service is cut")),
            }
        }
        Ok(())
    }
}

impl C1222 {
    /// A message that cannot be read answers where it says so.
    fn hidden(&mut self, message: &Message<'_>, frame: &teller::Message<'_>, output: &mut Output) {
        let answers = message.answers || !frame.is_from_client();
        let kind = if answers { MessageKind::Response } else { MessageKind::Request };
        let (_, name, operation) = HIDDEN;
        output.ics(Ics::new(Protocol::C1222, operation, kind, 0, name));
    }

    fn request(&mut self, key: (u32, usize), code: u8, data: Reader<'_>, output: &mut Output) {
        let asked = Asked { row: table::service(code), table: parse::table(code, data) };
        self.asked.ask_anew(key, asked);
        output.ics(event(asked, MessageKind::Request));
    }

    fn answer(
        &mut self,
        key: (u32, usize),
        code: u8,
        data: Reader<'_>,
        frame: &teller::Message<'_>,
        output: &mut Output,
    ) {
        let unseen = Asked { row: (code, "", HIDDEN.2), table: None };
        let asked = self.asked.answer(&key).unwrap_or(unseen);
        let kind = if code == 0 { MessageKind::Response } else { MessageKind::Exception };
        let refusal = table::refusal(code);
        let object = (!refusal.is_empty()).then_some(refusal.into());
        output.ics(Ics { object, ..event(asked, kind) });
        let (service, _, _) = asked.row;
        if (code, service, asked.table) == (0, FULL_READ, Some(MANUFACTURER)) {
            identity(data, frame, output);
        }
    }
}

fn event(asked: Asked, kind: MessageKind) -> Ics {
    let (code, name, operation) = asked.row;
    let range = asked.table.map(|table| (u32::from(table), u32::from(table)));
    Ics { range, ..Ics::new(Protocol::C1222, operation, kind, u32::from(code), name) }
}

/// What a meter tells of itself.
fn identity(data: Reader<'_>, frame: &teller::Message<'_>, output: &mut Output) {
    let Ok(read) = parse::manufacturer(data) else { return };
    let [version, revision] = read.firmware;
    let told = Asset {
        vendor: crate::teller::text(read.maker),
        model: crate::teller::text(read.model),
        firmware: Some(format!("{version}.{revision}")),
        roles: vec!["meter".to_owned()],
        source: "c1222".to_owned(),
        ..frame.about()
    };
    output.asset(told);
}
