//! One handshake being read: records, fragments, messages, and when enough was seen.

use super::inside_capwap;
use super::parse::{Fragment, Record, fragment, is_first_byte, record};
use super::table::{DTLS13, HELLO_VERIFY_REQUEST, content};
use crate::pieces::{Pieces, Placed};
use crate::tls::summary::{Client, Seen};
use crate::tls::table::message;
use crate::tls::{CERTIFICATES_LIMIT, Carrier, HELLO_LIMIT, ServerFlight, client_hello, server_hello};
use crate::{Context, Fact, Input, Need, Output, Progress, Session, x509};
use picket_event::{Body, Direction, Protocol};
use picket_reader::{Fault, Reader};

/// Most records of a datagram that are looked at.
const RECORDS_LIMIT: usize = 64;
/// Messages of one direction that are put together at a time.
const MESSAGES_LIMIT: usize = 3;
/// Datagrams of DTLS that are looked at in all.
const DATAGRAMS_LIMIT: u16 = 512;
/// Datagrams of others on the same ends that are stepped over.
const FOREIGN_LIMIT: u16 = 4096;

/// A handshake message being put together.
#[derive(Debug)]
struct Partial {
    kind: u8,
    number: u16,
    length: usize,
    pieces: Pieces,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    partial: Vec<Partial>,
    /// What follows is encrypted, or the last message in clear was seen.
    over: bool,
    /// A message of a full handshake was seen: anything but hello and ticket.
    full: bool,
    finished: bool,
    /// Records that carried handshake messages, and the version of the last one.
    records: u16,
    version: u16,
}

/// The session.
#[derive(Debug, Default)]
pub(crate) struct Handshake {
    sides: [Side; 2],
    seen: Seen,
    retried: bool,
    /// Number of the message that was the client's hello.
    hello_number: u16,
    known: bool,
    written: bool,
    datagrams: u16,
    foreign: u16,
}

impl Session for Handshake {
    fn feed(&mut self, direction: Direction, input: Input<'_>, _context: &Context, output: &mut Output) -> Progress {
        let need = match input {
            Input::Datagram(bytes) => self.datagram(direction, bytes, output),
            Input::Stream(_) => Need::NotMine,
            Input::Gap(_) => Need::Bytes(1),
            Input::End => {
                self.write(output);
                Need::Nothing
            }
        };
        Progress { consumed: 0, need }
    }
}

impl Handshake {
    fn side(&mut self, direction: Direction) -> &mut Side {
        direction.of_mut(&mut self.sides)
    }

    fn datagram(&mut self, direction: Direction, bytes: &[u8], output: &mut Output) -> Need {
        let inside = inside_capwap(bytes);
        if inside.is_some() {
            output.named = Some(&Protocol::CAPWAP);
        }
        let bytes = inside.unwrap_or(bytes);
        if !bytes.first().is_some_and(|first| is_first_byte(*first)) {
            self.foreign = self.foreign.saturating_add(1);
            return if self.foreign >= FOREIGN_LIMIT { self.enough(output) } else { Need::Bytes(1) };
        }
        self.datagrams = self.datagrams.saturating_add(1);
        let mut r = Reader::new(bytes);
        for _ in 0..RECORDS_LIMIT {
            if r.is_empty() {
                break;
            }
            let Ok(record) = record(&mut r) else {
                if !self.known {
                    return Need::NotMine;
                }
                output.malformed.push("dtls: record");
                break;
            };
            self.known = true;
            self.record(direction, record, output);
        }
        let [to_server, to_client] = &self.sides;
        if to_server.finished && to_client.finished || self.datagrams >= DATAGRAMS_LIMIT {
            return self.enough(output);
        }
        Need::Bytes(1)
    }

    fn enough(&mut self, output: &mut Output) -> Need {
        self.write(output);
        Need::Done
    }

