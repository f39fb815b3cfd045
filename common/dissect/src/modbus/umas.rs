//! What is UMAS's own: how conversations begin that are nothing else, and what a controller tells of itself.

use super::parse::{self, HEAD};
use super::probe;
use super::table::{self, UMAS, UMAS_NEGATIVE, UMAS_POSITIVE};
use crate::{Context, Head, Probe};
use picket_event::body::Asset;
use picket_event::{Body, Endpoints, Unit};
use picket_reader::{Fault, Reader};

/// Requests whose answers name the controller and its project.
const READ_ID: u16 = 0x02;
const READ_PROJECT: u16 = 0x03;
/// Longest text that is kept, bytes.
const TEXT_LIMIT: usize = 64;
/// Frames of one direction that are looked at.
const FRAMES: usize = 6;

/// Whether all frames of a direction are UMAS's, and how many there are.
fn frames(bytes: &[u8]) -> Option<usize> {
    let (mut rest, mut count) = (bytes, 0);
    while rest.len() >= HEAD && count < FRAMES {
        let (total, function) = parse::head(rest).ok()?;
        let code = rest.get(HEAD.saturating_add(1)).copied();
        let named = code.is_none_or(|code| !table::umas(code).name.is_empty());
        // A negative answer of Modbus itself is one of UMAS too.
        if function & 0x7f != UMAS || (function == UMAS && !named) {
            return None;
        }
        count += 1;
        rest = rest.get(total..).unwrap_or(&[]);
    }
    Some(count)
}

/// Modbus whose every message is UMAS's.
pub(super) fn probe(head: &Head<'_>) -> Probe {
    let (Some(a), Some(b)) = (frames(head.to_server), frames(head.to_client)) else { return Probe::No };
    match probe::probe(head) {
        Probe::Yes { confidence, .. } => {
            let answers = |bytes: &[u8]| matches!(bytes.get(HEAD + 1), Some(&(UMAS_POSITIVE | UMAS_NEGATIVE)));
            let reversed = answers(head.to_server) || (!head.to_client.is_empty() && !answers(head.to_client));
            let sure = match (a, b) {
                (0, 0) => return Probe::More,
                (1.., 1..) if answers(head.to_server) != answers(head.to_client) => 0.97,
                (0, 2..) | (2.., 0) => 0.8,
                _ => confidence.get() + 0.05,
            };
            Probe::Yes { confidence: Unit::new(sure), reversed }
        }
        other => other,
    }
}

/// What an answer to this request tells of the controller.
pub(super) fn asset(request: u16, data: &[u8], context: &Context) -> Option<Body> {
    let mut asset = match request {
        READ_ID => identity(data).ok()?,
        READ_PROJECT => project(data).ok()?,
        _ => return None,
    };
    asset.ip = match context.endpoints {
        Endpoints::Ip { dest, .. } => Some(dest),
        Endpoints::Link { .. } => None,
    };
    asset.roles = vec!["plc".to_owned()];
    "umas".clone_into(&mut asset.source);
    Some(Body::Asset(Box::new(asset)))
}

fn positive<'a>(data: &'a [u8]) -> Result<Reader<'a>, Fault> {
    let mut r = Reader::new(data);
    r.skip(1, "session")?;
    if r.u8("answer")? != UMAS_POSITIVE {
        return Err(Fault::Malformed("umas: answer"));
    }
    Ok(r)
}

/// Range, identification and model, the version (minor first, as decimal digits), more numbers, and the model's name.
fn identity(data: &[u8]) -> Result<Asset, Fault> {
    let mut r = positive(data)?;
    r.skip(8, "range, identification and model")?;
    let [minor, major] = r.array::<2>("version")?;
    r.skip(12, "patch, hardware and crash code")?;
    let model = text(r.vec8("name")?.rest()).ok_or(Fault::Malformed("umas: name"))?;
    let firmware = Some(format!("V{major:x}.{minor:02x}"));
    let vendor = Some("Schneider Electric".to_owned());
    Ok(Asset { vendor, model: Some(model), firmware, ..Asset::default() })
}

/// Two identifications and two dates, a version, and the project's name.
fn project(data: &[u8]) -> Result<Asset, Fault> {
    let mut r = positive(data)?;
    r.skip(38, "identifications, dates and version")?;
    let name = text(r.vec8("name")?.rest()).ok_or(Fault::Malformed("umas: name"))?;
    r.done("umas: bytes behind the name")?;
    Ok(Asset { names: vec![name], ..Asset::default() })
}

/// A text that ends with a zero; none where it is something else.
fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()).min(TEXT_LIMIT);
    let text = bytes.get(..end).filter(|text| text.iter().all(|byte| (b' '..=b'~').contains(byte)))?;
    let text = String::from_utf8_lossy(text).trim().to_owned();
    (!text.is_empty()).then_some(text)
}
