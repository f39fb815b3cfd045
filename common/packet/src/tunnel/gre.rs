//! GRE (RFC 2784, RFC 2890, with the routing of RFC 1701), its PPTP form (RFC 2637), and ERSPAN over it
//! (draft-foschiano-erspan-03).

use super::{Content, Inside, TunnelKind};
use crate::{VlanIds, WireLen};
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
    let key = match flags & VERSION {
        0 => version0(&mut reader, flags)?,
        1 if protocol == PPP => Some(version1(&mut reader, flags)?),
        _ => return Ok(None),
    };
    if reader.is_empty() {
        // A keep-alive or, in PPTP, an acknowledgement alone.
        return Ok(None);
    }
    let mirror = match protocol {
        ERSPAN if flags & SEQUENCE == 0 => Some(Mirror::default()),
        ERSPAN => Some(erspan2(&mut reader)?),
        ERSPAN_III => Some(erspan3(&mut reader)?),
        _ => None,
    };
    let (kind, content, id, vlan) = match (mirror, protocol) {
        (Some(Mirror { content, session, vlan }), _) => (TunnelKind::Erspan, content, session, vlan),
        (None, protocol) => (TunnelKind::Gre, content(&mut reader, protocol)?, key, VlanIds::NONE),
    };
    let wire = WireLen(wire.0.saturating_sub(u32::try_from(reader.position()).unwrap_or(0)));
    Ok(Some(Inside { kind, content, bytes: reader.rest(), wire, id, vlan }))
}

fn content(reader: &mut Reader<'_>, protocol: u16) -> Result<Content, Fault> {
    Ok(match protocol {
        ETHERNET => Content::Ethernet,
        PPP => Content::Ppp,
        WCCP => {
            // WCCP version 2 puts a redirect header of four bytes before the packet, version 1 none.
            if reader.peek().first().is_some_and(|first| !matches!(first >> 4, 4 | 6)) {
                reader.skip(4, "WCCP header")?;
            }
            Content::Ip
        }
        protocol if MPLS.contains(&protocol) => Content::Mpls,
        protocol => Content::Typed(protocol),
    })
}

/// The key, where there is one.
fn version0(reader: &mut Reader<'_>, flags: u16) -> Result<Option<u32>, Fault> {
    if flags & (CHECKSUM | ROUTING) != 0 {
        reader.skip(4, "GRE checksum")?;
    }
    let key = if flags & KEY == 0 { None } else { Some(reader.u32("GRE key")?) };
    if flags & SEQUENCE != 0 {
        reader.skip(4, "GRE sequence number")?;
    }
    if flags & ROUTING == 0 {
        return Ok(key);
    }
    for _ in 0..ROUTES_MAX {
        let [family_high, family_low, _, length] = reader.array::<4>("GRE source route")?;
        if [family_high, family_low, length] == [0, 0, 0] {
            return Ok(key);
        }
        reader.skip(usize::from(length), "GRE source route")?;
    }
    Err(Fault::Malformed("too many GRE source routes"))
}

/// The call; it and the payload's length take the key's place.
fn version1(reader: &mut Reader<'_>, flags: u16) -> Result<u32, Fault> {
    reader.skip(2, "PPTP length")?;
    let call = reader.u16("PPTP call")?;
    if flags & SEQUENCE != 0 {
        reader.skip(4, "PPTP sequence number")?;
    }
    if flags & ACKNOWLEDGEMENT != 0 {
        reader.skip(4, "PPTP acknowledgement")?;
    }
    Ok(call.into())
}

/// What ERSPAN's header says of a mirrored frame.
struct Mirror {
    content: Content,
    session: Option<u32>,
    vlan: VlanIds,
}

impl Default for Mirror {
    /// Type I has no header.
    fn default() -> Self {
        Self { content: Content::Ethernet, session: None, vlan: VlanIds::NONE }
    }
}

/// The session in the low ten bits.
fn session(field: u16) -> Option<u32> {
    Some(u32::from(field & 0x03ff))
}

/// The VLAN id in the low 12 bits; 0 says that there is none.
fn vlan(field: u16) -> VlanIds {
    match field & 0x0fff {
        0 => VlanIds::NONE,
        id => VlanIds::of([id]),
    }
}

/// Type II: eight bytes.
fn erspan2(reader: &mut Reader<'_>) -> Result<Mirror, Fault> {
    let first = reader.u16("ERSPAN header")?;
    let second = reader.u16("ERSPAN header")?;
    reader.skip(4, "ERSPAN header")?;
    if first >> 12 != 1 {
        return Err(Fault::Malformed("ERSPAN version"));
    }
    Ok(Mirror { content: Content::Ethernet, session: session(second), vlan: vlan(first) })
}

/// Type III: twelve bytes, and eight more where the last bit says so.
fn erspan3(reader: &mut Reader<'_>) -> Result<Mirror, Fault> {
    let first = reader.u16("ERSPAN header")?;
    let second = reader.u16("ERSPAN header")?;
    reader.skip(6, "ERSPAN header")?;
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
    Ok(Mirror { content, session: session(second), vlan: vlan(first) })
}
