//! Messages, options to what they tell.

use super::table::{
    FQDN, NAME_SERVERS, RELAY_FORWARD, RELAY_REPLY, RELAYED, REQUESTED, VENDOR_CLASS, is_client, is_server,
};
use crate::dns;
use crate::teller::{LIST_MAX, Message, Told, about, add_name, name, text};
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};
use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr};

/// Options that are looked at.
const OPTIONS_MAX: usize = 64;
/// Options of the fingerprint.
const FINGERPRINT_MAX: usize = 32;

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let mut r = Reader::new(message.bytes);
    let kind = r.u8("type")?;
    if !matches!(kind, RELAY_FORWARD | RELAY_REPLY) {
        r.skip(3, "transaction")?;
        return options(kind, r, message.from(), told);
    }
    r.skip(17, "hops and link address")?;
    let peer = IpAddr::V6(Ipv6Addr::from(r.array::<16>("peer address")?));
    // A relay of a relay is not looked into.
    for _ in 0..OPTIONS_MAX {
        let Ok(code) = r.u16("option") else { break };
        let mut value = r.vec16("option value")?;
        if code == RELAYED {
            let kind = value.u8("type")?;
            value.skip(3, "transaction")?;
            // A reply inside comes from a server that the relay stands before.
            return options(kind, value, Some(peer).filter(|_| is_client(kind)), told);
        }
    }
    Ok(())
}

fn options(kind: u8, mut r: Reader<'_>, from: Option<IpAddr>, told: &mut Told) -> Result<(), Fault> {
    let mut asset = about(from, None);
    for _ in 0..OPTIONS_MAX {
        if r.is_empty() {
            break;
        }
        let code = r.u16("option")?;
        let mut value = r.vec16("option value")?;
        match code {
            FQDN if is_client(kind) => {
                value.skip(1, "flags")?;
                let whole = value.peek();
                // A name without its last label's end is partial and allowed (RFC 4704 section 4.2).
                let ended = [whole, &[0]].concat();
                let read = dns::name(&mut Reader::new(&ended), &ended)?;
                name(read.as_bytes()).into_iter().for_each(|name| add_name(&mut asset, name));
            }
            VENDOR_CLASS if is_client(kind) => {
                value.skip(4, "enterprise")?;
                let class = text(value.vec16("class")?.peek());
                asset.os = class.as_ref().filter(|class| class.starts_with("MSFT")).map(|_| "Windows".to_owned());
                asset.model = class.filter(|_| asset.os.is_none());
            }
            REQUESTED if is_client(kind) => asset.fingerprints.push(fingerprint(value)),
            NAME_SERVERS if is_server(kind) => servers(value, told),
            _ => {}
        }
    }
    if is_server(kind) {
        asset.roles.push("dhcp-server".to_owned());
    }
    told.push(asset);
    Ok(())
}

fn fingerprint(mut value: Reader<'_>) -> String {
    let mut text = String::from("dhcp6-1:");
    for number in 0..FINGERPRINT_MAX {
        let Ok(code) = value.u16("option") else { break };
        let _ = write!(text, "{}{code}", if number == 0 { "" } else { "," });
    }
    text
}

fn servers(mut value: Reader<'_>, told: &mut Told) {
    for _ in 0..LIST_MAX / 4 {
        let Ok(bytes) = value.array::<16>("name server") else { break };
        let server = about(Some(Ipv6Addr::from(bytes).into()), None);
        told.push(Asset { roles: vec!["dns-server".to_owned()], ..server });
    }
}
