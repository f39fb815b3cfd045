//! Where the headers of a frame stand: their bytes as captured, options included.

use picket_event::Transport;
use picket_reader::Reader;
use std::net::IpAddr;

/// VLAN tags stepped over at most.
const TAGS_MAX: usize = 8;
/// IPv6 extension headers stepped over at most.
const EXTENSIONS_MAX: usize = 8;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

/// A frame's headers as captured; empty where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found<'a> {
    /// Receiver, sender, and the type behind VLAN tags.
    pub ethernet: Option<[&'a [u8]; 3]>,
    /// IPv4 header with options.
    pub ipv4: &'a [u8],
    /// IPv6 header.
    pub ipv6: &'a [u8],
    /// TCP header with options.
    pub tcp: &'a [u8],
    /// UDP header.
    pub udp: &'a [u8],
    /// First eight bytes of ICMP or ICMPv6.
    pub icmp: &'a [u8],
    /// What follows the last header, padding of the link left out.
    pub payload: &'a [u8],
    /// The two ends, where the packet is IP.
    pub ends: Option<Ends>,
}

/// Sender and receiver of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The sender's address.
    pub src: IpAddr,
    /// The sender's port; 0 without ports.
    pub src_port: u16,
    /// The receiver's address.
    pub dest: IpAddr,
    /// The receiver's port; 0 without ports.
    pub dest_port: u16,
    /// The protocol above IP.
    pub transport: Transport,
}

/// Finds the headers of a frame of that LINKTYPE_ number (Ethernet, Linux cooked, raw IP, loopback). `None` where
/// nothing of a header could be read.
#[must_use]
pub fn find(link_type: u16, frame: &[u8]) -> Option<Found<'_>> {
    let mut found = Found::default();
    let mut reader = Reader::new(frame);
    let kind = match link_type {
        1 => ethernet(&mut found, &mut reader)?,
        113 => {
            reader.skip(14, "SLL header").ok()?;
            reader.u16("SLL protocol").ok()?
        }
        276 => {
            let kind = reader.u16("SLL2 protocol").ok()?;
            reader.skip(18, "SLL2 header").ok()?;
            kind
        }
        0 | 108 => {
            reader.skip(4, "loopback family").ok()?;
            by_version(&reader)
        }
        12 | 14 | 101 | 228 | 229 => by_version(&reader),
        _ => return None,
    };
    let kind = tags(&mut found, &mut reader, kind);
    match kind {
        IPV4 => ipv4(&mut found, reader),
        IPV6 => ipv6(&mut found, reader),
        _ => {
            found.payload = reader.rest();
            Some(())
        }
    };
    (found.ethernet.is_some() || found.ends.is_some()).then_some(found)
}

fn by_version(reader: &Reader<'_>) -> u16 {
    match reader.peek().first().map(|byte| byte >> 4) {
        Some(4) => IPV4,
        Some(6) => IPV6,
        _ => 0,
    }
}

fn ethernet<'a>(found: &mut Found<'a>, reader: &mut Reader<'a>) -> Option<u16> {
    let dest = reader.take(6, "receiver").ok()?;
    let src = reader.take(6, "sender").ok()?;
    let kind = reader.take(2, "type").ok()?;
    found.ethernet = Some([dest, src, kind]);
    kind.first_chunk().copied().map(u16::from_be_bytes)
}

/// Steps over VLAN tags; the type behind them takes the first one's place.
fn tags<'a>(found: &mut Found<'a>, reader: &mut Reader<'a>, mut kind: u16) -> u16 {
    for _ in 0..TAGS_MAX {
        if !matches!(kind, 0x8100 | 0x88a8 | 0x9100 | 0x9200) || reader.remaining() < 4 {
            break;
        }
        let inner = reader.skip(2, "tag").and_then(|()| reader.take(2, "type behind tag"));
        let Ok(inner) = inner else { break };
        if let Some([_, _, place]) = &mut found.ethernet {
            *place = inner;
        }
        kind = inner.first_chunk().copied().map_or(0, u16::from_be_bytes);
    }
    kind
}

