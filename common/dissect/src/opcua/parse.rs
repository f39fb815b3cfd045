//! Chunks (OPC 10000-6 clauses 6.7.2 and 7.1.2): their header, and that of the secure conversation.

use super::binary;
use picket_reader::{Fault, Reader};

/// Kind, chunk and size.
pub(crate) const HEAD: usize = 8;
/// Largest chunk that is believed, bytes.
const CHUNK_MAX: u32 = 1 << 26;

/// Kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Hello,
    ReverseHello,
    Acknowledge,
    Error,
    Open,
    Message,
    Close,
}

/// The kind and the whole size of the chunk at the start.
///
/// # Errors
/// [`Fault::Malformed`] where no chunk begins.
pub(crate) fn head(bytes: &[u8]) -> Result<(Kind, u8, usize), Fault> {
    const OTHER: Fault = Fault::Malformed("opcua: chunk of no kind");
    let mut r = Reader::new(bytes);
    let kind = match r.array::<3>("kind")?.as_slice() {
        b"HEL" => Kind::Hello,
        b"RHE" => Kind::ReverseHello,
        b"ACK" => Kind::Acknowledge,
        b"ERR" => Kind::Error,
        b"OPN" => Kind::Open,
        b"MSG" => Kind::Message,
        b"CLO" => Kind::Close,
        _ => return Err(OTHER),
    };
    let chunk = r.u8("chunk")?;
    let whole = matches!(kind, Kind::Hello | Kind::ReverseHello | Kind::Acknowledge | Kind::Error);
    if !matches!(chunk, b'F') && (whole || !matches!(chunk, b'C' | b'A')) {
        return Err(OTHER);
    }
    let size = r.u32_le("size")?;
    let least = match kind {
        Kind::Acknowledge => 28,
        Kind::Hello => 32,
        Kind::Error | Kind::ReverseHello => 16,
        Kind::Open | Kind::Message | Kind::Close => 24,
    };
    if !(least..=CHUNK_MAX).contains(&size) {
        return Err(Fault::Malformed("opcua: chunk of no size"));
    }
    Ok((kind, chunk, usize::try_from(size).unwrap_or(usize::MAX)))
}

/// A chunk of a secure conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    /// Pairs requests and answers.
    pub(crate) request: u32,
    pub(crate) body: &'a [u8],
}

/// Reads the chunk of a message behind its channel's and token's numbers.
///
/// # Errors
/// Where it is cut.
pub(crate) fn symmetric(bytes: &[u8]) -> Result<Chunk<'_>, Fault> {
    let mut r = Reader::new(bytes);
    r.skip(HEAD + 12, "channel, token and sequence number")?;
    Ok(Chunk { request: r.u32_le("request id")?, body: r.rest() })
}

/// Reads the chunk that opens a channel; none where it is encrypted. The policy says so.
///
/// # Errors
/// Where it is cut.
pub(crate) fn asymmetric(bytes: &[u8]) -> Result<(&[u8], Option<Chunk<'_>>), Fault> {
    let mut r = Reader::new(bytes);
    r.skip(HEAD + 4, "channel")?;
    let policy = binary::string(&mut r)?;
    let (sender, receiver) = (binary::string(&mut r)?, binary::string(&mut r)?);
    if !receiver.is_empty() || (!sender.is_empty() && !policy.ends_with(b"#None")) {
        return Ok((policy, None));
    }
    r.skip(4, "sequence number")?;
    Ok((policy, Some(Chunk { request: r.u32_le("request id")?, body: r.rest() })))
}

/// The type at the start of a message: a node of the standard's namespace.
///
/// # Errors
/// Where it is cut.
pub(crate) fn kind(r: &mut Reader<'_>) -> Result<Option<u32>, Fault> {
    if r.peek().first().is_some_and(|encoding| *encoding > 5) {
        return Err(Fault::Malformed("opcua: message of no type"));
    }
    Ok(match binary::node_id(r)? {
        binary::NodeId { namespace: 0, id: binary::Id::Number(number) } => Some(number),
        _ => None,
    })
}
