//! What readers of messages that identify hosts share: one session for all of them, texts made safe, repeats
//! passed over.
//!
//! What a message tells goes out as a [`Body::Asset`] that holds just that; who remembers hosts puts the pieces
//! together. Announcements repeat all day, so that equal ones are passed over for a while before they are read.

use crate::digits::is_printable;
use crate::{Context, Input, Need, Output, Progress, Session, SessionBox};
use picket_event::body::Asset;
use picket_event::{Direction, Endpoints, Mac, Protocol};
use picket_reader::{Fault, Reader};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

/// Longest text that is kept, bytes.
const TEXT_MAX: usize = 128;
/// Names, services or roles of one message.
pub(crate) const LIST_MAX: usize = 16;
/// Messages remembered.
const SEEN_MAX: usize = 16;
/// An equal message is told again after so long, nanoseconds.
const AGAIN_NANOS: i64 = 60_000_000_000;
/// Damaged messages in a row after which it is something else.
const DAMAGE_LIMIT: u8 = 4;

/// A message with its sender and receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) direction: Direction,
    pub(crate) context: &'a Context,
}

impl Message<'_> {
    /// Whether the client sent it.
    pub(crate) fn is_from_client(&self) -> bool {
        self.direction == Direction::ToServer
    }

    /// A piece about the host that sent it.
    pub(crate) fn about(&self) -> Asset {
        about(self.from(), self.sender())
    }

    /// The two ends, the sender first.
    pub(crate) const fn ends(&self) -> Endpoints {
        match self.direction {
            Direction::ToServer => self.context.endpoints,
            Direction::ToClient => self.context.endpoints.swapped(),
        }
    }

    /// The sender's address.
    pub(crate) fn from(&self) -> Option<IpAddr> {
        match self.ends() {
            Endpoints::Ip { src, .. } => is_host(src).then_some(src),
            Endpoints::Link { .. } => None,
        }
    }

    /// The sender's address below IP.
    pub(crate) const fn sender(&self) -> Option<Mac> {
        match self.ends() {
            Endpoints::Ip { .. } => None,
            Endpoints::Link { src, .. } => src,
        }
    }
}

/// What a message tells, one piece for each host; bounded by the message.
pub(crate) type Told = Vec<Asset>;

/// Reads a message.
type Read = fn(&Message<'_>, &mut Told) -> Result<(), Fault>;

/// How one protocol's messages are read.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) protocol: Protocol,
    /// Bytes at the start that differ between equal messages (numbers of transactions), from and to.
    pub(crate) varies: (usize, usize),
    pub(crate) read: Read,
}

/// A dissector whose session is a [`Way`].
macro_rules! teller {
    ($(#[$doc:meta])* $type:ident: $protocol:ident {
        transports: $transports:expr, ports: $ports:expr, ether_types: $ether_types:expr, needs_port: $needs:expr,
        probe: $probe:expr, varies: $varies:expr,
    }) => {
        static WAY: $crate::teller::Way = $crate::teller::Way {
            protocol: picket_event::Protocol::$protocol,
            varies: $varies,
            read: parse::read,
        };

        $crate::dissector::dissector! { $(#[$doc])* $type: $protocol {
            transports: $transports, ether_types: $ether_types, ports: $ports, needs_port: $needs,
            probe: $probe, session: $crate::teller::open(&WAY), limit: $crate::teller::session_limit(),
        }}
    };
}
pub(crate) use teller;

/// The session of a protocol whose datagrams or frames stand alone.
#[derive(Debug)]
struct Teller {
    way: &'static Way,
    seen: [(u64, i64); SEEN_MAX],
    next: u8,
    known: bool,
    damaged: u8,
    told: Told,
}

/// Opens a session.
pub(crate) fn open(way: &'static Way) -> SessionBox {
    let seen = [(0, i64::MIN); SEEN_MAX];
    Box::new(Teller { way, seen, next: 0, known: false, damaged: 0, told: Vec::new() })
}

/// The most a session holds, with what one message told.
pub(crate) const fn session_limit() -> usize {
    size_of::<Teller>() + 4 * size_of::<Asset>() + LIST_MAX * size_of::<Asset>()
}

