//! One connection: the header is stepped over.

use super::parse::header;
use crate::{Context, Input, Need, Next, Output, Progress, Session};
use picket_event::{Direction, Endpoints};
use picket_reader::{Fault, Reader};

/// The session.
#[derive(Debug)]
pub(super) struct Front {
    /// The port that the client asked for: the flow's own until the header says another.
    port: u16,
}

impl Front {
    pub(super) const fn new(context: &Context) -> Self {
        let port = match context.endpoints {
            Endpoints::Ip { dest_port, .. } => dest_port,
            Endpoints::Link { .. } => 0,
        };
        Self { port }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], output: &mut Output) -> Progress {
        let mut r = Reader::new(bytes);
        // The server says nothing of its own in front.
        if direction == Direction::ToServer {
            match header(&mut r) {
                Ok(port) => self.port = port.unwrap_or(self.port),
                Err(Fault::Incomplete { .. }) => {
                    return Progress { consumed: 0, need: Need::Bytes(bytes.len().saturating_add(1)) };
                }
                Err(Fault::Malformed(reason)) => {
                    output.malformed.push(reason);
                    return Progress { consumed: 0, need: Need::Done };
                }
            }
        }
        Progress { consumed: r.position(), need: Need::Switch(Next::Tunnel { port: self.port }) }
    }
}

impl Session for Front {
    fn feed(&mut self, direction: Direction, input: Input<'_>, _context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, output),
            Input::Datagram(_) => Progress { consumed: 0, need: Need::NotMine },
            Input::Gap(_) | Input::End => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}
