//! Announcements, elements to what they tell.

use super::table::{
    CAPABILITIES, CHASSIS, CHASSIS_LOCAL, CHASSIS_MAC, CHASSIS_NETWORK, END, MANAGEMENT, MED_FIRMWARE, MED_MAKER,
    MED_MODEL, MED_SOFTWARE, ORGANISATION, PORT_DESCRIPTION, ROLES, SYSTEM_DESCRIPTION, SYSTEM_NAME, TIA,
};
use crate::teller::{Message, Told, about, add, add_name, describe, is_host, is_station, name, text};
use picket_event::Mac;
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Elements of one announcement that are looked at.
const ELEMENTS_MAX: usize = 64;

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let mut r = Reader::new(message.bytes);
    let mut asset = about(None, message.sender());
    let mut local = None;
    for _ in 0..ELEMENTS_MAX {
        if r.is_empty() {
            break;
        }
        let head = r.u16("TLV")?;
        let value = r.sub(usize::from(head & 0x01ff), "TLV value")?;
        match u8::try_from(head >> 9).unwrap_or(END) {
            END => break,
            CHASSIS => local = chassis(value, &mut asset),
            SYSTEM_NAME => name(value.peek()).into_iter().for_each(|name| add_name(&mut asset, name)),
            SYSTEM_DESCRIPTION => text(value.peek()).into_iter().for_each(|line| describe(&mut asset, line)),
            CAPABILITIES => capabilities(value, &mut asset),
            MANAGEMENT => asset.ip = asset.ip.or(management(value)),
            ORGANISATION => inventory(value, &mut asset),
            PORT_DESCRIPTION => {}
            _ => {}
        }
    }
    if let Some(local) = local.filter(|_| asset.hostname.is_none()) {
        add_name(&mut asset, local);
    }
    told.push(asset);
    Ok(())
}

/// Notes the chassis' address; answers its name where it has one in place of an address.
fn chassis(mut value: Reader<'_>, asset: &mut Asset) -> Option<String> {
    match value.u8("subtype").ok()? {
        CHASSIS_MAC => {
            let mac = Mac(value.array("MAC").ok()?);
            if is_station(&mac) {
                asset.mac = Some(mac);
            }
            None
        }
        CHASSIS_NETWORK => {
            asset.ip = address(value);
            None
        }
        CHASSIS_LOCAL => name(value.peek()),
        _ => None,
    }
}

/// An address behind its family (IANA, "Address Family Numbers").
fn address(mut value: Reader<'_>) -> Option<IpAddr> {
    let ip: IpAddr = match value.u8("family").ok()? {
        1 => Ipv4Addr::from(value.array::<4>("address").ok()?).into(),
        2 => Ipv6Addr::from(value.array::<16>("address").ok()?).into(),
        _ => return None,
    };
    is_host(ip).then_some(ip)
}

fn management(mut value: Reader<'_>) -> Option<IpAddr> {
    address(value.vec8("management address").ok()?)
}

fn capabilities(mut value: Reader<'_>, asset: &mut Asset) {
    let (Ok(_), Ok(enabled)) = (value.u16("capabilities"), value.u16("enabled")) else { return };
    for (_, role) in ROLES.iter().filter(|(bit, _)| enabled & bit != 0) {
        add(&mut asset.roles, (*role).to_owned());
    }
}

fn inventory(mut value: Reader<'_>, asset: &mut Asset) {
    let (Ok(organisation), Ok(kind)) = (value.array::<3>("organisation"), value.u8("subtype")) else { return };
    let Some(line) = text(value.peek()).filter(|_| organisation == TIA) else { return };
    match kind {
        MED_FIRMWARE => asset.firmware = Some(line),
        MED_SOFTWARE => {
            asset.firmware.get_or_insert(line);
        }
        MED_MAKER => asset.vendor = Some(line),
        MED_MODEL => asset.model = Some(line),
        _ => {}
    }
}
