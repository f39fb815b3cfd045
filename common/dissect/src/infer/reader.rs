//! Reads the messages of a conversation by an inferred or described format.

use super::format::Format;
use super::length::LengthField;
use super::library::{Constant, SiteProtocol};
use super::meaning::{Meaning, Meant};
use super::operation::OperationField;
use super::talk::{Message, Talk};
use crate::Output;
use picket_event::body::{App, Ics};
use picket_event::{Direction, Method, Operation, Timestamp, Transport, Unit};
use std::borrow::Cow;
use std::sync::Arc;

/// Bytes of a message that are looked at.
const VIEW: usize = 96;
/// The longest message believed.
const MESSAGE_MAX: usize = 1 << 16;
/// Messages in a row that do not fit before the format is given up.
const MISFITS_MAX: u8 = 16;

/// A conversation that is read.
#[derive(Debug)]
pub(crate) struct Reader {
    app: App,
    constants: Vec<Constant>,
    length: Option<LengthField>,
    operation: Option<OperationField>,
    site: Option<Arc<SiteProtocol>>,
    meaning: Meaning,
    cuts: [Cut; 2],
    misfits: u8,
    stream: bool,
}

/// Where a stream stands within a message.
#[derive(Debug, Default)]
struct Cut {
    /// Bytes of the message still to come and of no interest.
    skip: usize,
    /// The beginning of a message, too short to say how long it is.
    head: Vec<u8>,
}

impl Reader {
    /// By an inferred format; what was kept teaches what the operations do.
    pub(crate) fn inferred(format: &Format, talk: &Talk) -> Self {
        let app = App { protocol: format.protocol(), confidence: format.confidence, method: Some(Method::Reverse) };
        let constants =
            (0u8..).zip(&format.magic).map(|(at, value)| Constant { at, value: *value, mask: 0xff }).collect();
        let mut reader = Self::new(app, constants, (format.length, format.operation), format.transport);
        let mut nobody = Output::default();
        talk.pieces().for_each(|piece| reader.replay(&piece, &mut nobody));
        reader
    }

    /// By a site's description; what was kept is told at once.
    pub(crate) fn described(site: Arc<SiteProtocol>, talk: &Talk, output: &mut Output) -> Self {
        let app =
            App { protocol: site.protocol.clone(), confidence: Unit::new(0.9), method: Some(Method::Fingerprint) };
        let mut reader = Self::new(app, site.constants.clone(), (site.length, site.operation), site.transport);
        reader.site = Some(site);
        talk.pieces().for_each(|piece| reader.replay(&piece, output));
        reader
    }

    fn new(
        app: App,
        constants: Vec<Constant>,
        (length, operation): (Option<LengthField>, Option<OperationField>),
        transport: Transport,
    ) -> Self {
        let (meaning, cuts) = (Meaning::default(), <[Cut; 2]>::default());
        let stream = transport == Transport::TCP && length.is_some();
        Self { app, constants, length, operation, site: None, meaning, cuts, misfits: 0, stream }
    }

    /// What it is called, while it fits.
    pub(crate) fn app(&self) -> Option<&App> {
        (self.misfits < MISFITS_MAX).then_some(&self.app)
    }

    /// Whether the rest is of any use.
    pub(crate) const fn wants(&self) -> bool {
        self.misfits < MISFITS_MAX && self.operation.is_some()
    }

    /// What was kept of a piece; the rest of it is not there.
    fn replay(&mut self, piece: &Message<'_>, output: &mut Output) {
        self.take(piece.direction, piece.head, piece.time, output);
        let missing = piece.length.saturating_sub(piece.head.len());
        let cut = piece.direction.of_mut(&mut self.cuts);
        if missing > 0 {
            cut.skip = cut.skip.saturating_sub(missing);
            cut.head.clear();
        }
    }

    /// Bytes are missing: the next piece begins a message, as far as anybody knows.
    pub(crate) fn gap(&mut self, direction: Direction) {
        *direction.of_mut(&mut self.cuts) = Cut::default();
    }

    /// The next segment or datagram.
    pub(crate) fn take(&mut self, direction: Direction, bytes: &[u8], time: Timestamp, output: &mut Output) {
        if !self.stream {
            self.message(
                &Message { direction, time, length: bytes.len(), head: bytes.get(..VIEW).unwrap_or(bytes) },
                output,
            );
            return;
        }
        let cut = direction.of_mut(&mut self.cuts);
        let joined;
        let mut rest = bytes.get(cut.skip.min(bytes.len())..).unwrap_or(&[]);
        cut.skip = cut.skip.saturating_sub(bytes.len());
        if !cut.head.is_empty() {
            joined = [std::mem::take(&mut cut.head).as_slice(), rest].concat();
            rest = &joined;
        }
        while !rest.is_empty() && self.wants() {
            rest = self.first(direction, rest, time, output);
        }
    }

    /// Takes the first message off a stream; answers what is behind it.
    fn first<'a>(&mut self, direction: Direction, rest: &'a [u8], time: Timestamp, output: &mut Output) -> &'a [u8] {
        let Some(field) = self.length else { return &[] };
        let total = field.total(rest);
        if total.map_or(usize::from(field.end()), |total| total.min(VIEW)) > rest.len() {
            direction.of_mut(&mut self.cuts).head = rest.to_vec();
            return &[];
        }
        let total = total.filter(|total| *total > usize::from(field.at) && *total <= MESSAGE_MAX);
        let Some(total) = total else {
            self.misfits = self.misfits.saturating_add(1);
            return &[];
        };
        let kept = total.min(rest.len());
        let head = rest.get(..kept.min(VIEW)).unwrap_or(&[]);
        self.message(&Message { direction, time, length: total, head }, output);
        direction.of_mut(&mut self.cuts).skip = total - kept;
        rest.get(kept..).unwrap_or(&[])
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) {
        let fits = |one: &Constant| message.byte(usize::from(one.at)).is_some_and(|byte| byte & one.mask == one.value);
        if !self.constants.iter().all(fits) {
            self.misfits = self.misfits.saturating_add(1);
            return;
        }
        self.misfits = 0;
        let Some(meant) = self.operation.and_then(|field| self.meaning.take(&field, message)) else { return };
        let (operation, name) = self.described_as(&meant);
        let mut ics = Ics::new(self.app.protocol.clone(), operation, meant.kind, u32::from(meant.function), "");
        ics.function_name = name;
        output.ics(ics);
    }

    /// The operation and its name, from the site's table where there is one.
    fn described_as(&self, meant: &Meant) -> (Operation, Cow<'static, str>) {
        let Some(site) = &self.site else { return (meant.operation, Cow::Borrowed("inferred")) };
        let named = |value: u8| site.codes.iter().find(|(code, ..)| *code == value);
        match named(meant.function).or_else(|| named(meant.base)) {
            Some((_, operation, name)) => (*operation, Cow::Owned(name.clone())),
            None => (Operation::Other, Cow::Borrowed("")),
        }
    }
}
