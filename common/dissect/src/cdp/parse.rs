//! Announcements, elements to what they tell.

use super::table::{ADDRESSES, CAPABILITIES, DEVICE, PLATFORM, ROLES, SOFTWARE};
use crate::teller::{Message, Told, about, add, add_name, is_host, name, text};
use picket_reader::{Fault, Reader};
use std::net::{IpAddr, Ipv4Addr};

/// Elements of one announcement that are looked at.
const ELEMENTS_MAX: usize = 64;

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let mut r = Reader::new(message.bytes);
    r.skip(4, "version, time to live and checksum")?;
    let mut asset = about(None, message.sender());
    for _ in 0..ELEMENTS_MAX {
        // Padding of the frame may follow.
        let Ok(kind) = r.u16("TLV") else { break };
        let length = usize::from(r.u16("TLV length")?);
        let Some(length) = length.checked_sub(4) else { break };
        let mut value = r.sub(length, "TLV value")?;
        match kind {
            DEVICE => name(value.peek()).into_iter().for_each(|name| add_name(&mut asset, name)),
            ADDRESSES => asset.ip = asset.ip.or(address(value)),
            CAPABILITIES => {
                let bits = value.u32("capabilities")?;
                for (_, role) in ROLES.iter().filter(|(bit, _)| bits & bit != 0) {
                    add(&mut asset.roles, (*role).to_owned());
                }
            }
            SOFTWARE => asset.firmware = text(value.peek()),
            PLATFORM => asset.model = text(value.peek()),
            _ => {}
        }
    }
    told.push(asset);
    Ok(())
}

/// The first IPv4 address of a list: NLPID 0xcc, four bytes.
fn address(mut value: Reader<'_>) -> Option<IpAddr> {
    let count = value.u32("count").ok()?.min(8);
    for _ in 0..count {
        let kind = value.u8("protocol type").ok()?;
        let protocol = value.vec8("protocol").ok()?;
        let address = value.vec16("address").ok()?;
        if let (1, [0xcc], Ok(bytes)) = (kind, protocol.peek(), <[u8; 4]>::try_from(address.peek())) {
            let ip = IpAddr::V4(Ipv4Addr::from(bytes));
            return is_host(ip).then_some(ip);
        }
    }
    None
}
