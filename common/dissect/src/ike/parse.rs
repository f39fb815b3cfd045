//! Header, payloads and transforms of version 2 (RFC 7296 sections 3.1 to 3.12); version 1 has the same header.

use super::{first, table};
use crate::describer::Said;
use crate::teller::text;
use picket_event::{AppDetail, Endpoints};
use picket_reader::{Fault, Reader};

/// Payloads of one message, and transforms of one proposal, that are read.
pub(super) const PAYLOADS_MAX: usize = 48;
/// Where both go on behind address translation (RFC 3948).
const NAT_PORT: u16 = 4500;
/// Version 1: what follows is encrypted (RFC 2408 section 3.1).
const ENCRYPTED: u8 = 0x01;
/// Version 2: the message answers (RFC 7296 section 3.1).
const RESPONSE: u8 = 0x20;
/// Attribute that tells the length of a key, of fixed length (section 3.3.5).
pub(super) const KEY_LENGTH: u16 = 0x800e;

pub(super) fn read(said: &Said<'_>, detail: &mut AppDetail) -> Result<(), Fault> {
    let message = match said.bytes.strip_prefix(&[0; 4]) {
        Some(message) => {
            AppDetail::add(&mut detail.nat, "udp_encapsulated");
            message
        }
        // At this port what has no zeros in front is ESP, or keeps the way open (RFC 3948 section 2.2).
        None if is_shared(&said.context.endpoints) => return Ok(()),
        None => said.bytes,
    };
    let mut r = Reader::new(message);
    let spis = [r.u64("initiator")?, r.u64("responder")?];
    let (next, version, exchange, flags) = (r.u8("next payload")?, r.u8("version")?, r.u8("exchange")?, r.u8("flags")?);
    r.skip(8, "id and length")?;
    let name = table::exchange(version >> 4, exchange).ok_or(Fault::Malformed("ike: exchange of no kind"))?;
    AppDetail::add(&mut detail.versions, &format!("{}.{}", version >> 4, version & 15));
    AppDetail::add(&mut detail.messages, name);
    for (whose, spi) in ["initiator", "responder"].into_iter().zip(spis).filter(|(_, spi)| *spi != 0) {
        AppDetail::add(&mut detail.identifiers, &format!("{whose} {spi:016x}"));
    }
    let is_first = version >> 4 == 1;
    if is_first && flags & ENCRYPTED != 0 {
        return Ok(());
    }
    // The one who answers chooses; in version 1 the responder has no number in the first message.
    let chosen = if is_first { spis.last() != Some(&0) } else { flags & RESPONSE != 0 };
    let mut next = next;
    for _ in 0..PAYLOADS_MAX {
        if next == 0 || r.is_empty() {
            break;
        }
        let (after, body) = payload(&mut r)?;
        if is_first {
            first::payload(next, body, chosen, detail)?;
        } else if !known(next, body, chosen, detail)? {
            break;
        }
        next = after;
    }
    Ok(())
}

/// Whether the port is the one that IKE shares with ESP.
const fn is_shared(endpoints: &Endpoints) -> bool {
    matches!(endpoints, Endpoints::Ip { src_port: NAT_PORT, .. } | Endpoints::Ip { dest_port: NAT_PORT, .. })
}

/// The next payload's type and this one's body (section 3.2).
pub(super) fn payload<'a>(r: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Fault> {
    let (next, _, length) = (r.u8("next payload")?, r.u8("critical")?, r.u16("payload length")?);
    let body = usize::from(length).checked_sub(4).ok_or(Fault::Malformed("ike: payload shorter than its head"))?;
    Ok((next, r.take(body, "payload")?))
}

/// Reads a payload; answers whether more stand behind it in clear.
fn known(kind: u8, body: &[u8], chosen: bool, detail: &mut AppDetail) -> Result<bool, Fault> {
    match kind {
        table::SA => proposals(body, if chosen { &mut detail.choices } else { &mut detail.offers })?,
        table::NOTIFY => {
            let mut r = Reader::new(body);
            r.skip(2, "protocol and spi size")?;
            let notify = r.u16("notify")?;
            if table::tells_nat(notify) {
                AppDetail::add(&mut detail.nat, "supported");
            } else {
                AppDetail::add(&mut detail.notices, &named(table::notify(notify), "notify", u32::from(notify)));
            }
        }
        table::VENDOR => vendor(body, detail),
        table::ENCRYPTED | table::FRAGMENT => return Ok(false),
        _ => {}
    }
    Ok(true)
}

/// A name, or the number in its place.
pub(super) fn named(name: Option<&str>, what: &str, number: u32) -> String {
    name.map_or_else(|| format!("{what}:{number}"), str::to_owned)
}

/// A vendor id: the name behind a well-known hash, a text, or its first bytes.
pub(super) fn vendor(body: &[u8], detail: &mut AppDetail) {
    match table::vendor(body) {
        Some(table::NAT_TRAVERSAL) => AppDetail::add(&mut detail.nat, "supported"),
        Some(name) => AppDetail::add(&mut detail.programs, name),
        None if body.len() >= 4 && body.iter().all(|byte| (b' '..=b'~').contains(byte)) => {
            AppDetail::add(&mut detail.programs, &text(body).unwrap_or_default());
        }
        None => {
            let digits: String = body.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            AppDetail::add(&mut detail.programs, &digits);
        }
    }
}

/// Proposals with their transforms (section 3.3), each transform by kind and name.
fn proposals(body: &[u8], list: &mut Vec<String>) -> Result<(), Fault> {
    let mut r = Reader::new(body);
    for _ in 0..PAYLOADS_MAX {
        if r.is_empty() {
            break;
        }
        let (_, body) = payload(&mut r)?;
        let mut proposal = Reader::new(body);
        proposal.skip(2, "number and protocol")?;
        let (spi, transforms) = (proposal.u8("spi size")?, proposal.u8("transforms")?);
        proposal.skip(usize::from(spi), "spi")?;
        for _ in 0..usize::from(transforms).min(PAYLOADS_MAX) {
            let (_, body) = payload(&mut proposal)?;
            let mut transform = Reader::new(body);
            let (kind, _, id) = (transform.u8("type")?, transform.u8("reserved")?, transform.u16("transform")?);
            let bits = key_bits(&mut transform);
            AppDetail::add(list, &format!("{}:{}", table::transform_kind(kind), table::transform(kind, id, bits)));
        }
    }
    Ok(())
}

/// The length of the key among attributes, 0 where it is fixed.
fn key_bits(r: &mut Reader<'_>) -> u16 {
    while let (Ok(kind), Ok(value)) = (r.u16("attribute"), r.u16("value")) {
        if kind == KEY_LENGTH {
            return value;
        }
        if kind & 0x8000 == 0 && r.skip(usize::from(value), "value").is_err() {
            break;
        }
    }
    0
}
