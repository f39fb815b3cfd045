//! Messages, from behind the checksum, to what they tell.

use super::table::{
    NEIGHBOUR_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION, SOURCE, TARGET, fixed,
};
use crate::link::Verdict;
use crate::teller::{Message, Told, about};
use picket_event::{Direction, Endpoints, Mac};
use picket_reader::{Fault, Reader};
use std::net::Ipv6Addr;

/// Options of one message that are looked at.
const OPTIONS_MAX: usize = 32;

/// Whether bytes have the shape of one of the four messages. The type is not among them, so that each is tried.
pub(super) fn looks(bytes: &[u8]) -> Verdict {
    let known = [NEIGHBOUR_SOLICITATION, ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT].into_iter().any(|kind| {
        let mut r = Reader::new(bytes);
        let Ok(fixed) = r.take(fixed(kind), "fixed part") else { return false };
        let fits = match (kind, fixed) {
            // A target that is an address of one host.
            (
                NEIGHBOUR_SOLICITATION,
                [_, 0, 0, 0, 0xfe, 0x80..=0xbf, ..] | [_, 0, 0, 0, 0x20..=0x3f | 0xfc | 0xfd, ..],
            ) => true,
            (ROUTER_SOLICITATION, [0, 0, 0, 0]) => !r.is_empty(),
            (ROUTER_ADVERTISEMENT, [..]) => !r.is_empty(),
            _ => false,
        };
        fits && kind_options(r).is_ok_and(|plausible| plausible)
    });
    Ok(known.then_some(0.9))
}

/// Whether options fill what is left: known types, lengths that fit.
fn kind_options(mut r: Reader<'_>) -> Result<bool, Fault> {
    while !r.is_empty() {
        let (kind, length) = (r.u8("option")?, r.u8("option length")?);
        let Some(rest) = (usize::from(length) * 8).checked_sub(2) else { return Ok(false) };
        r.skip(rest, "option")?;
        if !matches!(kind, 1..=38) {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let Some(kind) = kind(message) else { return Ok(()) };
    let mut r = Reader::new(message.bytes);
    let mut head = r.sub(fixed(kind), "fixed part")?;
    let wanted = if kind == NEIGHBOUR_ADVERTISEMENT { TARGET } else { SOURCE };
    let mut mac = None;
    for _ in 0..OPTIONS_MAX {
        if r.is_empty() {
            break;
        }
        let (option, length) = (r.u8("option")?, r.u8("option length")?);
        let rest = (usize::from(length) * 8).checked_sub(2).ok_or(Fault::Malformed("nd: empty option"))?;
        let mut value = r.sub(rest, "option")?;
        if option == wanted && length == 1 {
            mac = Some(Mac(value.array("address")?));
        }
    }
    let ip = if kind == NEIGHBOUR_ADVERTISEMENT {
        head.skip(4, "flags")?;
        Some(Ipv6Addr::from(head.array::<16>("target")?).into())
    } else {
        message.from()
    };
    let mut asset = about(ip, mac);
    if kind == ROUTER_ADVERTISEMENT {
        head.skip(2, "hop limit and flags")?;
        // A lifetime of 0 says that it is no default router.
        if head.u16("lifetime")? > 0 {
            asset.roles.push("gateway".to_owned());
        }
    }
    told.push(asset);
    Ok(())
}

/// The message's type: the flow's ports hold types, the request's first.
fn kind(message: &Message<'_>) -> Option<u8> {
    let Endpoints::Ip { src_port, .. } = message.context.endpoints else { return None };
    let request = u8::try_from(src_port).ok()?;
    match (request, message.direction) {
        (ROUTER_SOLICITATION..=NEIGHBOUR_ADVERTISEMENT, Direction::ToServer) => Some(request),
        (ROUTER_SOLICITATION | NEIGHBOUR_SOLICITATION, Direction::ToClient) => Some(request + 1),
        (ROUTER_ADVERTISEMENT | NEIGHBOUR_ADVERTISEMENT, Direction::ToClient) => Some(request - 1),
        _ => None,
    }
}
