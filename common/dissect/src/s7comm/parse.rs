//! Messages: the header, user data, file names of blocks, services.

use super::table;
use crate::iso::Sight;
use picket_event::Direction;
use picket_reader::{Fault, Reader};

/// First byte of every message.
const PROTOCOL: u8 = 0x32;

/// What a message is (its ROSCTR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Job,
    /// An answer without data.
    Ack,
    /// An answer with data.
    AckData,
    UserData,
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) role: Role,
    pub(crate) reference: u16,
    /// Error class and code of an answer.
    pub(crate) error: Option<(u8, u8)>,
    pub(crate) parameters: &'a [u8],
    pub(crate) data: &'a [u8],
}

/// A message's header.
#[derive(Clone, Copy, Debug)]
struct Header {
    role: Role,
    reference: u16,
    parameters: usize,
    data: usize,
    error: Option<(u8, u8)>,
}

impl Header {
    const fn total(&self) -> usize {
        self.parameters + self.data + if self.error.is_some() { 12 } else { 10 }
    }
}

fn header(r: &mut Reader<'_>) -> Result<Header, Fault> {
    if r.u8("protocol")? != PROTOCOL {
        return Err(Fault::Malformed("s7comm: protocol id"));
    }
    let role = match r.u8("rosctr")? {
        1 => Role::Job,
        2 => Role::Ack,
        3 => Role::AckData,
        7 => Role::UserData,
        _ => return Err(Fault::Malformed("s7comm: rosctr")),
    };
    r.u16("redundancy id")?;
    let (reference, parameters, data) = (r.u16("reference")?, r.u16("parameter length")?, r.u16("data length")?);
    let error = match role {
        Role::Ack | Role::AckData => Some((r.u8("error class")?, r.u8("error code")?)),
        Role::Job | Role::UserData => None,
    };
    Ok(Header { role, reference, parameters: usize::from(parameters), data: usize::from(data), error })
}

/// Reads a message.
///
/// # Errors
/// [`Fault`] where its lengths do not fit.
pub(crate) fn message(bytes: &[u8]) -> Result<Message<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let header = header(&mut r)?;
    let (role, reference, error) = (header.role, header.reference, header.error);
    let parameters = r.take(header.parameters, "parameters")?;
    let data = r.take(header.data, "data")?;
    Ok(Message { role, reference, error, parameters, data })
}

/// Whether a message can begin so.
pub(crate) fn fits(bytes: &[u8]) -> bool {
    header(&mut Reader::new(bytes)).is_ok()
}

/// How a message's beginning looks.
pub(crate) fn sight(bytes: &[u8], whole: bool) -> Sight {
    let mut r = Reader::new(bytes);
    let header = match header(&mut r) {
        Ok(header) => header,
        Err(Fault::Incomplete { .. }) if !whole => return Sight::Cut,
        Err(_) => return Sight::Foreign,
    };
    let fits = if whole { header.total() == bytes.len() } else { header.total() >= bytes.len() };
    if !fits {
        return Sight::Foreign;
    }
    // Blocks are asked for by the device that is loaded; everything else by the client.
    let from = match (header.role, r.peek().first()) {
        (Role::Job, Some(0x1b | 0x1c)) => Some(Direction::ToClient),
        (Role::AckData, Some(0x1b | 0x1c)) => Some(Direction::ToServer),
        (Role::Job, _) => Some(Direction::ToServer),
        (Role::Ack | Role::AckData, _) => Some(Direction::ToClient),
        (Role::UserData, _) => match user_data(r.peek()) {
            Ok(user) if user.kind == Kind::Request => Some(Direction::ToServer),
            Ok(_) => Some(Direction::ToClient),
            Err(Fault::Incomplete { .. }) if !whole => None,
            Err(_) => return Sight::Foreign,
        },
    };
    Sight::Mine(from)
}

/// What user data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Push,
    Request,
    Response,
}

/// The parameters of user data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UserData {
    pub(crate) kind: Kind,
    pub(crate) group: u8,
    pub(crate) function: u8,
    /// Answers: more follows in another message; error code.
    pub(crate) more: bool,
    pub(crate) error: u16,
}

/// Reads the parameters of user data.
///
/// # Errors
/// [`Fault`] where they have another form.
pub(crate) fn user_data(parameters: &[u8]) -> Result<UserData, Fault> {
    let mut r = Reader::new(parameters);
    if r.u24("head")? != 0x0000_0112 {
        return Err(Fault::Malformed("s7comm: head of user data"));
    }
    let mut inside = r.vec8("user data parameters")?;
    inside.skip(1, "method")?;
    let (kind, function) = (inside.u8("type and group")?, inside.u8("function")?);
    inside.skip(1, "sequence number")?;
    let (more, error) = if inside.remaining() >= 4 {
        inside.skip(1, "data unit reference")?;
        (inside.u8("last data unit")? != 0, inside.u16("error code")?)
    } else {
        (false, 0)
    };
    let group = kind & 0x0f;
    let kind = match kind >> 4 {
        0 => Kind::Push,
        4 => Kind::Request,
        8 => Kind::Response,
        _ => return Err(Fault::Malformed("s7comm: type of user data")),
    };
    Ok(UserData { kind, group, function, more, error })
}

/// The name of the service that a job of function 0x28 or 0x29 starts.
pub(crate) fn service(parameters: &[u8]) -> Result<&[u8], Fault> {
    let mut r = Reader::new(parameters);
    if r.u8("function")? == table::PI_SERVICE {
        r.skip(7, "unknown")?;
        r.vec16("parameter block")?;
    } else {
        r.skip(5, "unknown")?;
    }
    Ok(r.vec8("service")?.rest())
}

/// The parameter block of a service: blocks it acts on, or how a program starts.
pub(crate) fn argument(parameters: &[u8]) -> Result<&[u8], Fault> {
    let mut r = Reader::new(parameters);
    r.skip(8, "function")?;
    Ok(r.vec16("parameter block")?.rest())
}

/// A block that is loaded: its kind and its number, from a name like `_0A00001P`.
pub(crate) fn block(parameters: &[u8]) -> Result<([u8; 2], u32), Fault> {
    let mut r = Reader::new(parameters);
    r.skip(8, "function, status and identifier")?;
    block_name(r.vec8("file name")?.rest())
}

/// The block that a file name means.
///
/// # Errors
/// [`Fault`] where it means none.
pub(crate) fn block_name(name: &[u8]) -> Result<([u8; 2], u32), Fault> {
    let mut r = Reader::new(name);
    r.skip(1, "file identifier")?;
    let kind = r.array::<2>("kind")?;
    let mut number = 0u32;
    for digit in r.take(5, "number")? {
        if !digit.is_ascii_digit() {
            return Err(Fault::Malformed("s7comm: number of a block"));
        }
        number = number * 10 + u32::from(digit - b'0');
    }
    Ok((kind, number))
}
