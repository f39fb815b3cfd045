//! One OPC UA conversation being read.

use super::binary::{self, Application};
use super::parse::{self, Chunk, HEAD, Kind};
use super::probe;
use super::table::{self, Service};
use crate::Output;
use crate::framed::Framing;
use crate::pending::Pending;
use crate::sides::Speaker;
use crate::teller::{Message, text};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::{Fault, Reader};
use std::borrow::Cow;

/// Messages in chunks that are put together at a time.
const ASSEMBLIES: usize = 4;
/// Bytes of one message that are kept.
const ASSEMBLY_MAX: usize = 8_192;

/// What was asked.
#[derive(Clone, Debug)]
struct Asked {
    service: Service,
    object: Option<Cow<'static, str>>,
}

/// A message in chunks.
#[derive(Debug)]
struct Assembly {
    direction: Direction,
    request: u32,
    data: Vec<u8>,
}

/// The session.
#[derive(Debug, Default)]
pub(crate) struct OpcUa {
    pending: Pending<u32, Asked>,
    assemblies: Vec<Assembly>,
}

impl Framing for OpcUa {
    const VIEW: usize = 16_384;
    const HELD: usize = Pending::<u32, Asked>::LIMIT
        + Pending::<u32, Asked>::MAX * 160
        + ASSEMBLIES * (2 * ASSEMBLY_MAX + size_of::<Assembly>());

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::head(bytes).map(|(_, _, size)| size)
    }

    fn message(&mut self, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let (kind, chunk, _) = parse::head(said.bytes)?;
        match kind {
            Kind::Hello | Kind::ReverseHello | Kind::Acknowledge | Kind::Error => {
                output.ics(connection(kind, said.bytes)?);
                Ok(())
            }
            Kind::Open => self.open(said, output),
            // Closing is not answered; it names itself, encrypted or not.
            Kind::Close => {
                output.ics(request(table::request(table::CLOSE)));
                Ok(())
            }
            Kind::Message => self.chunk(chunk, parse::symmetric(said.bytes)?, said, output),
        }
    }

    /// Of an encrypted conversation the end of its channel tells at last.
    fn speaker(&self, said: &Message<'_>) -> Speaker {
        probe::speaker(said.bytes)
    }

    fn interrupted(&mut self, direction: Direction, _: &mut Output) {
        self.assemblies.retain(|assembly| assembly.direction != direction);
    }
}

impl OpcUa {
    fn open(&mut self, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let (policy, chunk) = parse::asymmetric(said.bytes)?;
        let name = policy.rsplit(|byte| *byte == b'#').next().and_then(text);
        if let Some(chunk) = chunk {
            return self.whole(chunk.request, chunk.body, name, said, output);
        }
        let mut ics = request(table::request(table::OPEN));
        if said.direction == Direction::ToClient {
            ics.kind = MessageKind::Response;
        }
        ics.object = name.map(Cow::Owned);
        output.ics(ics);
        Ok(())
    }

    /// Puts chunks of one message together; the last makes it.
    fn chunk(&mut self, mark: u8, chunk: Chunk<'_>, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let same = |a: &Assembly| a.direction == said.direction && a.request == chunk.request;
        let at = self.assemblies.iter().position(same);
        match (mark, at) {
            (b'F', None) => self.whole(chunk.request, chunk.body, None, said, output),
            (b'F', Some(at)) => {
                let mut assembly = self.assemblies.remove(at);
                append(&mut assembly.data, chunk.body);
                self.whole(assembly.request, &assembly.data, None, said, output)
            }
            (b'C', Some(at)) => {
                if let Some(assembly) = self.assemblies.get_mut(at) {
                    append(&mut assembly.data, chunk.body);
                }
                Ok(())
            }
            (b'C', None) => {
                if self.assemblies.len() >= ASSEMBLIES {
                    self.assemblies.remove(0);
                }
                let mut data = Vec::new();
                append(&mut data, chunk.body);
                self.assemblies.push(Assembly { direction: said.direction, request: chunk.request, data });
                Ok(())
            }
            // The sender gives the message up.
            _ => {
                if let Some(at) = at {
                    self.assemblies.remove(at);
                }
                self.failed(chunk.request, chunk.body, said.direction, output);
                Ok(())
            }
        }
    }

