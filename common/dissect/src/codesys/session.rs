//! One CODESYS conversation being read.

use super::parse::{self, BLOCK_HEAD, Said};
use super::{second, table};
use crate::{Context, Input, Need, Output, Progress, Session};
use picket_event::body::{Asset, Ics};
use picket_event::{Body, Direction, Endpoints, MessageKind, Operation, Protocol};
use picket_reader::Fault;

/// Damaged places in a row after which it is something else.
const DAMAGE_LIMIT: u8 = 8;
/// Where the numbers of the router's services and of channels' messages begin: they would be those of components.
const ROUTER_BASE: u32 = 0x1_0000;
const CHANNEL_BASE: u32 = 0x2_0000;
/// Where the numbers of V2's services begin.
const SECOND_BASE: u32 = 0x3_0000;

/// The session.
#[derive(Debug, Default)]
pub(super) struct Codesys {
    known: bool,
    damaged: u8,
    /// The next bytes of this direction may begin inside a block.
    lost: [bool; 2],
    /// It is V2, and what was asked last.
    second: Option<second::Asked>,
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
        if !self.known && bytes.first() == Some(&0xbb) {
            self.second = Some(second::Asked::default());
        }
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or(&[]);
            match self.block(rest) {
                Ok(length) => match rest.get(..length) {
                    Some(block) => {
                        self.lose(direction, false);
                        self.whole(direction, block, context, output);
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

    /// The length of the block at the start of `bytes`.
    fn block(&self, bytes: &[u8]) -> Result<usize, Fault> {
        match self.second {
            Some(_) => second::block(bytes).map(|(total, _)| total),
            None => parse::block(bytes),
        }
    }

    /// Reads a whole block.
    fn whole(&mut self, direction: Direction, block: &[u8], context: &Context, output: &mut Output) {
        let Some(asked) = &mut self.second else {
            self.datagram(direction, block.get(BLOCK_HEAD..).unwrap_or(&[]), context, output);
            return;
        };
        let inside = block.get(second::HEAD..).unwrap_or(&[]);
        let service = asked.service(direction, inside);
        (self.known, self.damaged) = (true, 0);
        let answer = direction == Direction::ToClient;
        if let (true, Some((model, os))) = (answer, second::identity(&service, inside)) {
            output.events.push(asset(Asset { model: Some(model), os, ..Asset::default() }, direction, context));
        }
        let code = SECOND_BASE | u32::from(service.code);
        self.out(event(code, (service.name, service.operation), answer), output);
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
                    output
                        .events
                        .extend(parse::device(inside).ok().map(|device| asset(told(device), direction, context)));
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
        self.out(ics, output);
    }

    fn out(&mut self, ics: Ics, output: &mut Output) {
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

/// A description of a device as an asset.
fn told(device: parse::Device) -> Asset {
    let parse::Device { node, model, vendor, firmware } = device;
    Asset { hostname: node, vendor, model, firmware: Some(firmware), ..Asset::default() }
}

fn asset(told: Asset, direction: Direction, context: &Context) -> Body {
    let ip = match (context.endpoints, direction) {
        (Endpoints::Ip { dest, .. }, Direction::ToClient) => Some(dest),
        (Endpoints::Ip { src, .. }, Direction::ToServer) => Some(src),
        (Endpoints::Link { .. }, _) => None,
    };
    let roles = vec!["plc".to_owned()];
    Body::Asset(Box::new(Asset { ip, roles, source: "codesys".to_owned(), ..told }))
}
