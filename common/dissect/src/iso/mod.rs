//! ISO transport on top of TCP (RFC 1006, RFC 2126; ISO 8073 classes 0 and 2): where the messages of S7comm, S7comm-plus and
//! MMS begin and end. Remote desktops (MS-RDPBCGR) lie on the same framing and are told by what stands inside.
//!
//! [`OverIso`] is the session that all of them share: units are put together to messages up to their end mark, streams with a
//! gap or begun in the middle are taken up at the next unit whose inside fits, and what is above reads whole messages.

mod look;
mod session;

pub(crate) use look::{Sight, probe};
pub(crate) use session::{OverIso, Upper, session_limit};

use picket_reader::{Fault, Reader};

/// TPKT and the head of a data unit.
const HEAD: usize = 7;

/// What a unit is for (ISO 8073 section 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Asks for a connection.
    Connect,
    /// Agrees to it.
    Confirm,
    /// Data; `last` ends a message.
    Data {
        /// The end mark.
        last: bool,
    },
    /// Ends, refuses, acknowledges.
    Other,
}

/// One unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit<'a> {
    pub(crate) kind: Kind,
    /// What it carries, as far as it is in view.
    pub(crate) user: &'a [u8],
    /// Its length in bytes, header included.
    pub(crate) total: usize,
}

impl Unit<'_> {
    /// The length of the headers.
    const fn header(&self, seen: usize) -> usize {
        let whole = if seen < self.total { seen } else { self.total };
        whole.saturating_sub(self.user.len())
    }

    /// Whether all of it is in view.
    pub(crate) const fn whole(&self, seen: usize) -> bool {
        seen >= self.total
    }
}

/// The unit at the start of `bytes`, which may be cut.
///
/// # Errors
/// [`Fault::Incomplete`] while its head is cut; [`Fault::Malformed`] where it is none.
pub(crate) fn unit(bytes: &[u8]) -> Result<Unit<'_>, Fault> {
    let mut r = Reader::new(bytes);
    if r.u8("version")? != 3 || r.u8("reserved")? != 0 {
        return Err(Fault::Malformed("tpkt: version"));
    }
    let length = r.u16("length")?;
    let rest = r.u8("header length")?;
    if !(2..=254).contains(&rest) || length < u16::from(rest) + 5 {
        return Err(Fault::Malformed("cotp: header length"));
    }
    let code = r.u8("code")?;
    let total = usize::from(length);
    let behind = |r: &mut Reader<'_>, more: usize| r.skip(usize::from(rest).saturating_sub(more), "header");
    let kind = match code {
        0xd0..=0xef if rest >= 6 => {
            r.skip(4, "references")?;
            if r.u8("class")? >> 4 > 4 {
                return Err(Fault::Malformed("cotp: class"));
            }
            behind(&mut r, 6)?;
            if code >= 0xe0 { Kind::Connect } else { Kind::Confirm }
        }
        // Class 0 and 1 have no reference here, class 2 has.
        0xf0 if rest == 2 => Kind::Data { last: r.u8("number")? & 0x80 != 0 },
        0xf0 if rest == 4 => {
            r.skip(2, "reference")?;
            Kind::Data { last: r.u8("number")? & 0x80 != 0 }
        }
        0x80 | 0xc0 | 0x70 | 0x10 | 0x20 | 0x50..=0x6f => {
            behind(&mut r, 1)?;
            Kind::Other
        }
        _ => return Err(Fault::Malformed("cotp: code")),
    };
    let header = r.position();
    let user = bytes.get(header..total.min(bytes.len())).unwrap_or(&[]);
    Ok(Unit { kind, user, total })
}
