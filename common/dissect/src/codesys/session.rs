//! One CODESYS conversation being read.

use super::parse::{self, BLOCK_HEAD, Said};
use super::table;
use crate::{Context, Input, Need, Output, Progress, Session};
use picket_event::body::{Asset, Ics};
use picket_event::{Body, Direction, Endpoints, MessageKind, Operation, Protocol};
use picket_reader::Fault;

/// Damaged places in a row after which it is something else.
const DAMAGE_LIMIT: u8 = 8;
/// Where the numbers of the router's services and of channels' messages begin: they would be those of components.
const ROUTER_BASE: u32 = 0x1_0000;
const CHANNEL_BASE: u32 = 0x2_0000;

/// The session.
#[derive(Debug, Default)]
pub(super) struct Codesys {
    previous: Option<Operation>,
    known: bool,
    damaged: u8,
    /// The next bytes of this direction may begin inside a block.
    lost: [bool; 2],
}

impl Session for Codesys {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            Input::Datagram(bytes) => {
                let fits = self.datagram(direction, bytes, context, output);
                let need = if fits || self.known { Need::Bytes(1) } else { Need::NotMine };
                Progress { consumed: bytes.len(), need }
            }
            Input::Gap(_) => {
                self.lose(direction, true);
                Progress { consumed: 0, need: Need::Bytes(BLOCK_HEAD) }
            }
            Input::End => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}

impl Codesys {
    fn lose(&mut self, direction: Direction, lost: bool) {
        if let Some(flag) = self.lost.get_mut(direction.index()) {
            *flag = lost;
        }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or(&[]);
            match parse::block(rest) {
                Ok(length) => match rest.get(BLOCK_HEAD..length) {
                    Some(inside) => {
                        self.lose(direction, false);
                        self.datagram(direction, inside, context, output);
                        at = at.saturating_add(length);
                    }
                    None => return Progress { consumed: at, need: Need::Bytes(length) },
                },
                Err(Fault::Incomplete { .. }) => {
                    return Progress { consumed: at, need: Need::Bytes(BLOCK_HEAD) };
                }
                Err(Fault::Malformed(reason)) => {
                    let lost = self.lost.get(direction.index()).copied().unwrap_or(false);
                    if !lost {
                        self.damaged = self.damaged.saturating_add(1);
                        if !self.known || self.damaged > DAMAGE_LIMIT {
                            return Progress { consumed: at, need: Need::NotMine };
                        }
                        output.malformed.push(reason);
                        self.lose(direction, true);
                    }
                    at = at.saturating_add(1);
                }
            }
        }
    }

    /// Reads one datagram; answers whether it is one.
    fn datagram(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> bool {
        match parse::datagram(bytes).and_then(|datagram| parse::said(&datagram)) {
            Ok(said) => {
                (self.known, self.damaged) = (true, 0);
                self.say(&said, direction, context, output);
                true
            }
            Err(_) => {
                if self.known {
                    output.malformed.push("codesys: datagram");
                }
                false
            }
        }
    }

    fn say(&mut self, said: &Said<'_>, direction: Direction, context: &Context, output: &mut Output) {
        let ics = match *said {
            Said::Address(answer) => event(ROUTER_BASE | u32::from(table::ADDRESS_REQUEST), table::ADDRESS, answer),
            Said::Names(answer, inside) => {
                if answer {
                    output.events.extend(parse::device(inside).ok().map(|device| asset(device, direction, context)));
                }
                event(ROUTER_BASE | u32::from(table::NAME_REQUEST), table::NAMES, answer)
            }
            Said::Channel(kind) => event(CHANNEL_BASE | u32::from(kind), table::channel(kind), kind == 0x83),
            Said::Service(group, code, answer) => {
                let command = table::command(group, code);
                event(u32::from(group) << 8 | u32::from(code & 0xff), (command.name, command.operation), answer)
            }
            Said::Secured(answer) => event(0, table::SECURE, answer),
            Said::Nothing => return,
        };
        let ics = Ics { previous: self.previous, ..ics };
        self.previous = Some(ics.operation);
        output.ics(ics);
    }
}

fn event(function: u32, (name, operation): (&'static str, Operation), answer: bool) -> Ics {
    Ics {
        protocol: Protocol::CODESYS,
        operation,
        previous: None,
        kind: if answer { MessageKind::Response } else { MessageKind::Request },
        function,
        function_name: name.into(),
        unit: None,
        object: None,
        range: None,
        value: None,
        count: 1,
    }
}

fn asset(device: parse::Device, direction: Direction, context: &Context) -> Body {
    let ip = match (context.endpoints, direction) {
        (Endpoints::Ip { dest, .. }, Direction::ToClient) => Some(dest),
        (Endpoints::Ip { src, .. }, Direction::ToServer) => Some(src),
        (Endpoints::Link { .. }, _) => None,
    };
    Body::Asset(Box::new(Asset {
        ip,
        hostname: device.node,
        vendor: device.vendor,
        model: device.model,
        firmware: Some(device.firmware),
        roles: vec!["plc".to_owned()],
        source: "codesys".to_owned(),
        ..Asset::default()
    }))
}
