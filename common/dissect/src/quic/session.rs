//! One connection being read: keys, hellos, and when enough was seen.

use super::keys::{Keys, retry_is_whole};
use super::midstream::{Midstream, Verdict};
use super::parse::{ConnectionId, Content, Frame, Long, Packet, frame, packet};
use super::stream::CryptoStream;
use super::table::{TAG, Type, family, frame as frame_type};
use crate::encrypted_dns;
use crate::fact::ConnectionIds;
use crate::pieces::Placed;
use crate::tls::summary::{Client, Seen};
use crate::tls::table::message;
use crate::tls::{Carrier, HELLO_LIMIT, ServerFlight, client_hello, server_hello};
use crate::{Context, Fact, Input, Need, Output, Progress, Session};
use picket_event::{Body, Direction, Endpoints, body};
use picket_reader::Reader;

/// Most packets of a datagram that are looked at.
const PACKETS_LIMIT: usize = 8;
/// Most frames of a packet that are looked at.
const FRAMES_LIMIT: usize = 1024;
/// Most keys that are derived for a connection: two a side, and those that a Retry, another version and
/// connection ids that were none of the first ones cost.
const DERIVATIONS_LIMIT: u8 = 8;
/// Packets that no key opens before none is tried any more.
const FAILURES_LIMIT: u8 = 8;
/// Datagrams in a row without anything new before the handshake is taken for over.
const IDLE_LIMIT: u8 = 32;
/// Datagrams that are looked at in all.
const DATAGRAMS_LIMIT: u16 = 256;

/// The alert of TLS that an error code of QUIC stands for (RFC 9001 section 4.8); all are fatal.
fn alert(code: u64) -> Option<u8> {
    u8::try_from(code.checked_sub(0x100)?).ok()
}

/// Keys with what they were derived from.
#[derive(Debug)]
struct Derived {
    version: u32,
    id: ConnectionId,
    keys: Keys,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    derived: Option<Box<Derived>>,
    largest: Option<u64>,
    crypto: CryptoStream,
    /// Packets that brought handshake bytes.
    packets: u16,
    /// Nothing more is needed from here.
    finished: bool,
}

/// The session.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    sides: [Side; 2],
    /// The version spoken: of the client's Initial, then of the server's.
    version: u32,
    /// The connection id that the keys come from.
    origin: Option<ConnectionId>,
    midstream: Option<Midstream>,
    seen: Seen,
    /// The two ends, client first.
    ends: Option<Endpoints>,
    /// What both ends have chosen, once the server has answered.
    ids: Option<ConnectionIds>,
    /// A Retry packet was seen, or a HelloRetryRequest.
    retry: bool,
    hello_retried: bool,
    derivations: u8,
    failures: u8,
    idle: u8,
    datagrams: u16,
    written: bool,
}

impl Session for Connection {
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

impl Connection {
    pub(crate) fn new(context: &Context) -> Self {
        Self { ends: Some(context.endpoints), ..Self::default() }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        direction.of_mut(&mut self.sides)
    }

    fn datagram(&mut self, direction: Direction, bytes: &[u8], output: &mut Output) -> Need {
        self.datagrams = self.datagrams.saturating_add(1);
        let (mut news, mut long) = (false, false);
        let mut r = Reader::new(bytes);
        for _ in 0..PACKETS_LIMIT {
            if r.is_empty() {
                break;
            }
            match packet(&mut r) {
                Ok(Packet::Long(packet)) => {
                    long = true;
                    news |= self.long(direction, &packet, output);
                }
                // Zeros that fill a datagram behind its packets are seen, too: no packet, and no damage.
                Ok(Packet::Short) | Err(_) => break,
            }
        }
        if self.version == 0 && !long {
            return self.without_hello(direction, bytes);
        }
        self.idle = if news { 0 } else { self.idle.saturating_add(1) };
        let [to_server, to_client] = &self.sides;
        let enough = to_server.finished && to_client.finished;
        if enough || self.idle >= IDLE_LIMIT || self.datagrams >= DATAGRAMS_LIMIT {
            self.write(output);
            return Need::Done;
        }
        Need::Bytes(1)
    }

    /// Only short headers so far: the connection began before the capture.
    fn without_hello(&mut self, direction: Direction, bytes: &[u8]) -> Need {
        match self.midstream.get_or_insert_default().look(direction, bytes) {
            Verdict::More => Need::Bytes(1),
            Verdict::Quic => Need::Done,
            Verdict::Foreign => Need::NotMine,
        }
    }

