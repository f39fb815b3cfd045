//! Messages, options to what they tell.

use super::table::{
    ACK, END, FQDN, HOST_NAME, MESSAGE_TYPE, NAME_SERVER, OFFER, PAD, PARAMETERS, ROUTER, SERVER, SYSTEMS, VENDOR_CLASS,
};
use crate::teller::{LIST_MAX, Message, Told, about, add_name, name, text};
use picket_event::Mac;
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};

/// Where the options begin, behind the magic cookie.
const OPTIONS: usize = 240;
/// Options that are looked at.
const OPTIONS_MAX: usize = 128;
/// Options of the fingerprint.
const FINGERPRINT_MAX: usize = 48;

/// The options that tell something.
#[derive(Default)]
struct Options<'a> {
    kind: u8,
    host_name: &'a [u8],
    full_name: &'a [u8],
    vendor_class: &'a [u8],
    parameters: &'a [u8],
    routers: &'a [u8],
    name_servers: &'a [u8],
    server: Option<IpAddr>,
}

pub(super) fn read(message: &Message<'_>, told: &mut Told) -> Result<(), Fault> {
    let mut r = Reader::new(message.bytes);
    let (operation, hardware, size) = (r.u8("operation")?, r.u8("hardware")?, r.u8("size")?);
    r.skip(9, "hops, transaction, seconds and flags")?;
    let (client, yours) = (address(&mut r)?, address(&mut r)?);
    r.skip(8, "other addresses")?;
    let mac = Mac(r.array("hardware address")?);
    let mac = Some(mac).filter(|_| hardware == 1 && size == 6);
    let mut r = Reader::new(message.bytes);
    r.skip(OPTIONS, "header")?;
    let options = options(r)?;
    if operation == 1 {
        told.push(asked(about(Some(client), mac), &options));
    } else if matches!(options.kind, ACK | OFFER) {
        answered(message, &options, told);
        if options.kind == ACK {
            let ip = if yours.is_unspecified() { client } else { yours };
            told.push(about(Some(ip), mac));
        }
    }
    Ok(())
}

fn address(r: &mut Reader<'_>) -> Result<IpAddr, Fault> {
    Ok(Ipv4Addr::from(r.array::<4>("address")?).into())
}

fn options(mut r: Reader<'_>) -> Result<Options<'_>, Fault> {
    let mut options = Options::default();
    for _ in 0..OPTIONS_MAX {
        // Some clients leave the end out.
        let Ok(code) = r.u8("option") else { break };
        match code {
            PAD => continue,
            END => break,
            _ => {}
        }
        let value = r.vec8("option value")?.peek();
        match code {
            HOST_NAME => options.host_name = value,
            // Three bytes of flags and codes stand before the name (RFC 4702 section 2).
            FQDN => options.full_name = value.get(3..).unwrap_or_default(),
            VENDOR_CLASS => options.vendor_class = value,
            PARAMETERS => options.parameters = value,
            ROUTER => options.routers = value,
            NAME_SERVER => options.name_servers = value,
            SERVER => options.server = <[u8; 4]>::try_from(value).ok().map(|b| Ipv4Addr::from(b).into()),
            MESSAGE_TYPE => options.kind = value.first().copied().unwrap_or(0),
            _ => {}
        }
    }
    Ok(options)
}

/// What a client says of itself.
fn asked(mut asset: Asset, options: &Options<'_>) -> Asset {
    for given in [plain(options.full_name), options.host_name] {
        name(given).into_iter().for_each(|name| add_name(&mut asset, name));
    }
    if let Some(class) = text(options.vendor_class) {
        // dhcpcd names program, kernel and processor: `dhcpcd-9.4.1:Linux-5.10:x86_64:...`.
        let kernel = class.split(':').nth(1).filter(|_| class.starts_with("dhcpcd")).map(str::to_owned);
        let known = SYSTEMS.iter().find(|(begin, _)| class.starts_with(begin)).map(|(_, system)| (*system).to_owned());
        let is_known = known.is_some() || kernel.is_some();
        asset.os = known.or(kernel);
        asset.model = Some(class).filter(|_| !is_known);
    }
    if !options.parameters.is_empty() {
        let mut fingerprint = String::from("dhcp1:");
        for (number, code) in options.parameters.iter().take(FINGERPRINT_MAX).enumerate() {
            let _ = write!(fingerprint, "{}{code}", if number == 0 { "" } else { "," });
        }
        asset.fingerprints.push(fingerprint);
    }
    asset
}

/// A full name in plain letters; as labels (the canonical form) it begins with a length.
fn plain(name: &[u8]) -> &[u8] {
    match name {
        [first, rest @ ..] if *first < b' ' => rest.get(..usize::from(*first)).unwrap_or_default(),
        other => other,
    }
}

/// What a server says of itself and of others.
fn answered(message: &Message<'_>, options: &Options<'_>, told: &mut Told) {
    let with_role = |ip: IpAddr, role: &str| Asset { roles: vec![role.to_owned()], ..about(Some(ip), None) };
    if let Some(server) = options.server.or_else(|| message.from()) {
        told.push(with_role(server, "dhcp-server"));
    }
    for (list, role) in [(options.routers, "gateway"), (options.name_servers, "dns-server")] {
        for bytes in list.as_chunks::<4>().0.iter().take(LIST_MAX / 4) {
            told.push(with_role(Ipv4Addr::from(*bytes).into(), role));
        }
    }
}
