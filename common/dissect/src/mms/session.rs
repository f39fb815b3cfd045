//! One MMS conversation being read.

use super::name::{self, Control, Name};
use super::parse::{self, Part, Service, Unit};
use super::{carried, table};
use crate::ber;
use crate::codes::{Code, code};
use crate::iso::Upper;
use crate::{Context, Output};
use picket_event::body::{Asset, Ics};
use picket_event::{Body, Direction, Endpoints, MessageKind, Operation, Protocol};
use picket_reader::{Fault, Reader};
use std::collections::VecDeque;

/// Requests remembered until they are answered; the oldest is forgotten.
pub(super) const PENDING: usize = 32;
/// Longest text about a device that is kept, bytes.
const TEXT_LIMIT: usize = 128;

/// A request waiting for its answer.
#[derive(Debug)]
struct Pending {
    direction: Direction,
    invoke: u32,
    service: u16,
    operation: Operation,
    object: Option<String>,
    /// It asks for the names of domains.
    domains: bool,
}

/// The session above the layers.
#[derive(Debug, Default)]
pub(super) struct Mms {
    pending: VecDeque<Pending>,
    /// Names of TASE.2 were met.
    tase2: bool,
}

impl Upper for Mms {
    fn fits(bytes: &[u8]) -> bool {
        parse::fits(bytes)
    }

    fn message(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        let mut broken = false;
        let read = carried::each(bytes, |unit| match parse::unit(unit) {
            Ok(unit) => self.unit(&unit, direction, context, output),
            Err(_) => broken = true,
        });
        if broken || read.is_err() {
            output.malformed.push("mms: message");
        }
    }
}

impl Mms {
    fn unit(&mut self, unit: &Unit<'_>, direction: Direction, context: &Context, output: &mut Output) {
        let ics = match unit {
            Unit::Request(service) => self.request(service, direction),
            Unit::Response(service) => self.response(service, direction, context, output),
            Unit::Error { invoke } => self.negative(Some(*invoke), direction),
            Unit::Reject { invoke } => self.negative(*invoke, direction),
            Unit::Unconfirmed(number, inside) => self.unconfirmed(*number, *inside),
            Unit::Association(number, part) => {
                let function = table::association(*number);
                let kind = match part {
                    Part::Request => MessageKind::Request,
                    Part::Response => MessageKind::Response,
                    Part::Error => MessageKind::Exception,
                };
                event(table::ASSOCIATION_BASE + u32::from(function.code), &function, function.operation, kind)
            }
        };
        let protocol = if self.tase2 { Protocol::ICCP } else { Protocol::MMS };
        output.ics(Ics { protocol, ..ics });
    }

    fn request(&mut self, service: &Service<'_>, direction: Direction) -> Ics {
        let function = table::confirmed(service.number);
        let asked = ask(service);
        self.tase2 |= asked.name.is_tase2();
        let operation = operation(service.number, &asked.name);
        let object = asked.name.text();
        let mut ics = event(u32::from(service.number), &function, operation, MessageKind::Request);
        ics.object = object.clone().map(Into::into);
        ics.value = asked.value;
        if self.pending.len() >= PENDING {
            self.pending.pop_front();
        }
        let (invoke, service) = (service.invoke, service.number);
        self.pending.push_back(Pending { direction, invoke, service, operation, object, domains: asked.domains });
        ics
    }

    fn response(&mut self, service: &Service<'_>, direction: Direction, context: &Context, output: &mut Output) -> Ics {
        let function = table::confirmed(service.number);
        let asked = self.answered(service.invoke, direction, Some(service.number));
        let operation = asked.as_ref().map_or(function.operation, |asked| asked.operation);
        let domains = asked.as_ref().is_some_and(|asked| asked.domains);
        let told = match service.number {
            table::IDENTIFY => identity(service.inside),
            table::GET_NAME_LIST if domains => names(service.inside),
            _ => None,
        };
        output.events.extend(told.map(|told| asset(told, direction, context)));
        let mut ics = event(u32::from(service.number), &function, operation, MessageKind::Response);
        ics.object = asked.and_then(|asked| asked.object).map(Into::into);
        ics
    }

    fn negative(&mut self, invoke: Option<u32>, direction: Direction) -> Ics {
        match invoke.and_then(|invoke| self.answered(invoke, direction, None)) {
            Some(asked) => {
                let function = table::confirmed(asked.service);
                let mut ics = event(u32::from(asked.service), &function, asked.operation, MessageKind::Exception);
                ics.object = asked.object.map(Into::into);
                ics
            }
            None => {
                let unknown = code(0, "", Operation::Other);
                event(0, &unknown, Operation::Other, MessageKind::Exception)
            }
        }
    }

    fn unconfirmed(&mut self, number: u16, inside: Reader<'_>) -> Ics {
        let function = table::unconfirmed(number);
        let code = table::UNCONFIRMED_BASE + u32::from(number);
        let mut ics = event(code, &function, Operation::Report, MessageKind::Unsolicited);
        let name = if number == 0 { report(inside).unwrap_or_default() } else { name::any(inside) };
        self.tase2 |= name.is_tase2();
        ics.object = name.text().map(Into::into);
        ics
    }

