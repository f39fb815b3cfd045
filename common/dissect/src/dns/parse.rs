//! Messages (RFC 1035 section 4), bytes to values.

use super::name;
use super::table::{Shape, is_class, is_opcode, is_type, shape};
use crate::digits::{push_hex, push_number};
use picket_event::body::{Dns, DnsRecord};
use picket_reader::{Fault, Reader};
use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Length of the header.
pub(crate) const HEADER: usize = 12;
/// Most answers of an event.
const ANSWERS: usize = 32;
/// Most records that [`records`] gives.
const RECORDS: usize = 64;
/// Longest presentation form of one record's data, bytes.
const DATA: usize = 512;

/// What is wrong with a message that ends before its bytes do.
pub(crate) const BEHIND: &str = "dns: bytes behind the message";

/// The header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) id: u16,
    pub(crate) flags: u16,
    pub(crate) questions: u16,
    pub(crate) answers: u16,
    pub(crate) authorities: u16,
    pub(crate) additionals: u16,
}

impl Header {
    pub(crate) const fn is_answer(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// Whether opcode, counts and reserved bit are such as are seen.
    pub(crate) fn plausible(&self) -> bool {
        let opcode = u8::try_from(self.flags >> 11 & 0xf).unwrap_or(0);
        let counts = if self.is_answer() {
            self.questions <= 4
        } else {
            (1..=4).contains(&self.questions) && (self.answers == 0 || opcode != 0) && self.flags & 0xf == 0
        };
        is_opcode(opcode) && counts && self.authorities <= 256 && self.additionals <= 256 && self.answers <= 4096
    }
}

pub(crate) fn header(r: &mut Reader<'_>) -> Result<Header, Fault> {
    Ok(Header {
        id: r.u16("id")?,
        flags: r.u16("flags")?,
        questions: r.u16("questions")?,
        answers: r.u16("answers")?,
        authorities: r.u16("authorities")?,
        additionals: r.u16("additionals")?,
    })
}

/// Whether these bytes are a DNS message to their end: names, types, classes and lengths checked.
/// Answers the header. Cost: one pass, pointers bounded.
///
/// # Errors
/// [`Fault`] at the first thing that does not fit.
pub(crate) fn check(message: &[u8]) -> Result<Header, Fault> {
    let mut r = Reader::new(message);
    let header = header(&mut r)?;
    if !header.plausible() {
        return Err(Fault::Malformed("dns: header"));
    }
    for _ in 0..header.questions {
        name::check(&mut r, message)?;
        let (record_type, class) = (r.u16("type")?, r.u16("class")?);
        // The top bit of the class asks for a unicast answer in multicast DNS.
        if !is_type(record_type) || !is_class(class & 0x7fff) {
            return Err(Fault::Malformed("dns: question"));
        }
    }
    let records = u32::from(header.answers) + u32::from(header.authorities) + u32::from(header.additionals);
    for _ in 0..records {
        // A truncated answer (TC) may end early.
        if r.is_empty() && header.flags & 0x0200 != 0 {
            break;
        }
        name::check(&mut r, message)?;
        let record_type = r.u16("type")?;
        let class = r.u16("class")?;
        r.u32("ttl")?;
        let length = r.u16("length")?;
        r.skip(usize::from(length), "data")?;
        // Behind a question that fits, records of any type do: their lengths still have to fit to the last byte.
        if header.questions == 0 && !(is_type(record_type) && (record_type == 41 || is_class(class & 0x7fff))) {
            return Err(Fault::Malformed("dns: record"));
        }
    }
    r.done(BEHIND)?;
    Ok(header)
}

/// Reads a message as an event. What cannot be read of the answers is left out and said.
///
/// # Errors
/// [`Fault`] when header or question cannot be read.
pub(crate) fn message(bytes: &[u8]) -> Result<(Dns, Option<Fault>), Fault> {
    let mut r = Reader::new(bytes);
    let header = header(&mut r)?;
    let mut dns = Dns {
        answer: header.is_answer(),
        id: header.id,
        name: String::new(),
        record_type: 0,
        rcode: if header.is_answer() { u8::try_from(header.flags & 0xf).unwrap_or(0) } else { 0 },
        answers: Vec::new(),
    };
    for number in 0..header.questions {
        if number == 0 {
            dns.name = name::read(&mut r, bytes)?;
            dns.record_type = r.u16("type")?;
        } else {
            name::check(&mut r, bytes)?;
            r.u16("type")?;
        }
        r.u16("class")?;
    }
    let fault = answers(&mut r, bytes, &header, &mut dns).and_then(|()| behind(&mut r, bytes, &header)).err();
    let truncated = header.flags & 0x0200 != 0;
    Ok((dns, fault.filter(|_| !truncated)))
}

/// A record as it stands in a message.
#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) name: String,
    pub(crate) record_type: u16,
    pub(crate) data: Reader<'a>,
}

