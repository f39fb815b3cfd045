//! OPC UA told from everything else: the letters of a chunk, its size, and in each kind what it demands.

use super::parse::{self, HEAD, Kind};
use crate::plant::{Part, Side, dialogue};
use crate::{Head, Probe};
use picket_reader::{Fault, Reader};

/// The judgement of both directions.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    dialogue(head, judge)
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
                _ => return Side::Fits(0.85, part(kind)),
            };
            let sane = version < 256 && receive >= 1024 && send >= 1024 && size < 8192;
            if sane { Side::Fits(0.98, part(kind)) } else { Side::Foreign }
        }
        Kind::Error | Kind::ReverseHello => Side::Fits(0.9, part(kind)),
        // Four letters and a size that ends with the bytes in view, or where the next chunk begins.
        Kind::Open | Kind::Message | Kind::Close => match bytes.get(size..) {
            Some([]) | None => Side::Fits(0.97, Part::Either),
            Some(behind) => match parse::head(behind) {
                Ok(_) | Err(Fault::Incomplete { .. }) => Side::Fits(0.98, Part::Either),
                Err(_) => Side::Foreign,
            },
        },
    }
}

const fn part(kind: Kind) -> Part {
    match kind {
        Kind::Hello => Part::Request,
        Kind::Acknowledge | Kind::Error => Part::Answer,
        _ => Part::Either,
    }
}
