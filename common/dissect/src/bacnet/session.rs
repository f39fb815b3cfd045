//! One BACnet conversation being read.

use super::parse::{self, Apdu, Inside, Medium, Packet, Segment, Station};
use super::tag::{self, Tag};
use super::{LLC, probe, table};
use crate::Output;
use crate::digits::push_number;
use crate::framed::Framing;
use crate::pending::Pending;
use crate::sides::Speaker;
use crate::teller::{Message, about, text};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, Endpoints, Mac, MessageKind, Operation, Protocol};
use picket_reader::{Fault, Reader};
use std::borrow::Cow;
use std::net::IpAddr;

/// Messages in segments that are put together at a time; the oldest is told with what there is.
const ASSEMBLIES: usize = 4;
/// Bytes of one message that are kept.
const ASSEMBLY_MAX: usize = 8_192;
/// Properties of one message that are read.
const PROPERTIES_MAX: usize = 256;

/// An exchange: the answering station beyond a router, and the invoke id.
type Key = (u64, u8);

/// What was asked.
#[derive(Clone, Debug)]
struct Asked {
    service: u8,
    object: Option<Cow<'static, str>>,
}

/// Whom a message is of.
#[derive(Clone, Debug)]
struct Device {
    ip: Option<IpAddr>,
    mac: Option<Mac>,
    /// These are a router's, behind which it stands.
    behind: bool,
    /// Its station there, or that of the device that is asked.
    at: Option<String>,
}

impl Device {
    fn of(packet: &Packet<'_>, station: Option<Station<'_>>, said: &Message<'_>) -> Self {
        let (behind, at) = (packet.from.is_some(), station.and_then(|station| station.name()));
        match packet.origin {
            Some(ip) => Self { ip: Some(ip), mac: None, behind, at },
            None => Self { ip: said.from(), mac: said.sender(), behind, at },
        }
    }

    fn about(&self) -> Asset {
        about(self.ip, self.mac)
    }

    /// Puts where it stands to what a message acts on.
    fn place(&self, object: Option<Cow<'static, str>>) -> Option<Cow<'static, str>> {
        let Some(at) = self.at.as_deref() else { return object };
        Some(object.map_or_else(|| format!("station {at}"), |object| format!("{object} at {at}")).into())
    }
}

/// Which message it is that something is a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    key: Key,
    direction: Direction,
    answers: bool,
    service: u8,
}

/// A message in segments.
#[derive(Debug)]
struct Assembly {
    piece: Piece,
    /// The next segment.
    next: u8,
    data: Vec<u8>,
    device: Device,
}

/// The session.
#[derive(Debug, Default)]
pub(crate) struct Bacnet {
    pending: Pending<Key, Asked>,
    assemblies: Vec<Assembly>,
}

impl Framing for Bacnet {
    const HELD: usize = Pending::<Key, Asked>::LIMIT
        + Pending::<Key, Asked>::MAX * 112
        + ASSEMBLIES * (2 * ASSEMBLY_MAX + size_of::<Assembly>() + 64);

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        Ok(bytes.len())
    }

    fn message(&mut self, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let Some(packet) = parse::packet(medium(said), said.bytes)? else { return Ok(()) };
        if !packet.fits {
            output.malformed.push("bacnet: length does not fit");
        }
        match packet.inside {
            Inside::Network(kind) => {
                let (name, part) = table::network(kind);
                output.ics(Ics::new(Protocol::BACNET, table::NETWORK_OPERATION, part, u32::from(kind), name));
                Ok(())
            }
            Inside::Application(bytes) => self.application(&packet, parse::apdu(bytes)?, said, output),
        }
    }

    /// Announcements and unconfirmed notifications, with which it often begins, are of either.
    fn speaker(&self, said: &Message<'_>) -> Speaker {
        probe::speaker(medium(said), said.bytes)
    }

    /// What is not complete is told with what there is.
    fn interrupted(&mut self, direction: Direction, output: &mut Output) {
        while let Some(at) = self.assemblies.iter().position(|assembly| assembly.piece.direction == direction) {
            output.malformed.push("bacnet: segments are missing");
            self.tell_assembly(at, output);
        }
    }
}

/// What carries a message.
const fn medium(said: &Message<'_>) -> Medium {
    match said.context.endpoints {
        Endpoints::Link { ether_type: Some(LLC), .. } => Medium::Ethernet,
        Endpoints::Link { .. } => Medium::Serial,
        Endpoints::Ip { .. } => Medium::Ip,
    }
}

