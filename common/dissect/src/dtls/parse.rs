//! Records and handshake fragments, bytes to values (RFC 6347 section 4, RFC 9147 sections 4 and 5).

use super::table::{content, is_version};
use picket_reader::{Fault, Reader};

/// The longest record: 2^14 and what protection may add.
const RECORD_LIMIT: u16 = 16_384 + 2_048;

/// One record of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    /// With the header that all versions have for what goes in clear.
    Plain {
        kind: u8,
        version: u16,
        /// 0 before the change of cipher.
        epoch: u16,
        body: &'a [u8],
    },
    /// With the header of what is encrypted in version 1.3, or with a connection id, whose length nothing tells.
    Encrypted,
}

/// Whether a byte can begin a record where DTLS shares its ends with others (RFC 7983 section 7, RFC 9147
/// section 4.1): below are STUN and ZRTP, above TURN channels, RTP and QUIC.
pub(crate) const fn is_first_byte(byte: u8) -> bool {
    matches!(byte, 20..=63)
}

/// The next record.
///
/// # Errors
/// [`Fault`] when it is cut, or its type, version or length cannot be.
pub(crate) fn record<'a>(r: &mut Reader<'a>) -> Result<Record<'a>, Fault> {
    let kind = r.u8("dtls: type")?;
    if kind & 0xe0 == 0x20 {
        return encrypted(r, kind);
    }
    if !(content::CHANGE_CIPHER_SPEC..=content::ACK).contains(&kind) {
        return Err(Fault::Malformed("dtls: record type"));
    }
    let version = r.u16("dtls: version")?;
    if !is_version(version) {
        return Err(Fault::Malformed("dtls: version"));
    }
    let epoch = r.u16("dtls: epoch")?;
    r.skip(6, "dtls: sequence number")?;
    if kind == content::CONNECTION_ID {
        r.rest();
        return Ok(Record::Encrypted);
    }
    let length = r.u16("dtls: length")?;
    if length > RECORD_LIMIT {
        return Err(Fault::Malformed("dtls: record length"));
    }
    Ok(Record::Plain { kind, version, epoch, body: r.take(usize::from(length), "dtls: record")? })
}

/// The unified header (RFC 9147 section 4): `001CSLEE`.
fn encrypted<'a>(r: &mut Reader<'a>, first: u8) -> Result<Record<'a>, Fault> {
    if first & 0x10 != 0 || first & 0x04 == 0 {
        r.rest();
        return Ok(Record::Encrypted);
    }
    r.skip(if first & 0x08 == 0 { 1 } else { 2 }, "dtls: sequence number")?;
    r.vec16("dtls: record")?;
    Ok(Record::Encrypted)
}

/// A fragment of a handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment<'a> {
    pub(crate) kind: u8,
    /// Length of the whole message.
    pub(crate) length: usize,
    pub(crate) number: u16,
    pub(crate) offset: usize,
    pub(crate) data: &'a [u8],
}

/// The next fragment of a record.
///
/// # Errors
/// [`Fault`] when it is cut or lies outside its message.
pub(crate) fn fragment<'a>(r: &mut Reader<'a>) -> Result<Fragment<'a>, Fault> {
    let kind = r.u8("dtls: message type")?;
    let length = r.u24("dtls: message length")? as usize;
    let number = r.u16("dtls: message number")?;
    let offset = r.u24("dtls: fragment offset")? as usize;
    let data = r.vec24("dtls: fragment")?.rest();
    if offset.saturating_add(data.len()) > length {
        return Err(Fault::Malformed("dtls: fragment outside its message"));
    }
    Ok(Fragment { kind, length, number, offset, data })
}