/// Calls with each record of an answer, of all sections, up to [`RECORDS`]. Questions have none.
///
/// # Errors
/// [`Fault`] where the message cannot be read; records before that place were given.
pub(crate) fn records<'a>(message: &'a [u8], mut each: impl FnMut(Record<'a>)) -> Result<(), Fault> {
    let mut r = Reader::new(message);
    let header = header(&mut r)?;
    if !header.is_answer() {
        return Ok(());
    }
    for _ in 0..header.questions {
        name::check(&mut r, message)?;
        r.skip(4, "type and class")?;
    }
    let records = usize::from(header.answers) + usize::from(header.authorities) + usize::from(header.additionals);
    for _ in 0..records.min(RECORDS) {
        let name = name::read(&mut r, message)?;
        let record_type = r.u16("type")?;
        r.skip(6, "class and time to live")?;
        each(Record { name, record_type, data: r.vec16("data")? });
    }
    Ok(())
}

fn answers<'a>(r: &mut Reader<'a>, message: &'a [u8], header: &Header, dns: &mut Dns) -> Result<(), Fault> {
    // Most answers have the name that was asked for, and point to it.
    let asked = message.get(HEADER..r.position()).unwrap_or_default();
    let is_whole = header.questions == 1 && asked.iter().copied().max() < Some(name::POINTER);
    for _ in 0..usize::from(header.answers).min(ANSWERS) {
        let name = match r.peek() {
            [name::POINTER, at, ..] if is_whole && usize::from(*at) == HEADER => {
                r.skip(2, "pointer")?;
                dns.name.clone()
            }
            _ => name::read(r, message)?,
        };
        let (record_type, _, ttl) = (r.u16("type")?, r.u16("class")?, r.u32("ttl")?);
        let data = r.vec16("data")?;
        let mut text = String::new();
        if write_data(&mut text, shape(record_type), data, message).is_err() {
            text.clear();
            unknown(&mut text, data.peek());
        }
        crate::x509::truncate(&mut text, DATA);
        dns.answers.push(DnsRecord { name, record_type, ttl, data: text });
    }
    Ok(())
}

/// Whether the message ends with its last record; of records that cannot be read, and of very many, nothing is said.
fn behind<'a>(r: &mut Reader<'a>, message: &'a [u8], header: &Header) -> Result<(), Fault> {
    let more = usize::from(header.authorities) + usize::from(header.additionals);
    if usize::from(header.answers) > ANSWERS || more > RECORDS {
        return Ok(());
    }
    for _ in 0..more {
        if name::check(r, message).and_then(|()| r.skip(8, "record")).and_then(|()| r.vec16("data")).is_err() {
            return Ok(());
        }
    }
    r.done(BEHIND)
}