fn ipv4<'a>(found: &mut Found<'a>, mut reader: Reader<'a>) -> Option<()> {
    let all = reader.peek();
    let head = reader.array::<20>("IPv4 header").ok()?;
    let [first, _, len_high, len_low, _, _, flags, offset, _, protocol, _, _, addresses @ ..] = head;
    let length = usize::from(first & 0x0f) * 4;
    if length < 20 {
        return None;
    }
    // Options may be cut by the capture: what there is of them stands.
    found.ipv4 = all.get(..length).unwrap_or(all);
    let total = usize::from(u16::from_be_bytes([len_high, len_low]));
    let body = all.get(length..).unwrap_or_default();
    // 0 is segmentation offload: what the frame holds is then the datagram.
    let body = if total == 0 { body } else { body.get(..total.saturating_sub(length)).unwrap_or(body) };
    let [a, b, c, d, e, f, g, h] = addresses;
    let later = u16::from_be_bytes([flags, offset]) & 0x1fff != 0;
    let (src, dest): (IpAddr, IpAddr) = ([a, b, c, d].into(), [e, f, g, h].into());
    above(found, protocol, (src, dest), if later { None } else { Some(body) }, body);
    Some(())
}

/// Steps over extension headers (RFC 8200 section 4).
fn ipv6<'a>(found: &mut Found<'a>, mut reader: Reader<'a>) -> Option<()> {
    found.ipv6 = reader.peek().get(..40)?;
    let [_, _, _, _, len_high, len_low, mut next, _, addresses @ ..] = reader.array::<40>("IPv6 header").ok()?;
    let (src, dest) = (addresses.first_chunk::<16>()?, addresses.last_chunk::<16>()?);
    let length = usize::from(u16::from_be_bytes([len_high, len_low]));
    let rest = reader.rest();
    let mut body = if length == 0 { rest } else { rest.get(..length).unwrap_or(rest) };
    let mut later = false;
    for _ in 0..EXTENSIONS_MAX {
        let Some(&[after, units, high, low]) = body.first_chunk::<4>() else { break };
        let size = match next {
            0 | 43 | 60 | 135 | 139 | 140 => usize::from(units) * 8 + 8,
            44 => {
                later |= u16::from_be_bytes([high, low]) & 0xfff8 != 0;
                8
            }
            51 => usize::from(units) * 4 + 8,
            _ => break,
        };
        let Some(behind) = body.get(size..) else { break };
        (next, body) = (after, behind);
    }
    above(found, next, ((*src).into(), (*dest).into()), if later { None } else { Some(body) }, body);
    Some(())
}

/// Reads the transport; `first` is `None` for a later fragment, which has no transport header.
fn above<'a>(
    found: &mut Found<'a>,
    protocol: u8,
    (src, dest): (IpAddr, IpAddr),
    first: Option<&'a [u8]>,
    body: &'a [u8],
) {
    let mut ends = Ends { src, src_port: 0, dest, dest_port: 0, transport: Transport(protocol) };
    found.payload = body;
    if let Some(bytes) = first {
        let mut ports = || {
            if let Some(&[a, b, c, d]) = bytes.first_chunk() {
                (ends.src_port, ends.dest_port) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            }
        };
        match protocol {
            6 if bytes.len() >= 20 => {
                ports();
                let length = usize::from(bytes.get(12).copied().unwrap_or(0) >> 4) * 4;
                let length = length.clamp(20, bytes.len());
                (found.tcp, found.payload) = bytes.split_at_checked(length).unwrap_or_default();
            }
            17 if bytes.len() >= 8 => {
                ports();
                let (header, rest) = bytes.split_at_checked(8).unwrap_or_default();
                let length = header.get(4..6).and_then(|two| two.first_chunk().copied()).map_or(0, u16::from_be_bytes);
                // 0 is a jumbogram (RFC 2675).
                let payload =
                    if length == 0 { rest } else { rest.get(..usize::from(length).saturating_sub(8)).unwrap_or(rest) };
                (found.udp, found.payload) = (header, payload);
            }
            1 | 58 if bytes.len() >= 8 => {
                (found.icmp, found.payload) = bytes.split_at_checked(8).unwrap_or_default();
            }
            132 => ports(),
            _ => {}
        }
    }
    found.ends = Some(ends);
}
