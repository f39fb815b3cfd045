//! Announcements and answers, headers to what they tell.

use super::table::{FOUND, KIND, LOCATION, ROLES, SERVER};
use crate::teller::{Message, Told, about, add, text};
use picket_event::body::Asset;
use picket_reader::Fault;

/// Lines that are looked at.
const LINES_MAX: usize = 40;

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let bytes = message.bytes;
    if !(bytes.starts_with(b"NOTIFY ") || bytes.starts_with(b"HTTP/1.")) {
        return Ok(());
    }
    let mut asset = about(message.from(), None);
    for line in bytes.split(|byte| *byte == b'\n').skip(1).take(LINES_MAX) {
        let Some(at) = line.iter().position(|byte| *byte == b':') else { continue };
        let (Some(key), Some(value)) = (line.get(..at), line.get(at + 1..).and_then(text)) else { continue };
        let is = |header: &[u8]| key.trim_ascii().eq_ignore_ascii_case(header);
        if is(SERVER) {
            server(&mut asset, &value);
        } else if is(LOCATION) {
            if let Some(port) = port(&value) {
                add(&mut asset.services, format!("tcp/{port} http"));
            }
        } else if is(KIND) || is(FOUND) {
            for (_, role) in ROLES.iter().filter(|(kind, _)| value.contains(kind)) {
                add(&mut asset.roles, (*role).to_owned());
            }
        }
    }
    told.push(asset);
    Ok(())
}

/// `OS/version UPnP/version product/version`: the first and the last part.
pub(super) fn server(asset: &mut Asset, value: &str) {
    let Some((system, product)) = value.split_once("UPnP/") else { return };
    let system = system.trim().trim_end_matches(',').replace('/', " ");
    if !system.is_empty() {
        asset.os = Some(system);
    }
    let product = product.split_once(' ').map_or("", |(_, product)| product).trim();
    if !product.is_empty() {
        asset.model = Some(product.to_owned());
    }
}

/// The port of an `http://host:port/` address.
pub(super) fn port(location: &str) -> Option<u16> {
    let authority = location.strip_prefix("http://")?.split('/').next()?;
    let after = authority.rsplit(']').next()?;
    after.rsplit_once(':').map_or(Some(80), |(_, port)| port.parse().ok())
}
