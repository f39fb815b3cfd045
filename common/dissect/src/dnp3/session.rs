//! Link frames of DNP3 told and read, segments put together, responses given their requests' operations.

use super::parse::{self, Fragment, Link};
use super::table::{self, AUTHENTICATION, RESPONSE, SET_TIME, TIME_GROUP, UNSOLICITED, WRITE};
use crate::Output;
use crate::framed::Framing;
use crate::pending::Pending;
use crate::sides::{Mark, Speaker};
use crate::teller::Message;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Operation, Protocol};
use picket_reader::{Fault, Reader};

/// The longest application fragment that is put together, bytes. Devices agree on 2048 or less.
const FRAGMENT_MAX: usize = 4096;
/// Fragments that are put together at a time; the oldest is given up.
const ASSEMBLED_MAX: usize = 4;

/// A fragment of which segments are still to come.
#[derive(Debug)]
struct Assembly {
    direction: Direction,
    src: u16,
    dest: u16,
    /// The number the next segment has to have.
    next: u8,
    bytes: Vec<u8>,
}

/// One connection, or the datagrams between two ends.
#[derive(Debug, Default)]
pub(crate) struct Dnp3 {
    /// By outstation, master and sequence number.
    asked: Pending<(u16, u16, u8), Operation>,
    assemblies: Vec<Assembly>,
    /// The segment at hand, kept for its memory.
    segment: Vec<u8>,
}

impl Framing for Dnp3 {
    const HELD: usize =
        Pending::<(u16, u16, u8), Operation>::LIMIT + ASSEMBLED_MAX * (2 * FRAGMENT_MAX + size_of::<Assembly>()) + 512;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn judge(frame: &[u8]) -> Option<Mark> {
        let link = parse::link(frame).ok()?;
        // Start bytes and a checksum that fits: 32 bits.
        let from_master = parse::function(frame, &link).map_or(link.from_master, |function| function < RESPONSE);
        Some(Mark { sure: 0.97, speaker: if from_master { Speaker::Client } else { Speaker::Server } })
    }

    fn message(&mut self, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let link = parse::link(frame.bytes).map_err(|_| Fault::Malformed("dnp3: frame is cut"))?;
        if !link.data {
            return Ok(());
        }
        let mut segment = std::mem::take(&mut self.segment);
        let read = match parse::data(frame.bytes, &mut segment) {
            Ok(()) => self.segment(&segment, &link, frame, output),
            Err(_) => Err(Fault::Malformed("dnp3: checksum of a block")),
        };
        self.segment = segment;
        read
    }

    fn interrupted(&mut self, direction: Direction, _: &mut Output) {
        self.assemblies.retain(|assembly| assembly.direction != direction);
    }
}

impl Dnp3 {
    /// A segment of the transport (clause 8.2): final, first, and a number.
    fn segment(&mut self, bytes: &[u8], link: &Link, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let Some((header, data)) = bytes.split_first() else { return Ok(()) };
        let (last, first, number) = (header & 0x80 != 0, header & 0x40 != 0, header & 0x3f);
        let at = self.assemblies.iter().position(|a| (a.src, a.dest) == (link.src, link.dest));
        let begun = at.map(|at| self.assemblies.swap_remove(at));
        if first && last {
            return self.fragment(data, link, frame, output);
        }
        let mut assembly = match begun {
            _ if first => {
                let (direction, src, dest) = (frame.direction, link.src, link.dest);
                Assembly { direction, src, dest, next: number, bytes: Vec::new() }
            }
            Some(begun) if begun.next == number => begun,
            // The beginning was not seen.
            None => return Ok(()),
            Some(_) => return Err(Fault::Malformed("dnp3: number of a segment")),
        };
        if assembly.bytes.len() + data.len() > FRAGMENT_MAX {
            return Err(Fault::Malformed("dnp3: fragment is too long"));
        }
        assembly.bytes.extend_from_slice(data);
        assembly.next = number.wrapping_add(1) & 0x3f;
        if last {
            return self.fragment(&assembly.bytes, link, frame, output);
        }
        if self.assemblies.len() >= ASSEMBLED_MAX {
            self.assemblies.remove(0);
        }
        self.assemblies.push(assembly);
        Ok(())
    }

