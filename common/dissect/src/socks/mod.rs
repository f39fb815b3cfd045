//! SOCKS 4, 4a (its authors' memos) and 5 (RFC 1928, RFC 1929): who is to be reached, and what is said behind it.
//!
//! Read: the greeting, the choice of a method, names and passwords (stepped over), the request and its reply, each
//! direction by itself. The request gives an `http` event, as the same question of an HTTP proxy's client does
//! (`http_method` CONNECT, `protocol` SOCKS5): one place to look for who asked a proxy for whom. Behind it what the
//! tunnel carries is identified anew.
//! Not read: BIND and UDP relays behind their request, GSSAPI, whose messages are protected.

mod parse;
mod session;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use crate::recognise::{Guess, spoken, when};
use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use picket_event::{Protocol, Transport};

/// The dissector.
#[derive(Debug)]
pub struct Socks;

impl Socks {
    /// Where it is met.
    pub const HOME: Home =
        Home { transports: &[Transport::TCP], ether_types: &[], ports: &[1080, 9050, 9150], needs_port: false };
}

impl Dissector for Socks {
    fn protocol(&self) -> Protocol {
        Protocol::SOCKS
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        spoken(head, client, server)
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(session::Socks::default())
    }

    fn session_limit(&self) -> usize {
        size_of::<session::Socks>()
    }
}

/// Lengths that fit to the byte.
fn client(bytes: &[u8]) -> Guess {
    match bytes {
        [5, count @ 1..=8, methods @ ..] => {
            let expected = usize::from(*count);
            match methods.get(..expected) {
                Some(listed) => when(
                    listed.iter().all(|m| *m <= 9 || *m >= 0x80) && matches!(methods.get(expected), None | Some(5)),
                    0.55,
                ),
                None => Guess::Open,
            }
        }
        // The name of a user ends in a zero byte.
        [4, 1 | 2, _, _, _, _, _, _, name @ ..] => match name.iter().position(|byte| !byte.is_ascii_graphic()) {
            Some(end) => when(name.get(end) == Some(&0), 0.5),
            None if name.len() <= 255 => Guess::Open,
            None => Guess::No,
        },
        [4 | 5] => Guess::Open,
        [4, 1 | 2, ..] if bytes.len() < 9 => Guess::Open,
        _ => Guess::No,
    }
}

/// The choice of a method, or a reply.
fn server(bytes: &[u8]) -> Guess {
    match bytes {
        [5, 0..=2 | 0xff, rest @ ..] if rest.is_empty() || rest.first() == Some(&5) || rest.first() == Some(&1) => {
            Guess::Yes(0.6)
        }
        [0, 0x5a..=0x5d, ..] => Guess::Yes(0.6),
        [5] | [0] => Guess::Open,
        _ => Guess::No,
    }
}
