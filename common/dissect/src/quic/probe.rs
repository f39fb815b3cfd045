//! Whether a datagram is QUIC, by its first bytes.

use super::keys::Keys;
use super::parse::{Content, Packet, packet};
use super::table::{FIRST_CID_LEAST, TAG, Type, family, is_named, is_reserved};
use crate::{Head, Probe};
use picket_event::{Direction, Unit};
use picket_reader::Reader;

/// Confidence of a version that exists with fields that fit.
const KNOWN: f32 = 0.95;
/// The same, cut by the capture.
const CUT: f32 = 0.85;
/// Of short headers alone: a fitting port has to stand beside it.
const SHORT: f32 = 0.3;
/// Least length of a packet with a short header that is taken for one (RFC 9000 section 10.3).
const SHORT_LEAST: usize = 21;

/// Least length of a datagram with an Initial (RFC 9000 section 14.1).
const INITIAL_LEAST: usize = 1200;

/// Who says such bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
    Either,
}

/// What one direction looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Look {
    /// Nothing there.
    Empty,
    /// A long header, this sure.
    Long(f32, Side),
    /// Possibly a short header.
    Short,
    Foreign,
}

pub(super) fn probe(head: &Head<'_>) -> Probe {
    let client = look(head.to_server);
    let server = look(head.to_client);
    let confidence = match (client, server) {
        (Look::Foreign, _) | (_, Look::Foreign) => return Probe::No,
        (Look::Empty, Look::Empty) => return Probe::More,
        (Look::Long(a, _), Look::Long(b, _)) => 1.0 - (1.0 - a) * (1.0 - b),
        (Look::Long(a, _), _) | (_, Look::Long(a, _)) => a,
        _ => SHORT,
    };
    let says = |look: Look, side: Side| matches!(look, Look::Long(_, said) if said == side);
    let crossed = says(client, Side::Server) || says(server, Side::Client);
    let straight = says(client, Side::Client) || says(server, Side::Server);
    // An Initial that comes first from the supposed server: only its keys tell who sent it.
    let open = head.to_server.is_empty() && !straight && !crossed;
    let reversed = crossed && !straight || open && is_clients(head.to_client);
    Probe::Yes { confidence: Unit::new(confidence), reversed }
}

fn look(bytes: &[u8]) -> Look {
    match bytes.first() {
        None => Look::Empty,
        Some(first) if first & 0x80 != 0 => long(bytes),
        Some(first) if first & 0x40 != 0 && is_short(bytes) => Look::Short,
        Some(_) if is_old_google(bytes) => Look::Long(CUT, Side::Client),
        Some(_) => Look::Foreign,
    }
}

/// Google's versions up to Q043: flags with version and connection id, the id, the version in letters.
fn is_old_google(bytes: &[u8]) -> bool {
    matches!(bytes, [0x09 | 0x0d, _, _, _, _, _, _, _, _, b'Q', b'0', b'2'..=b'4', b'0'..=b'9', ..])
}

/// Nothing is known of a short header but its two first bits, so what is surely something else is ruled out:
/// text, and channel data of TURN, whose third and fourth byte are its length (RFC 8656 section 12.4).
pub(super) fn is_short(bytes: &[u8]) -> bool {
    let text = bytes.iter().take(12).all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t'));
    let channel = matches!(bytes, [0x40..=0x4f, _, high, low, rest @ ..]
        if rest.len().abs_diff(usize::from(u16::from_be_bytes([*high, *low]))) < 4);
    bytes.len() >= SHORT_LEAST && !text && !channel
}

