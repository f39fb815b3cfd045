//! Payloads of version 1 (RFC 2408 section 3, RFC 2409 appendix A).

use super::parse::{KEY_LENGTH, PAYLOADS_MAX, named, payload as head, vendor};
use super::table;
use picket_event::AppDetail;
use picket_reader::{Fault, Reader};

/// Reads a payload of a message that goes in clear.
pub(super) fn payload(kind: u8, body: &[u8], chosen: bool, detail: &mut AppDetail) -> Result<(), Fault> {
    match kind {
        table::FIRST_SA => association(body, chosen, detail)?,
        table::FIRST_NOTIFY => {
            let mut r = Reader::new(body);
            r.skip(6, "domain, protocol and spi size")?;
            let notify = r.u16("notify")?;
            AppDetail::add(&mut detail.notices, &named(table::first_notify(notify), "notify", u32::from(notify)));
        }
        table::FIRST_VENDOR => vendor(body, detail),
        table::FIRST_NAT | table::DRAFT_NAT => AppDetail::add(&mut detail.nat, "supported"),
        _ => {}
    }
    Ok(())
}

/// Domain, situation, then proposals with their transforms (RFC 2408 sections 3.4 to 3.6).
fn association(body: &[u8], chosen: bool, detail: &mut AppDetail) -> Result<(), Fault> {
    let mut r = Reader::new(body);
    r.skip(8, "domain and situation")?;
    for _ in 0..PAYLOADS_MAX {
        if r.is_empty() {
            break;
        }
        let (_, body) = head(&mut r)?;
        let mut proposal = Reader::new(body);
        proposal.skip(2, "number and protocol")?;
        let (spi, transforms) = (proposal.u8("spi size")?, proposal.u8("transforms")?);
        proposal.skip(usize::from(spi), "spi")?;
        for _ in 0..usize::from(transforms).min(PAYLOADS_MAX) {
            let (_, body) = head(&mut proposal)?;
            transform(body, chosen, detail)?;
        }
    }
    Ok(())
}

fn transform(body: &[u8], chosen: bool, detail: &mut AppDetail) -> Result<(), Fault> {
    let mut r = Reader::new(body);
    r.skip(4, "number and transform")?;
    let (mut cipher, mut bits) = (None, 0);
    let mut said = Vec::new();
    while !r.is_empty() {
        let (kind, value) = (r.u16("attribute")?, r.u16("value")?);
        match kind {
            KEY_LENGTH => bits = value,
            0x8001 => cipher = Some(value),
            0x8003 => AppDetail::add(&mut detail.authentication, &table::first_authentication(value)),
            0x8002 | 0x8004 => said.push((kind, value)),
            // Longer than two bytes.
            _ if kind & 0x8000 == 0 => r.skip(usize::from(value), "value")?,
            _ => {}
        }
    }
    let list = if chosen { &mut detail.choices } else { &mut detail.offers };
    if let Some(cipher) = cipher {
        AppDetail::add(list, &format!("encr:{}", table::first_cipher(cipher, bits)));
    }
    for (kind, value) in said {
        let text = match kind {
            0x8002 => format!("hash:{}", table::first_hash(value)),
            _ => format!("group:{}", table::group(value)),
        };
        AppDetail::add(list, &text);
    }
    Ok(())
}
