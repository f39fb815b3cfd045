//! Messages, fields to what they tell.

use super::table::{
    BODY, BODY_ADDRESSES, BODY_CLIENT, BODY_REALM, INTEGER, Kind, NETBIOS, OCTETS, REPLY_CLIENT, REPLY_REALM, SEQUENCE,
    kind,
};
use crate::ber::{expect, value};
use crate::teller::{Message, Told, about, add_name, name};
use picket_event::Endpoints;
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};

/// Fields of one sequence that are looked at.
const FIELDS_MAX: usize = 24;

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let (tag, mut body) = value(&mut Reader::new(message.bytes))?;
    let fields = expect(&mut body, SEQUENCE, "kerberos: message")?;
    let (from, to) = match message.ends() {
        Endpoints::Ip { src, dest, .. } => (Some(src), Some(dest)),
        Endpoints::Link { .. } => (None, None),
    };
    match kind(tag) {
        Some(Kind::Request) => {
            let mut client = about(from, None);
            each(fields, &mut |field, mut inside| {
                if field == BODY {
                    let body = expect(&mut inside, SEQUENCE, "kerberos: body")?;
                    identify(body, (BODY_REALM, BODY_CLIENT), &mut client)?;
                }
                Ok(())
            })?;
            told.push(client);
        }
        Some(Kind::Reply) => {
            let mut client = about(to, None);
            identify(fields, (REPLY_REALM, REPLY_CLIENT), &mut client)?;
            told.push(client);
            told.push(Asset { roles: vec!["domain-controller".to_owned()], ..about(from, None) });
        }
        Some(Kind::Error) | None => {}
    }
    Ok(())
}

/// Calls with each field of a sequence.
fn each<'a>(mut fields: Reader<'a>, take: &mut dyn FnMut(u8, Reader<'a>) -> Result<(), Fault>) -> Result<(), Fault> {
    for _ in 0..FIELDS_MAX {
        if fields.is_empty() {
            break;
        }
        let (tag, inside) = value(&mut fields)?;
        take(tag, inside)?;
    }
    Ok(())
}

/// Notes the machine that a realm and a client's name speak of, and its NetBIOS addresses.
fn identify(fields: Reader<'_>, (realm_tag, client_tag): (u8, u8), asset: &mut Asset) -> Result<(), Fault> {
    let (mut realm, mut machine) = (None, None);
    each(fields, &mut |tag, mut inside| {
        if tag == realm_tag {
            let (_, text) = value(&mut inside)?;
            realm = name(text.peek());
        } else if tag == client_tag {
            machine = principal(inside)?;
        } else if tag == BODY_ADDRESSES && client_tag == BODY_CLIENT {
            addresses(inside, asset)?;
        }
        Ok(())
    })?;
    if let Some(machine) = machine {
        let full = realm.filter(|realm| realm.contains('.')).map(|realm| format!("{machine}.{realm}"));
        add_name(asset, full.filter(|_| !machine.contains('.')).unwrap_or(machine));
    }
    Ok(())
}

/// The machine of a principal: `HOST$`, or the second part of `host/name`.
fn principal(mut inside: Reader<'_>) -> Result<Option<String>, Fault> {
    let mut fields = expect(&mut inside, SEQUENCE, "kerberos: name")?;
    value(&mut fields)?;
    let (_, mut parts) = value(&mut fields)?;
    let mut parts = expect(&mut parts, SEQUENCE, "kerberos: name string")?;
    let (_, first) = value(&mut parts)?;
    if let Some(machine) = first.peek().strip_suffix(b"$") {
        return Ok(name(machine));
    }
    if first.peek() == b"host" && !parts.is_empty() {
        let (_, second) = value(&mut parts)?;
        return Ok(name(second.peek()));
    }
    Ok(None)
}

/// Addresses of a request: the NetBIOS ones are the machine's name.
fn addresses(mut inside: Reader<'_>, asset: &mut Asset) -> Result<(), Fault> {
    let list = expect(&mut inside, SEQUENCE, "kerberos: addresses")?;
    each(list, &mut |_, mut address| {
        let (_, mut kind) = value(&mut address)?;
        let kind = expect(&mut kind, INTEGER, "kerberos: kind of address")?;
        let (_, mut data) = value(&mut address)?;
        let data = expect(&mut data, OCTETS, "kerberos: address")?;
        // 15 bytes of the name, then what kind of name it is.
        if kind.peek() == NETBIOS {
            let text = data.peek().get(..15).unwrap_or_default();
            name(text).into_iter().for_each(|name| add_name(asset, name));
        }
        Ok(())
    })
}