/// Presentation form of a record's data. Names in it may point into the message.
fn write_data<'a>(out: &mut String, shape: Shape, mut r: Reader<'a>, message: &'a [u8]) -> Result<(), Fault> {
    match shape {
        Shape::A => address(out, r.array("address")?),
        Shape::Aaaa => put(out, Ipv6Addr::from(r.array::<16>("address")?)),
        Shape::Name => *out = name::read(&mut r, message)?,
        Shape::Mx => {
            put(out, r.u16("preference")?);
            put(out, name::read(&mut r, message)?);
        }
        Shape::TwoNames | Shape::Soa => {
            put(out, name::read(&mut r, message)?);
            put(out, name::read(&mut r, message)?);
            while shape == Shape::Soa && !r.is_empty() {
                put(out, r.u32("number")?);
            }
        }
        Shape::Srv => {
            for _ in 0..3 {
                put(out, r.u16("number")?);
            }
            put(out, name::read(&mut r, message)?);
        }
        Shape::Text => {
            while !r.is_empty() && out.len() < DATA {
                quoted(out, r.vec8("text")?.rest());
            }
        }
        Shape::Naptr => {
            put(out, r.u16("order")?);
            put(out, r.u16("preference")?);
            for _ in 0..3 {
                quoted(out, r.vec8("text")?.rest());
            }
            put(out, name::read(&mut r, message)?);
        }
        Shape::Caa => {
            put(out, r.u8("flags")?);
            put(out, r.vec8("tag")?.rest().escape_ascii());
            quoted(out, r.rest());
        }
        Shape::Svcb => {
            put(out, r.u16("priority")?);
            put(out, name::read(&mut r, message)?);
            parameters(out, r)?;
        }
        Shape::Digest(numbers) => {
            for width in numbers {
                let value = if *width == 2 { r.u16("number")? } else { u16::from(r.u8("number")?) };
                put(out, value);
            }
            out.push(' ');
            hex(out, r.rest());
        }
        Shape::Opt | Shape::Unknown => unknown(out, r.rest()),
    }
    // Bytes left over: it was not what its type says.
    r.done("dns: record data")
}

/// An IPv4 address: most data are one.
fn address(out: &mut String, octets: [u8; 4]) {
    for (at, octet) in octets.into_iter().enumerate() {
        if at > 0 {
            out.push('.');
        }
        push_number(out, octet);
    }
}

fn put(out: &mut String, value: impl std::fmt::Display) {
    let separator = if out.is_empty() { "" } else { " " };
    let _ = write!(out, "{separator}{value}");
}

fn quoted(out: &mut String, bytes: &[u8]) {
    put(out, '"');
    let _ = write!(out, "{}\"", bytes.get(..DATA).unwrap_or(bytes).escape_ascii());
}

fn hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes.iter().take(DATA / 2) {
        push_hex(out, *byte);
    }
}

/// RFC 3597 section 5.
fn unknown(out: &mut String, bytes: &[u8]) {
    let _ = write!(out, "\\# {} ", bytes.len());
    hex(out, bytes);
}

/// Service parameters (RFC 9460 section 2.1): ALPN, port and address hints by name, others as hex.
fn parameters(out: &mut String, mut r: Reader<'_>) -> Result<(), Fault> {
    while !r.is_empty() && out.len() < DATA {
        let key = r.u16("parameter")?;
        let mut value = r.vec16("parameter value")?;
        let mut list = String::new();
        while !value.is_empty() && list.len() < DATA {
            if !list.is_empty() {
                list.push(',');
            }
            match key {
                1 => {
                    let _ = write!(list, "{}", value.vec8("alpn")?.rest().escape_ascii());
                }
                3 => {
                    let _ = write!(list, "{}", value.u16("port")?);
                }
                4 => {
                    let _ = write!(list, "{}", Ipv4Addr::from(value.array::<4>("hint")?));
                }
                6 => {
                    let _ = write!(list, "{}", Ipv6Addr::from(value.array::<16>("hint")?));
                }
                _ => hex(&mut list, value.rest()),
            }
        }
        match key {
            1 => put(out, format_args!("alpn=\"{list}\"")),
            3 => put(out, format_args!("port={list}")),
            4 => put(out, format_args!("ipv4hint={list}")),
            6 => put(out, format_args!("ipv6hint={list}")),
            _ => put(out, format_args!("key{key}={list}")),
        }
    }
    Ok(())
}