    fn fragment(&mut self, bytes: &[u8], link: &Link, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let fragment = parse::fragment(bytes).map_err(|_| Fault::Malformed("dnp3: fragment is cut"))?;
        let first = match fragment.objects {
            [] => None,
            objects => Some(
                parse::objects(&mut Reader::new(objects)).map_err(|_| Fault::Malformed("dnp3: object header is cut")),
            ),
        };
        let (objects, read) = match first {
            Some(Ok(objects)) => (Some(objects), Ok(())),
            Some(Err(reason)) => (None, Err(reason)),
            None => (None, Ok(())),
        };
        let group = objects.map(|objects| objects.group);
        // Not by the direction bit of the link: masters that set it wrongly are obeyed all the same.
        let (outstation, master) =
            if fragment.function < RESPONSE { (link.dest, link.src) } else { (link.src, link.dest) };
        let (operation, kind) = self.meaning(&fragment, group, outstation, master);
        let name = table::function(fragment.function).name;
        let message = Ics::new(Protocol::DNP3, operation, kind, u32::from(fragment.function), name);
        let said = Ics {
            unit: Some(u32::from(outstation)),
            object: about(&fragment, group).map(Into::into),
            range: objects.and_then(|objects| objects.range),
            value: objects.and_then(|objects| objects.value),
            ..message
        };
        output.ics(said);
        if group == Some(0) && fragment.function == RESPONSE {
            attributes(&fragment, frame, output);
        }
        read
    }

    /// What a fragment does, and the part it plays.
    fn meaning(
        &mut self,
        fragment: &Fragment<'_>,
        group: Option<u8>,
        outstation: u16,
        master: u16,
    ) -> (Operation, MessageKind) {
        let own = table::function(fragment.function).operation;
        let key = (outstation, master, fragment.sequence);
        match fragment.function {
            RESPONSE => {
                // An answer may come twice. Further fragments have numbers of their own, under which something else may
                // have been asked sixteen requests ago.
                let asked = self.asked.of(&key).filter(|_| fragment.first);
                (asked.copied().unwrap_or(own), MessageKind::Response)
            }
            UNSOLICITED => (own, MessageKind::Unsolicited),
            AUTHENTICATION.. => (own, MessageKind::Response),
            function => {
                let sets_time = function == WRITE && group == Some(TIME_GROUP);
                let operation = if sets_time { SET_TIME } else { own };
                // Confirmations have the number of what they confirm.
                if function != 0 {
                    self.asked.ask_anew(key, operation);
                }
                (operation, MessageKind::Request)
            }
        }
    }
}

/// Why a request was refused, or what a fragment is about.
fn about(fragment: &Fragment<'_>, group: Option<u8>) -> Option<&'static str> {
    let [first, second] = fragment.indications;
    let restarted = (first & 0x80 != 0).then_some("device restart");
    let group = group.map(table::group).filter(|name| !name.is_empty());
    table::refused(second).or(group).or(restarted)
}

/// What an outstation tells of itself.
fn attributes(fragment: &Fragment<'_>, frame: &Message<'_>, output: &mut Output) {
    let nothing = frame.about();
    let mut told = nothing.clone();
    for (variation, bytes) in parse::attributes(fragment.objects) {
        let Some(text) = crate::teller::text(bytes) else { continue };
        match variation {
            252 => told.vendor = Some(text),
            250 => told.model = Some(text),
            242 => told.firmware = Some(text),
            247 => told.hostname = Some(text),
            _ => {}
        }
    }
    if told != nothing {
        "dnp3".clone_into(&mut told.source);
        told.roles = vec!["outstation".to_owned()];
        told.purdue_level = Some(1);
        output.asset(told);
    }
}
