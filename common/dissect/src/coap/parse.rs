//! Messages and options (RFC 7252 section 3), and what tells them from other datagrams.

use super::table;
use crate::{Head, Probe};
use picket_event::Unit;
use picket_reader::{Fault, Reader};

pub(crate) const HEAD: usize = 4;
/// Options of one message that are read.
const OPTIONS_MAX: usize = 32;
/// Longest path that is kept, bytes.
const PATH_MAX: usize = 96;

/// Types of messages.
pub(crate) const CONFIRMABLE: u8 = 0;
pub(crate) const ACKNOWLEDGEMENT: u8 = 2;
pub(crate) const RESET: u8 = 3;
/// Of all messages in streams, which have no type.
pub(super) const STREAMED: u8 = 4;

/// A message. In a stream it has no number: 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: u8,
    pub(crate) code: u8,
    pub(crate) number: u16,
    pub(crate) token: &'a [u8],
    /// From the options on.
    pub(super) options: &'a [u8],
    /// An option for observation, and its value.
    pub(crate) observe: Option<u8>,
    /// It has options that say whom and what it asks.
    pub(super) addressed: bool,
    /// How much random bytes would have had to guess to have these options, in bits.
    pub(crate) bits: u32,
}

/// Reads a message whole: every option has to be known and in its bounds.
///
/// # Errors
/// Where the datagram is no CoAP.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    const OTHER: Fault = Fault::Malformed("coap: message of no kind");
    let mut r = Reader::new(bytes);
    let first = r.u8("version")?;
    let (kind, length) = (first >> 4 & 3, usize::from(first & 15));
    let (code, number) = (r.u8("code")?, r.u16("message id")?);
    if first >> 6 != 1 || length > 8 {
        return Err(OTHER);
    }
    let known = table::method(code).is_some() || table::response(code).is_some();
    // Resets and empty messages hold nothing; acknowledgements hold no requests.
    let fits = if code == 0 { length == 0 && bytes.len() == HEAD } else { known && kind != RESET };
    if !fits || (kind == 2 && table::method(code).is_some()) {
        return Err(OTHER);
    }
    let token = r.take(length, "token")?;
    let mut frame = Frame { kind, code, number, token, options: r.peek(), observe: None, addressed: false, bits: 0 };
    frame.look(table::OPTIONS)?;
    Ok(frame)
}

/// Steps through options: each is numbered by its distance from the one before.
#[derive(Clone, Copy)]
struct Walk<'a> {
    r: Reader<'a>,
    number: u16,
}

impl<'a> Walk<'a> {
    fn next(&mut self) -> Result<Option<(u16, &'a [u8])>, Fault> {
        const OTHER: Fault = Fault::Malformed("coap: option of no form");
        if self.r.is_empty() {
            return Ok(None);
        }
        let head = self.r.u8("option")?;
        if head == 0xff {
            // A payload is not empty.
            return if self.r.is_empty() { Err(OTHER) } else { Ok(None) };
        }
        let mut extended = |nibble: u8| match nibble {
            13 => Ok(u16::from(self.r.u8("option")?) + 13),
            14 => self.r.u16("option")?.checked_add(269).ok_or(OTHER),
            15 => Err(OTHER),
            small => Ok(u16::from(small)),
        };
        let (delta, length) = (extended(head >> 4)?, extended(head & 15)?);
        self.number = self.number.checked_add(delta).ok_or(OTHER)?;
        Ok(Some((self.number, self.r.take(usize::from(length), "option")?)))
    }
}

impl Frame<'_> {
    /// Goes through the options, of which every one has to be of these and in its bounds.
    pub(super) fn look(&mut self, options: &[table::Bounds]) -> Result<(), Fault> {
        const OTHER: Fault = Fault::Malformed("coap: message of no kind");
        let mut walk = Walk { r: Reader::new(self.options), number: 0 };
        for _ in 0..OPTIONS_MAX {
            let Some((number, value)) = walk.next()? else { break };
            let Some((_, least, most, text)) = options.iter().find(|(known, ..)| *known == number) else {
                // Critical options nobody knows are refused by their receivers; others are passed over.
                if number & 1 == 1 || number < 300 {
                    return Err(OTHER);
                }
                continue;
            };
            if !(*least..=*most).contains(&value.len()) || (*text && std::str::from_utf8(value).is_err()) {
                return Err(OTHER);
            }
            let printable = *text && value.iter().all(|byte| (0x20..0x7f).contains(byte));
            self.bits += if printable { 3 + value.len() as u32 * 4 / 3 } else { 2 };
            self.addressed |= table::ADDRESS.contains(&number);
            if number == table::OPTION_OBSERVE {
                self.observe = Some(value.last().copied().unwrap_or(0));
            }
        }
        Ok(())
    }

    /// The path that is asked for.
    pub(crate) fn path(&self) -> Option<String> {
        let mut walk = Walk { r: Reader::new(self.options), number: 0 };
        let mut path = String::new();
        for _ in 0..OPTIONS_MAX {
            let Ok(Some((number, value))) = walk.next() else { break };
            if number == table::URI_PATH && path.len() < PATH_MAX {
                path.push('/');
                path.push_str(&crate::teller::text(value).unwrap_or_default());
            }
        }
        (!path.is_empty()).then_some(path)
    }

    /// Whether it is a request or an answer.
    pub(super) fn is_exchanged(&self) -> bool {
        self.code != 0 && table::signal(self.code).is_none()
    }

    pub(crate) fn is_request(&self) -> bool {
        table::method(self.code).is_some()
    }
}

/// The judgement of both directions: options that make sense, and answers with the number or token of a request.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    let read = |bytes| match frame(bytes) {
        _ if bytes.is_empty() => Ok(None),
        Ok(frame) => Ok(Some(frame)),
        Err(fault) => Err(fault),
    };
    let (Ok(a), Ok(b)) = (read(head.to_server), read(head.to_client)) else { return Probe::No };
    let asks = |frame: &Option<Frame<'_>>| frame.is_some_and(|frame| frame.is_request());
    let answers = |frame: &Option<Frame<'_>>| frame.is_some_and(|frame| frame.code >= 0x40);
    let reversed = (asks(&b) && !asks(&a)) || (answers(&a) && !answers(&b));
    let mut bits = [&a, &b].into_iter().flatten().map(|frame| 7 + frame.bits).sum::<u32>();
    if let (Some(a), Some(b)) = (a, b) {
        if a.number == b.number && (a.kind >= 2) != (b.kind >= 2) {
            bits += 16;
        }
        // A token is that of a request and its answers (RFC 7252 section 5.3.1); two requests alike are something else.
        if a.token == b.token && !a.token.is_empty() && a.is_request() != b.is_request() {
            bits += 8 * a.token.len() as u32;
        }
    }
    Probe::Yes { confidence: sure(bits), reversed }
}

/// How sure so many bits make, that random bytes would have had to guess.
pub(super) fn sure(bits: u32) -> Unit {
    Unit::new(match bits {
        40.. => 0.97,
        26.. => 0.9,
        // Too little to be sure of, unless the port says the same.
        20.. => 0.7,
        _ => 0.38,
    })
}
