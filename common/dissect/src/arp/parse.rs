//! Packets, bytes to what they tell.

use super::table::{ETHERNET, IPV4, states_sender};
use crate::teller::{Message, Told, about};
use picket_event::Mac;
use picket_reader::{Fault, Reader};
use std::net::Ipv4Addr;

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let mut r = Reader::new(message.bytes);
    let (hardware, protocol) = (r.u16("hardware")?, r.u16("protocol")?);
    let (hardware_size, protocol_size, operation) = (r.u8("size")?, r.u8("size")?, r.u16("operation")?);
    if (hardware, protocol, hardware_size, protocol_size) != (ETHERNET, IPV4, 6, 4) {
        return r.skip(2 * (usize::from(hardware_size) + usize::from(protocol_size)), "addresses");
    }
    let (mac, ip) = (Mac(r.array("sender")?), Ipv4Addr::from(r.array::<4>("sender")?));
    r.skip(10, "target")?;
    // A probe (RFC 5227 section 1.1) has no address yet.
    if states_sender(operation) && !ip.is_unspecified() {
        told.push(about(Some(ip.into()), Some(mac)));
    }
    Ok(())
}
