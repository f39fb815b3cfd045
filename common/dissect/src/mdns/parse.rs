//! Answers, records to what they tell.

use super::table::{A, AAAA, HINFO, KEYS, SRV, TXT, Told as Key};
use crate::dns::{self, Record};
use crate::teller::{LIST_MAX, Message, Told, about, add, add_name, name, text};
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let mut sender = about(message.from(), None);
    let mut read = Ok(());
    let records = dns::records(message.bytes, |record| {
        if read.is_ok() {
            read = take(&record, message.bytes, &mut sender, told);
        }
    });
    told.push(sender);
    records.and(read)
}

fn take(record: &Record<'_>, message: &[u8], sender: &mut Asset, told: &mut Told) -> Result<(), Fault> {
    let mut data = record.data;
    match record.record_type {
        A | AAAA => {
            let ip: IpAddr = if record.record_type == A {
                Ipv4Addr::from(data.array::<4>("address")?).into()
            } else {
                Ipv6Addr::from(data.array::<16>("address")?).into()
            };
            // A host may answer for others that sleep, and has addresses of its own besides.
            if let Some(name) = name(record.name.as_bytes()) {
                note(name, ip, sender, told);
            }
        }
        SRV => {
            data.skip(4, "priority and weight")?;
            let port = data.u16("port")?;
            let target = dns::name(&mut data, message)?;
            if let Some((service, transport)) = service(&record.name).filter(|_| port != 0) {
                add(&mut sender.services, format!("{transport}/{port} {service}"));
            }
            name(target.as_bytes()).into_iter().for_each(|name| add_name(sender, name));
        }
        TXT => {
            for _ in 0..LIST_MAX * 2 {
                let Ok(pair) = data.vec8("text") else { break };
                key(pair, sender);
            }
        }
        HINFO => {
            data.vec8("processor")?;
            sender.os = text(data.vec8("system")?.peek());
        }
        _ => {}
    }
    Ok(())
}

/// Notes a name of an address: the sender's own, or another host's.
fn note(name: String, ip: IpAddr, sender: &mut Asset, told: &mut Told) {
    if sender.ip == Some(ip) {
        return add_name(sender, name);
    }
    if let Some(other) = told.iter_mut().find(|other| other.ip == Some(ip)) {
        return add_name(other, name);
    }
    if told.len() < LIST_MAX {
        let mut other = about(Some(ip), None);
        add_name(&mut other, name);
        told.push(other);
    }
}

/// The service and transport of an instance: `name._http._tcp.local` gives `http`, `tcp`.
pub(super) fn service(instance: &str) -> Option<(&str, &str)> {
    let mut labels = instance.rsplit('.').skip_while(|label| !matches!(*label, "_tcp" | "_udp"));
    let transport = labels.next()?.strip_prefix('_')?;
    let service = labels.next()?.strip_prefix('_')?;
    let fits = service.len() <= 32 && service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    fits.then_some((service, transport))
}

pub(super) fn key(pair: Reader<'_>, asset: &mut Asset) {
    let bytes = pair.peek();
    let Some(at) = bytes.iter().position(|byte| *byte == b'=') else { return };
    let (Some(key), Some(value)) = (bytes.get(..at), bytes.get(at + 1..).and_then(text)) else { return };
    let known = KEYS.iter().find(|(known, _)| key.eq_ignore_ascii_case(known.as_bytes()));
    match known {
        Some((_, Key::Model)) => asset.model.get_or_insert(value),
        Some((_, Key::Vendor)) => asset.vendor.get_or_insert(value),
        Some((_, Key::Firmware)) => asset.firmware.get_or_insert(value),
        None => return,
    };
}
