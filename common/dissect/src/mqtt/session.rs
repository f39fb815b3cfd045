//! One MQTT conversation being read.

use super::table::{self, CONNACK, CONNECT, DISCONNECT, PUBACK, PUBLISH, PUBREC, SUBACK, SUBSCRIBE, UNSUBSCRIBE};
use super::{parse, probe};
use crate::Output;
use crate::framed::Framing;
use crate::sides::Speaker;
use crate::teller::{Message, about, add, name, text};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, Endpoints, MessageKind, Protocol};
use picket_reader::{Fault, Reader};
use std::borrow::Cow;

/// The session.
#[derive(Debug, Default)]
pub(crate) struct Mqtt {
    /// The version spoken; 0 where the beginning was not seen.
    version: u8,
}

impl Framing for Mqtt {
    const VIEW: usize = 2048;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::fixed(bytes).map(|fixed| fixed.total)
    }

    /// Heads of two bytes are found everywhere: two packets have to follow each other, and to tell something.
    fn begins(&self, bytes: &[u8], _: Direction) -> Result<(), Fault> {
        const NONE: Fault = Fault::Malformed("mqtt: no packet begins here");
        let (mut r, mut bits) = (Reader::new(bytes), 0);
        for _ in 0..2 {
            let fixed = parse::fixed(r.peek())?;
            if fixed.total > Self::VIEW {
                return Err(NONE);
            }
            let (_, weight) = parse::weight(r.take(fixed.total, "packet")?).ok_or(NONE)?;
            bits += weight;
        }
        if bits >= 16 { Ok(()) } else { Err(NONE) }
    }

    /// What only goes from one to the other, with which a conversation often begins, is of either.
    fn speaker(&self, said: &Message<'_>) -> Speaker {
        parse::fixed(said.bytes).map_or(Speaker::Either, probe::speaker)
    }

    fn message(&mut self, said: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let fixed = parse::fixed(said.bytes)?;
        let Some(packet) = table::packet(fixed.kind) else { return Ok(()) };
        let body = said.bytes.get(fixed.head..).unwrap_or(&[]);
        let code = self.refusal(fixed.kind, body);
        // The halves of a delivery are no messages, unless they refuse it.
        let Some(kind) = packet.kind.or(code.map(|_| MessageKind::Exception)) else { return Ok(()) };
        let kind = match (fixed.kind, said.direction) {
            _ if code.is_some() => MessageKind::Exception,
            (DISCONNECT, Direction::ToClient) => MessageKind::Unsolicited,
            _ => kind,
        };
        let mut ics = Ics::new(Protocol::MQTT, packet.operation, kind, u32::from(fixed.kind), packet.name);
        match fixed.kind {
            CONNECT => {
                let (version, client) = parse::connect(body)?;
                self.version = version;
                ics.object = text(client).map(Cow::Owned);
                introduce(said, client, output);
            }
            PUBLISH => {
                let topic = parse::topic(body)?;
                ics.object = text(topic).map(Cow::Owned);
                if let Some((name, operation, kind)) = table::sparkplug(topic) {
                    (ics.function_name, ics.operation, ics.kind) = (name.into(), operation, kind);
                }
            }
            SUBSCRIBE | UNSUBSCRIBE => {
                ics.object = parse::filter(body, self.version).ok().and_then(text).map(Cow::Owned);
            }
            _ => {}
        }
        if let Some(code) = code {
            ics.object = Some(table::reason(code).into()).filter(|name: &Cow<'_, str>| !name.is_empty());
        }
        output.ics(ics);
        Ok(())
    }
}

/// A client names itself, and whom it connects to is the broker.
fn introduce(said: &Message<'_>, client: &[u8], output: &mut Output) {
    let (from, to) = match said.context.endpoints {
        Endpoints::Ip { src, dest, .. } if said.direction == Direction::ToServer => (src, dest),
        _ => return,
    };
    let (mut client, mut broker) =
        (Asset { names: name(client).into_iter().collect(), ..about(Some(from), None) }, about(Some(to), None));
    add(&mut client.roles, "mqtt-client".to_owned());
    add(&mut broker.roles, "mqtt-broker".to_owned());
    for mut asset in [client, broker] {
        Protocol::MQTT.name().clone_into(&mut asset.source);
        output.asset(asset);
    }
}

impl Mqtt {
    /// The code of an answer that refuses.
    fn refusal(&self, kind: u8, body: &[u8]) -> Option<u8> {
        let mut r = Reader::new(body);
        match kind {
            CONNACK => r.skip(1, "flags").and_then(|()| r.u8("reason")).ok().filter(|code| *code != 0),
            // Reasons came with version 5; without one all is well.
            PUBACK | PUBREC => r.skip(2, "packet id").and_then(|()| r.u8("reason")).ok().filter(|code| *code >= 0x80),
            SUBACK => {
                r.skip(2, "packet id").ok()?;
                if self.version == 5 {
                    parse::properties(&mut r).ok()?;
                }
                let codes = r.rest();
                codes.first().copied().filter(|_| codes.iter().all(|code| *code >= 0x80))
            }
            DISCONNECT => r.u8("reason").ok().filter(|code| *code >= 0x80),
            _ => None,
        }
    }
}
