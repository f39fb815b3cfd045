//! What a device tells of itself in its system status lists (Siemens, "System Software for S7-300/400, System and Standard
//! Functions", chapter "System Status Lists").

use crate::Context;
use picket_event::body::Asset;
use picket_event::{Body, Direction, Endpoints};
use picket_reader::{Fault, Reader};

/// The list with order number, hardware and firmware.
const MODULE: u16 = 0x11;
/// The list with names and serial numbers.
const COMPONENT: u16 = 0x1c;
/// Longest text that is kept, bytes.
const TEXT_LIMIT: usize = 64;

/// What the data of an answer to "Read SZL" say of their sender, where they say anything.
pub(super) fn asset(data: &[u8], direction: Direction, context: &Context) -> Option<Body> {
    let mut asset = Asset::default();
    // What was read before a fault stands.
    let _ = list(data, &mut asset);
    let told = asset.model.is_some() || asset.firmware.is_some() || asset.hostname.is_some() || !asset.names.is_empty();
    if !told {
        return None;
    }
    asset.ip = match (context.endpoints, direction) {
        (Endpoints::Ip { dest, .. }, Direction::ToClient) => Some(dest),
        (Endpoints::Ip { src, .. }, Direction::ToServer) => Some(src),
        (Endpoints::Link { .. }, _) => None,
    };
    asset.roles = vec!["plc".to_owned()];
    "s7comm".clone_into(&mut asset.source);
    Some(Body::Asset(Box::new(asset)))
}

fn list(data: &[u8], asset: &mut Asset) -> Result<(), Fault> {
    let mut r = Reader::new(data);
    if r.u8("return code")? != 0xff {
        return Ok(());
    }
    r.skip(1, "unit")?;
    let mut r = r.vec16("list")?;
    let (id, _) = (r.u16("id")?, r.u16("index")?);
    let (length, count) = (r.u16("record length")?, r.u16("records")?);
    for _ in 0..count {
        let record = r.sub(usize::from(length), "record")?;
        match id & 0xff {
            MODULE if length == 28 => module(record, asset)?,
            COMPONENT if length >= 26 => component(record, asset)?,
            _ => return Ok(()),
        }
    }
    Ok(())
}

/// Index, order number, and behind the type two words of a version: `V` and three numbers.
fn module(mut r: Reader<'_>, asset: &mut Asset) -> Result<(), Fault> {
    let index = r.u16("index")?;
    let order = text(r.take(20, "order number")?);
    r.skip(2, "type")?;
    let [letter, major, minor, patch] = r.array::<4>("version")?;
    match index {
        1 => {
            // Order numbers that begin so are Siemens's; others imitate the protocol.
            if order.as_deref().is_some_and(|order| order.starts_with("6ES7") || order.starts_with("6GK7")) {
                asset.vendor = Some("Siemens".to_owned());
            }
            asset.model = order;
        }
        7 if letter == b'V' => asset.firmware = Some(format!("V{major}.{minor}.{patch}")),
        _ => {}
    }
    Ok(())
}

/// Index and a text.
fn component(mut r: Reader<'_>, asset: &mut Asset) -> Result<(), Fault> {
    let index = r.u16("index")?;
    let Some(text) = text(r.rest()) else { return Ok(()) };
    match index {
        1 => asset.hostname = Some(text),
        // The module's and the plant's name, and the module's type, which may be its name.
        2 | 3 | 7 if !asset.names.contains(&text) => asset.names.push(text),
        5 => asset.names.push(format!("serial {text}")),
        _ => {}
    }
    asset.names.truncate(crate::teller::LIST_MAX);
    Ok(())
}

fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()).min(TEXT_LIMIT);
    let text = bytes.get(..end).unwrap_or(&[]).escape_ascii().to_string();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
