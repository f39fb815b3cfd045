//! One handshake being read: records, messages, and when enough was seen.

use super::parse::{Carrier, ServerFlight, client_hello, server_hello};
use super::summary::{Client, Seen};
use super::table::{TLS13, content, message};
use super::{CERTIFICATES_LIMIT, HELLO_LIMIT, RECORD_LIMIT};
use crate::encrypted_dns;
use crate::tor::{self, Cells, Verdict};
use crate::{Context, Fact, Input, Need, Next, Output, Progress, Session, x509};
use picket_event::{Body, Direction, Endpoints, Protocol};
use picket_reader::Reader;

/// Length of a record header.
const HEADER: usize = 5;
/// Length of an alert in clear, its levels, and the one that ends a connection in good order.
const ALERT: u32 = 2;
const WARNING: u8 = 1;
const FATAL: u8 = 2;
const CLOSE_NOTIFY: u8 = 0;
/// Most handshake messages of one direction that are looked at.
const MESSAGES_LIMIT: u8 = 32;

/// One direction of the handshake.
#[derive(Debug, Default)]
struct Side {
    /// Content type of the record being read, and its bytes still to come.
    kind: u8,
    left: u32,
    /// The whole record's length.
    length: u32,
    /// The level of an alert whose description is still to come.
    level: Option<u8>,
    /// The version in the header of the last handshake record, and how many carried the message.
    version: u16,
    records: u16,
    messages: u8,
    /// A message of a full handshake was seen: anything but hello and ticket.
    full: bool,
    /// The handshake message being put together.
    message: Vec<u8>,
    /// Bytes of a message that is stepped over.
    skip: u32,
    /// Nothing more is needed from here.
    finished: bool,
    /// Bytes are missing, or the direction ended.
    broken: bool,
}

/// The session.
#[derive(Debug, Default)]
pub(crate) struct Handshake {
    sides: [Side; 2],
    seen: Seen,
    /// The two ends, client first.
    ends: Option<Endpoints>,
    retried: bool,
    /// The client's second hello, behind a retry request, was seen.
    again: bool,
    written: bool,
    /// The client may be Tor's: its records are looked at for a while.
    cells: Option<Cells>,
    /// The server is a relay of Tor.
    relay: bool,
}

impl Session for Handshake {
    fn feed(&mut self, direction: Direction, input: Input<'_>, _context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, output),
            // Records cannot be found again behind a gap, and what goes in clear is over soon.
            Input::Gap(_) | Input::End => {
                self.side(direction).finished = true;
                self.side(direction).broken = true;
                self.progress(direction, 0, output)
            }
            Input::Datagram(_) => Progress { consumed: 0, need: Need::NotMine },
        }
    }
}

