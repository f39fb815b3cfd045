//! One EtherNet/IP conversation being read.

use super::cip::{self, Answer, Request};
use super::parse::{self, Frame, Identity};
use super::table::{self, EXECUTE_PCCC, MULTIPLE_SERVICE, PCCC, READ_TAG, SEND_RR_DATA, SEND_UNIT_DATA, WRITE_TAG};
use crate::Output;
use crate::codes::Code;
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::{Message, text};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, MessageKind, Operation, Protocol};
use picket_reader::{Fault, Reader};
use std::borrow::Cow;

/// Which request an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// A CIP request without a connection, by its sender's number.
    Unconnected(u64),
    /// One of a connection, by sequence count.
    Connected(u16),
}

/// What was asked.
#[derive(Clone, Debug)]
struct Asked {
    service: u16,
    name: &'static str,
    operation: Operation,
    class: Option<u32>,
    object: Option<Cow<'static, str>>,
}

/// Services of one packet that are remembered; answers behind them are known by what they say themselves.
const ASKED_MAX: usize = 16;
/// The session.
#[derive(Debug, Default)]
pub(crate) struct Enip {
    pending: Pending<Key, Vec<Asked>>,
}

impl Framing for Enip {
    // Were every request a packet of many services.
    const HELD: usize =
        Pending::<Key, Vec<Asked>>::LIMIT + Pending::<Key, Vec<Asked>>::MAX * ASKED_MAX * (size_of::<Asked>() + 128);

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let frame = parse::frame(message.bytes)?;
        match frame.command {
            SEND_RR_DATA | SEND_UNIT_DATA if frame.status == 0 => self.carried(&frame, message, output),
            _ => {
                self.command(&frame, message, output);
                Ok(())
            }
        }
    }
}

impl Enip {
    /// A command that is no wrapper, or a wrapper refused.
    fn command(&mut self, frame: &Frame<'_>, said: &Message<'_>, output: &mut Output) {
        let Some(code) = table::command(frame.command) else { return };
        let wraps = matches!(frame.command, SEND_RR_DATA | SEND_UNIT_DATA);
        let (kind, mut operation) = match said.direction {
            Direction::ToServer => (MessageKind::Request, code.operation),
            Direction::ToClient if frame.status != 0 => (MessageKind::Exception, code.operation),
            Direction::ToClient => (MessageKind::Response, code.operation),
        };
        if wraps && kind == MessageKind::Exception {
            let asked = self.pending.answer(&Key::Unconnected(frame.context)).unwrap_or_default();
            operation = asked.first().map_or(operation, |asked| asked.operation);
        }
        output.ics(Ics::new(Protocol::ENIP, operation, kind, u32::from(frame.command), code.name));
        if frame.command == table::LIST_IDENTITY
            && let Some(identity) = parse::items(frame.data).ok().and_then(|packet| packet.identity)
        {
            match parse::identity_item(identity) {
                Ok(identity) => tell(&identity, said, output),
                Err(_) => output.malformed.push("enip: identity is cut"),
            }
        }
    }

    /// A CIP message in its wrapper.
    fn carried(&mut self, frame: &Frame<'_>, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let packet = parse::packet(frame.data)?;
        let (key, bytes) = match (packet.unconnected, packet.connected) {
            (Some(bytes), _) => (Key::Unconnected(frame.context), bytes),
            (None, Some((sequence, bytes))) => (Key::Connected(sequence), bytes),
            (None, None) => return Err(Fault::Malformed("enip: no message in a packet")),
        };
        match bytes.first() {
            Some(service) if service & 0x80 != 0 => self.answer(key, cip::answer(bytes)?, said, output),
            Some(_) => self.request(key, bytes, output),
            // Connections are kept alive by empty messages.
            None => Ok(()),
        }
    }

    fn request(&mut self, key: Key, bytes: &[u8], output: &mut Output) -> Result<(), Fault> {
        // Mostly it is one.
        let mut asked = Vec::with_capacity(1);
        let read = cip::requests(bytes, &mut |request| {
            let (ics, noted) = ask(request);
            output.ics(ics);
            if asked.len() < ASKED_MAX {
                asked.push(noted);
            }
        });
        self.pending.ask(key, asked);
        read
    }

    fn answer(&mut self, key: Key, answer: Answer<'_>, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        // The answer comes from a wrapper's inside, or from the wrapper itself where that failed.
        let several = answer.service == MULTIPLE_SERVICE && !answer.data.is_empty();
        let fits = |asked: &Vec<Asked>| {
            several || asked.iter().any(|a| a.service == answer.service) || answer.refuses() || asked.is_empty()
        };
        let asked = self.pending.answer_if(|known, asked| *known == key && fits(asked)).unwrap_or_default();
        let (all, mut asked) = (asked.len(), asked.into_iter());
        if several {
            for bytes in cip::multiple(answer.data)? {
                respond(cip::answer(bytes)?, asked.next(), said, output);
            }
        } else if all > 1 {
            // All of a packet's services are refused at once.
            asked.for_each(|one| respond(answer, Some(one), said, output));
        } else {
            respond(answer, asked.next(), said, output);
        }
        Ok(())
    }
}

