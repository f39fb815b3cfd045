//! Built-in types (OPC 10000-6 clause 5.2.2): strings, node ids, the headers of services.

use crate::digits::{push_escaped, push_number};
use picket_reader::{Fault, Reader};

/// Longest text that is kept of a name, bytes.
const TEXT_MAX: usize = 96;
/// Nesting of diagnostics that is followed.
const DEPTH: u8 = 4;

/// A string or byte string: a length, -1 where there is none.
///
/// # Errors
/// Where it is cut.
pub(crate) fn string<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    match r.u32_le("length")? {
        u32::MAX => Ok(&[]),
        length => r.take(usize::try_from(length).unwrap_or(usize::MAX), "string"),
    }
}

/// A node id: its namespace and what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId<'a> {
    pub(crate) namespace: u16,
    pub(crate) id: Id<'a>,
}

/// What names a node in its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Id<'a> {
    Number(u32),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
}

/// Reads a node id, an expanded one too.
///
/// # Errors
/// Where it is cut or of no encoding.
pub(crate) fn node_id<'a>(r: &mut Reader<'a>) -> Result<NodeId<'a>, Fault> {
    let encoding = r.u8("encoding")?;
    let node = match encoding & 0x3f {
        0 => NodeId { namespace: 0, id: Id::Number(u32::from(r.u8("id")?)) },
        1 => NodeId { namespace: u16::from(r.u8("namespace")?), id: Id::Number(u32::from(r.u16_le("id")?)) },
        2 => NodeId { namespace: r.u16_le("namespace")?, id: Id::Number(r.u32_le("id")?) },
        3 => NodeId { namespace: r.u16_le("namespace")?, id: Id::Text(string(r)?) },
        4 => NodeId { namespace: r.u16_le("namespace")?, id: Id::Bytes(r.take(16, "guid")?) },
        5 => NodeId { namespace: r.u16_le("namespace")?, id: Id::Bytes(string(r)?) },
        _ => return Err(Fault::Malformed("opcua: node id of no encoding")),
    };
    if encoding & 0x80 != 0 {
        string(r)?;
    }
    if encoding & 0x40 != 0 {
        r.skip(4, "server index")?;
    }
    Ok(node)
}

/// Steps over a node id, which may be long.
fn skip_node(r: &mut Reader<'_>) -> Result<(), Fault> {
    node_id(r).map(|_| ())
}

/// An object of any type: its type, how it is encoded, its body.
fn skip_object(r: &mut Reader<'_>) -> Result<(), Fault> {
    skip_node(r)?;
    if r.u8("encoding")? != 0 {
        string(r)?;
    }
    Ok(())
}

impl NodeId<'_> {
    /// As OPC UA writes it: `ns=2;s=Pump.Speed`.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(32);
        if self.namespace != 0 {
            text.push_str("ns=");
            push_number(&mut text, self.namespace);
            text.push(';');
        }
        match self.id {
            Id::Number(number) => {
                text.push_str("i=");
                push_number(&mut text, number);
            }
            Id::Text(name) => {
                text.push_str("s=");
                text.push_str(&printable(name));
            }
            Id::Bytes(bytes) => {
                text.push_str("b=");
                push_escaped(&mut text, bytes.get(..16).unwrap_or(bytes), usize::MAX);
            }
        }
        text
    }
}

/// A text made safe and short.
fn printable(bytes: &[u8]) -> String {
    crate::teller::text(bytes.get(..TEXT_MAX).unwrap_or(bytes)).unwrap_or_default()
}

/// Steps over the header of a request (OPC 10000-4 clause 7.33).
///
/// # Errors
/// Where it is cut.
pub(crate) fn request_header(r: &mut Reader<'_>) -> Result<(), Fault> {
    skip_node(r)?;
    r.skip(16, "time, handle and diagnostics")?;
    string(r)?;
    r.skip(4, "timeout")?;
    skip_object(r)
}

/// Reads the header of an answer (clause 7.34): the service's status.
///
/// # Errors
/// Where it is cut.
pub(crate) fn response_header(r: &mut Reader<'_>) -> Result<u32, Fault> {
    r.skip(12, "time and handle")?;
    let status = r.u32_le("status")?;
    diagnostics(r, DEPTH)?;
    let strings = r.u32_le("strings")?;
    if strings != u32::MAX {
        for _ in 0..strings {
            string(r)?;
        }
    }
    skip_object(r)?;
    Ok(status)
}

/// Steps over diagnostics: a mask says what is there.
fn diagnostics(r: &mut Reader<'_>, depth: u8) -> Result<(), Fault> {
    let mask = r.u8("diagnostics")?;
    r.skip(4 * (mask & 0x0f).count_ones() as usize, "diagnostics")?;
    if mask & 0x10 != 0 {
        string(r)?;
    }
    if mask & 0x20 != 0 {
        r.skip(4, "inner status")?;
    }
    if mask & 0x40 != 0 {
        let deeper = depth.checked_sub(1).ok_or(Fault::Malformed("opcua: diagnostics too deep"))?;
        diagnostics(r, deeper)?;
    }
    Ok(())
}

/// A text with its language: the text.
fn localized<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    let mask = r.u8("text")?;
    if mask & 1 != 0 {
        string(r)?;
    }
    if mask & 2 != 0 { string(r) } else { Ok(&[]) }
}

/// What an application says of itself (OPC 10000-4 clause 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Application<'a> {
    pub(crate) uri: &'a [u8],
    pub(crate) product: &'a [u8],
    pub(crate) name: &'a [u8],
    /// Server, client, both, discovery server.
    pub(crate) kind: u32,
}

/// Reads it.
///
/// # Errors
/// Where it is cut.
pub(crate) fn application<'a>(r: &mut Reader<'a>) -> Result<Application<'a>, Fault> {
    let (uri, product) = (string(r)?, string(r)?);
    Ok(Application { uri, product, name: localized(r)?, kind: r.u32_le("type")? })
}
