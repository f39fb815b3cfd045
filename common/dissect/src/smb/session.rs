//! One connection: messages are stepped over, the first of each are searched for NTLM.

use super::parse::{self, Kind};
use crate::teller::about;
use crate::{Context, Input, Need, Output, Progress, Session};
use picket_event::{Body, Direction, Endpoints, Protocol};
use picket_reader::Reader;

/// Bytes of a message that are searched. A message that sets up a session is shorter as a rule.
const SEARCHED: usize = 8 << 10;
/// Messages of one direction that are searched before it is given up.
const MESSAGES_MAX: u8 = 24;
/// Length of the header before each message (RFC 1002 section 4.3.1).
const HEADER: usize = 4;

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Smb {
    /// Bytes of a message still to be stepped over, each way.
    skip: [u64; 2],
    messages: [u8; 2],
}

impl Smb {
    fn search(&mut self, bytes: &[u8], direction: Direction, context: &Context, output: &mut Output) -> Need {
        let Endpoints::Ip { src, dest, .. } = context.endpoints else { return Need::Done };
        let is_client = direction == Direction::ToServer;
        let mut asset = about(Some(if is_client { src } else { dest }), None);
        let found = parse::find(bytes, &mut asset);
        if found.is_some() && (asset.hostname.is_some() || asset.os.is_some()) {
            Protocol::SMB.name().clone_into(&mut asset.source);
            output.events.push(Body::Asset(Box::new(asset)));
        }
        let Some(messages) = self.messages.get_mut(direction.index()) else { return Need::Done };
        *messages = messages.saturating_add(1);
        // The client's answer is the last that names anybody.
        match found {
            Some(Kind::Authenticate) => Need::Done,
            _ if *messages >= MESSAGES_MAX => Need::Nothing,
            _ => Need::Bytes(1),
        }
    }

    fn stream(&mut self, bytes: &[u8], direction: Direction, context: &Context, output: &mut Output) -> Progress {
        let Some(skip) = self.skip.get_mut(direction.index()) else {
            return Progress { consumed: 0, need: Need::Done };
        };
        if *skip > 0 {
            let consumed = usize::try_from(*skip).unwrap_or(usize::MAX).min(bytes.len());
            *skip -= consumed as u64;
            return Progress { consumed, need: Need::Bytes(1) };
        }
        let mut r = Reader::new(bytes);
        let Ok(header) = r.u32("header") else { return Progress { consumed: 0, need: Need::Bytes(HEADER) } };
        let length = (header & 0x00ff_ffff) as usize;
        let searched = length.min(SEARCHED);
        let Ok(message) = r.take(searched, "message") else {
            return Progress { consumed: 0, need: Need::Bytes(HEADER + searched) };
        };
        *skip = (length - searched) as u64;
        let need = self.search(message, direction, context, output);
        Progress { consumed: r.position(), need }
    }
}

impl Session for Smb {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(bytes, direction, context, output),
            Input::Gap(length) => {
                // Inside of a message that is stepped over a gap does no harm.
                let inside = self.skip.get_mut(direction.index()).filter(|skip| **skip >= length);
                let need = if inside.is_some() { Need::Bytes(1) } else { Need::Nothing };
                inside.into_iter().for_each(|skip| *skip -= length);
                Progress { consumed: 0, need }
            }
            Input::End | Input::Datagram(_) => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}
