//! Messages, names to what they tell.

use super::table::{NAME, NODE, QUERY, is_machine, role, states_own};
use crate::dns;
use crate::teller::{LIST_MAX, Message, Told, about, add, add_name, name};
use picket_event::Mac;
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};
use std::net::Ipv4Addr;

/// Names of a node's table that are looked at.
const NAMES_MAX: usize = 32;

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let bytes = message.bytes;
    let mut r = Reader::new(bytes);
    r.skip(2, "id")?;
    let flags = r.u16("flags")?;
    let (questions, answers) = (r.u16("questions")?, r.u16("answers")?);
    r.skip(2, "authorities")?;
    let additionals = r.u16("additionals")?;
    let (operation, is_answer) = (flags >> 11 & 15, flags & 0x8000 != 0);
    let mut asked = None;
    for _ in 0..questions.min(2) {
        asked = encoded(&mut r, bytes)?;
        r.skip(4, "type and class")?;
    }
    let stated = states_own(operation) && !is_answer && additionals > 0;
    let answered = operation == QUERY && is_answer && answers > 0;
    if !(stated || answered) {
        return Ok(());
    }
    let owner = encoded(&mut r, bytes)?.or(asked);
    let record_type = r.u16("type")?;
    r.skip(6, "class and time to live")?;
    let mut data = r.vec16("data")?;
    match (record_type, owner) {
        (NODE, _) if answered => told.push(node(data, message)?),
        (NAME, Some((owner, suffix))) => {
            for _ in 0..LIST_MAX / 4 {
                let Ok(flags) = data.u16("name flags") else { break };
                let ip = Ipv4Addr::from(data.array::<4>("address")?).into();
                let mut asset = about(Some(ip), None);
                note(&mut asset, &owner, suffix, flags & 0x8000 != 0);
                told.push(asset);
            }
        }
        _ => {}
    }
    Ok(())
}

/// A name at the reader's place: 16 bytes, each as two letters (RFC 1001 section 14.1); its text and last byte.
pub(crate) fn encoded<'a>(r: &mut Reader<'a>, message: &'a [u8]) -> Result<Option<([u8; 15], u8)>, Fault> {
    let text = dns::name(r, message)?;
    let letters = text.split('.').next().unwrap_or_default().as_bytes();
    if letters.len() != 32 || !letters.iter().all(|letter| (b'a'..=b'p').contains(letter)) {
        return Ok(None);
    }
    let mut name = [0u8; 16];
    for (byte, pair) in name.iter_mut().zip(letters.as_chunks::<2>().0) {
        let [high, low] = pair.map(|letter| letter - b'a');
        *byte = high << 4 | low;
    }
    let [text @ .., suffix] = name;
    Ok(Some((text, suffix)))
}

fn note(asset: &mut Asset, owner: &[u8; 15], suffix: u8, is_group: bool) {
    if !is_group && is_machine(suffix) {
        name(owner).into_iter().for_each(|name| add_name(asset, name));
    }
    if let Some(role) = role(suffix) {
        add(&mut asset.roles, role.to_owned());
    }
}

/// The table of a node (RFC 1002 section 4.2.18): its names, then its hardware address.
fn node(mut data: Reader<'_>, message: &Message<'_>) -> Result<Asset, Fault> {
    let count = usize::from(data.u8("names")?);
    let mut asset = about(message.from(), None);
    for number in 0..count {
        let (text, suffix, flags) = (data.array::<15>("name")?, data.u8("suffix")?, data.u16("name flags")?);
        if number < NAMES_MAX {
            note(&mut asset, &text, suffix, flags & 0x8000 != 0);
        }
    }
    let with = about(asset.ip, Some(Mac(data.array("hardware address")?)));
    Ok(Asset { mac: with.mac, ..asset })
}
