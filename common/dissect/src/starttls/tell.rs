//! What single messages say of the conversation before TLS, or where TLS never comes: binds and root entries of directories, the
//! protection that remote desktops negotiate, versions of databases. Never names of people or passwords.

use crate::ber::{expect, value};
use crate::describer::Said;
use crate::teller::{LIST_MAX, about, add, add_name, name, tells, text};
use crate::{Fact, Output};
use picket_event::body::Asset;
use picket_event::{AppDetail, Body, Direction, Endpoints, Protocol};
use picket_reader::{Fault, Reader};

/// Bytes of a message that are waited for; of longer ones nothing is told.
pub(super) const MESSAGE_MAX: usize = 4096;
/// Attributes of one entry that are read.
const ATTRIBUTES_MAX: usize = 64;

/// Reads a message: into the conversation's row, and what a server tells of itself.
pub(super) type Tell = fn(&Said<'_>, &mut AppDetail, &mut Asset) -> Result<(), Fault>;

/// Reads a message and puts out what it says; what does not fit is passed over, the service is followed all the same.
pub(super) fn put(tell: Option<Tell>, protocol: &Protocol, said: &Said<'_>, output: &mut Output) {
    let Some(tell) = tell else { return };
    let server = match said.context.endpoints {
        Endpoints::Ip { dest, .. } => Some(dest),
        Endpoints::Link { .. } => None,
    };
    let (mut detail, mut asset) = (AppDetail::default(), about(server, None));
    if tell(said, &mut detail, &mut asset).is_err() {
        output.malformed.push("message of another form");
    }
    if !detail.is_empty() {
        output.facts.push(Fact::Detail(Box::new(detail)));
    }
    if tells(&asset) {
        protocol.name().clone_into(&mut asset.source);
        output.events.push(Body::Asset(Box::new(asset)));
    }
}

/// Operations (RFC 4511 section 4.2 and on) by the tag of their message.
const fn operation(tag: u8) -> Option<&'static str> {
    Some(match tag {
        0x60 => "bind_request",
        0x61 => "bind_response",
        0x42 => "unbind",
        0x63 => "search_request",
        0x64 => "search_entry",
        0x65 => "search_done",
        0x66 => "modify_request",
        0x68 => "add_request",
        0x4a => "delete_request",
        0x6c => "rename_request",
        0x6e => "compare_request",
        0x73 => "search_reference",
        0x77 => "extended_request",
        0x78 => "extended_response",
        _ => return None,
    })
}

/// Results that say why something was refused (RFC 4511 appendix A).
fn result(code: u8) -> Option<String> {
    let name = match code {
        // Success, comparisons, referrals, and a bind that goes on.
        0 | 5 | 6 | 10 | 14 => return None,
        1 => "operations_error",
        7 => "auth_method_not_supported",
        8 => "stronger_auth_required",
        13 => "confidentiality_required",
        32 => "no_such_object",
        48 => "inappropriate_authentication",
        49 => "invalid_credentials",
        50 => "insufficient_access_rights",
        other => return Some(format!("result:{other}")),
    };
    Some(name.to_owned())
}

