//! Where a service's messages end.

use crate::recognise::ber_length;
use picket_event::Direction;
use picket_reader::{Fault, Reader};

/// The longest message that is stepped over, bytes. What comes before TLS is short.
const MESSAGE_LIMIT: usize = 1 << 16;
/// Code of PostgreSQL's request for TLS, and of the one for GSSAPI encryption.
const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
/// Length of MySQL's request for TLS, and the capability that says that it is one.
const MYSQL_REQUEST: u32 = 32;
const MYSQL_TLS: u32 = 0x0800;

/// What lies at the beginning of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes have to be in view to tell.
    More(usize),
    /// A message of so many bytes.
    Message(usize),
    /// A message up to the end of the line.
    Line,
    /// So many bytes of a text without messages.
    Text(usize),
    /// TLS will not follow any more.
    Clear,
}

/// Whether TLS begins here: a handshake record; `behind` the switch of the other direction any record.
/// `None` while that cannot be said.
pub(super) fn record(view: &[u8], behind: bool) -> Option<bool> {
    let kinds = if behind { 0x14..=0x17 } else { 0x16..=0x16 };
    match view {
        [] => None,
        [kind, rest @ ..] if kinds.contains(kind) => match rest {
            [3, 0..=4, ..] => Some(true),
            [] | [3] => None,
            _ => Some(false),
        },
        _ => Some(false),
    }
}

/// Commands and answers in lines.
pub(super) const fn line(_: Direction, _: u8, _: &[u8]) -> Step {
    Step::Line
}

/// XML: control characters do not occur in it (XML 1.0 section 2.2), so a record is found wherever it begins.
pub(super) fn text(_: Direction, _: u8, view: &[u8]) -> Step {
    let begin = view.iter().skip(1).position(|byte| matches!(byte, 0x14..=0x17));
    Step::Text(begin.map_or(view.len(), |at| at.saturating_add(1)))
}

fn read(judge: impl FnOnce() -> Result<Step, Fault>, view: &[u8]) -> Step {
    match judge() {
        Ok(Step::Message(length)) if length == 0 || length > MESSAGE_LIMIT => Step::Clear,
        Ok(step) => step,
        Err(Fault::Incomplete { .. }) => Step::More(view.len().saturating_add(1)),
        Err(Fault::Malformed(_)) => Step::Clear,
    }
}

/// A BER sequence (RFC 4511 section 4.1.1). Behind a SASL bind other things follow: no sequence.
pub(super) fn ldap(_: Direction, _: u8, view: &[u8]) -> Step {
    let judge = || {
        let mut r = Reader::new(view);
        if r.u8("sequence")? != 0x30 {
            return Ok(Step::Clear);
        }
        let length = ber_length(&mut r)?;
        Ok(Step::Message(r.position().saturating_add(length)))
    };
    read(judge, view)
}

/// One TPKT each way: the connection request and its confirmation (MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2).
pub(super) fn rdp(_: Direction, before: u8, view: &[u8]) -> Step {
    let judge = || {
        let mut r = Reader::new(view);
        let (version, _, length) = (r.u8("version")?, r.u8("reserved")?, r.u16("length")?);
        Ok(if version == 3 && before == 0 { Step::Message(usize::from(length)) } else { Step::Clear })
    };
    read(judge, view)
}

/// The server's greeting, and the client's request for TLS: capabilities without a name of a user
/// (MySQL, "Protocol::SSLRequest").
pub(super) fn mysql(direction: Direction, before: u8, view: &[u8]) -> Step {
    let judge = || {
        let mut r = Reader::new(view);
        let [a, b, c] = r.array::<3>("length")?;
        let length = u32::from_le_bytes([a, b, c, 0]);
        r.u8("number")?;
        let expected = match direction {
            Direction::ToServer => length == MYSQL_REQUEST && r.u32_le("capabilities")? & MYSQL_TLS != 0,
            Direction::ToClient => true,
        };
        let whole = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(4);
        Ok(if expected && before == 0 { Step::Message(whole) } else { Step::Clear })
    };
    read(judge, view)
}

/// Requests for encryption, of eight bytes, and their answers, of one (PostgreSQL, "SSL Session Encryption").
pub(super) fn postgresql(direction: Direction, _: u8, view: &[u8]) -> Step {
    let judge = || {
        let mut r = Reader::new(view);
        if direction == Direction::ToClient {
            return Ok(if matches!(r.u8("answer")?, b'S' | b'N') { Step::Message(1) } else { Step::Clear });
        }
        let (length, code) = (r.u32("length")?, r.u32("code")?);
        Ok(if length == 8 && matches!(code, SSL_REQUEST | GSS_REQUEST) { Step::Message(8) } else { Step::Clear })
    };
    read(judge, view)
}
