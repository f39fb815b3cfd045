//! One conversation between routers.

use super::parse::{self, Access, Ams};
use super::table::{self, ADD_ROUTE, DEVICE_INFO, NOTIFICATION, READ, READ_WRITE, WRITE, WRITE_CONTROL};
use crate::Output;
use crate::codes::{Code, find, ics, name, range};
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::{self, Message};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, Endpoints, MessageKind, Protocol, Transport};
use picket_reader::{Fault, Reader};
use std::borrow::Cow;

/// Tags of one datagram that are read.
const TAGS_MAX: usize = 16;

/// What an answer takes from its request.
pub(crate) type Waiting = Access;

/// What is remembered of a conversation.
#[derive(Debug, Default)]
pub(crate) struct Ads {
    asked: Pending<u64, Waiting>,
}

impl Framing for Ads {
    const HELD: usize = Pending::<u64, Waiting>::LIMIT;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    /// Over UDP routers speak, a datagram at a time.
    fn within(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::router(bytes).map(|_| bytes.len()).or_else(|_| parse::length(bytes))
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let datagram = matches!(message.context.endpoints, Endpoints::Ip { transport: Transport::UDP, .. });
        if datagram && parse::router(message.bytes).is_ok() {
            return router(message, output);
        }
        let ams = parse::message(message.bytes)?;
        let code = find(table::COMMANDS, u32::from(ams.command));
        let kind = kind(&ams);
        let event = Ics { unit: Some(u32::from(device(&ams))), ..ics(Protocol::ADS, code, kind) };
        let event =
            if kind == MessageKind::Request { self.request(&ams, code, event)? } else { self.answer(&ams, event) };
        output.ics(event);
        if kind == MessageKind::Response && code.code == DEVICE_INFO {
            let (version, text) = parse::device(ams.data)?;
            let mut asset = controller(message);
            (asset.model, asset.firmware) = (teller::text(text), Some(version));
            output.asset(asset);
        }
        Ok(())
    }
}

/// The port of the device, whoever speaks.
const fn device(ams: &Ams<'_>) -> u16 {
    if ams.answer { ams.source } else { ams.target }
}

fn kind(ams: &Ams<'_>) -> MessageKind {
    if !ams.answer {
        let unasked = u32::from(ams.command) == NOTIFICATION;
        return if unasked { MessageKind::Unsolicited } else { MessageKind::Request };
    }
    // What the device could not do for itself stands in the data: an answer all the same.
    if ams.error == 0 { MessageKind::Response } else { MessageKind::Exception }
}

impl Ads {
    fn request(&mut self, ams: &Ams<'_>, code: Code, event: Ics) -> Result<Ics, Fault> {
        match code.code {
            READ | WRITE | READ_WRITE => {
                let access = parse::access(ams.data, code.code == WRITE)?;
                self.asked.ask(u64::from(ams.invoke), access);
                Ok(accessed(event, access))
            }
            WRITE_CONTROL => {
                let state = u32::from(Reader::new(ams.data).u16_le("state")?);
                let known = name(table::STATES, state);
                let object: Cow<'static, str> =
                    if known.is_empty() { format!("state {state}").into() } else { known.into() };
                Ok(Ics { object: Some(object), value: Some(f64::from(state)), ..event })
            }
            _ => Ok(event),
        }
    }

    fn answer(&mut self, ams: &Ams<'_>, event: Ics) -> Ics {
        let read = matches!(u32::from(ams.command), READ | WRITE | READ_WRITE);
        let event = match self.asked.answer(&u64::from(ams.invoke)).filter(|_| read) {
            Some(access) => accessed(event, Access { value: None, ..access }),
            None => event,
        };
        let result = if ams.answer { Reader::new(ams.data).u32_le("result").unwrap_or(0) } else { 0 };
        match if ams.error == 0 { result } else { ams.error } {
            0 => event,
            error => Ics { object: Some(format!("error 0x{error:04x}").into()), ..event },
        }
    }
}

fn accessed(event: Ics, access: Access) -> Ics {
    let known = name(table::GROUPS, access.group);
    let object: Cow<'static, str> =
        if known.is_empty() { format!("group 0x{:x}", access.group).into() } else { known.into() };
    Ics { object: Some(object), range: range(access.offset, access.length), value: access.value, ..event }
}

fn controller(message: &Message<'_>) -> Asset {
    let mut asset = message.about();
    asset.vendor = Some("Beckhoff".to_owned());
    asset.roles.push("server".to_owned());
    "ads".clone_into(&mut asset.source);
    asset
}

/// Reads a datagram of a router: who it is, or whom it lets in.
fn router(message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
    let router = parse::router(message.bytes)?;
    let answer = router.service >> 31 == 1;
    let code = find(table::SERVICES, router.service & 0x7fff_ffff);
    let mut event = ics(Protocol::ADS, code, if answer { MessageKind::Response } else { MessageKind::Request });
    let mut asset = controller(message);
    let mut tags = router.tags;
    let mut read = Ok(());
    for _ in 0..usize::try_from(router.count).unwrap_or(usize::MAX).min(TAGS_MAX) {
        match parse::tag(&mut tags) {
            Ok((1, value)) if answer && value.iter().any(|byte| *byte != 0) => event.kind = MessageKind::Exception,
            Ok((3, [major, minor, low, high, ..])) => {
                let build = u16::from_le_bytes([*low, *high]);
                asset.firmware = Some(format!("TwinCAT {major}.{minor}.{build}"));
            }
            Ok((4, value)) => asset.os = system(value),
            Ok((5, value)) => asset.hostname = teller::name(value),
            Ok((12, value)) if code.code == ADD_ROUTE => event.object = teller::text(value).map(Cow::Owned),
            Ok(_) => {}
            Err(fault) => read = Err(fault),
        }
    }
    output.ics(event);
    if answer && asset.hostname.is_some() {
        output.asset(asset);
    }
    read
}

/// The operating system, as Windows describes itself (OSVERSIONINFO: size, major, minor, build, platform).
fn system(value: &[u8]) -> Option<String> {
    let mut r = Reader::new(value);
    r.skip(4, "size").ok()?;
    let (major, minor) = (r.u32_le("major").ok()?, r.u32_le("minor").ok()?);
    r.skip(4, "build").ok()?;
    match r.u32_le("platform").ok()? {
        2 => Some(format!("Windows {major}.{minor}")),
        3 => Some(format!("Windows CE {major}.{minor}")),
        _ => None,
    }
}