    /// A packet with a long header; answers whether it brought anything new.
    fn long(&mut self, direction: Direction, packet: &Long<'_>, output: &mut Output) -> bool {
        if self.version == 0 {
            self.version = packet.version;
        }
        match packet.content {
            Content::Protected { kind: Type::Initial, packet: whole, number_at, .. } => {
                self.begin(direction, packet);
                self.initial(direction, packet, whole, number_at, output)
            }
            // A cut packet cannot be opened, but its connection id is the key to the answers.
            Content::Cut { kind: Type::Initial, .. } => self.begin(direction, packet),
            Content::Retry { pseudo, tag } => self.retry(direction, packet, pseudo, &tag, output),
            // The client begins again with another version, and the answer's keys come from its new packet.
            Content::Negotiation { .. } if direction == Direction::ToClient => {
                self.restart(None);
                true
            }
            _ => false,
        }
    }

    /// The first Initial of the client: its destination connection id is where all keys come from.
    fn begin(&mut self, direction: Direction, packet: &Long<'_>) -> bool {
        let first = direction == Direction::ToServer && self.origin.is_none();
        if first {
            self.origin = Some(packet.to);
            self.version = packet.version;
        }
        first
    }

    /// Forgets what belongs to an attempt that the server turned down.
    fn restart(&mut self, origin: Option<ConnectionId>) {
        self.origin = origin;
        let client_known = self.seen.client.is_some();
        let side = self.side(Direction::ToServer);
        if !client_known {
            side.crypto = CryptoStream::default();
            side.packets = 0;
        }
        side.largest = None;
        self.side(Direction::ToClient).largest = None;
    }

    fn retry(
        &mut self,
        direction: Direction,
        packet: &Long<'_>,
        pseudo: &[u8],
        tag: &[u8; TAG],
        output: &mut Output,
    ) -> bool {
        let (Direction::ToClient, Some(family)) = (direction, family(packet.version)) else { return false };
        let fits = self.origin.and_then(|id| retry_is_whole(family, id.as_bytes(), pseudo, tag));
        if fits == Some(false) {
            // A client drops it, so what comes next is opened with the old keys.
            output.malformed.push("quic: integrity tag of a retry packet");
            return false;
        }
        self.retry = true;
        self.restart(Some(packet.from));
        true
    }

    fn initial(
        &mut self,
        direction: Direction,
        packet: &Long<'_>,
        whole: &[u8],
        number_at: usize,
        output: &mut Output,
    ) -> bool {
        let Some(origin) = self.origin else { return false };
        if self.side(direction).finished || self.failures >= FAILURES_LIMIT {
            return false;
        }
        let mut buffer = Vec::new();
        let mut opened = self.open(direction, packet.version, origin, whole, number_at, &mut buffer);
        // Behind a Retry or another version that was not seen, the client's own packet tells.
        if opened.is_none() && direction == Direction::ToServer && packet.to != origin {
            opened = self.open(direction, packet.version, packet.to, whole, number_at, &mut buffer);
            if opened.is_some() {
                self.restart(Some(packet.to));
            }
        }
        let Some((number, payload)) = opened else {
            self.failures = self.failures.saturating_add(1);
            return false;
        };
        self.version = packet.version;
        let side = self.side(direction);
        side.largest = side.largest.max(Some(number));
        if direction == Direction::ToClient {
            self.ids.get_or_insert(ConnectionIds { client: packet.to, server: packet.from });
        }
        let payload = buffer.get(payload).unwrap_or(&[]);
        self.frames(direction, payload, output)
    }

    /// Opens a packet with the keys of a version and connection id; answers its number and where its payload
    /// lies in the buffer. Keys are derived once, as long as there are not too many.
    fn open(
        &mut self,
        direction: Direction,
        version: u32,
        id: ConnectionId,
        whole: &[u8],
        number_at: usize,
        buffer: &mut Vec<u8>,
    ) -> Option<(u64, std::ops::Range<usize>)> {
        let side = self.side(direction);
        let fits = |derived: &&Derived| derived.version == version && derived.id == id;
        if let Some(derived) = side.derived.as_deref().filter(fits) {
            return derived.keys.open(whole, number_at, side.largest, buffer);
        }
        if self.derivations >= DERIVATIONS_LIMIT {
            return None;
        }
        self.derivations = self.derivations.saturating_add(1);
        let keys = Keys::derive(family(version)?, id.as_bytes(), direction)?;
        let opened = keys.open(whole, number_at, None, buffer)?;
        self.side(direction).derived = Some(Box::new(Derived { version, id, keys }));
        Some(opened)
    }

