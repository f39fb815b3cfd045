//! One Modbus conversation being read.

use super::parse::{self, Ask, Fit, Frame, HEAD};
use super::table::{self, MEI_CANOPEN, MEI_DEVICE_ID, RESTART_COMMUNICATIONS, UMAS, UMAS_NEGATIVE, UMAS_POSITIVE};
use super::umas;
use crate::{Context, Input, Need, Output, Progress, Session};
use picket_event::body::{Asset, Ics};
use picket_event::{Body, Direction, Endpoints, MessageKind, Operation, Protocol};
use picket_reader::Fault;
use std::borrow::Cow;
use std::collections::VecDeque;

/// Requests remembered until they are answered; the oldest is forgotten.
pub(super) const PENDING: usize = 32;
/// Damaged places in a row after which it is no Modbus any more.
const DAMAGE_LIMIT: u8 = 8;
/// Longest identification text that is kept, bytes.
const TEXT_LIMIT: usize = 128;

/// A request waiting for its answer.
#[derive(Clone, Copy, Debug)]
struct Pending {
    transaction: u16,
    unit: u8,
    function: u8,
    operation: Operation,
    ask: Ask,
}

/// The session.
#[derive(Debug, Default)]
pub(crate) struct Modbus {
    pending: VecDeque<Pending>,
    /// A message was read.
    known: bool,
    damaged: u8,
    /// The next bytes of this direction may begin inside a message.
    lost: [bool; 2],
}

impl Session for Modbus {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            Input::Datagram(bytes) => self.datagram(direction, bytes, context, output),
            Input::Gap(_) => {
                self.lose(direction, true);
                Progress { consumed: 0, need: Need::Bytes(HEAD) }
            }
            Input::End => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}

