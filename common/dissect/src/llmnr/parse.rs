//! Answers, records to what they tell.

use super::table::{A, AAAA};
use crate::dns;
use crate::teller::{LIST_MAX, Message, Told, about, add_name, name};
use picket_reader::Fault;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    dns::records(message.bytes, |record| {
        let mut data = record.data;
        let ip: Option<IpAddr> = match record.record_type {
            A => data.array::<4>("address").ok().map(|bytes| Ipv4Addr::from(bytes).into()),
            AAAA => data.array::<16>("address").ok().map(|bytes| Ipv6Addr::from(bytes).into()),
            _ => None,
        };
        if let (Some(ip), Some(name)) = (ip.filter(|_| told.len() < LIST_MAX), name(record.name.as_bytes())) {
            let mut asset = about(Some(ip), None);
            add_name(&mut asset, name);
            told.push(asset);
        }
    })
}