impl Teller {
    /// Whether an equal message was told a short time ago; notes it where not.
    fn is_repeat(&mut self, bytes: &[u8], now: i64) -> bool {
        let (from, to) = self.way.varies;
        let (head, tail) = (bytes.get(..from).unwrap_or(bytes), bytes.get(to..).unwrap_or_default());
        let mut hasher = DefaultHasher::new();
        (head, tail).hash(&mut hasher);
        let hash = hasher.finish();
        let fresh = |told: i64| now.saturating_sub(told) < AGAIN_NANOS && now >= told;
        if let Some((_, told)) = self.seen.iter_mut().find(|(known, _)| *known == hash) {
            let repeat = fresh(*told);
            if !repeat {
                *told = now;
            }
            return repeat;
        }
        if let Some(place) = self.seen.get_mut(usize::from(self.next)) {
            *place = (hash, now);
        }
        self.next = (self.next + 1) % SEEN_MAX as u8;
        false
    }
}

/// FNV-1a.
pub(crate) const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// One byte of it.
pub(crate) fn mix(hash: u64, byte: &u8) -> u64 {
    (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
}

impl Session for Teller {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Datagram(bytes) => {
                let need = self.message(&Message { bytes, direction, context }, output);
                Progress { consumed: bytes.len(), need }
            }
            Input::Stream(bytes) => {
                // Over streams a length stands before each message (RFC 4120 section 7.2.2).
                let mut r = Reader::new(bytes);
                let Ok(length) = r.u32("length") else { return Progress { consumed: 0, need: Need::Bytes(4) } };
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                match r.take(length, "message") {
                    Ok(bytes) => {
                        let need = self.message(&Message { bytes, direction, context }, output);
                        Progress { consumed: r.position(), need }
                    }
                    Err(_) => Progress { consumed: 0, need: Need::Bytes(length.saturating_add(4)) },
                }
            }
            // Lengths alone mark where messages begin; behind a gap they cannot be found again.
            Input::Gap(_) | Input::End => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}

impl Teller {
    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Need {
        if self.is_repeat(message.bytes, message.context.time.nanos()) {
            return Need::Bytes(1);
        }
        let read = (self.way.read)(message, &mut self.told);
        let source = self.way.protocol.name();
        for mut asset in self.told.drain(..) {
            source.clone_into(&mut asset.source);
            output.asset(asset);
        }
        match read {
            Ok(()) => (self.known, self.damaged) = (true, 0),
            Err(fault) => {
                self.damaged = self.damaged.saturating_add(1);
                output.malformed.push(reason(fault));
            }
        }
        if self.damaged <= DAMAGE_LIMIT || self.known { Need::Bytes(1) } else { Need::NotMine }
    }
}

/// What is wrong with a message, in a few words.
pub(crate) const fn reason(fault: Fault) -> &'static str {
    match fault {
        Fault::Malformed(reason) => reason,
        Fault::Incomplete { .. } => "message ends early",
    }
}

/// Whether a piece names a host and says something of it.
pub(crate) fn tells(asset: &Asset) -> bool {
    let said = asset.hostname.is_some()
        || asset.vendor.is_some()
        || asset.model.is_some()
        || asset.firmware.is_some()
        || asset.os.is_some()
        || !(asset.names.is_empty()
            && asset.roles.is_empty()
            && asset.services.is_empty()
            && asset.fingerprints.is_empty());
    (asset.ip.is_some() && asset.mac.is_some()) || ((asset.ip.is_some() || asset.mac.is_some()) && said)
}

/// A piece about a host of this address.
pub(crate) fn about(ip: Option<IpAddr>, mac: Option<Mac>) -> Asset {
    Asset { ip: ip.filter(|ip| is_host(*ip)), mac: mac.filter(is_station), ..Asset::default() }
}

/// Whether an address can be one host's.
pub(crate) fn is_host(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast() || v4.octets().first() == Some(&0));
    !(ip.is_unspecified() || ip.is_multicast() || ip.is_loopback() || broadcast)
}

/// Whether an address below IP can be one station's: not a group's, not empty.
pub(crate) fn is_station(mac: &Mac) -> bool {
    let Mac([first, ..]) = *mac;
    first & 1 == 0 && mac.0 != [0; 6]
}

