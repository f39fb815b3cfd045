//! A conversation said aloud, for the unit tests of protocols that lead to others.

use crate::{Context, Conversation, Fact, Output, trial};
use picket_event::body::TlsRecord;
use picket_event::{AppDetail, Body, Direction, Endpoints, Mac, Timestamp, Transport, body};

pub(crate) use picket_event::Direction::{ToClient, ToServer};

/// What is said: bytes of a direction, or that so many are missing.
pub(crate) enum Line<'a> {
    Says(Direction, &'a [u8]),
    Lacks(Direction, u64),
}

/// The client says.
pub(crate) const fn c(bytes: &[u8]) -> Line<'_> {
    Line::Says(ToServer, bytes)
}

/// The server says.
pub(crate) const fn s(bytes: &[u8]) -> Line<'_> {
    Line::Says(ToClient, bytes)
}

/// What came of it.
pub(crate) struct Heard {
    pub(crate) conversation: Conversation,
    pub(crate) output: Output,
}

impl Heard {
    pub(crate) fn app(&self) -> String {
        self.conversation.app().protocol.name().to_owned()
    }

    pub(crate) fn http(&self) -> Vec<&body::Http> {
        self.output
            .events
            .iter()
            .filter_map(|e| if let Body::Http(http) = e { Some(http.as_ref()) } else { None })
            .collect()
    }

    /// Industrial messages.
    pub(crate) fn ics(&self) -> Vec<&body::Ics> {
        trial::messages(&self.output)
    }

    /// What industrial messages do and the part they play, as `read/request`.
    pub(crate) fn operations(&self) -> Vec<String> {
        trial::operations(&self.output)
    }

    /// What devices told of themselves.
    pub(crate) fn assets(&self) -> Vec<&body::Asset> {
        trial::assets(&self.output)
    }

    /// What messages said of the conversation.
    pub(crate) fn detail(&self) -> AppDetail {
        let mut all = AppDetail::default();
        for fact in &self.output.facts {
            if let Fact::Detail(detail) = fact {
                all.merge(detail);
            }
        }
        all
    }

    /// Types of the TLS records and lengths of their bodies, positive to the server.
    pub(crate) fn records(&mut self) -> Vec<(u8, i32)> {
        let records = self.conversation.take_records();
        let signed = |record: &TlsRecord| match record.direction {
            ToServer => (record.kind, i32::from(record.length)),
            ToClient => (record.kind, -i32::from(record.length)),
        };
        records.iter().flat_map(|records| records.seen()).map(signed).collect()
    }

    /// Server names and cipher suites of the handshakes.
    pub(crate) fn tls(&self) -> Vec<(Option<&str>, Option<u16>)> {
        let tls = self.output.events.iter().filter_map(|e| if let Body::Tls(tls) = e { Some(tls) } else { None });
        tls.map(|tls| (tls.sni.as_deref(), tls.cipher)).collect()
    }
}

/// Says all lines to a server on this port, each in pieces of at most so many bytes, and ends the conversation.
pub(crate) fn rehearse(port: u16, piece: usize, lines: &[Line<'_>]) -> Heard {
    let endpoints = ends(port, Transport::TCP);
    let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let mut conversation = Conversation::new(&endpoints);
    let mut output = Output::default();
    for line in lines {
        match line {
            Line::Says(direction, bytes) => {
                for part in bytes.chunks(piece) {
                    conversation.stream(*direction, part, &context, &mut output);
                }
            }
            Line::Lacks(direction, length) => conversation.gap(*direction, *length, &context, &mut output),
        }
    }
    for direction in [ToServer, ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    assert_eq!(output.misbehaved, 0);
    Heard { conversation, output }
}

/// Says all lines in datagrams, over UDP or below IP, and ends the conversation.
pub(crate) fn datagrams(endpoints: Endpoints, lines: &[Line<'_>]) -> Heard {
    let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let mut conversation = Conversation::new(&endpoints);
    let mut output = Output::default();
    for line in lines {
        if let Line::Says(direction, bytes) = line {
            conversation.datagram(*direction, bytes, &context, &mut output);
        }
    }
    for direction in [ToServer, ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    assert_eq!(output.misbehaved, 0);
    Heard { conversation, output }
}

/// The ends of a conversation between two hosts.
pub(crate) fn ends(port: u16, transport: Transport) -> Endpoints {
    let (src, dest) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    Endpoints::Ip { src, src_port: 50_000, dest, dest_port: port, transport }
}

/// The ends of a conversation below IP, to a group.
pub(crate) fn link(ether_type: u16) -> Endpoints {
    let (src, dest) = (Some(Mac([2, 0, 0, 0, 0, 1])), Some(Mac([1, 0x0c, 0xcd, 1, 0, 1])));
    Endpoints::Link { src, dest, ether_type: Some(ether_type), link_type: 1 }
}

/// A client hello that asks for `mail.example`.
pub(crate) fn client_hello() -> Vec<u8> {
    client_hello_for("mail.example")
}

/// A client hello that asks for this name.
pub(crate) fn client_hello_for(name: &str) -> Vec<u8> {
    let name = name.as_bytes();
    let entry = [&[0, 0, name.len() as u8][..], name].concat();
    let sni = [&[0, 0, 0, entry.len() as u8 + 2, 0, entry.len() as u8][..], &entry].concat();
    let versions = [0, 43, 0, 3, 2, 3, 4];
    let extensions = [&sni[..], &versions].concat();
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0, 0, extensions.len() as u8], &extensions].concat();
    record(1, &body)
}

/// The answer that chooses 0x1301.
pub(crate) fn server_hello() -> Vec<u8> {
    record(2, &[&[3, 3][..], &[9; 32], &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat())
}

/// A record of so many bytes that are encrypted.
pub(crate) fn encrypted(length: u8) -> Vec<u8> {
    [&[0x17, 3, 3, 0, length][..], &vec![0xee; usize::from(length)]].concat()
}

/// The records of [`client_hello`], [`server_hello`] and what follows them in [`encrypted`].
pub(crate) const RECORDS: [(u8, i32); 4] = [(22, 75), (22, -50), (23, 40), (23, -90)];

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u8;
    [&[0x16, 3, 1, 0, length + 4, kind, 0, 0, length][..], body].concat()
}