impl Bacnet {
    fn application(
        &mut self,
        packet: &Packet<'_>,
        apdu: Apdu<'_>,
        said: &Message<'_>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let (to, from) = (packet.to.map_or(0, |station| station.key()), packet.from.map_or(0, |station| station.key()));
        let device = |station| Device::of(packet, station, said);
        match apdu {
            Apdu::Confirmed { invoke, segment, service, data } => {
                let piece = Piece { key: (to, invoke), direction: said.direction, answers: false, service };
                self.piece(piece, segment, data, device(packet.to), output);
            }
            Apdu::ComplexAck { invoke, segment, service, data } => {
                let piece = Piece { key: (from, invoke), direction: said.direction, answers: true, service };
                self.piece(piece, segment, data, device(packet.from), output);
            }
            Apdu::SimpleAck { invoke, service } => {
                self.answer((from, invoke), service, &[], &device(packet.from), output);
            }
            Apdu::Unconfirmed { service, data } => {
                unconfirmed(service, data, &device(packet.from.or(packet.to)), output);
            }
            Apdu::SegmentAck => {}
            Apdu::Error { invoke, service, data } => {
                self.pending.answer(&(from, invoke));
                refuse(Some(service), error(data), &device(packet.from), output);
            }
            Apdu::Reject { invoke, reason } => {
                let asked = self.pending.answer(&(from, invoke));
                let reason = table::nth(table::REJECTS, u32::from(reason)).into();
                refuse(asked.map(|a| a.service), reason, &device(packet.from), output);
            }
            // Either side may abort.
            Apdu::Abort { invoke, reason } => {
                let asked = self.pending.answer_if(|(_, known), _| *known == invoke);
                let reason = table::nth(table::ABORTS, u32::from(reason)).into();
                refuse(asked.map(|a| a.service), reason, &device(packet.from.or(packet.to)), output);
            }
        }
        Ok(())
    }

    fn request(&mut self, key: Key, service: u8, data: &[u8], device: &Device, output: &mut Output) {
        let (name, operation) = table::confirmed(service);
        let mut ics = Ics::new(Protocol::BACNET, operation, MessageKind::Request, u32::from(service), name);
        fill(&mut ics, service, data);
        ics.object = device.place(ics.object);
        self.pending.ask(key, Asked { service, object: ics.object.clone() });
        output.ics(ics);
    }

    fn answer(&mut self, key: Key, service: u8, data: &[u8], device: &Device, output: &mut Output) {
        let asked = self.pending.answer_if(|known, asked| *known == key && asked.service == service);
        let (name, operation) = table::confirmed(service);
        let mut ics = Ics::new(Protocol::BACNET, operation, MessageKind::Response, u32::from(service), name);
        fill(&mut ics, service, data);
        ics.object = match (ics.object, asked.and_then(|asked| asked.object)) {
            (None, Some(asked)) => Some(asked),
            (own, _) => device.place(own),
        };
        output.ics(ics);
        if matches!(service, table::READ_PROPERTY | table::READ_MULTIPLE) {
            properties(service, data, device, output);
        }
    }

    /// A message, or a segment of one.
    fn piece(&mut self, piece: Piece, segment: Option<Segment>, data: &[u8], device: Device, output: &mut Output) {
        match segment {
            None => self.whole(piece, data, &device, output),
            Some(segment) => self.segment(piece, segment, data, device, output),
        }
    }

    /// Puts a segment behind those before it; the last makes the message.
    fn segment(&mut self, piece: Piece, segment: Segment, data: &[u8], device: Device, output: &mut Output) {
        let at = match self.assemblies.iter().position(|assembly| assembly.piece == piece) {
            Some(at) => at,
            // Behind the last segment, or joined in the middle: not a message's start.
            None if segment.number != 0 => return,
            None => {
                if self.assemblies.len() >= ASSEMBLIES {
                    self.tell_assembly(0, output);
                }
                self.assemblies.push(Assembly { piece, next: 0, data: Vec::new(), device });
                self.assemblies.len() - 1
            }
        };
        let Some(assembly) = self.assemblies.get_mut(at) else { return };
        // Sent again, or one before it was lost: the window is sent again from there.
        if segment.number != assembly.next {
            return;
        }
        assembly.next = assembly.next.wrapping_add(1);
        let room = ASSEMBLY_MAX.saturating_sub(assembly.data.len());
        assembly.data.extend_from_slice(data.get(..room).unwrap_or(data));
        if !segment.more {
            self.tell_assembly(at, output);
        }
    }

