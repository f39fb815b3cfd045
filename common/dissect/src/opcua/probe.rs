//! OPC UA told from everything else: the letters of a chunk, its size, and in each kind what it demands.

use super::parse::{self, HEAD, Kind};
use super::{binary, table};
use crate::sides::{Side, Speaker, both};
use crate::{Head, Probe};
use picket_reader::{Fault, Reader};

/// The judgement of both directions.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    both(head, |bytes, _| judge(bytes))
}

fn judge(bytes: &[u8]) -> Side {
    let (kind, size) = match parse::head(bytes) {
        Ok((kind, _, size)) => (kind, size),
        Err(Fault::Incomplete { .. }) => return Side::Open,
        Err(Fault::Malformed(_)) => return Side::Foreign,
    };
    let body = bytes.get(HEAD..).unwrap_or(&[]);
    let mut r = Reader::new(body);
    match kind {
        Kind::Hello | Kind::Acknowledge => {
            // Versions are small, buffers at least 8,192 bytes.
            let (version, receive, send) = match (r.u32_le("version"), r.u32_le("buffer"), r.u32_le("buffer")) {
                (Ok(version), Ok(receive), Ok(send)) => (version, receive, send),
                _ => return Side::Fits(0.85, connecting(kind)),
            };
            let sane = version < 256 && receive >= 1024 && send >= 1024 && size < 8192;
            if sane { Side::Fits(0.98, connecting(kind)) } else { Side::Foreign }
        }
        Kind::Error | Kind::ReverseHello => Side::Fits(0.9, connecting(kind)),
        // Four letters and a size that ends with the bytes in view, or where the next chunk begins.
        Kind::Open | Kind::Message | Kind::Close => match bytes.get(size..) {
            Some([]) | None => Side::Fits(0.97, secured(kind, bytes)),
            Some(behind) => match parse::head(behind) {
                Ok(_) | Err(Fault::Incomplete { .. }) => Side::Fits(0.98, secured(kind, bytes)),
                Err(_) => Side::Foreign,
            },
        },
    }
}

/// Who says a message.
pub(super) fn speaker(bytes: &[u8]) -> Speaker {
    match parse::head(bytes) {
        Ok((kind @ (Kind::Open | Kind::Message | Kind::Close), ..)) => secured(kind, bytes),
        Ok((kind, ..)) => connecting(kind),
        Err(_) => Speaker::Either,
    }
}

/// Who says what is in a secure conversation: a service's type tells, where it is not encrypted.
fn secured(kind: Kind, bytes: &[u8]) -> Speaker {
    let chunk = match kind {
        // A server does not answer it, nor sends one.
        Kind::Close => return Speaker::Client,
        Kind::Open => parse::asymmetric(bytes).ok().and_then(|(_, chunk)| chunk),
        _ => parse::symmetric(bytes).ok(),
    };
    let Some(chunk) = chunk else { return Speaker::Either };
    let mut r = Reader::new(chunk.body);
    let Ok(Some(service)) = parse::kind(&mut r) else { return Speaker::Either };
    match table::service(service) {
        Some((_, false)) if binary::request_header(&mut r).is_ok() => Speaker::Client,
        Some((_, true)) if binary::response_header(&mut r).is_ok() => Speaker::Server,
        None if service == table::FAULT && binary::response_header(&mut r).is_ok() => Speaker::Server,
        _ => Speaker::Either,
    }
}

const fn connecting(kind: Kind) -> Speaker {
    match kind {
        Kind::Hello => Speaker::Client,
        Kind::Acknowledge | Kind::Error => Speaker::Server,
        _ => Speaker::Either,
    }
}
