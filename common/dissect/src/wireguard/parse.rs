//! Bytes to what a message says.

use super::table::{self, COOKIE, DATA, INITIATION, RESPONSE};
use crate::describer::Said;
use picket_event::{AppDetail, Direction};
use picket_reader::{Fault, Reader};

pub(super) fn read(said: &Said<'_>, detail: &mut AppDetail) -> Result<(), Fault> {
    let mut r = Reader::new(said.bytes);
    let [kind, a, b, c] = r.array::<4>("type")?;
    let Some(name) = table::kind(kind).filter(|_| [a, b, c] == [0; 3]) else {
        return Err(Fault::Malformed("wireguard: message of no type"));
    };
    AppDetail::add(&mut detail.messages, name);
    let (from, to) = match said.direction {
        Direction::ToServer => ("client", "server"),
        Direction::ToClient => ("server", "client"),
    };
    let mut index = |whose: &str, index: u32| {
        AppDetail::add(&mut detail.identifiers, &format!("{whose} {index:08x}"));
    };
    match kind {
        INITIATION => index(from, r.u32_le("sender")?),
        RESPONSE => {
            index(from, r.u32_le("sender")?);
            index(to, r.u32_le("receiver")?);
        }
        COOKIE | DATA => index(to, r.u32_le("receiver")?),
        _ => {}
    }
    Ok(())
}