fn long(bytes: &[u8]) -> Look {
    let mut r = Reader::new(bytes);
    let Ok(Packet::Long(packet)) = packet(&mut r) else { return google(bytes) };
    match packet.content {
        // Who clears the fixed bit (RFC 9287) fills up its first datagrams as everybody does.
        Content::Protected { kind: Type::Initial, .. } | Content::Cut { kind: Type::Initial, .. }
            if bytes.first().is_some_and(|flags| flags & 0x40 == 0) && bytes.len() < INITIAL_LEAST =>
        {
            Look::Foreign
        }
        Content::Negotiation { versions } => negotiation(versions),
        Content::Opaque if is_named(packet.version) => Look::Long(KNOWN, Side::Either),
        Content::Opaque => unknown(bytes, packet.version),
        Content::Retry { .. } => Look::Long(KNOWN, Side::Server),
        Content::Protected { kind, token, .. } => Look::Long(KNOWN, side(kind, token, packet.to.as_bytes().len())),
        Content::Cut { kind, token } => Look::Long(CUT, side(kind, token, packet.to.as_bytes().len())),
    }
}

fn side(kind: Type, token: &[u8], to: usize) -> Side {
    match kind {
        Type::Initial if !token.is_empty() => Side::Client,
        // A client begins with an id of eight bytes at least; the answer goes to whatever id it has chosen.
        Type::Initial if to < FIRST_CID_LEAST => Side::Server,
        Type::ZeroRtt => Side::Client,
        _ => Side::Either,
    }
}

/// Q046 has the lengths of both ids in one byte (draft-ietf-quic-transport-17 section 17.2).
fn google(bytes: &[u8]) -> Look {
    match bytes {
        [_, b'Q', b'0', b'4', b'4'..=b'6', 0x50 | 0x05 | 0x00, ..] => Look::Long(CUT, Side::Either),
        _ => Look::Foreign,
    }
}

/// A list of versions of which most are known or reserved.
fn negotiation(versions: &[u8]) -> Look {
    let known = versions
        .chunks_exact(4)
        .filter_map(|version| <[u8; 4]>::try_from(version).ok().map(u32::from_be_bytes))
        .filter(|version| family(*version).is_some() || is_named(*version) || is_reserved(*version))
        .count();
    if versions.is_empty() || !versions.len().is_multiple_of(4) {
        return Look::Foreign;
    }
    let all = versions.len() / 4;
    Look::Long(
        if known == all {
            0.9
        } else if known * 2 >= all {
            0.8
        } else {
            0.45
        },
        Side::Server,
    )
}

/// A version nobody knows: only an Initial packet laid out as in version 1 to the last byte is believed.
fn unknown(bytes: &[u8], version: u32) -> Look {
    let Some((head, rest)) = bytes.split_first_chunk::<5>().filter(|_| bytes.len() >= INITIAL_LEAST) else {
        return Look::Foreign;
    };
    let [flags, ..] = head;
    let as_version_1 = [&[flags & 0xcf, 0, 0, 0, 1][..], rest].concat();
    let mut r = Reader::new(&as_version_1);
    match packet(&mut r) {
        Ok(Packet::Long(packet)) => match packet.content {
            Content::Protected { token, .. } if r.is_empty() && packet.to.as_bytes().len() >= FIRST_CID_LEAST => {
                Look::Long(if is_reserved(version) { 0.9 } else { 0.8 }, side(Type::Initial, token, FIRST_CID_LEAST))
            }
            _ => Look::Foreign,
        },
        _ => Look::Foreign,
    }
}

/// Whether a datagram begins with a whole Initial packet of a version that is read.
pub(super) fn is_initial(bytes: &[u8]) -> bool {
    let packet = packet(&mut Reader::new(bytes));
    let Ok(Packet::Long(long)) = packet else { return false };
    matches!(long.content, Content::Protected { kind: Type::Initial, .. })
}

/// Whether the keys of a client's first packet open it.
fn is_clients(bytes: &[u8]) -> bool {
    let mut r = Reader::new(bytes);
    let Ok(Packet::Long(long)) = packet(&mut r) else { return false };
    let Content::Protected { kind: Type::Initial, packet: whole, number_at, .. } = long.content else { return false };
    let keys = family(long.version).and_then(|f| Keys::derive(f, long.to.as_bytes(), Direction::ToServer));
    whole.len() > TAG && keys.is_some_and(|keys| keys.open(whole, number_at, None, &mut Vec::new()).is_some())
}
