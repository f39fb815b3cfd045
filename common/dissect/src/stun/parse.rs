//! Bytes to what a message says (RFC 8489 sections 5 and 14).

use super::table::{self, ERROR_CODE, REALM, SOFTWARE, USERHASH, USERNAME};
use crate::describer::Said;
use crate::teller::text;
use picket_event::AppDetail;
use picket_reader::{Fault, Reader};
use std::net::{IpAddr, SocketAddr};

const COOKIE: u32 = 0x2112_a442;
/// Length of the header.
const HEADER: usize = 20;
/// Attributes of one message that are read.
const ATTRIBUTES_MAX: usize = 32;

/// Length of a message over TCP; a channel's data (RFC 8656 section 12.5) are filled up to four bytes there.
pub(super) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    let (kind, length) = (r.u16("type")?, usize::from(r.u16("length")?));
    match kind >> 14 {
        0 => Ok(HEADER + length),
        1 => Ok(4 + length.next_multiple_of(4)),
        _ => Err(Fault::Malformed("stun: message of no type")),
    }
}

/// What stands before the attributes.
struct Header {
    method: &'static str,
    class: &'static str,
    length: usize,
    cookie: u32,
    number: [u8; 12],
}

fn header(r: &mut Reader<'_>) -> Result<Header, Fault> {
    const NONE: Fault = Fault::Malformed("stun: no message");
    let (kind, length, cookie) = (r.u16("type")?, usize::from(r.u16("length")?), r.u32("cookie")?);
    let number = r.array("transaction")?;
    // Bits of the method lie round those of the class (RFC 8489 figure 3).
    let method = table::method(kind & 0xf | (kind & 0xe0) >> 1 | (kind & 0x3e00) >> 2).ok_or(NONE)?;
    let class = table::class((kind >> 4 & 1) | (kind >> 7 & 2));
    let fits = kind >> 14 == 0 && length <= r.remaining();
    if fits { Ok(Header { method, class, length, cookie, number }) } else { Err(NONE) }
}

pub(super) fn read(said: &Said<'_>, detail: &mut AppDetail) -> Result<(), Fault> {
    let mut r = Reader::new(said.bytes);
    // What is no message is media or a channel's data: the ends share their ports (RFC 7983).
    let Ok(Header { method, class, length, cookie, number }) = header(&mut r) else { return Ok(()) };
    AppDetail::add(&mut detail.versions, if cookie == COOKIE { "rfc5389" } else { "rfc3489" });
    AppDetail::add(&mut detail.messages, &format!("{method} {class}"));
    let mut body = r.sub(length, "attributes")?;
    let (mut names, mut realm) = (false, false);
    for _ in 0..ATTRIBUTES_MAX {
        if body.is_empty() {
            break;
        }
        let kind = body.u16("attribute")?;
        let value = body.vec16("value")?.rest();
        // The last one may lack what fills it up.
        let _ = body.skip(value.len().next_multiple_of(4) - value.len(), "padding");
        names |= matches!(kind, USERNAME | USERHASH);
        realm |= kind == REALM;
        attribute(kind, value, (cookie, &number), detail);
    }
    if names {
        AppDetail::add(&mut detail.authentication, if realm { "long-term" } else { "short-term" });
    }
    Ok(())
}

fn attribute(kind: u16, value: &[u8], transaction: (u32, &[u8; 12]), detail: &mut AppDetail) {
    let list = match kind {
        SOFTWARE => &mut detail.programs,
        REALM => &mut detail.realms,
        ERROR_CODE => {
            if let Some([class, number]) = value.get(2..4) {
                AppDetail::add(&mut detail.notices, &format!("error {}{number:02}", class & 7));
            }
            return;
        }
        _ => {
            if let Some((what, hidden)) = table::address(kind)
                && let Ok(address) = address(value, hidden.then_some(transaction))
            {
                AppDetail::add(&mut detail.addresses, &format!("{what} {address}"));
            }
            return;
        }
    };
    if let Some(text) = text(value) {
        AppDetail::add(list, &text);
    }
}

/// An address, behind the cookie and the transaction's number where it is exclusive-ored.
fn address(value: &[u8], hidden: Option<(u32, &[u8; 12])>) -> Result<SocketAddr, Fault> {
    let mut r = Reader::new(value);
    r.u8("reserved")?;
    let (family, mut port) = (r.u8("family")?, r.u16("port")?);
    let mut mask = [0; 16];
    if let Some((cookie, number)) = hidden {
        port ^= (cookie >> 16) as u16;
        for (to, from) in mask.iter_mut().zip(cookie.to_be_bytes().iter().chain(number)) {
            *to = *from;
        }
    }
    let ip: IpAddr = match family {
        1 => {
            let mut bytes = r.array::<4>("address")?;
            bytes.iter_mut().zip(&mask).for_each(|(to, mask)| *to ^= mask);
            bytes.into()
        }
        2 => {
            let mut bytes = r.array::<16>("address")?;
            bytes.iter_mut().zip(&mask).for_each(|(to, mask)| *to ^= mask);
            bytes.into()
        }
        _ => return Err(Fault::Malformed("stun: address of no family")),
    };
    Ok(SocketAddr::new(ip, port))
}
