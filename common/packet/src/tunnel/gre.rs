//! GRE (RFC 2784, RFC 2890, with the routing of RFC 1701), its PPTP form (RFC 2637), and ERSPAN over it
//! (draft-foschiano-erspan-03).

use super::{Content, Inside, TunnelKind};
use crate::WireLen;
use picket_reader::{Fault, Reader};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGEMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;

const ETHERNET: u16 = 0x6558;
const PPP: u16 = 0x880b;
const ERSPAN: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;
const MPLS: [u16; 2] = [0x8847, 0x8848];
const WCCP: u16 = 0x883e;

/// Source route entries stepped over at most.
const ROUTES_MAX: usize = 8;

/// What a GRE packet holds; nothing where its protocol is none that is followed.
pub(super) fn inside(packet: &[u8], wire: WireLen) -> Result<Option<Inside<'_>>, Fault> {
    let mut reader = Reader::new(packet);
    let flags = reader.u16("GRE flags")?;
    let protocol = reader.u16("GRE protocol")?;
    match flags & VERSION {
        0 => version0(&mut reader, flags)?,
        1 if protocol == PPP => version1(&mut reader, flags)?,
        _ => return Ok(None),
    }
    if reader.is_empty() {
        // A keep-alive or, in PPTP, an acknowledgement alone.
        return Ok(None);
    }
    let (kind, content, vlan) = match protocol {
        ERSPAN if flags & SEQUENCE == 0 => (TunnelKind::Erspan, Content::Ethernet, None),
        ERSPAN => (TunnelKind::Erspan, Content::Ethernet, erspan2(&mut reader)?),
        ERSPAN_III => {
            let (content, vlan) = erspan3(&mut reader)?;
            (TunnelKind::Erspan, content, vlan)
        }
        ETHERNET => (TunnelKind::Gre, Content::Ethernet, None),
        PPP => (TunnelKind::Gre, Content::Ppp, None),
        WCCP => {
            // WCCP version 2 puts a redirect header of four bytes before the packet, version 1 none.
            if reader.peek().first().is_some_and(|first| !matches!(first >> 4, 4 | 6)) {
                reader.skip(4, "WCCP header")?;
            }
            (TunnelKind::Gre, Content::Ip, None)
        }
        protocol if MPLS.contains(&protocol) => (TunnelKind::Gre, Content::Mpls, None),
        protocol => (TunnelKind::Gre, Content::Typed(protocol), None),
    };
    let wire = WireLen(wire.0.saturating_sub(u32::try_from(reader.position()).unwrap_or(0)));
    Ok(Some(Inside { kind, content, bytes: reader.rest(), wire, vlan }))
}

fn version0(reader: &mut Reader<'_>, flags: u16) -> Result<(), Fault> {
    for (present, field) in [
        (flags & (CHECKSUM | ROUTING) != 0, "GRE checksum"),
        (flags & KEY != 0, "GRE key"),
        (flags & SEQUENCE != 0, "GRE sequence number"),
    ] {
        if present {
            reader.skip(4, field)?;
        }
    }
    if flags & ROUTING == 0 {
        return Ok(());
    }
    for _ in 0..ROUTES_MAX {
        let [family_high, family_low, _, length] = reader.array::<4>("GRE source route")?;
        if [family_high, family_low, length] == [0, 0, 0] {
            return Ok(());
        }
        reader.skip(usize::from(length), "GRE source route")?;
    }
    Err(Fault::Malformed("too many GRE source routes"))
}

fn version1(reader: &mut Reader<'_>, flags: u16) -> Result<(), Fault> {
    // Payload length and call id take the key's place.
    reader.skip(4, "PPTP call")?;
    if flags & SEQUENCE != 0 {
        reader.skip(4, "PPTP sequence number")?;
    }
    if flags & ACKNOWLEDGEMENT != 0 {
        reader.skip(4, "PPTP acknowledgement")?;
    }
    Ok(())
}

/// The VLAN id in the low 12 bits; 0 says that there is none.
const fn vlan(field: u16) -> Option<u16> {
    match field & 0x0fff {
        0 => None,
        id => Some(id),
    }
}

/// Type II: eight bytes.
fn erspan2(reader: &mut Reader<'_>) -> Result<Option<u16>, Fault> {
    let first = reader.u16("ERSPAN header")?;
    reader.skip(6, "ERSPAN header")?;
    if first >> 12 != 1 {
        return Err(Fault::Malformed("ERSPAN version"));
    }
    Ok(vlan(first))
}

/// Type III: twelve bytes, and eight more where the last bit says so.
fn erspan3(reader: &mut Reader<'_>) -> Result<(Content, Option<u16>), Fault> {
    let first = reader.u16("ERSPAN header")?;
    reader.skip(8, "ERSPAN header")?;
    let last = reader.u16("ERSPAN header")?;
    if first >> 12 != 2 {
        return Err(Fault::Malformed("ERSPAN version"));
    }
    if last & 1 != 0 {
        reader.skip(8, "ERSPAN platform header")?;
    }
    let content = match last >> 10 & 0x1f {
        0 => Content::Ethernet,
        2 => Content::Ip,
        _ => return Err(Fault::Malformed("ERSPAN frame type")),
    };
    Ok((content, vlan(first)))
}