    /// Tells one of the messages in segments, with what there is of it.
    fn tell_assembly(&mut self, at: usize, output: &mut Output) {
        let Assembly { piece, data, device, .. } = self.assemblies.remove(at);
        self.whole(piece, &data, &device, output);
    }

    fn whole(&mut self, piece: Piece, data: &[u8], device: &Device, output: &mut Output) {
        if piece.answers {
            self.answer(piece.key, piece.service, data, device, output);
        } else {
            self.request(piece.key, piece.service, data, device, output);
        }
    }
}

/// A negative answer.
fn refuse(service: Option<u8>, reason: Cow<'static, str>, device: &Device, output: &mut Output) {
    let (name, operation) = service.map_or(("", Operation::Other), table::confirmed);
    let function = service.map_or(0, u32::from);
    let mut ics = Ics::new(Protocol::BACNET, operation, MessageKind::Exception, function, name);
    ics.object = device.place(Some(reason).filter(|reason| !reason.is_empty()));
    output.ics(ics);
}

/// Why a request failed: error class and code, maybe inside a tag.
fn error(data: &[u8]) -> Cow<'static, str> {
    let mut r = Reader::new(data);
    let mut codes = std::iter::from_fn(|| tag::tag(&mut r).ok()).filter_map(|tag| match tag {
        Tag::Application(9, value) => tag::unsigned(value),
        _ => None,
    });
    let (Some(_class), Some(code)) = (codes.next(), codes.next()) else { return "".into() };
    match table::error(code) {
        "" => format!("error {code}").into(),
        name => name.into(),
    }
}

fn unconfirmed(service: u8, data: &[u8], device: &Device, output: &mut Output) {
    let (name, operation, kind) = table::unconfirmed(service);
    let mut ics = Ics::new(Protocol::BACNET, operation, kind, u32::from(service), name);
    let mut r = Reader::new(data);
    match service {
        table::I_AM | table::I_HAVE => {
            let Ok(Tag::Application(12, id)) = tag::tag(&mut r) else {
                output.malformed.push("bacnet: announcement without a device");
                return output.ics(ics);
            };
            ics.unit = tag::object(id).map(|(_, instance)| instance);
        }
        table::UNCONFIRMED_COV => notification(&mut ics, data),
        _ => {}
    }
    let unit = ics.unit;
    ics.object = device.place(ics.object);
    output.ics(ics);
    if let (table::I_AM, Some(instance)) = (service, unit) {
        i_am(instance, &mut r, device, output);
    }
}

/// The rest of an announcement: largest segmentation, maker.
fn i_am(instance: u32, r: &mut Reader<'_>, device: &Device, output: &mut Output) {
    let vendor = std::iter::from_fn(|| tag::tag(r).ok()).nth(2);
    let vendor = match vendor {
        Some(Tag::Application(2, number)) => tag::unsigned(number),
        _ => None,
    };
    let known = |number| table::VENDORS.iter().find(|(known, _)| *known == number);
    let vendor = vendor
        .map(|number| known(number).map_or_else(|| format!("BACnet vendor {number}"), |(_, name)| (*name).to_owned()));
    let name = match &device.at {
        Some(at) if device.behind => format!("device {instance} at {at}"),
        _ => format!("device {instance}"),
    };
    push(Asset { vendor, names: vec![name], ..device.about() }, device.behind, output);
}

/// A router goes by the names of the devices behind it; their makers and versions are not its own.
fn push(mut asset: Asset, behind: bool, output: &mut Output) {
    if behind {
        asset.names.extend(asset.hostname.take());
        (asset.vendor, asset.model, asset.firmware) = (None, None, None);
        if asset.names.is_empty() {
            return;
        }
    }
    let roles = vec!["server".to_owned()];
    let source = Protocol::BACNET.name().to_owned();
    output.asset(Asset { roles, source, ..asset });
}