    fn failed(&mut self, id: u32, body: &[u8], direction: Direction, output: &mut Output) {
        let asked = if direction == Direction::ToClient { self.pending.answer(&id) } else { None };
        let service = asked.map_or(table::UNKNOWN, |asked| asked.service);
        let mut ics = request(service);
        ics.kind = MessageKind::Exception;
        ics.object = Reader::new(body).u32_le("error").ok().and_then(status);
        output.ics(ics);
    }

    /// A whole message: a type, a header, what it asks or answers.
    fn whole(
        &mut self,
        id: u32,
        body: &[u8],
        object: Option<String>,
        said: &Message<'_>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let mut r = Reader::new(body);
        // What cannot be read is encrypted: there is no more to say of it than that it is there.
        let Ok(kind) = parse::kind(&mut r) else { return Ok(()) };
        let known = kind.and_then(table::service);
        if kind == Some(table::FAULT) {
            self.fault(id, &mut r, output);
            return Ok(());
        }
        match known {
            Some((service, true)) => self.answer(id, service, r, object, said, output),
            Some((service, false)) => self.request(id, service, r, object, said, output),
            None => self.unknown(id, kind, r, said.direction, output),
        }
        Ok(())
    }

    fn request(
        &mut self,
        id: u32,
        service: Service,
        mut r: Reader<'_>,
        object: Option<String>,
        said: &Message<'_>,
        output: &mut Output,
    ) {
        let mut ics = request(service);
        ics.object = object.map(Cow::Owned);
        if binary::request_header(&mut r).is_ok() {
            ics.object = ics.object.or_else(|| first_node(service.request, r).map(Cow::Owned));
        }
        self.pending.ask(id, Asked { service, object: ics.object.clone() });
        output.ics(ics);
        if service.request == table::CREATE_SESSION
            && let Ok(client) = binary::application(&mut r)
        {
            tell(&client, said, output);
        }
    }

    fn answer(
        &mut self,
        id: u32,
        service: Service,
        mut r: Reader<'_>,
        object: Option<String>,
        said: &Message<'_>,
        output: &mut Output,
    ) {
        let asked = self.pending.answer(&id);
        let mut ics = request(service);
        ics.kind = MessageKind::Response;
        ics.function = service.response;
        ics.object = object.map(Cow::Owned).or_else(|| asked.and_then(|asked| asked.object));
        output.ics(ics);
        if binary::response_header(&mut r).is_ok() {
            applications(service.request, r, said, output);
        }
    }

    /// The answer of a service that failed names no service.
    fn fault(&mut self, id: u32, r: &mut Reader<'_>, output: &mut Output) {
        let asked = self.pending.answer(&id);
        let mut ics = request(asked.map_or(table::UNKNOWN, |asked| asked.service));
        (ics.kind, ics.function) = (MessageKind::Exception, table::FAULT);
        ics.object = r.skip(12, "header").and_then(|()| r.u32_le("status")).ok().and_then(status);
        output.ics(ics);
    }

    /// A type that nobody knows is told as data, where what follows is a header; else it is encrypted.
    fn unknown(&mut self, id: u32, kind: Option<u32>, mut r: Reader<'_>, direction: Direction, output: &mut Output) {
        let Some(kind) = kind else { return };
        let asks = direction == Direction::ToServer;
        let headed = if asks { binary::request_header(&mut r) } else { binary::response_header(&mut r).map(|_| ()) };
        if headed.is_err() {
            return;
        }
        let asked = if asks { None } else { self.pending.answer(&id) };
        let service = asked.map_or(table::UNKNOWN, |asked| asked.service);
        let mut ics = request(service);
        ics.function = kind;
        if asks {
            self.pending.ask(id, Asked { service, object: None });
        } else {
            ics.kind = MessageKind::Response;
        }
        output.ics(ics);
    }
}

