//! One S7comm conversation being read.

use super::asset;
use super::item::{self, Target};
use super::parse::{self, Kind, Message, Role};
use super::table::{self, CPU, CYCLIC, PI_SERVICE, PLC_STOP, READ_SZL, READ_VAR, WRITE_VAR};
use crate::digits::numbered;
use crate::iso::Upper;
use crate::{Context, Output};
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Operation, Protocol};
use std::borrow::Cow;
use std::collections::VecDeque;

/// Jobs remembered until they are answered; the oldest is forgotten.
pub(super) const PENDING: usize = 32;
/// Longest name of a service that is kept, bytes.
const NAME_LIMIT: usize = 32;
/// What `function` of user data begins with: ROSCTR, group and function make one number.
const USER_DATA: u32 = 0x07_0000;

/// A job waiting for its answer.
#[derive(Clone, Copy, Debug)]
struct Pending {
    direction: Direction,
    reference: u16,
    function: u8,
    operation: Operation,
    target: Option<Target>,
    block: Option<([u8; 2], u32)>,
}

/// The session above the transport.
#[derive(Debug)]
pub(super) struct S7comm {
    pending: VecDeque<Pending>,
    /// What the last service of a program did: answers to it name no service.
    service: Operation,
}

impl Default for S7comm {
    fn default() -> Self {
        Self { pending: VecDeque::new(), service: Operation::Other }
    }
}

impl Upper for S7comm {
    fn fits(bytes: &[u8]) -> bool {
        parse::fits(bytes)
    }

    fn message(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        let message = match parse::message(bytes) {
            Ok(message) => message,
            Err(_) => return output.malformed.push("s7comm: message"),
        };
        let ics = match message.role {
            Role::Job => self.job(&message, direction),
            Role::Ack | Role::AckData => self.answer(&message, direction),
            Role::UserData => match parse::user_data(message.parameters) {
                Ok(user) => user_data(&user, &message, direction, context, output),
                Err(_) => return output.malformed.push("s7comm: parameters of user data"),
            },
        };
        output.ics(ics);
    }
}

impl S7comm {
    fn job(&mut self, message: &Message<'_>, direction: Direction) -> Ics {
        let code = message.parameters.first().copied().unwrap_or(0);
        let function = table::function(code);
        let mut ics = event(u32::from(code), function.name, function.operation, MessageKind::Request);
        let mut pending = Pending {
            direction,
            reference: message.reference,
            function: code,
            operation: function.operation,
            target: None,
            block: None,
        };
        match code {
            READ_VAR | WRITE_VAR => {
                pending.target = item::target(message.parameters);
                ics.object = pending.target.and_then(|target| target.object());
                ics.range = pending.target.and_then(|target| target.range);
                if code == WRITE_VAR {
                    ics.value = pending.target.and_then(|target| item::value(&target, message.data));
                }
            }
            PI_SERVICE | PLC_STOP => {
                let name = parse::service(message.parameters).unwrap_or(&[]);
                if code == PI_SERVICE {
                    pending.operation = table::service(name);
                    self.service = pending.operation;
                    ics.operation = pending.operation;
                }
                ics.object = service_object(name, message.parameters);
            }
            0x1a..=0x1d => {
                pending.block = parse::block(message.parameters).ok();
                ics.object = block_object(pending.block);
            }
            _ => {}
        }
        if self.pending.len() >= PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(pending);
        ics
    }

    fn answer(&mut self, message: &Message<'_>, direction: Direction) -> Ics {
        let own = message.parameters.first().copied();
        let asked = self.answered(message, direction, own);
        let code = own.or(asked.map(|asked| asked.function)).unwrap_or(0);
        let function = table::function(code);
        let operation = match asked {
            Some(asked) => asked.operation,
            None if code == PI_SERVICE => self.service,
            None => function.operation,
        };
        let failed = message.error.is_some_and(|(class, _)| class != 0);
        let kind = if failed { MessageKind::Exception } else { MessageKind::Response };
        let mut ics = event(u32::from(code), function.name, operation, kind);
        let Some(asked) = asked else { return ics };
        if let Some(target) = asked.target {
            ics.object = target.object();
            ics.range = target.range;
            if code == READ_VAR && !failed {
                ics.value = item::value(&target, message.data);
            }
        }
        ics.object = ics.object.or_else(|| block_object(asked.block));
        ics
    }

    /// The job that this answers: by reference, and by function where both name one.
    fn answered(&mut self, message: &Message<'_>, direction: Direction, own: Option<u8>) -> Option<Pending> {
        let fits = |p: &Pending| {
            p.direction != direction && p.reference == message.reference && own.is_none_or(|own| own == p.function)
        };
        let at = self.pending.iter().position(fits)?;
        self.pending.remove(at)
    }
}

fn user_data(
    user: &parse::UserData,
    message: &Message<'_>,
    direction: Direction,
    context: &Context,
    output: &mut Output,
) -> Ics {
    let known = table::grouped(user.group, user.function);
    let (kind, operation) = match user.kind {
        Kind::Request => (MessageKind::Request, known.operation),
        Kind::Response => (MessageKind::Response, known.operation),
        Kind::Push if user.group == CYCLIC => (MessageKind::Unsolicited, Operation::Report),
        Kind::Push => (MessageKind::Unsolicited, known.operation),
    };
    let function = USER_DATA | u32::from(user.group) << 8 | u32::from(user.function);
    let mut ics = event(function, known.name, operation, kind);
    if (user.group, user.function) == (CPU, READ_SZL) {
        // Behind the return code, its unit and a length, both ways.
        ics.object = message.data.get(4..6).map(|id| {
            let [a, b] = [id.first(), id.last()].map(|byte| byte.copied().unwrap_or(0));
            format!("szl 0x{:04x}", u16::from_be_bytes([a, b])).into()
        });
        if user.kind == Kind::Response && user.error == 0 {
            output.events.extend(asset::asset(message.data, direction, context));
        }
    }
    ics
}

fn event(function: u32, name: &'static str, operation: Operation, kind: MessageKind) -> Ics {
    Ics {
        protocol: Protocol::S7COMM,
        operation,
        previous: None,
        kind,
        function,
        function_name: name.into(),
        unit: None,
        object: None,
        range: None,
        value: None,
        count: 1,
    }
}

/// A service by name, with the first block it acts on.
fn service_object(name: &[u8], parameters: &[u8]) -> Option<Cow<'static, str>> {
    if name.is_empty() {
        return None;
    }
    let shown = name.get(..NAME_LIMIT).unwrap_or(name).escape_ascii();
    // A count and a filling byte, then names of blocks without the sign before and with the memory behind.
    let block = match (name, parse::argument(parameters)) {
        (b"_INSE" | b"_DELE", Ok([_, argument @ ..])) => parse::block_name(argument).ok(),
        _ => None,
    };
    Some(match block_object(block) {
        Some(block) => format!("{shown} {block}").into(),
        None => shown.to_string().into(),
    })
}

fn block_object(block: Option<([u8; 2], u32)>) -> Option<Cow<'static, str>> {
    block.map(|(kind, number)| numbered(table::block(kind), number).into())
}
