//! Ends that several protocols share: media conversations begin with STUN, and what they are for comes later
//! on the same ports (RFC 7983, RFC 9443).

use crate::{Context, Input, Need, Output, Progress, Session, dtls, quic};
use picket_event::Direction;

/// Datagrams that are looked at before STUN is taken for all there is.
const DATAGRAMS_LIMIT: u8 = 64;

/// Waits for the handshake that follows STUN.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    datagrams: u8,
}

impl Session for Shared {
    fn feed(&mut self, _direction: Direction, input: Input<'_>, _context: &Context, _output: &mut Output) -> Progress {
        let need = match input {
            Input::Datagram(bytes) if dtls::is_hello(bytes) || quic::is_initial(bytes) => Need::NotMine,
            Input::Datagram(_) if self.datagrams < DATAGRAMS_LIMIT => {
                self.datagrams = self.datagrams.saturating_add(1);
                Need::Bytes(1)
            }
            _ => Need::Done,
        };
        Progress { consumed: 0, need }
    }
}