impl Modbus {
    fn lose(&mut self, direction: Direction, lost: bool) {
        if let Some(flag) = self.lost.get_mut(direction.index()) {
            *flag = lost;
        }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or(&[]);
            let lost = self.lost.get(direction.index()).copied().unwrap_or(false);
            if lost {
                match resynchronise(rest) {
                    (skip, true) => {
                        at = at.saturating_add(skip);
                        self.lose(direction, false);
                        continue;
                    }
                    (skip, false) => {
                        return Progress { consumed: at.saturating_add(skip), need: Need::Bytes(HEAD) };
                    }
                }
            }
            if let [_, _, 0, 0, 0, 0, ..] = rest {
                // A frame without anything in it.
                self.damaged = self.damaged.saturating_add(1);
                if self.damaged > DAMAGE_LIMIT {
                    return Progress { consumed: at, need: Need::NotMine };
                }
                output.malformed.push("modbus: empty frame");
                at = at.saturating_add(6);
                continue;
            }
            match parse::frame(rest) {
                Ok((frame, total)) => {
                    self.known = true;
                    self.damaged = 0;
                    at = at.saturating_add(total);
                    self.message(direction, &frame, context, output);
                }
                Err(Fault::Incomplete { .. }) => {
                    let need = parse::head(rest).map_or(HEAD, |(total, _)| total);
                    return Progress { consumed: at, need: Need::Bytes(need) };
                }
                Err(Fault::Malformed(reason)) => {
                    self.damaged = self.damaged.saturating_add(1);
                    if !self.known || self.damaged > DAMAGE_LIMIT {
                        return Progress { consumed: at, need: Need::NotMine };
                    }
                    output.malformed.push(reason);
                    self.lose(direction, true);
                    at = at.saturating_add(1);
                }
            }
        }
    }

    fn datagram(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let mut rest = bytes;
        while !rest.is_empty() {
            match parse::frame(rest) {
                Ok((frame, total)) => {
                    self.known = true;
                    self.message(direction, &frame, context, output);
                    rest = rest.get(total..).unwrap_or(&[]);
                }
                Err(_) if !self.known => return Progress { consumed: bytes.len(), need: Need::NotMine },
                Err(_) => {
                    output.malformed.push("modbus: datagram");
                    break;
                }
            }
        }
        Progress { consumed: bytes.len(), need: Need::Bytes(HEAD) }
    }

    pub(super) fn message(&mut self, direction: Direction, frame: &Frame<'_>, context: &Context, output: &mut Output) {
        let ics = match direction {
            // An exception is one whoever sends it.
            Direction::ToServer if frame.function & 0x80 == 0 => self.request(frame, output),
            _ => self.response(frame, context, output),
        };
        output.ics(ics);
    }

    fn request(&mut self, frame: &Frame<'_>, output: &mut Output) -> Ics {
        let (fit, ask) = parse::request(frame.function, frame.data);
        if fit == Fit::Wrong {
            output.malformed.push("modbus: request does not fit its function");
        }
        let operation = operation(frame.function, &ask);
        if self.pending.len() >= PENDING {
            self.pending.pop_front();
        }
        let (transaction, unit, function) = (frame.transaction, frame.unit, frame.function);
        self.pending.push_back(Pending { transaction, unit, function, operation, ask });
        event(frame, frame.function, operation, MessageKind::Request, &ask)
    }

    fn response(&mut self, frame: &Frame<'_>, context: &Context, output: &mut Output) -> Ics {
        let function = frame.function & 0x7f;
        let asked = self.answered(frame, function);
        if frame.function & 0x80 != 0 {
            let (operation, mut ask) =
                asked.map_or((table::function(function).operation, Ask::default()), |p| (p.operation, p.ask));
            ask.value = None;
            let code = frame.data.first().copied().unwrap_or(0);
            if !matches!(frame.data, [_]) {
                output.malformed.push("modbus: exception does not hold one code");
            }
            let mut ics = event(frame, function, operation, MessageKind::Exception, &ask);
            let name = table::exception(code);
            ics.object = Some(if name.is_empty() { format!("exception {code}").into() } else { name.into() });
            return ics;
        }
        let (fit, mut answer) = parse::response(function, frame.data);
        let broken = function == 43 && fit == Fit::Open && answer.sub == Some(u16::from(MEI_DEVICE_ID));
        if fit == Fit::Wrong || broken {
            output.malformed.push("modbus: response does not fit its function");
        }
        if function == UMAS {
            let function = asked.and_then(|p| p.ask.sub);
            output.events.extend(function.and_then(|function| umas::asset(function, frame.data, context)));
            return umas_answer(frame, asked, &answer);
        }
        let own = operation(function, &answer);
        let operation = asked.map_or(own, |p| p.operation);
        if let Some(p) = asked {
            answer.range = answer.range.or(p.ask.range);
            answer.sub = answer.sub.or(p.ask.sub);
        }
        if function == 43 && fit == Fit::Exact {
            output.events.extend(asset(frame.data, context));
        }
        event(frame, function, operation, MessageKind::Response, &answer)
    }

    /// The request that this answers: by transaction number, unit and function.
    fn answered(&mut self, frame: &Frame<'_>, function: u8) -> Option<Pending> {
        let at = self
            .pending
            .iter()
            .position(|p| p.transaction == frame.transaction && p.unit == frame.unit && p.function == function)?;
        self.pending.remove(at)
    }
}

/// How far to the next place where a frame can begin, and whether it is one. Linear: each place costs the
/// reading of one frame's head, and of its inside only where that fits.
fn resynchronise(bytes: &[u8]) -> (usize, bool) {
    let last = bytes.len().saturating_sub(HEAD);
    for at in 0..=last {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let Ok((frame, total)) = parse::frame(rest) else { continue };
        let function = frame.function & 0x7f;
        let fits = parse::request(function, frame.data).0.max(parse::response(function, frame.data).0);
        let exception = frame.function & 0x80 != 0 && matches!(frame.data, [1..=11]);
        let behind = rest.get(total..).unwrap_or(&[]);
        let chained = behind.len() < HEAD || parse::head(behind).is_ok();
        let likely = at == 0 && behind.is_empty() && fits == Fit::Open;
        if chained && (fits == Fit::Exact || exception || likely) {
            return (at, true);
        }
    }
    // The last bytes may be the start of a frame.
    (bytes.len().saturating_sub(HEAD.saturating_sub(1)), false)
}

