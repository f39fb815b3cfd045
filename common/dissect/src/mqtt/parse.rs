//! Control packets (MQTT 5.0 chapters 2 and 3, which say what differs in 3.1.1).

use super::table;
use picket_reader::{Fault, Reader};

/// Longest topic that is believed where it has to prove something, bytes.
const TOPIC_MAX: usize = 1024;

/// The fixed header: kind and flags, length of it, whole length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fixed {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) head: usize,
    pub(crate) total: usize,
}

/// Reads the fixed header, and checks flags and lengths that are fixed for its kind.
///
/// # Errors
/// [`Fault::Malformed`] where no packet begins.
pub(crate) fn fixed(bytes: &[u8]) -> Result<Fixed, Fault> {
    let mut r = Reader::new(bytes);
    let first = r.u8("kind")?;
    let (kind, flags) = (first >> 4, first & 15);
    let right = match kind {
        0 => false,
        table::PUBLISH => flags & 6 != 6,
        table::PUBREL | table::SUBSCRIBE | table::UNSUBSCRIBE => flags == 2,
        _ => flags == 0,
    };
    if !right {
        return Err(Fault::Malformed("mqtt: packet of no kind"));
    }
    let rest = variable(&mut r)?;
    let least = match kind {
        table::CONNECT => 10,
        table::PUBLISH => 3,
        table::SUBSCRIBE | table::UNSUBSCRIBE => 5,
        table::CONNACK | table::PUBACK..=table::PUBCOMP | table::UNSUBACK => 2,
        table::SUBACK => 3,
        _ => 0,
    };
    let most = match kind {
        table::PINGREQ | table::PINGRESP => 0,
        // More only with properties, which are short.
        table::CONNACK | table::PUBACK..=table::PUBCOMP => 4096,
        _ => usize::MAX,
    };
    if !(least..=most).contains(&rest) {
        return Err(Fault::Malformed("mqtt: length does not fit its packet"));
    }
    let head = r.position();
    Ok(Fixed { kind, flags, head, total: head + rest })
}

/// A number of one to four bytes of seven bits.
///
/// # Errors
/// Where it is longer.
pub(crate) fn variable(r: &mut Reader<'_>) -> Result<usize, Fault> {
    let mut value = 0usize;
    for shift in [0, 7, 14, 21] {
        let byte = r.u8("length")?;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Fault::Malformed("mqtt: length is too long"))
}

/// Steps over properties of version 5.
pub(crate) fn properties(r: &mut Reader<'_>) -> Result<(), Fault> {
    let length = variable(r)?;
    r.skip(length, "properties")
}

/// Who connects: version and id.
///
/// # Errors
/// Where it is cut or names another protocol.
pub(crate) fn connect(body: &[u8]) -> Result<(u8, &[u8]), Fault> {
    let mut r = Reader::new(body);
    let name = r.vec16("name")?.rest();
    let version = r.u8("version")?;
    // The first bit of the version says that a broker bridges.
    let fits = match name {
        b"MQTT" => matches!(version & 0x7f, 4 | 5),
        b"MQIsdp" => version & 0x7f == 3,
        _ => false,
    };
    if !fits {
        return Err(Fault::Malformed("mqtt: connects to another protocol"));
    }
    r.skip(3, "flags and keep alive")?;
    if version & 0x7f == 5 {
        properties(&mut r)?;
    }
    Ok((version & 0x7f, r.vec16("client id")?.rest()))
}

/// The topic of a PUBLISH: no wildcards, at least one character.
///
/// # Errors
/// Where it is cut or none.
pub(crate) fn topic(body: &[u8]) -> Result<&[u8], Fault> {
    let topic = Reader::new(body).vec16("topic")?.rest();
    let wild = topic.iter().any(|byte| matches!(byte, b'+' | b'#' | 0));
    if wild || std::str::from_utf8(topic).is_err() {
        return Err(Fault::Malformed("mqtt: topic of no form"));
    }
    Ok(topic)
}

/// The first filter of a SUBSCRIBE or UNSUBSCRIBE behind the packet's number.
///
/// # Errors
/// Where it is cut.
pub(crate) fn filter(body: &[u8], version: u8) -> Result<&[u8], Fault> {
    let mut r = Reader::new(body);
    r.skip(2, "packet id")?;
    if version == 5 {
        properties(&mut r)?;
    }
    Ok(r.vec16("filter")?.rest())
}

/// The kind of a packet that carries a delivery on, and the number of that delivery.
pub(crate) fn acknowledged(fixed: Fixed, bytes: &[u8]) -> Option<(u8, u16)> {
    let carries = (table::PUBACK..=table::PUBCOMP).contains(&fixed.kind);
    let number = bytes.get(fixed.head..fixed.total)?.first_chunk().copied().map(u16::from_be_bytes);
    number.filter(|_| carries).map(|number| (fixed.kind, number))
}

/// How telling a packet is, in bits that random bytes would have to guess; `None` where it is none.
pub(crate) fn weight(bytes: &[u8]) -> Option<(Fixed, u32)> {
    let fixed = fixed(bytes).ok()?;
    let view = bytes.get(fixed.head..fixed.total.min(bytes.len()))?;
    let whole = bytes.len() >= fixed.total;
    let printable = |text: &[u8]| text.iter().all(|byte| (0x20..0x7f).contains(byte));
    let bits = match fixed.kind {
        table::CONNECT if whole => connect(view).ok().map(|_| 48)?,
        table::CONNECT => 8,
        // The topic's length has to fit, and every character counts.
        table::PUBLISH => match topic(view) {
            Ok(topic) if printable(topic) => 8 + topic.len().min(16) as u32,
            Ok([]) => 4,
            Ok(topic) if topic.len() < TOPIC_MAX => 6,
            Err(Fault::Incomplete { .. }) if !whole => 0,
            _ => return None,
        },
        table::SUBSCRIBE | table::UNSUBSCRIBE if whole => {
            let filter = [3, 5].into_iter().find_map(|version| filter(view, version).ok().filter(|f| printable(f)))?;
            10 + filter.len().min(16) as u32
        }
        table::CONNACK => match view {
            [0 | 1, 0..=5 | 0x80..=0x9f, ..] => 16,
            _ => return None,
        },
        table::SUBACK if whole => match view {
            [_, _, codes @ ..] if codes.len() > 8 || codes.iter().all(|code| matches!(code, 0..=2 | 0x80..)) => 8,
            _ => return None,
        },
        table::PINGREQ | table::PINGRESP => 14,
        table::PUBACK | table::PUBREC | table::PUBREL | table::PUBCOMP | table::UNSUBACK => 10,
        table::DISCONNECT => 6,
        _ => 4,
    };
    Some((fixed, bits))
}
