//! Bytes to messages.

use super::table::{self, address};
use picket_reader::{Fault, Reader};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest user or host name of version 4, bytes.
const NAME_LIMIT: usize = 255;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) command: u8,
    pub(super) host: String,
    pub(super) port: u16,
    /// `SOCKS4`, `SOCKS4A`, `SOCKS5`.
    pub(super) version: &'static str,
}

/// A text that ends in a zero byte.
fn zero_ended<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    match r.peek().iter().take(NAME_LIMIT.saturating_add(1)).position(|byte| *byte == 0) {
        Some(length) => {
            let text = r.take(length, "text")?;
            r.skip(1, "zero")?;
            Ok(text)
        }
        None if r.remaining() > NAME_LIMIT => Err(Fault::Malformed("socks: name too long")),
        None => Err(r.take(r.remaining().saturating_add(1), "text").err().unwrap_or(Fault::Malformed("socks: name"))),
    }
}

/// A request of version 4 or 4a.
pub(super) fn request_4(r: &mut Reader<'_>) -> Result<Request, Fault> {
    let (_, command, port) = (r.u8("version")?, r.u8("command")?, r.u16("port")?);
    let ip: [u8; 4] = r.array("address")?;
    zero_ended(r)?;
    if matches!(ip, [0, 0, 0, last] if last > 0) {
        return Ok(Request { command, host: name(zero_ended(r)?), port, version: "SOCKS4A" });
    }
    Ok(Request { command, host: Ipv4Addr::from(ip).to_string(), port, version: "SOCKS4" })
}

/// A greeting of version 5: the methods are not looked at.
pub(super) fn greeting(r: &mut Reader<'_>) -> Result<(), Fault> {
    r.skip(1, "version")?;
    r.vec8("methods").map(|_| ())
}

/// A name and a password (RFC 1929), stepped over.
pub(super) fn password(r: &mut Reader<'_>) -> Result<(), Fault> {
    r.skip(1, "version")?;
    r.vec8("name")?;
    r.vec8("password").map(|_| ())
}

/// A request or reply of version 5: they are built alike. The second byte is the command or the reply.
pub(super) fn message_5(r: &mut Reader<'_>) -> Result<Request, Fault> {
    let (version, command, reserved) = (r.u8("version")?, r.u8("command")?, r.u8("reserved")?);
    if version != 5 || reserved != 0 {
        return Err(Fault::Malformed("socks: message"));
    }
    let host = match r.u8("address type")? {
        address::IPV4 => Ipv4Addr::from(r.array::<4>("address")?).to_string(),
        address::IPV6 => Ipv6Addr::from(r.array::<16>("address")?).to_string(),
        address::NAME => name(r.vec8("name")?.rest()),
        _ => return Err(Fault::Malformed("socks: address type")),
    };
    Ok(Request { command, host, port: r.u16("port")?, version: "SOCKS5" })
}

/// A reply of version 4: its code.
pub(super) fn reply_4(r: &mut Reader<'_>) -> Result<u8, Fault> {
    let (zero, code) = (r.u8("version")?, r.u8("code")?);
    if zero != 0 || !table::REPLIES_4.contains(&code) {
        return Err(Fault::Malformed("socks: reply"));
    }
    r.skip(6, "port and address")?;
    Ok(code)
}

fn name(bytes: &[u8]) -> String {
    crate::http::target::printable(&bytes.to_ascii_lowercase(), crate::http::target::HOST_LIMIT)
}
