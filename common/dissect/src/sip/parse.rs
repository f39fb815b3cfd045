//! Heads of messages, lines to what they tell.

use super::table::{ANSWER, PROGRAM, REGISTER, SEQUENCE, TRYING, VIA};
use crate::teller::{Message, Told, about, add, add_name, describe, name, text};
use picket_reader::Fault;

/// Lines of a head that are looked at.
const LINES_MAX: usize = 64;

/// What of a head tells of hosts.
#[derive(Debug, Default)]
struct Head {
    /// Hops that have passed it on, the sender among them.
    hops: u32,
    /// Of the first `Via`: who the sender says it is.
    sent_by: Option<String>,
    program: Option<String>,
    registers: bool,
}

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    // A byte or a line end keeps the way through NAT open (RFC 5626 section 3.5.1).
    if message.bytes.trim_ascii().len() < ANSWER.len() {
        return Ok(());
    }
    let mut lines = message.bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.next().unwrap_or_default();
    let answer = first.strip_prefix(ANSWER);
    if answer.is_none() && !first.ends_with(ANSWER.trim_ascii()) {
        return Err(Fault::Malformed("sip: first line"));
    }
    let head = head(lines.take(LINES_MAX).take_while(|line| !line.is_empty()));
    let own = match answer {
        None => head.hops == 1,
        Some(status) => head.registers || status.starts_with(TRYING),
    };
    if !own {
        return Ok(());
    }
    let mut asset = about(message.from(), None);
    if let Some(sent_by) = head.sent_by.filter(|_| answer.is_none()) {
        name(sent_by.as_bytes()).into_iter().for_each(|name| add_name(&mut asset, name));
    }
    if answer.is_some() && head.registers {
        add(&mut asset.roles, "sip-server".to_owned());
    }
    head.program.into_iter().for_each(|program| describe(&mut asset, program));
    told.push(asset);
    Ok(())
}

fn head<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Head {
    let mut head = Head::default();
    for line in lines {
        let Some(at) = line.iter().position(|byte| *byte == b':') else { continue };
        let (Some(key), Some(value)) = (line.get(..at), line.get(at + 1..)) else { continue };
        let is = |names: &[&[u8]]| names.iter().any(|name| key.trim_ascii().eq_ignore_ascii_case(name));
        if is(VIA) {
            // Several may stand in one line.
            let more = value.iter().filter(|byte| **byte == b',').count();
            head.hops = head.hops.saturating_add(1 + u32::try_from(more).unwrap_or(u32::MAX - 1));
            if head.sent_by.is_none() {
                head.sent_by = sent_by(value);
            }
        } else if is(PROGRAM) {
            head.program = head.program.or_else(|| text(value));
        } else if is(SEQUENCE) {
            head.registers = text(value).is_some_and(|value| value.ends_with(REGISTER));
        }
    }
    head
}

/// The name in `SIP/2.0/UDP name:port;parameters`; an address is none.
pub(super) fn sent_by(via: &[u8]) -> Option<String> {
    let line = text(via)?;
    let (_, sender) = line.split_once(char::is_whitespace)?;
    let host = sender.split([':', ';', ',']).next()?.trim();
    // The last label of a name is not a number (RFC 1123 section 2.1); an address of IPv6 stands in brackets.
    let numeric = host.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    (!numeric && !host.starts_with('[')).then(|| host.to_owned())
}
