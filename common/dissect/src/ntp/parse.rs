//! Bytes to what a message says (RFC 5905 section 7.3).

use super::table::{self, CLIENT, CONTROL};
use crate::describer::Said;
use picket_event::{AppDetail, Endpoints};
use picket_reader::{Fault, Reader};
use std::net::{IpAddr, Ipv4Addr};

/// Length of the header.
const HEADER: usize = 48;

pub(super) fn read(said: &Said<'_>, detail: &mut AppDetail) -> Result<(), Fault> {
    let mut r = Reader::new(said.bytes);
    let first = r.u8("mode")?;
    let (leap, version, mode) = (first >> 6, first >> 3 & 7, first & 7);
    AppDetail::add(&mut detail.versions, &version.to_string());
    AppDetail::add(&mut detail.messages, table::mode(mode));
    if mode >= CONTROL {
        return Ok(());
    }
    let stratum = r.u8("stratum")?;
    r.skip(10, "poll, precision, delay and dispersion")?;
    let reference = r.array::<4>("reference")?;
    // A key's number and its code, MD5 or SHA-1 (section 7.3).
    if matches!(said.bytes.len().saturating_sub(HEADER), 20 | 24) {
        AppDetail::add(&mut detail.authentication, "symmetric key");
    }
    // What a client says of its own clock is often left empty.
    if mode == CLIENT {
        return Ok(());
    }
    if leap == 3 && stratum != 0 {
        AppDetail::add(&mut detail.notices, "clock is not synchronised");
    }
    match stratum {
        // Section 7.4: the server says why it does not serve.
        0 => {
            if let Some(code) = word(reference) {
                AppDetail::add(&mut detail.notices, &format!("kiss of death {code}"));
            }
        }
        1..=16 => {
            AppDetail::add(&mut detail.strata, &stratum.to_string());
            AppDetail::add(&mut detail.references, &named(stratum, reference, said));
        }
        _ => {}
    }
    Ok(())
}

/// Up to four capital letters or digits.
fn word(bytes: [u8; 4]) -> Option<String> {
    let text = std::str::from_utf8(&bytes).ok()?.trim_end_matches(['\0', ' ']);
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned())
}

/// The source of a first clock; of others the address of the next server over IPv4, over IPv6 four bytes of its hash.
fn named(stratum: u8, reference: [u8; 4], said: &Said<'_>) -> String {
    let over_v4 = matches!(said.context.endpoints, Endpoints::Ip { src: IpAddr::V4(_), .. });
    match word(reference) {
        _ if reference == [0; 4] => String::new(),
        Some(source) if stratum == 1 => source,
        _ if over_v4 => Ipv4Addr::from(reference).to_string(),
        _ => format!("{:08x}", u32::from_be_bytes(reference)),
    }
}