/// Object, value and what else a message acts on.
fn fill(ics: &mut Ics, service: u8, data: &[u8]) {
    let mut r = Reader::new(data);
    match service {
        table::READ_PROPERTY | table::WRITE_PROPERTY | table::READ_MULTIPLE | table::WRITE_MULTIPLE => {
            let reference = first(data);
            ics.object = reference.object.map(|object| name(object, reference.property).into());
            ics.value = reference.value;
        }
        table::COV => notification(ics, data),
        table::REINITIALIZE | table::COMMUNICATION => {
            let wanted = if service == table::REINITIALIZE { 0 } else { 1 };
            let list = if service == table::REINITIALIZE { table::STATES } else { table::COMMUNICATIONS };
            let found = std::iter::from_fn(|| tag::tag(&mut r).ok()).find_map(|tag| match tag {
                Tag::Context(number, value) if number == wanted => tag::unsigned(value),
                _ => None,
            });
            ics.object =
                found.map(|number| table::nth(list, number).into()).filter(|name: &Cow<'_, str>| !name.is_empty());
        }
        _ => {}
    }
}

/// A change of value: process, device, object, time left, values.
fn notification(ics: &mut Ics, data: &[u8]) {
    let mut r = Reader::new(data);
    let mut tags = std::iter::from_fn(|| tag::tag(&mut r).ok());
    for tag in tags.by_ref().take(4) {
        match tag {
            Tag::Context(1, id) => ics.unit = tag::object(id).map(|(_, instance)| instance),
            Tag::Context(2, id) => ics.object = tag::object(id).map(|object| name(object, None).into()),
            _ => {}
        }
    }
    ics.value =
        tags.find_map(|tag| if let Tag::Application(kind, value) = tag { tag::number(kind, value) } else { None });
}

/// The first object, property and value that a message names.
#[derive(Clone, Copy, Debug, Default)]
struct Reference {
    object: Option<(u16, u32)>,
    property: Option<u32>,
    value: Option<f64>,
}

fn first(data: &[u8]) -> Reference {
    let mut r = Reader::new(data);
    let mut found = Reference::default();
    let mut depth = 0u32;
    while let Ok(tag) = tag::tag(&mut r) {
        match tag {
            Tag::Context(0, id) if found.object.is_none() => found.object = tag::object(id),
            // Behind the object the property; in lists it stands one deeper, in their answers as tag 2.
            Tag::Context(0..=2, id) if found.property.is_none() => found.property = tag::unsigned(id),
            Tag::Application(kind, value) if depth > 0 => {
                found.value = tag::number(kind, value);
                break;
            }
            Tag::Opening(_) => depth += 1,
            Tag::Closing(_) if found.property.is_some() => break,
            _ => {}
        }
    }
    found
}

fn name((kind, instance): (u16, u32), property: Option<u32>) -> String {
    let mut text = String::with_capacity(48);
    match table::nth(table::OBJECTS, u32::from(kind)) {
        "" => {
            text.push_str("object-");
            push_number(&mut text, kind);
        }
        known => text.push_str(known),
    }
    text.push(' ');
    push_number(&mut text, instance);
    match property.map(|number| (number, table::property(number))) {
        None => {}
        Some((number, "")) => {
            text.push_str(" property ");
            push_number(&mut text, number);
        }
        Some((_, name)) => {
            text.push(' ');
            text.push_str(name);
        }
    }
    text
}

/// What a device's object says of its device.
fn properties(service: u8, data: &[u8], device: &Device, output: &mut Output) {
    let mut r = Reader::new(data);
    let mut asset = device.about();
    let (mut object, mut property) = (None, None);
    // Of one property the tags are object 0, property 1, value 3; in lists object 0, then each property 2, value 4.
    let tags = if service == table::READ_PROPERTY { 1 } else { 2 };
    for tag in std::iter::from_fn(|| tag::tag(&mut r).ok()).take(8 * PROPERTIES_MAX) {
        match tag {
            Tag::Context(0, id) if id.len() == 4 => object = tag::object(id),
            Tag::Context(number, id) if number == tags => property = tag::unsigned(id),
            Tag::Application(7, value) if object.is_some_and(|(kind, _)| kind == table::DEVICE) => {
                note(&mut asset, property, value);
            }
            _ => {}
        }
    }
    let said = asset.hostname.is_some() || asset.vendor.is_some() || asset.model.is_some() || asset.firmware.is_some();
    if said {
        push(asset, device.behind, output);
    }
}

fn note(asset: &mut Asset, property: Option<u32>, value: &[u8]) {
    let Some(text) = tag::text(value).and_then(text) else { return };
    match property {
        Some(table::OBJECT_NAME) => asset.hostname = Some(text),
        Some(table::VENDOR_NAME) => asset.vendor = Some(text),
        Some(table::MODEL) => asset.model = Some(text),
        Some(table::FIRMWARE) => asset.firmware = Some(text),
        Some(table::APPLICATION_VERSION) if asset.firmware.is_none() => asset.firmware = Some(text),
        _ => {}
    }
}