/// A message of LDAP.
pub(super) fn ldap(said: &Said<'_>, detail: &mut AppDetail, server: &mut Asset) -> Result<(), Fault> {
    let mut whole = Reader::new(said.bytes);
    let mut message = expect(&mut whole, 0x30, "ldap: message")?;
    value(&mut message)?;
    let (tag, mut body) = value(&mut message)?;
    if let Some(name) = operation(tag) {
        AppDetail::add(&mut detail.messages, name);
    }
    match tag {
        0x60 => bind(&mut body, detail)?,
        0x61 | 0x65 | 0x78 => {
            let code = expect(&mut body, 0x0a, "ldap: result")?.rest();
            if let Some(name) = code.first().and_then(|code| result(*code)) {
                AppDetail::add(&mut detail.notices, &name);
            }
        }
        // An entry without a name is the server's own (RFC 4512 section 5.1).
        0x64 if said.direction == Direction::ToClient && value(&mut body)?.1.is_empty() => {
            let mut attributes = expect(&mut body, 0x30, "ldap: attributes")?;
            for _ in 0..ATTRIBUTES_MAX {
                if attributes.is_empty() {
                    break;
                }
                let mut attribute = expect(&mut attributes, 0x30, "ldap: attribute")?;
                let kind = value(&mut attribute)?.1.rest().to_ascii_lowercase();
                let mut values = value(&mut attribute)?.1;
                root(&kind, &mut values, detail, server)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// How a client binds (RFC 4511 section 4.2, RFC 4513 section 5.1): whether it gave a name and a password, and of which form the name is.
fn bind(r: &mut Reader<'_>, detail: &mut AppDetail) -> Result<(), Fault> {
    let version = expect(r, 2, "ldap: version")?.rest();
    let name = expect(r, 4, "ldap: name")?.rest();
    let (way, mut proof) = value(r)?;
    if let [version] = version {
        AppDetail::add(&mut detail.versions, &version.to_string());
    }
    let form = match name {
        [] => "",
        _ if name.contains(&b'=') => " dn",
        _ if name.contains(&b'@') => " principal",
        _ if name.contains(&b'\\') => " domain",
        _ => " other",
    };
    let class = match way {
        0x80 if proof.is_empty() && name.is_empty() => "anonymous".to_owned(),
        0x80 if proof.is_empty() => format!("unauthenticated{form}"),
        0x80 => format!("simple{form}"),
        0xa3 => format!("sasl {}", text(value(&mut proof)?.1.rest()).unwrap_or_default()),
        // Microsoft's own (MS-ADTS section 5.1.1.1.3).
        0x89..=0x8b => "ntlm".to_owned(),
        _ => return Ok(()),
    };
    AppDetail::add(&mut detail.authentication, &class);
    Ok(())
}

/// An attribute of the root entry.
fn root(kind: &[u8], values: &mut Reader<'_>, detail: &mut AppDetail, server: &mut Asset) -> Result<(), Fault> {
    for _ in 0..LIST_MAX {
        if values.is_empty() {
            break;
        }
        let bytes = value(values)?.1.rest();
        match kind {
            b"dnshostname" => name(bytes).into_iter().for_each(|name| add_name(server, name)),
            b"vendorname" => server.vendor = server.vendor.take().or_else(|| text(bytes)),
            b"vendorversion" => server.firmware = server.firmware.take().or_else(|| text(bytes)),
            b"namingcontexts" | b"defaultnamingcontext" => {
                text(bytes).into_iter().for_each(|text| AppDetail::add(&mut detail.realms, &text));
            }
            b"supportedsaslmechanisms" => {
                text(bytes).into_iter().for_each(|text| AppDetail::add(&mut detail.offers, &text));
            }
            _ => continue,
        }
        add(&mut server.roles, "directory-server".to_owned());
    }
    Ok(())
}

/// Ways of protection of a remote desktop, a bit each (MS-RDPBCGR section 2.2.1.1.1).
const PROTECTIONS: [(u32, &str); 5] = [(1, "tls"), (2, "hybrid"), (4, "rdstls"), (8, "hybrid_ex"), (16, "rdsaad")];

/// The request for a connection and its confirmation (MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2).
pub(super) fn rdp(said: &Said<'_>, detail: &mut AppDetail, _: &mut Asset) -> Result<(), Fault> {
    // The negotiation stands at the end: behind a cookie, which may be a name.
    let tail = said.bytes.len().checked_sub(8).and_then(|at| said.bytes.get(at..)).unwrap_or_default();
    let mut r = Reader::new(tail);
    let (kind, _, length, number) = (r.u8("type")?, r.u8("flags")?, r.u16_le("length")?, r.u32_le("protocols")?);
    if length != 8 {
        return Ok(());
    }
    let list = match (kind, said.direction) {
        (1, Direction::ToServer) => &mut detail.offers,
        (2, Direction::ToClient) => &mut detail.choices,
        (3, Direction::ToClient) => {
            AppDetail::add(&mut detail.notices, &format!("negotiation_failure:{number}"));
            return Ok(());
        }
        _ => return Ok(()),
    };
    if number == 0 {
        AppDetail::add(list, "rdp");
    }
    for (_, name) in PROTECTIONS.iter().filter(|(bit, _)| number & bit != 0) {
        AppDetail::add(list, name);
    }
    Ok(())
}

/// The server's greeting (MySQL, "Protocol::HandshakeV10"): its version.
pub(super) fn mysql(said: &Said<'_>, detail: &mut AppDetail, _: &mut Asset) -> Result<(), Fault> {
    let mut r = Reader::new(said.bytes);
    r.skip(4, "length and number")?;
    if said.direction == Direction::ToClient && r.u8("version")? == 10 {
        let version = r.rest().split(|byte| *byte == 0).next().and_then(text);
        version.into_iter().for_each(|version| AppDetail::add(&mut detail.programs, &version));
    }
    Ok(())
}