fn operation(function: u8, ask: &Ask) -> Operation {
    match (function, ask.sub) {
        (8, Some(RESTART_COMMUNICATIONS)) => Operation::Restart,
        (43, Some(mei)) if mei == u16::from(MEI_CANOPEN) => Operation::Other,
        (43, Some(mei)) if mei != u16::from(MEI_DEVICE_ID) => Operation::Other,
        (UMAS, Some(sub)) => table::umas(u8::try_from(sub).unwrap_or(0)).operation,
        _ => table::function(function).operation,
    }
}

fn event(frame: &Frame<'_>, function: u8, operation: Operation, kind: MessageKind, ask: &Ask) -> Ics {
    if let (UMAS, Some(sub)) = (function, ask.sub) {
        return umas_event(frame, u8::try_from(sub).unwrap_or(0), operation, kind, ask);
    }
    Ics {
        protocol: Protocol::MODBUS,
        operation,
        previous: None,
        kind,
        function: u32::from(function),
        function_name: table::function(function).name.into(),
        unit: Some(u32::from(frame.unit)),
        object: object(function, ask),
        range: ask.range,
        value: ask.value,
        count: 1,
    }
}

/// What a message acts on.
fn object(function: u8, ask: &Ask) -> Option<Cow<'static, str>> {
    let table = match function {
        1 | 5 | 15 => "coils",
        2 => "discrete_inputs",
        3 | 6 | 16 | 22 | 23 => "holding_registers",
        4 => "input_registers",
        24 => "fifo",
        8 => table::diagnostic(ask.sub?),
        20 | 21 => return ask.sub.map(|file| format!("file {file}").into()),
        43 => match ask.sub? {
            13 => "canopen",
            14 => "device_identification",
            _ => "",
        },
        _ => "",
    };
    (!table.is_empty()).then_some(Cow::Borrowed(table))
}

fn umas_event(frame: &Frame<'_>, code: u8, operation: Operation, kind: MessageKind, ask: &Ask) -> Ics {
    Ics {
        protocol: Protocol::UMAS,
        operation,
        previous: None,
        kind,
        function: u32::from(code),
        function_name: table::umas(code).name.into(),
        unit: Some(u32::from(frame.unit)),
        object: ask.block.map(|block| format!("block {block}").into()),
        range: ask.range,
        value: None,
        count: 1,
    }
}

/// A UMAS answer names no function: it is that of its request.
fn umas_answer(frame: &Frame<'_>, asked: Option<Pending>, answer: &Ask) -> Ics {
    let said = answer.sub.and_then(|sub| u8::try_from(sub).ok()).unwrap_or(0);
    let kind = if said == UMAS_NEGATIVE { MessageKind::Exception } else { MessageKind::Response };
    let request = asked.and_then(|p| p.ask.sub).and_then(|sub| u8::try_from(sub).ok());
    let own = matches!(said, UMAS_POSITIVE | UMAS_NEGATIVE);
    let code = if own { request.unwrap_or(said) } else { said };
    let operation = asked.map_or_else(|| table::umas(said).operation, |p| p.operation);
    umas_event(frame, code, operation, kind, &asked.map_or(Ask::default(), |p| p.ask))
}

/// What a server said of itself.
fn asset(data: &[u8], context: &Context) -> Option<Body> {
    let objects = parse::device_id(data).ok()?;
    let text = |wanted: u8| {
        let (_, value) = objects.iter().find(|(id, value)| *id == wanted && !value.is_empty())?;
        Some(value.get(..TEXT_LIMIT).unwrap_or(value).escape_ascii().to_string())
    };
    let (vendor, firmware) = (text(0), text(2));
    let model = text(5).or_else(|| text(4)).or_else(|| text(1));
    if vendor.is_none() && model.is_none() && firmware.is_none() {
        return None;
    }
    let ip = match context.endpoints {
        Endpoints::Ip { dest, .. } => Some(dest),
        Endpoints::Link { .. } => None,
    };
    let source = "modbus".to_owned();
    let roles = vec!["server".to_owned()];
    Some(Body::Asset(Box::new(Asset { ip, vendor, model, firmware, roles, source, ..Asset::default() })))
}
