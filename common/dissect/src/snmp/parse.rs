//! Messages, variables to what they tell.

use super::table::{DESCRIPTION, INTEGER, NAME, OBJECT, OCTETS, RESPONSE, SEQUENCE};
use crate::ber::{expect, value};
use crate::teller::{Message, Told, about, add_name, describe, name, text};
use picket_reader::{Fault, Reader};

/// Variables that are looked at.
const VARIABLES_MAX: usize = 64;

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let mut r = expect(&mut Reader::new(message.bytes), SEQUENCE, "snmp: message")?;
    let version = expect(&mut r, INTEGER, "snmp: version")?;
    if !matches!(version.peek(), [0 | 1]) {
        return Ok(());
    }
    expect(&mut r, OCTETS, "snmp: community")?;
    let (kind, mut pdu) = value(&mut r)?;
    if kind != RESPONSE {
        return Ok(());
    }
    for what in ["snmp: request id", "snmp: error", "snmp: error index"] {
        expect(&mut pdu, INTEGER, what)?;
    }
    let mut variables = expect(&mut pdu, SEQUENCE, "snmp: variables")?;
    let mut asset = about(message.from(), None);
    for _ in 0..VARIABLES_MAX {
        if variables.is_empty() {
            break;
        }
        let mut variable = expect(&mut variables, SEQUENCE, "snmp: variable")?;
        let object = expect(&mut variable, OBJECT, "snmp: object")?;
        let (tag, data) = value(&mut variable)?;
        match object.peek() {
            DESCRIPTION if tag == OCTETS => text(data.peek()).into_iter().for_each(|line| describe(&mut asset, line)),
            NAME if tag == OCTETS => name(data.peek()).into_iter().for_each(|name| add_name(&mut asset, name)),
            _ => {}
        }
    }
    told.push(asset);
    Ok(())
}
