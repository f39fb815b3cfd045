//! A conversation of frames of PROFINET's type. Two devices may say everything to each other that the type carries, so
//! one session reads the discovery and the alarms, and passes over cyclic data and time.

use super::parse::{self, Block};
use super::table::{self, HELLO, OPTION_CONTROL, SET};
use crate::Output;
use crate::codes::{find, ics};
use crate::framed::Framing;
use crate::profinet_rt;
use crate::teller::{self, Message};
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::{Fault, Reader};
use std::borrow::Cow;

/// Nothing has to be remembered: every message names its service.
#[derive(Debug, Default)]
pub(crate) struct Profinet;

impl Framing for Profinet {
    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        Ok(bytes.len())
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        match Reader::new(message.bytes).u16("frame id")? {
            0xfefc..=0xfeff => discovery(message, output),
            0xfc01 | 0xfe01 => profinet_rt::alarm(message.bytes, output),
            _ => Ok(()),
        }
    }
}

fn discovery(message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
    let head = parse::head(message.bytes)?;
    let mut code = find(table::SERVICES, u32::from(head.service));
    let kind = match head.kind {
        0 if code.code == HELLO => MessageKind::Unsolicited,
        0 => MessageKind::Request,
        1 => MessageKind::Response,
        _ => MessageKind::Exception,
    };
    let blocks = parse::blocks(&head);
    let known = blocks.as_deref().unwrap_or(&[]);
    if code.code == SET && kind == MessageKind::Request {
        let control = known.iter().filter(|block| block.option.0 == OPTION_CONTROL);
        let found = control.filter_map(|block| table::CONTROL.iter().find(|(sub, _)| *sub == block.option.1)).next();
        code.operation = found.map_or(code.operation, |(_, operation)| *operation);
    }
    output.ics(Ics { object: object(known), ..ics(Protocol::PROFINET_DCP, code, kind) });
    if matches!(kind, MessageKind::Response | MessageKind::Unsolicited) && code.code != SET {
        let mut asset = teller::about(None, message.sender());
        parse::told(known, &mut asset);
        "profinet_dcp".clone_into(&mut asset.source);
        output.asset(asset);
    }
    blocks.map(|_| ())
}

/// What a message is about: its first option that says something.
fn object(blocks: &[Block<'_>]) -> Option<Cow<'static, str>> {
    // Transactions are opened and closed around what is meant.
    let meant = blocks.iter().find(|block| !matches!(block.option, (5, 1 | 2)))?;
    let name = table::option(meant.option);
    if name.is_empty() {
        return Some(format!("option {}/{}", meant.option.0, meant.option.1).into());
    }
    Some(name.into())
}