impl Handshake {
    pub(crate) fn new(context: &Context) -> Self {
        Self { ends: Some(context.endpoints), ..Self::default() }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        direction.of_mut(&mut self.sides)
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], output: &mut Output) -> Progress {
        let mut r = Reader::new(bytes);
        while !self.side(direction).finished {
            let side = self.side(direction);
            if side.left == 0 {
                if r.remaining() < HEADER {
                    break;
                }
                if !self.header(direction, &mut r) {
                    return self.foreign(direction, r.position(), output);
                }
                continue;
            }
            if r.is_empty() {
                break;
            }
            let (kind, count) = (side.kind, (side.left as usize).min(r.remaining()));
            side.left = side.left.saturating_sub(count as u32);
            let Ok(part) = r.take(count, "record") else { break };
            self.body(direction, kind, part, output);
        }
        self.progress(direction, r.position(), output)
    }

    /// Reads a record header; answers whether it is one.
    fn header(&mut self, direction: Direction, r: &mut Reader<'_>) -> bool {
        let before = *r;
        let read =
            |r: &mut Reader<'_>| Ok::<_, picket_reader::Fault>((r.u8("type")?, r.u16("version")?, r.u16("length")?));
        let Ok((kind, version, length)) = read(r) else { return false };
        let fits = (content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT).contains(&kind)
            && version >> 8 == 3
            && length <= RECORD_LIMIT;
        if !fits {
            *r = before;
            return false;
        }
        if direction == Direction::ToServer && self.cells.is_some() {
            self.count(kind, usize::from(length));
        }
        let side = self.side(direction);
        side.kind = kind;
        side.left = u32::from(length);
        side.length = side.left;
        if kind == content::HANDSHAKE {
            side.version = version;
            side.records = side.records.saturating_add(1);
        }
        true
    }

    /// Looks at a record behind the hello of a client that may be Tor's.
    fn count(&mut self, kind: u8, length: usize) {
        let verdict = match (kind, &mut self.cells) {
            (content::APPLICATION_DATA, Some(cells)) => cells.record(length),
            (content::CHANGE_CIPHER_SPEC, _) => Verdict::More,
            // An older version, or a second hello.
            _ => Verdict::Foreign,
        };
        if verdict != Verdict::More {
            self.relay |= verdict == Verdict::Tor;
            self.cells = None;
            self.side(Direction::ToServer).finished = true;
        }
    }

    /// What follows is no record. Before any hello the decision was wrong; later it is damage.
    fn foreign(&mut self, direction: Direction, consumed: usize, output: &mut Output) -> Progress {
        if self.seen.is_empty() && !self.written {
            return Progress { consumed, need: Need::NotMine };
        }
        output.malformed.push("tls: no record header");
        self.side(direction).finished = true;
        self.side(direction).broken = true;
        self.progress(direction, consumed, output)
    }

    /// Bytes of one record.
    fn body(&mut self, direction: Direction, kind: u8, part: &[u8], output: &mut Output) {
        match kind {
            content::HANDSHAKE => self.messages(direction, part, output),
            // What follows is encrypted: without certificates before it, an earlier session goes on.
            content::CHANGE_CIPHER_SPEC => {
                let plain = self.seen.server.as_ref().is_some_and(|hello| hello.version < TLS13);
                if direction == Direction::ToClient {
                    self.seen.resumed |= plain && !self.side(direction).full;
                    // A retry request of TLS 1.3 is followed by one for the sake of old middle boxes.
                    self.side(direction).finished |= self.seen.server.is_some() || !self.retried;
                } else {
                    self.side(direction).finished |= self.cells.is_none() && !self.awaits_another();
                }
            }
            content::APPLICATION_DATA if direction == Direction::ToServer && self.cells.is_some() => {}
            content::ALERT => self.alert(direction, part),
            content::APPLICATION_DATA => self.side(direction).finished = true,
            _ => {}
        }
    }

    /// An alert: of two bytes in clear, longer where it is encrypted. Behind a warning the handshake goes on.
    fn alert(&mut self, direction: Direction, part: &[u8]) {
        let side = direction.of_mut(&mut self.sides);
        if side.length != ALERT {
            side.finished = true;
            return;
        }
        for byte in part {
            let Some(level) = side.level.take() else {
                side.level = Some(*byte);
                continue;
            };
            side.messages = side.messages.saturating_add(1);
            side.finished |= level != WARNING || *byte == CLOSE_NOTIFY || side.messages >= MESSAGES_LIMIT;
            if matches!(level, WARNING | FATAL) {
                self.seen.alert(level, *byte, direction);
            }
        }
        self.refused(direction);
    }

    /// Behind a fatal alert both ends are silent (RFC 8446 section 6.2), so that nobody is waited for, unless something is under way.
    fn refused(&mut self, direction: Direction) {
        let is_fatal = self.seen.alert.is_some_and(|alert| alert.fatal);
        let have_client = self.seen.client.is_some();
        let other = self.side(direction.opposite());
        other.finished |= is_fatal && have_client && other.left == 0 && other.message.is_empty() && other.skip == 0;
    }

    fn messages(&mut self, direction: Direction, part: &[u8], output: &mut Output) {
        let mut r = Reader::new(part);
        while !r.is_empty() && !self.side(direction).finished {
            let side = self.side(direction);
            if side.skip > 0 {
                let count = (side.skip as usize).min(r.remaining());
                side.skip = side.skip.saturating_sub(count as u32);
                let _ = r.skip(count, "message");
                continue;
            }
            if side.message.is_empty()
                && let Ok(whole) = r.take(wanted_length(r.peek()), "message")
            {
                // All of it is here: it is read where it lies.
                self.message(direction, whole, output);
                continue;
            }
            let wanted = wanted_length(&side.message);
            let count = wanted.saturating_sub(side.message.len()).min(r.remaining());
            side.message.extend_from_slice(r.take(count, "message").unwrap_or(&[]));
            if side.message.len() >= 4 {
                let begun = std::mem::take(&mut side.message);
                if self.message(direction, &begun, output) {
                    self.side(direction).message = begun;
                }
            }
        }
    }

    /// A message whose header at least is there. Answers whether it is to be put together.
    fn message(&mut self, direction: Direction, begun: &[u8], output: &mut Output) -> bool {
        let (have_client, have_server) = (self.seen.client.is_some(), self.seen.server.is_some());
        let awaits_another = self.awaits_another();
        let kind = begun.first().copied().unwrap_or(0);
        let length = wanted_length(begun);
        let limit = match (direction, kind) {
            (Direction::ToServer, message::CLIENT_HELLO) if !have_client || awaits_another => HELLO_LIMIT,
            (Direction::ToClient, message::SERVER_HELLO) if !have_server => HELLO_LIMIT,
            (Direction::ToClient, message::CERTIFICATE) => CERTIFICATES_LIMIT,
            _ => 0,
        };
        if length > limit {
            if limit > 0 {
                output.malformed.push("tls: message longer than the limit");
            }
            self.side(direction).skip = length.saturating_sub(begun.len()) as u32;
            self.passed(direction, kind);
            return false;
        }
        let Some(body) = begun.get(4..length) else { return true };
        self.passed(direction, kind);
        self.whole(kind, body, direction, output);
        false
    }

    /// Notes a message that was seen, read or not.
    fn passed(&mut self, direction: Direction, kind: u8) {
        let side = self.side(direction);
        side.messages = side.messages.saturating_add(1);
        side.full |= !matches!(kind, message::SERVER_HELLO | message::NEW_SESSION_TICKET);
        let last = matches!(
            (direction, kind),
            (Direction::ToClient, message::SERVER_HELLO_DONE | message::FINISHED)
                | (Direction::ToServer, message::CLIENT_KEY_EXCHANGE | message::FINISHED)
        );
        side.finished |= last || side.messages >= MESSAGES_LIMIT;
    }

    fn whole(&mut self, kind: u8, body: &[u8], direction: Direction, output: &mut Output) {
        let fault = match kind {
            message::CLIENT_HELLO => self.client_hello(body, output).err(),
            message::SERVER_HELLO => self.server_hello(body, output).err(),
            _ => self.certificate(body, output).err(),
        };
        if fault.is_some() {
            output.malformed.push(match kind {
                message::CLIENT_HELLO => "tls: client hello",
                message::SERVER_HELLO => "tls: server hello",
                _ => "tls: certificate",
            });
            self.side(direction).finished |= kind != message::CERTIFICATE;
        }
    }

    fn client_hello(&mut self, body: &[u8], output: &mut Output) -> Result<(), picket_reader::Fault> {
        let side = self.side(Direction::ToServer);
        let (version, records) = (side.version, side.records);
        let (mut hello, damaged) = client_hello(body, Carrier::Tcp)?;
        if damaged {
            output.malformed.push("tls: extension of the client hello");
        }
        if let Some(first) = &mut self.seen.client {
            self.again = true;
            first.said_again(&hello);
            return Ok(());
        }
        hello.record_version = version;
        hello.records = records;
        if tor::may_begin(&hello) {
            self.cells = Some(Cells::default());
        }
        output.named = encrypted_dns::named(Some(&hello), self.ends.as_ref(), Carrier::Tcp);
        self.seen.client = Some(Client::of(&hello, Carrier::Tcp));
        output.facts.push(Fact::ClientHello(Box::new(hello)));
        self.client_is_read();
        Ok(())
    }

    fn server_hello(&mut self, body: &[u8], output: &mut Output) -> Result<(), picket_reader::Fault> {
        match server_hello(body)? {
            ServerFlight::Retry => self.retried = true,
            ServerFlight::Hello(mut hello) => {
                if self.seen.client.is_none() {
                    output.named = encrypted_dns::named(None, self.ends.as_ref(), Carrier::Tcp);
                }
                hello.retried = self.retried;
                self.side(Direction::ToClient).finished |= hello.version >= TLS13;
                self.seen.resumed |= hello.psk;
                output.facts.push(Fact::ServerHello(hello.clone()));
                self.seen.server = Some(hello);
                self.client_is_read();
            }
        }
        Ok(())
    }

    /// Whether another hello of the client is due that tells what the encrypted one in its first is.
    fn awaits_another(&self) -> bool {
        let is_asked = self.retried && !self.again && self.seen.server.is_none();
        is_asked && self.seen.client.as_ref().is_some_and(|client| client.ech_outer.is_some())
    }

    /// In TLS 1.3 a client says nothing in clear behind its hello; in older versions it may refuse the certificates.
    fn client_is_read(&mut self) {
        let newest = self.seen.server.as_ref().is_some_and(|hello| hello.version >= TLS13);
        let over = newest && self.seen.client.is_some() && self.cells.is_none();
        self.side(Direction::ToServer).finished |= over;
    }

    fn certificate(&mut self, body: &[u8], output: &mut Output) -> Result<(), picket_reader::Fault> {
        if let Some(facts) = x509::chain(body)? {
            self.relay |= tor::is_relays(&facts);
            let facts = Box::new(facts);
            output.facts.push(Fact::Certificates(facts.clone()));
            self.seen.certificates = Some(facts);
        }
        Ok(())
    }

    /// What is needed next; writes the event when nothing more is to come.
    fn progress(&mut self, direction: Direction, consumed: usize, output: &mut Output) -> Progress {
        let [to_server, to_client] = &self.sides;
        let (up, down) = (to_server.finished, to_client.finished);
        if (up || self.cells.is_some()) && down {
            self.write(output);
            if up {
                let need = if self.relay { Need::Switch(Next::Protocol(&Protocol::TOR)) } else { Need::Done };
                return Progress { consumed, need };
            }
        }
        let side = self.side(direction);
        let need = match (side.finished, side.left) {
            (true, _) => Need::Nothing,
            (false, 0) => Need::Bytes(HEADER),
            (false, _) => Need::Bytes(1),
        };
        Progress { consumed, need }
    }

    fn write(&mut self, output: &mut Output) {
        if self.written || self.seen.is_empty() {
            return;
        }
        self.written = true;
        output.events.push(Body::Tls(Box::new(self.seen.summary(Carrier::Tcp))));
    }
}

/// The length of a handshake message, header included; of the header alone while that is cut.
fn wanted_length(message: &[u8]) -> usize {
    match message {
        [_, a, b, c, ..] => u32::from_be_bytes([0, *a, *b, *c]) as usize + 4,
        _ => 4,
    }
}