    fn record(&mut self, direction: Direction, record: Record<'_>, output: &mut Output) {
        match record {
            Record::Plain { kind: content::HANDSHAKE, version, epoch: 0, body } => {
                let side = self.side(direction);
                side.version = version;
                side.records = side.records.saturating_add(1);
                self.fragments(direction, body, output);
            }
            Record::Plain { kind: content::CHANGE_CIPHER_SPEC, .. } => {
                // Without certificates before it, an earlier session goes on.
                let answered = self.seen.server.as_ref().is_some_and(|hello| hello.version != DTLS13);
                let side = self.side(direction);
                let resumed = answered && direction == Direction::ToClient && !side.full;
                side.over = true;
                self.seen.resumed |= resumed;
            }
            Record::Plain { kind: content::ALERT, epoch: 0, body, .. } => {
                if let [level @ 1..=2, description] = *body {
                    self.seen.alert(level, description, direction);
                }
                self.side(Direction::ToServer).over = true;
                self.side(Direction::ToClient).over = true;
            }
            Record::Plain { epoch: 0, .. } => {}
            Record::Plain { .. } | Record::Encrypted => self.side(direction).over = true,
        }
        // A certificate that still lacks a fragment may be completed by one that comes late.
        for side in &mut self.sides {
            side.finished |= side.over && side.partial.is_empty();
        }
    }

    fn fragments(&mut self, direction: Direction, body: &[u8], output: &mut Output) {
        let mut r = Reader::new(body);
        while !r.is_empty() {
            match fragment(&mut r) {
                Ok(fragment) => self.fragment(direction, &fragment, output),
                Err(_) => {
                    output.malformed.push("dtls: handshake fragment");
                    return;
                }
            }
        }
    }

    /// The most bytes of a message that is still wanted; 0 for one that is not.
    fn limit(&self, direction: Direction, kind: u8, number: u16) -> usize {
        let is_another = self.awaits_another() && number != self.hello_number;
        match (direction, kind) {
            (Direction::ToServer, message::CLIENT_HELLO) if is_another => HELLO_LIMIT,
            (Direction::ToServer, message::CLIENT_HELLO) if self.seen.client.is_none() => HELLO_LIMIT,
            (Direction::ToClient, message::SERVER_HELLO) if self.seen.server.is_none() => HELLO_LIMIT,
            (Direction::ToClient, message::CERTIFICATE) if self.seen.certificates.is_none() => CERTIFICATES_LIMIT,
            _ => 0,
        }
    }

    /// Whether a retry request is out, whose answer tells what the encrypted hello in the client's first is.
    fn awaits_another(&self) -> bool {
        let is_asked = self.retried && self.seen.server.is_none();
        is_asked && self.seen.client.as_ref().is_some_and(|client| client.ech_outer.is_some())
    }

    fn fragment(&mut self, direction: Direction, piece: &Fragment<'_>, output: &mut Output) {
        let limit = self.limit(direction, piece.kind, piece.number);
        let side = self.side(direction);
        side.full |= !matches!(piece.kind, message::SERVER_HELLO | message::NEW_SESSION_TICKET | HELLO_VERIFY_REQUEST);
        side.over |= matches!(
            (direction, piece.kind),
            (Direction::ToClient, message::SERVER_HELLO_DONE | message::FINISHED)
                | (Direction::ToServer, message::CLIENT_KEY_EXCHANGE | message::FINISHED)
        );
        if limit == 0 || side.finished {
            return;
        }
        if piece.length > limit {
            output.malformed.push("dtls: message longer than the limit");
            return;
        }
        if piece.data.len() == piece.length {
            side.partial.retain(|partial| partial.number != piece.number);
            return self.whole(direction, (piece.kind, piece.number), piece.data, output);
        }
        if let Some(message) = side.put_together(piece, output) {
            self.whole(direction, (piece.kind, piece.number), &message, output);
        }
    }