    /// The frames of an opened packet; answers whether they brought handshake bytes.
    fn frames(&mut self, direction: Direction, payload: &[u8], output: &mut Output) -> bool {
        let mut news = false;
        let crypto = family(self.version).map_or(frame_type::CRYPTO, |family| family.crypto);
        let mut r = Reader::new(payload);
        for _ in 0..FRAMES_LIMIT {
            if r.is_empty() {
                break;
            }
            match frame(&mut r, crypto) {
                Ok(Frame::Crypto { offset, data }) => match self.side(direction).crypto.place(offset, data) {
                    Placed::New => news = true,
                    Placed::Known => {}
                    Placed::Refused => output.malformed.push("quic: crypto frame beyond the limit"),
                },
                Ok(Frame::Close(code)) => {
                    if let Some(description) = alert(code) {
                        self.seen.alert(2, description, direction);
                    }
                    self.side(Direction::ToServer).finished = true;
                    self.side(Direction::ToClient).finished = true;
                }
                Ok(Frame::Other) => {}
                Err(_) => {
                    output.malformed.push("quic: frame");
                    break;
                }
            }
        }
        if news {
            let side = self.side(direction);
            side.packets = side.packets.saturating_add(1);
            self.messages(direction, output);
        }
        news
    }

    /// Reads the handshake messages that are whole.
    fn messages(&mut self, direction: Direction, output: &mut Output) {
        let expected = match direction {
            Direction::ToServer => message::CLIENT_HELLO,
            Direction::ToClient => message::SERVER_HELLO,
        };
        while !self.side(direction).finished {
            let side = self.side(direction);
            let Some((kind, length)) = side.crypto.next() else { return };
            if kind != expected || length > HELLO_LIMIT {
                output.malformed.push("quic: no hello of this length is read");
                side.finished = true;
                return;
            }
            let Some(whole) = side.crypto.take() else { return };
            let body = whole.get(4..).unwrap_or(&[]);
            let fault = match direction {
                Direction::ToServer => self.client_hello(body, output).err(),
                Direction::ToClient => self.server_hello(body, output).err(),
            };
            if fault.is_some() {
                output.malformed.push("quic: hello");
                self.side(direction).finished = true;
            }
        }
    }

    fn client_hello(&mut self, body: &[u8], output: &mut Output) -> Result<(), picket_reader::Fault> {
        let packets = self.side(Direction::ToServer).packets;
        let (mut hello, damaged) = client_hello(body, Carrier::Quic)?;
        if damaged {
            output.malformed.push("quic: extension of the client hello");
        }
        // Another hello, behind a retry request, tells what an encrypted one is; without one there is no more to read.
        let is_last = self.seen.client.is_some() || hello.ech_outer.is_none();
        self.side(Direction::ToServer).finished = is_last;
        if let Some(first) = &mut self.seen.client {
            if self.hello_retried {
                first.said_again(&hello);
            }
            return Ok(());
        }
        // There are no records: what TLS clients write there, and the packets in place of records.
        hello.record_version = 0x0301;
        hello.records = packets;
        output.named = encrypted_dns::named(Some(&hello), self.ends.as_ref(), Carrier::Quic);
        self.seen.client = Some(Client::of(&hello, Carrier::Quic));
        output.facts.push(Fact::ClientHello(Box::new(hello)));
        Ok(())
    }

    fn server_hello(&mut self, body: &[u8], output: &mut Output) -> Result<(), picket_reader::Fault> {
        match server_hello(body)? {
            ServerFlight::Retry => self.hello_retried = true,
            ServerFlight::Hello(mut hello) => {
                if self.seen.client.is_none() {
                    output.named = encrypted_dns::named(None, self.ends.as_ref(), Carrier::Quic);
                }
                hello.retried = self.hello_retried;
                self.side(Direction::ToClient).finished = true;
                self.side(Direction::ToServer).finished |= self.seen.client.is_some();
                output.facts.push(Fact::ServerHello(hello.clone()));
                self.seen.resumed |= hello.psk;
                self.seen.server = Some(hello);
            }
        }
        Ok(())
    }

    /// Writes the event, once.
    fn write(&mut self, output: &mut Output) {
        if self.written || self.version == 0 {
            return;
        }
        self.written = true;
        if self.seen.client.is_none() && !self.side(Direction::ToServer).crypto.is_empty() {
            output.malformed.push("quic: client hello cut by the end");
        }
        let tls = self.seen.summary(Carrier::Quic);
        let quic = body::Quic {
            version: self.version,
            sni: tls.sni,
            alpn: tls.alpn,
            client: tls.client,
            cipher: tls.cipher,
            ja3: tls.ja3,
            ja3s: tls.ja3s,
            ja4: tls.ja4,
            resumed: tls.resumed,
            retry: self.retry,
            continues: None,
            hellos: tls.hellos,
        };
        output.facts.extend(self.ids.map(|ids| Fact::ConnectionIds(Box::new(ids))));
        output.events.push(Body::Quic(Box::new(quic)));
    }
}
