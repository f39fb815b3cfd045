//! SSH (RFC 4250 to 4254): what goes in clear, and what the sizes of the rest tell.
//!
//! Read: banners of both sides with the lines a server may send before (RFC 4253 section 4.2), KEXINIT of both
//! sides, HASSH and HASSH-server, the cipher and MAC that follow from them. Behind NEWKEYS nothing is decrypted: packets
//! are counted by size, direction and time (`behaviour`), which tells log-ins, typing, bulk and shells that were handed
//! back. One `ssh` event a connection, written when its character is plain or it ends; then the session is done.
//! SSH-1 is named and not read further. Not read: the key exchange itself, host keys, anything encrypted.
//!
//! A session is given bytes and not segments; `unit` says what is taken for a packet, and why that suffices.

mod auth;
mod behaviour;
mod parse;
mod session;
mod shape;
pub(crate) mod table;
#[cfg(test)]
mod tests;
mod unit;

use crate::{Context, Dissector, Head, Home, Probe, SessionBox};
use memchr::{memchr, memchr_iter};
use picket_event::{Protocol, Transport, Unit};
use picket_reader::Reader;

/// The longest packet in clear that is read, bytes without its length field (RFC 4253 section 6.1).
pub const PACKET_LIMIT: usize = 35_000;
/// Bytes before the server's banner after which none is expected any more.
pub const PRELUDE_LIMIT: usize = 8_192;

/// The dissector.
#[derive(Debug)]
pub struct Ssh;

impl Ssh {
    /// Where it is met.
    pub const HOME: Home = Home { transports: &[Transport::TCP], ether_types: &[], ports: &[22], needs_port: false };
}

impl Dissector for Ssh {
    fn protocol(&self) -> Protocol {
        Protocol::SSH
    }

    fn probe(&self, head: &Head<'_>) -> Probe {
        let yes = |confidence: f32| Probe::Yes { confidence: Unit::new(confidence), reversed: false };
        match (look(head.to_server), look(head.to_client)) {
            (Look::Ssh(a), Look::Ssh(b)) => yes(1.0 - (1.0 - a) * (1.0 - b)),
            (Look::Ssh(a), Look::Open) | (Look::Open, Look::Ssh(a)) => yes(a),
            // A server may say something first, and whatever a client says, a banner answers.
            (Look::Ssh(a), Look::Lines) | (Look::Lines, Look::Ssh(a)) => yes(a),
            (Look::Foreign, Look::Ssh(a)) => yes(a - 0.1),
            (Look::Ssh(_), Look::Foreign) | (Look::Foreign, _) | (_, Look::Foreign) => Probe::No,
            // Lines of a server alone may be followed by its banner.
            (Look::Open, _) => Probe::More,
            (Look::Lines, _) => Probe::No,
        }
    }

    fn open(&self, _context: &Context) -> SessionBox {
        Box::new(session::Connection::default())
    }

    fn session_limit(&self) -> usize {
        // Both sides' lists, until it is known what they agree on.
        size_of::<session::Connection>() + 2 * PACKET_LIMIT
    }
}

/// What one direction looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Look {
    /// Nothing contradicts.
    Open,
    /// Lines of text, of which a banner may be the next.
    Lines,
    /// SSH, with a confidence.
    Ssh(f32),
    Foreign,
}

fn look(bytes: &[u8]) -> Look {
    if bytes.starts_with(b"SSH-2.") || bytes.starts_with(b"SSH-1.") {
        return Look::Ssh(0.97);
    }
    if b"SSH-2.".starts_with(bytes) || b"SSH-1.".starts_with(bytes) {
        return Look::Open;
    }
    if let Some(look) = kexinit(bytes) {
        return look;
    }
    let is_text = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x80..);
    let first = memchr(b'\n', bytes).unwrap_or(bytes.len());
    let (first, behind) = bytes.split_at_checked(first).unwrap_or((bytes, &[]));
    if !first.iter().all(is_text) {
        return Look::Foreign;
    }
    let is_banner = |at: usize| {
        let line = behind.get(at.saturating_add(1)..).unwrap_or_default();
        line.starts_with(b"SSH-2.0-") || line.starts_with(b"SSH-1.")
    };
    if memchr_iter(b'\n', behind).any(is_banner) { Look::Ssh(0.9) } else { Look::Lines }
}

/// A key exchange whose banner was not seen: a packet that fits, with name-lists that are lists of names.
fn kexinit(bytes: &[u8]) -> Option<Look> {
    let mut r = Reader::new(bytes);
    let length = r.u32("length").ok()?;
    if !(64..=PACKET_LIMIT).contains(&usize::try_from(length).ok()?) {
        return None;
    }
    let (padding, number) = (r.u8("padding").ok()?, r.u8("message").ok()?);
    if padding < 4 || number != table::message::KEXINIT || !(length + 4).is_multiple_of(8) {
        return None;
    }
    r.skip(16, "cookie").ok()?;
    let names = r.u32("names").ok()?;
    let listed = r.take((names as usize).min(r.remaining()), "names").ok()?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b',' | b'@' | b'.' | b'_' | b'=');
    let fits = names < length && listed.len() >= 16 && listed.iter().take(200).all(is_name);
    fits.then_some(Look::Ssh(0.9))
}