    fn whole(&mut self, direction: Direction, (kind, number): (u8, u16), body: &[u8], output: &mut Output) {
        let fault = match kind {
            message::CLIENT_HELLO => self.client_hello(number, body, output).err(),
            message::SERVER_HELLO => self.server_hello(body, output).err(),
            _ => self.certificate(body, output).err(),
        };
        if fault.is_some() {
            output.malformed.push(match kind {
                message::CLIENT_HELLO => "dtls: client hello",
                message::SERVER_HELLO => "dtls: server hello",
                _ => "dtls: certificate",
            });
            self.side(direction).over |= kind != message::CERTIFICATE;
        }
    }

    fn client_hello(&mut self, number: u16, body: &[u8], output: &mut Output) -> Result<(), Fault> {
        let side = self.side(Direction::ToServer);
        side.partial.clear();
        let (version, records) = (side.version, side.records);
        let (mut hello, damaged) = client_hello(body, Carrier::Dtls)?;
        if damaged {
            output.malformed.push("dtls: extension of the client hello");
        }
        // Another hello, behind a retry request, tells what an encrypted one is; without one there is no more to read.
        let is_last = self.seen.client.is_some() || hello.ech_outer.is_none();
        self.side(Direction::ToServer).over = is_last;
        if let Some(first) = &mut self.seen.client {
            first.said_again(&hello);
            return Ok(());
        }
        self.hello_number = number;
        hello.record_version = version;
        hello.records = records;
        self.seen.client = Some(Client::of(&hello, Carrier::Dtls));
        output.facts.push(Fact::ClientHello(Box::new(hello)));
        Ok(())
    }

    fn server_hello(&mut self, body: &[u8], output: &mut Output) -> Result<(), Fault> {
        match server_hello(body)? {
            ServerFlight::Retry => self.retried = true,
            ServerFlight::Hello(mut hello) => {
                hello.retried = self.retried;
                self.side(Direction::ToClient).over |= hello.version == DTLS13;
                self.side(Direction::ToServer).over |= self.seen.client.is_some();
                self.seen.resumed |= hello.psk;
                output.facts.push(Fact::ServerHello(hello.clone()));
                self.seen.server = Some(hello);
            }
        }
        Ok(())
    }

    fn certificate(&mut self, body: &[u8], output: &mut Output) -> Result<(), Fault> {
        if let Some(facts) = x509::chain(body)? {
            let facts = Box::new(facts);
            output.facts.push(Fact::Certificates(facts.clone()));
            self.seen.certificates = Some(facts);
        }
        Ok(())
    }

    fn write(&mut self, output: &mut Output) {
        let open = self.sides.iter().any(|side| !side.partial.is_empty());
        if open && !self.written {
            output.malformed.push("dtls: message cut by the end");
        }
        if self.written || self.seen.is_empty() {
            return;
        }
        self.written = true;
        output.events.push(Body::Tls(Box::new(self.seen.summary(Carrier::Dtls))));
    }
}

impl Side {
    /// Puts a fragment in its place; answers the message once it is whole.
    fn put_together(&mut self, piece: &Fragment<'_>, output: &mut Output) -> Option<Vec<u8>> {
        let same = |p: &Partial| p.number == piece.number && p.kind == piece.kind && p.length == piece.length;
        let at = match self.partial.iter().position(same) {
            Some(at) => at,
            None => {
                if self.partial.len() >= MESSAGES_LIMIT {
                    self.partial.remove(0);
                    output.malformed.push("dtls: message that lacks a fragment");
                }
                let (kind, number, length) = (piece.kind, piece.number, piece.length);
                self.partial.push(Partial { kind, number, length, pieces: Pieces::default() });
                self.partial.len().saturating_sub(1)
            }
        };
        let partial = self.partial.get_mut(at)?;
        if partial.pieces.place(piece.offset, piece.data, piece.length) == Placed::Refused {
            output.malformed.push("dtls: too many fragments");
        }
        if partial.pieces.whole().len() < partial.length {
            return None;
        }
        let partial = self.partial.swap_remove(at);
        Some(partial.pieces.whole().to_vec())
    }
}