fn append(data: &mut Vec<u8>, more: &[u8]) {
    let room = ASSEMBLY_MAX.saturating_sub(data.len());
    data.extend_from_slice(more.get(..room).unwrap_or(more));
}

fn request(service: Service) -> Ics {
    Ics::new(Protocol::OPCUA, service.operation, MessageKind::Request, service.request, service.name)
}

/// Messages below the secure conversation: versions and buffers, an address, an error with its reason.
fn connection(kind: Kind, bytes: &[u8]) -> Result<Ics, Fault> {
    let mut r = Reader::new(bytes);
    r.skip(HEAD, "head")?;
    let (part, name) = match kind {
        Kind::Hello => (MessageKind::Request, "Hello"),
        Kind::ReverseHello => (MessageKind::Request, "ReverseHello"),
        Kind::Acknowledge => (MessageKind::Response, "Acknowledge"),
        _ => (MessageKind::Exception, "Error"),
    };
    let mut ics = Ics::new(Protocol::OPCUA, table::CONNECTION, part, 0, name);
    match kind {
        Kind::Hello => {
            r.skip(20, "version and sizes")?;
            ics.object = text(binary::string(&mut r)?).map(Cow::Owned);
        }
        Kind::ReverseHello => ics.object = text(binary::string(&mut r)?).map(Cow::Owned),
        Kind::Error => ics.object = status(r.u32_le("error")?),
        _ => {}
    }
    Ok(ics)
}

fn status(code: u32) -> Option<Cow<'static, str>> {
    Some(match table::status(code) {
        "" => format!("status 0x{code:08x}").into(),
        name => name.into(),
    })
}

/// The first node a request names; of a call the method.
fn first_node(service: u32, mut r: Reader<'_>) -> Option<String> {
    let before = match service {
        // Age and times; nothing; the view with its time and version, how many at most.
        table::READ => 12,
        table::WRITE | table::CALL => 0,
        table::BROWSE => {
            binary::node_id(&mut r).ok()?;
            16
        }
        _ => return None,
    };
    r.skip(before, "before the nodes").ok()?;
    let count = r.u32_le("count").ok().filter(|count| *count != u32::MAX)?;
    if count == 0 {
        return None;
    }
    let node = binary::node_id(&mut r).ok()?;
    if service == table::CALL {
        return binary::node_id(&mut r).ok().map(|method| method.text());
    }
    Some(node.text())
}

/// Applications in an answer: endpoints each with their server, or servers.
fn applications(service: u32, mut r: Reader<'_>, said: &Message<'_>, output: &mut Output) {
    match service {
        table::GET_ENDPOINTS => {
            let several = r.u32_le("count").is_ok_and(|count| count != 0 && count != u32::MAX);
            // An endpoint begins with its address; all are of one server.
            if several
                && binary::string(&mut r).is_ok()
                && let Ok(server) = binary::application(&mut r)
            {
                tell(&server, said, output);
            }
        }
        table::FIND_SERVERS => {
            // Others that a server knows of are elsewhere.
            let several = r.u32_le("count").is_ok_and(|count| count != 0 && count != u32::MAX);
            if several && let Ok(server) = binary::application(&mut r) {
                tell(&server, said, output);
            }
        }
        _ => {}
    }
}

fn tell(application: &Application<'_>, said: &Message<'_>, output: &mut Output) {
    const CLIENT: u32 = 1;
    if application.kind > 3 {
        return;
    }
    let name = text(application.name);
    let product = text(application.product);
    let names = text(application.uri).into_iter().collect();
    if name.is_none() && product.is_none() {
        return;
    }
    let role = if application.kind == CLIENT { "client" } else { "server" };
    output.asset(Asset {
        model: name.or(product),
        names,
        roles: vec![role.to_owned()],
        source: Protocol::OPCUA.name().to_owned(),
        ..said.about()
    });
}