/// A text made safe: printable, one line, trimmed, at most [`TEXT_MAX`] bytes; `None` where nothing is left.
pub(crate) fn text(bytes: &[u8]) -> Option<String> {
    let is_text = |line: &&[u8]| !line.trim_ascii().is_empty();
    let mut lines = bytes.split(|byte| matches!(byte, 0 | b'\n' | b'\r'));
    let first = if is_printable(bytes) { Some(bytes).filter(is_text) } else { lines.find(is_text) }?;
    let first = first.get(..4 * TEXT_MAX).unwrap_or(first).trim_ascii();
    if is_printable(first) {
        let plain = std::str::from_utf8(first.get(..TEXT_MAX).unwrap_or(first)).ok()?;
        return Some(plain.to_owned());
    }
    let mut kept = String::new();
    for c in
        String::from_utf8_lossy(first).trim().chars().filter(|c| !c.is_control() && *c != char::REPLACEMENT_CHARACTER)
    {
        if kept.len() + c.len_utf8() > TEXT_MAX {
            break;
        }
        kept.push(c);
    }
    (!kept.is_empty()).then_some(kept)
}

/// A host's name made safe: as [`text`], lower case, of the characters that names have.
pub(crate) fn name(bytes: &[u8]) -> Option<String> {
    let name = text(bytes)?.trim_end_matches('.').to_ascii_lowercase();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '\'' | '(' | ')' | '+');
    (name.chars().all(fits) && name.chars().any(char::is_alphanumeric)).then_some(name)
}

/// Notes what a device says of itself in one line: an operating system where it begins with the name of one, the
/// software where it speaks of versions, else the model.
pub(crate) fn describe(asset: &mut Asset, line: String) {
    const SYSTEMS: [&str; 8] = ["Linux", "Windows", "FreeBSD", "OpenBSD", "NetBSD", "Darwin", "Debian", "Ubuntu"];
    if SYSTEMS.iter().any(|system| line.starts_with(system)) {
        asset.os.get_or_insert(line);
    } else if ["Version", "Software", "version", "software"].iter().any(|word| line.contains(word)) {
        asset.firmware.get_or_insert(line);
    } else {
        asset.model.get_or_insert(line);
    }
}

/// Adds to a list what is not on it, up to [`LIST_MAX`].
pub(crate) fn add(list: &mut Vec<String>, text: String) {
    if list.len() < LIST_MAX && !list.contains(&text) {
        list.push(text);
    }
}

/// Notes a name: the first is the host's, others stand beside it; a domain is cut off the first.
pub(crate) fn add_name(asset: &mut Asset, name: String) {
    let short = name.split('.').next().unwrap_or(&name).to_owned();
    let is_address = name.parse::<IpAddr>().is_ok();
    if is_address || short.is_empty() {
        return;
    }
    if short != name {
        add(&mut asset.names, name);
    }
    match &asset.hostname {
        None => asset.hostname = Some(short),
        Some(known) if *known != short => add(&mut asset.names, short),
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_made_safe() {
        assert_eq!(text(b"  plc\x07-1 \n second").as_deref(), Some("plc-1"));
        assert_eq!(text(b"\r\n\0 "), None);
        assert_eq!(text(&[b'a'; 4096]).map(|t| t.len()), Some(TEXT_MAX));
        assert_eq!(name(b"HMI-7.Plant.Example.").as_deref(), Some("hmi-7.plant.example"));
        assert_eq!(name(b"<script>"), None);
        assert_eq!(name(b"..."), None);
    }

    #[test]
    fn the_first_name_is_the_hosts() {
        let mut asset = Asset::default();
        for name in ["hmi.plant.example", "hmi", "panel", "192.0.2.1"] {
            add_name(&mut asset, name.to_owned());
        }
        assert_eq!(asset.hostname.as_deref(), Some("hmi"));
        assert_eq!(asset.names, ["hmi.plant.example", "panel"]);
    }

    proptest! {
        #[test]
        fn texts_are_bounded_whatever_comes(bytes: Vec<u8>) {
            for kept in [text(&bytes), name(&bytes)].into_iter().flatten() {
                prop_assert!(!kept.is_empty() && kept.len() <= TEXT_MAX && !kept.chars().any(char::is_control));
            }
        }
    }
}
