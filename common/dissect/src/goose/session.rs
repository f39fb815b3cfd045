//! Messages of GOOSE told and read.

use super::parse::{self, Said};
use super::table::Message;
use crate::Output;
use crate::framed::Framing;
use crate::sides::{Mark, Speaker};
use crate::teller;
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// Logical devices remembered, so that each is told once.
const DEVICES: usize = 8;
/// Longest reference that is kept, bytes. The standard allows 129.
const REFERENCE_MAX: usize = 129;

/// What one publisher sends to one group.
#[derive(Debug, Default)]
pub(crate) struct Goose {
    publishers: Publishers,
}

impl Framing for Goose {
    /// The whole frame: what is behind the message is padding.
    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        Ok(bytes.len())
    }

    fn judge(frame: &[u8]) -> Option<Mark> {
        parse::frame(frame).ok().map(|_| Mark { sure: 0.98, speaker: Speaker::Client })
    }

    fn message(&mut self, frame: &teller::Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let read = parse::frame(frame.bytes).map_err(|_| Fault::Malformed("goose: header does not fit"))?;
        let (message, said, damage) = report(Protocol::GOOSE, read.message, read.inside);
        output.ics(Ics { unit: Some(u32::from(read.application)), ..message });
        self.publishers.tell(&said, frame, "goose", output);
        if read.whole { damage } else { Err(Fault::Malformed("goose: message is cut")) }
    }
}

/// What a message says as an event, its fields, and what is wrong with it.
pub(crate) fn report(protocol: Protocol, message: Message, inside: &[u8]) -> (Ics, Said<'_>, Result<(), Fault>) {
    let mut said = Said::default();
    let mut event = Ics::new(protocol, message.operation, MessageKind::Unsolicited, message.code, message.name);
    // The management has a shape of its own.
    if message.code != 1 {
        return (event, said, Ok(()));
    }
    let read = parse::said(inside, &mut said);
    event.object = said.control.or(said.data_set).or(said.identifier).and_then(text).map(Into::into);
    event.value = said.state.map(f64::from);
    let damage = match read {
        Ok(()) if !said.complete() => Err(Fault::Malformed("goose: field is missing")),
        read => read,
    };
    (event, said, damage)
}

fn text(bytes: &[u8]) -> Option<String> {
    crate::teller::text(bytes.get(..REFERENCE_MAX).unwrap_or(bytes))
}

/// Logical devices that were told.
#[derive(Debug, Default)]
pub(crate) struct Publishers {
    known: [u64; DEVICES],
    next: usize,
}

impl Publishers {
    /// Tells of the logical device that a control block or data set belongs to, once.
    pub(crate) fn tell(
        &mut self,
        said: &Said<'_>,
        frame: &teller::Message<'_>,
        source: &'static str,
        output: &mut Output,
    ) {
        let Some(reference) = said.control.or(said.data_set) else { return };
        let Some(device) = reference.split(|byte| *byte == b'/').next().filter(|device| *device != reference) else {
            return;
        };
        let hash = device
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        if self.known.contains(&hash) {
            return;
        }
        let Some(name) = text(device) else { return };
        if let Some(place) = self.known.get_mut(self.next % DEVICES) {
            *place = hash;
        }
        self.next = self.next.wrapping_add(1);
        let told = Asset {
            names: vec![name],
            roles: vec!["ied".to_owned()],
            purdue_level: Some(1),
            source: source.to_owned(),
            ..frame.about()
        };
        output.asset(told);
    }
}