    /// The request that this answers: by invoke id, and by service where it names one.
    fn answered(&mut self, invoke: u32, direction: Direction, service: Option<u16>) -> Option<Pending> {
        let fits = |p: &Pending| {
            p.direction != direction && p.invoke == invoke && service.is_none_or(|service| service == p.service)
        };
        let at = self.pending.iter().position(fits)?;
        self.pending.remove(at)
    }
}

/// What a request is about.
#[derive(Clone, Copy, Debug, Default)]
struct Ask<'a> {
    name: Name<'a>,
    value: Option<f64>,
    domains: bool,
}

fn ask<'a>(service: &Service<'a>) -> Ask<'a> {
    let mut r = service.inside;
    let plain = |name| Ask { name, ..Ask::default() };
    match service.number {
        table::READ => plain(reading(&mut r).unwrap_or_default()),
        table::WRITE => writing(&mut r).unwrap_or_default(),
        table::GET_NAME_LIST => name_list(&mut r).unwrap_or_default(),
        _ => plain(name::any(r)),
    }
}

/// Whether the specification is wanted with the answer, and the variables (section 14.6).
fn reading<'a>(r: &mut Reader<'a>) -> Result<Name<'a>, Fault> {
    loop {
        match ber::value(r)? {
            (0xa1, mut variables) => return name::variables(&mut variables),
            (0x80, _) => {}
            _ => return Err(Fault::Malformed("mms: read")),
        }
    }
}

/// The variables, and their values; one value is told.
fn writing<'a>(r: &mut Reader<'a>) -> Result<Ask<'a>, Fault> {
    let name = name::variables(r)?;
    let mut data = ber::expect(r, 0xa0, "mms: data")?;
    let value = name::value(&mut data).filter(|_| data.is_empty());
    Ok(Ask { name, value, domains: false })
}

/// The class of objects that are listed, and where: the device, a domain or the association.
fn name_list<'a>(r: &mut Reader<'a>) -> Result<Ask<'a>, Fault> {
    let mut class = ber::expect(r, 0xa0, "mms: class")?;
    let domains = matches!(ber::value(&mut class)?, (0x80, class) if class.peek() == [table::DOMAINS]);
    let mut scope = ber::expect(r, 0xa1, "mms: scope")?;
    let domain = match ber::value(&mut scope)? {
        (0x81, domain) => domain.peek(),
        _ => &[],
    };
    Ok(Ask { name: Name { domain, item: &[] }, value: None, domains })
}

/// What an information report is about: reports of IEC 61850 are called RPT, and name themselves in their first value
/// (IEC 61850-8-1 section 17.2).
fn report(mut r: Reader<'_>) -> Result<Name<'_>, Fault> {
    let name = name::variables(&mut r)?;
    if name.item == b"RPT" {
        let mut values = ber::expect(&mut r, 0xa0, "mms: values")?;
        if let Ok((0x8a, mut own)) = ber::value(&mut values) {
            return Ok(Name { domain: &[], item: own.rest() });
        }
    }
    Ok(name)
}

fn operation(service: u16, name: &Name<'_>) -> Operation {
    match (service, name.control()) {
        (table::READ, Some(Control::Select)) | (table::WRITE, Some(Control::SelectWithValue)) => Operation::Select,
        (table::WRITE, Some(_)) => Operation::Control,
        _ => table::confirmed(service).operation,
    }
}

fn event(function: u32, known: &Code<u16>, operation: Operation, kind: MessageKind) -> Ics {
    Ics {
        protocol: Protocol::MMS,
        operation,
        previous: None,
        kind,
        function,
        function_name: known.name.into(),
        unit: None,
        object: None,
        range: None,
        value: None,
        count: 1,
    }
}

/// Vendor, model and revision (section 12.6).
fn identity(mut r: Reader<'_>) -> Option<Asset> {
    let mut asset = Asset::default();
    while let Ok((tag, inside)) = ber::value(&mut r) {
        let text = text(inside.peek());
        match tag {
            0x80 => asset.vendor = text,
            0x81 => asset.model = text,
            0x82 => asset.firmware = text,
            _ => {}
        }
    }
    (asset.vendor.is_some() || asset.model.is_some() || asset.firmware.is_some()).then_some(asset)
}

/// Names of domains: the logical devices of IEC 61850.
fn names(mut r: Reader<'_>) -> Option<Asset> {
    let mut asset = Asset::default();
    let mut list = ber::expect(&mut r, 0xa0, "mms: names").ok()?;
    while let Ok((0x1a, name)) = ber::value(&mut list) {
        if asset.names.len() >= crate::teller::LIST_MAX {
            break;
        }
        asset.names.extend(text(name.peek()));
    }
    (!asset.names.is_empty()).then_some(asset)
}

fn text(bytes: &[u8]) -> Option<String> {
    let text = bytes.get(..TEXT_LIMIT).unwrap_or(bytes).escape_ascii().to_string();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn asset(told: Asset, direction: Direction, context: &Context) -> Body {
    let ip = match (context.endpoints, direction) {
        (Endpoints::Ip { dest, .. }, Direction::ToClient) => Some(dest),
        (Endpoints::Ip { src, .. }, Direction::ToServer) => Some(src),
        (Endpoints::Link { .. }, _) => None,
    };
    let roles = vec!["server".to_owned()];
    Body::Asset(Box::new(Asset { ip, roles, source: "mms".to_owned(), ..told }))
}
