//! Datagrams, bytes to what they tell.

use super::table::{
    BROADCAST, BROWSE, DIRECT_GROUP, DIRECT_UNIQUE, HOST, LOCAL_MASTER, MORE, ROLES, SAMBA, TRANSACTION, UNIX, windows,
};
use crate::nbns::{encoded, is_machine};
use crate::teller::{Message, Told, about, add, add_name, name, text};
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};
use std::net::Ipv4Addr;

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let mut r = Reader::new(message.bytes);
    let (kind, flags) = (r.u8("type")?, r.u8("flags")?);
    // Errors and questions to a server of datagrams name nobody.
    if !matches!(kind, DIRECT_UNIQUE | DIRECT_GROUP | BROADCAST) {
        return Ok(());
    }
    r.skip(2, "id")?;
    let source = Ipv4Addr::from(r.array::<4>("source")?);
    r.skip(6, "port, length and offset")?;
    let from = encoded(&mut r, message.bytes)?;
    encoded(&mut r, message.bytes)?;
    let mut asset = about(message.from(), None);
    if asset.ip != Some(source.into()) {
        return Ok(());
    }
    if let Some((text, _)) = from.filter(|(_, suffix)| is_machine(*suffix)) {
        name(&text).into_iter().for_each(|name| add_name(&mut asset, name));
    }
    let read = if flags & MORE == 0 { mailslot(r.rest(), &mut asset) } else { Ok(()) };
    told.push(asset);
    read
}

/// A message to a mailslot: a transaction of SMB with the slot's name; its data stand where the header says.
fn mailslot(message: &[u8], asset: &mut Asset) -> Result<(), Fault> {
    let mut r = Reader::new(message);
    if !message.starts_with(TRANSACTION) {
        return Ok(());
    }
    r.skip(32, "header")?;
    let words = r.u8("words")?;
    // Parameters, room, flags, time and the place of the parameters stand before the data's length and place.
    r.skip(22, "words")?;
    let (length, at) = (usize::from(r.u16_le("data length")?), usize::from(r.u16_le("data offset")?));
    let setup = usize::from(words).checked_sub(13).ok_or(Fault::Malformed("netbios: words of a transaction"))?;
    r.skip(setup.saturating_mul(2), "setup")?;
    r.skip(2, "bytes")?;
    if !r.peek().get(..BROWSE.len()).is_some_and(|slot| slot.eq_ignore_ascii_case(BROWSE)) {
        return Ok(());
    }
    let data = message.get(at..at.saturating_add(length)).ok_or(Fault::Malformed("netbios: data out of range"))?;
    announcement(Reader::new(data), asset)
}

/// An announcement (MS-BRWS sections 2.2.1 and 2.2.10); other frames of the browser tell nothing.
fn announcement(mut r: Reader<'_>, asset: &mut Asset) -> Result<(), Fault> {
    if r.is_empty() || !matches!(r.u8("frame")?, HOST | LOCAL_MASTER) {
        return Ok(());
    }
    r.skip(5, "count and period")?;
    let own = r.array::<16>("name")?;
    let (major, minor, kinds) = (r.u8("major")?, r.u8("minor")?, r.u32_le("kinds")?);
    r.skip(4, "browser")?;
    name(&own).into_iter().for_each(|name| add_name(asset, name));
    for (_, role) in ROLES.iter().filter(|(bit, _)| kinds & bit != 0) {
        add(&mut asset.roles, (*role).to_owned());
    }
    // What runs on Unix calls itself a version of Windows as well.
    if kinds & UNIX == 0 {
        asset.os = windows(major, minor).map(str::to_owned);
    }
    // A comment is what people wrote, but for the program's own.
    asset.firmware = text(r.rest()).filter(|comment| comment.starts_with(SAMBA));
    Ok(())
}