/// A request as an event, and what is to be remembered of it.
fn ask(request: Request<'_>) -> (Ics, Asked) {
    let code = table::service(request.service, request.path.class);
    let (mut name, mut operation) = (code.name, code.operation);
    if request.service == EXECUTE_PCCC && request.path.class == Some(PCCC) {
        (name, operation) = pccc(request.data).unwrap_or((name, operation));
    }
    let Request { service, path, data } = request;
    let class = path.class;
    let object = path.text().map(Cow::Owned);
    let mut ics = Ics::new(Protocol::ENIP, operation, MessageKind::Request, u32::from(service), name);
    ics.object.clone_from(&object);
    if service == WRITE_TAG && class != Some(table::STORAGE) {
        ics.value = written(data);
    }
    (ics, Asked { service, name, operation, class, object })
}

/// An answer as an event, and what it tells of its device.
fn respond(answer: Answer<'_>, asked: Option<Asked>, said: &Message<'_>, output: &mut Output) {
    let own = unasked(&answer);
    let (name, operation) = asked.as_ref().map_or((own.name, own.operation), |asked| (asked.name, asked.operation));
    let kind = if answer.refuses() { MessageKind::Exception } else { MessageKind::Response };
    let function = asked.as_ref().map_or(answer.service, |asked| asked.service);
    let mut ics = Ics::new(Protocol::ENIP, operation, kind, u32::from(function), name);
    let identity = asked.as_ref().is_some_and(|asked| asked.class == Some(table::IDENTITY) && asked.service == 1);
    ics.object = match kind {
        MessageKind::Exception => Some(match table::status(answer.status) {
            "" => Cow::Owned(format!("status 0x{:02x}", answer.status)),
            name => Cow::Borrowed(name),
        }),
        _ => asked.and_then(|asked| asked.object),
    };
    if function == READ_TAG && kind == MessageKind::Response {
        let mut r = Reader::new(answer.data);
        ics.value = r.u16_le("type").ok().and_then(|of| cip::value(of, r.rest()));
    }
    output.ics(ics);
    if identity
        && kind == MessageKind::Response
        && let Ok(identity) = parse::identity(answer.data)
    {
        tell(&identity, said, output);
    }
}

/// What an answer is whose request was not seen. A Forward_Close is answered with what it closed; a tag's change with
/// nothing.
fn unasked(answer: &Answer<'_>) -> Code<u16> {
    let closes = answer.service == 0x4e && answer.data.len() >= 8;
    table::service(answer.service, closes.then_some(table::CONNECTION_MANAGER))
}

/// The PCCC command behind the requestor's identity: command, status,
/// transaction, function.
fn pccc(data: &[u8]) -> Option<(&'static str, Operation)> {
    let mut r = Reader::new(data);
    let own = usize::from(r.u8("requestor length").ok()?);
    r.skip(own.checked_sub(1)?, "requestor").ok()?;
    let command = r.u8("command").ok()?;
    r.skip(3, "status and transaction").ok()?;
    Some(table::pccc(command, r.u8("function").unwrap_or(0)))
}

/// The one value that a tag is given.
fn written(data: &[u8]) -> Option<f64> {
    let mut r = Reader::new(data);
    let (kind, count) = (r.u16_le("type").ok()?, r.u16_le("count").ok()?);
    if count == 1 { cip::value(kind, r.rest()) } else { None }
}

fn tell(identity: &Identity<'_>, said: &Message<'_>, output: &mut Output) {
    let known = table::VENDORS.iter().find(|(number, _)| *number == identity.vendor);
    let vendor = known.map_or_else(|| format!("ODVA vendor {}", identity.vendor), |(_, name)| (*name).to_owned());
    let role = table::DEVICE_TYPES.iter().find(|(number, _)| *number == identity.device_type);
    let roles = ["server"].into_iter().chain(role.map(|(_, role)| *role)).map(str::to_owned).collect();
    let (major, minor) = identity.revision;
    output.asset(Asset {
        vendor: Some(vendor),
        model: text(identity.name).or_else(|| Some(format!("product {}", identity.product))),
        firmware: Some(format!("{major}.{minor:03}")),
        names: vec![format!("serial {:08x}", identity.serial)],
        roles,
        purdue_level: matches!(identity.device_type, 0x02 | 0x07 | 0x0c | 0x0e).then_some(1),
        source: Protocol::ENIP.name().to_owned(),
        ..said.about()
    });
}
