//! What readers share that tell of the conversation as a whole: one session for all of them, which looks at its first
//! messages and hands over what was new in each.
//!
//! What they tell goes into the conversation's row ([`picket_event::AppDetail`]). Such conversations repeat themselves (a clock asked all
//! day, a tunnel that changes its keys), so that behind a fixed number of messages nothing more is read.

use crate::{Context, Fact, Input, Need, Output, Progress, Session, SessionBox};
use picket_event::{AppDetail, DETAIL_TEXT_BYTES_MAX, DETAIL_TEXTS_MAX, Direction};
use picket_reader::Fault;

/// Lists of an [`AppDetail`].
const LISTS: usize = 14;

/// A message with its direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) direction: Direction,
    pub(crate) context: &'a Context,
}

/// Tells the length of the message at the beginning of a stream.
pub(crate) type Length = fn(&[u8]) -> Result<usize, Fault>;

/// How one protocol's messages are read.
#[derive(Debug)]
pub(crate) struct Way {
    /// Messages that are looked at.
    pub(crate) messages: u16,
    /// Where messages end in a stream; `None` where there are datagrams alone.
    pub(crate) length: Option<Length>,
    /// Whether a datagram is the beginning of another protocol that the ends have agreed on.
    pub(crate) is_other: fn(&[u8]) -> bool,
    /// Reads a message. What it says before a fault counts.
    pub(crate) read: fn(&Said<'_>, &mut AppDetail) -> Result<(), Fault>,
}

/// Nothing else begins in such a conversation.
pub(crate) const fn nothing_else(_: &[u8]) -> bool {
    false
}

/// A dissector whose session is a [`Way`].
macro_rules! describer {
    ($(#[$doc:meta])* $type:ident: $protocol:ident {
        transports: $transports:expr, ports: $ports:expr, probe: $probe:expr, way: $way:expr,
    }) => {
        static WAY: $crate::describer::Way = $way;

        $crate::dissector::dissector! { $(#[$doc])* $type: $protocol {
            transports: $transports, ether_types: &[], ports: $ports, needs_port: false,
            probe: $probe, session: $crate::describer::open(&WAY), limit: $crate::describer::session_limit(),
        }}
    };
}
pub(crate) use describer;

/// The session.
#[derive(Debug)]
struct Describer {
    way: &'static Way,
    left: u16,
    said: AppDetail,
}

/// Opens a session.
pub(crate) fn open(way: &'static Way) -> SessionBox {
    Box::new(Describer { way, left: way.messages, said: AppDetail::default() })
}

/// The most a session holds.
pub(crate) const fn session_limit() -> usize {
    size_of::<Describer>() + LISTS * DETAIL_TEXTS_MAX * (DETAIL_TEXT_BYTES_MAX + size_of::<String>())
}

impl Describer {
    fn message(&mut self, said: &Said<'_>, output: &mut Output) -> Need {
        let mut now = AppDetail::default();
        if let Err(fault) = (self.way.read)(said, &mut now) {
            output.malformed.push(if let Fault::Malformed(reason) = fault { reason } else { "message ends early" });
        }
        if self.said.merge(&now) {
            output.facts.push(Fact::Detail(Box::new(now)));
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 { Need::Done } else { Need::Bytes(1) }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let done = Progress { consumed: bytes.len(), need: Need::Done };
        let Some(length) = self.way.length else { return done };
        match length(bytes) {
            Ok(length) => match bytes.get(..length.max(1)) {
                Some(message) => {
                    let need = self.message(&Said { bytes: message, direction, context }, output);
                    Progress { consumed: message.len(), need }
                }
                None => Progress { consumed: 0, need: Need::Bytes(length) },
            },
            Err(Fault::Incomplete { missing, .. }) => {
                Progress { consumed: 0, need: Need::Bytes(bytes.len().saturating_add(missing.max(1))) }
            }
            Err(Fault::Malformed(reason)) => {
                output.malformed.push(reason);
                done
            }
        }
    }
}

impl Session for Describer {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Datagram(bytes) if (self.way.is_other)(bytes) => Progress { consumed: 0, need: Need::NotMine },
            Input::Datagram(bytes) => {
                let need = self.message(&Said { bytes, direction, context }, output);
                Progress { consumed: bytes.len(), need }
            }
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            // Lengths alone tell where messages begin.
            Input::Gap(_) | Input::End => Progress { consumed: 0, need: Need::Nothing },
        }
    }
}
