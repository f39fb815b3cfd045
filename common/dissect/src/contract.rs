//! The contract between a dissector and the line: `probe`, then `feed`.

use crate::fact::Fact;
use crate::infer::Desk;
use crate::teller;
use picket_event::body::{Asset, Ics};
use picket_event::{Body, Direction, Endpoints, Protocol, Timestamp, Transport, Unit};

/// A protocol's reader. Stateless; what is remembered lives in its [`Session`]s.
pub trait Dissector: Sync {
    /// Its name.
    fn protocol(&self) -> Protocol;

    /// Judges the first bytes of a conversation, both directions where both were seen, from the middle
    /// of a stream too. Must not look at ports.
    fn probe(&self, head: &Head<'_>) -> Probe;

    /// Begins to read a conversation.
    fn open(&self, context: &Context) -> SessionBox;

    /// The most bytes of memory one session may hold, its own buffers included.
    fn session_limit(&self) -> usize;
}

/// Where a protocol is met. A constant of each dissector, so that the registry can be turned round at build time:
/// which candidates a port speaks for is looked up, not searched.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    /// The transports it runs over.
    pub transports: &'static [Transport],
    /// The types it runs over below IP: EtherTypes, or below 0x0600 the destination service access point of an
    /// IEEE 802.2 frame. Such a conversation is fed frame by frame, as datagrams from behind the type field (or
    /// from the IEEE 802.2 header on), padding included; its [`Context`] names [`Endpoints::Link`].
    pub ether_types: &'static [u16],
    /// Registered and customary server ports: weak evidence, never deciding alone against the payload.
    pub ports: &'static [u16],
    /// Whether its structure is shared with another protocol, so that the port has to decide between them.
    pub needs_port: bool,
}

/// A session of any protocol.
pub type SessionBox = Box<dyn Session + Send>;

/// One conversation being read.
pub trait Session {
    /// Takes the next input of one direction. For streams, unconsumed bytes are given again with more
    /// behind them; a datagram is always consumed whole.
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress;
}

/// The first bytes of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The transport; 0 below IP.
    pub transport: Transport,
    /// First payload bytes from the client (as judged so far); empty where none were seen.
    pub to_server: &'a [u8],
    /// First payload bytes from the server; empty where none were seen.
    pub to_client: &'a [u8],
}

/// What a dissector says of a head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Probe {
    /// It is mine, this sure; `client` names the direction the client speaks in, where the bytes tell
    /// (a request seen in `ToClient` means that the sensor has taken the server for the client).
    Yes {
        /// How sure.
        confidence: Unit,
        /// Set when the bytes show that the ends are exchanged.
        reversed: bool,
    },
    /// It is not mine, whatever follows.
    No,
    /// Cannot be said yet.
    More,
}

/// What is fed to a session.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The next bytes of a stream, from the first unconsumed one.
    Stream(&'a [u8]),
    /// One datagram's payload.
    Datagram(&'a [u8]),
    /// So many bytes of the stream are missing here; what was unconsumed is gone.
    Gap(u64),
    /// The direction ended.
    End,
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes consumed of a stream input.
    pub consumed: usize,
    /// What the session wants next.
    pub need: Need,
}

/// What a session wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// More bytes; at least this many in view before the next call makes sense.
    Bytes(usize),
    /// Nothing more from this direction: stop reassembling it.
    Nothing,
    /// Nothing more from either direction: the session can be dropped, its output was complete.
    Done,
    /// These bytes are not this protocol after all: identify again.
    NotMine,
    /// What follows in this direction, behind what was consumed, is something else: hand over to it. The
    /// session goes on with the other direction, until it says the same there. For streams alone.
    Switch(Next),
}

/// What a direction speaks behind the place where its session hands over. Of the two directions, the first that
/// is handed over says it for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The same service, under TLS (STARTTLS and its kin). The flow keeps the service's name.
    Protected,
    /// This protocol, and the flow takes its name; a dissector reads it where there is one.
    Protocol(&'static Protocol),
    /// Whatever somebody else's server speaks (a proxy's client has reached it): identify. The flow takes the name of what is
    /// found and keeps the proxy's where nothing is.
    Tunnel {
        /// The port of that server, 0 where it is not known: it breaks ties, as ports do.
        port: u16,
    },
}

/// What a session may know of its conversation.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Capture time of the packet that brought the input.
    pub time: Timestamp,
    /// The two ends.
    pub endpoints: Endpoints,
    /// Whether the packet that opened the conversation was seen, so that the first end is known to have done it. Otherwise it
    /// is a guess from the ports.
    pub opener_seen: bool,
}

/// What a session hands back. Reused between calls; bounded by the input that was given.
#[derive(Debug, Default)]
pub struct Output {
    /// Finished events, in order.
    pub events: Vec<Body>,
    /// Malformed messages met, by reason.
    pub malformed: Vec<&'static str>,
    /// What later stages need of handshakes and is no event.
    pub facts: Vec<Fact>,
    /// Sessions ended because they broke the contract: a defect of the product, not of the traffic.
    pub misbehaved: u32,
    /// Events that were left out because a flow had reached its limit of them.
    pub unreported: u64,
    /// A session has learned from the roles its messages show that client and server of the conversation are exchanged,
    /// although it goes on in the sense of direction it has. Said once, and never where the opener was seen.
    pub exchanged: bool,
    /// What the session has found that its protocol carries: the conversation's name from now on.
    pub named: Option<&'static Protocol>,
    /// Boxes of messages that were merged away, to be filled again; see [`Output::ics`].
    #[allow(clippy::vec_box, reason = "the boxes themselves are what is kept")]
    pub spare: Vec<Box<Ics>>,
    /// What conversations that nobody knows share.
    pub unknown: Desk,
    /// TLS records are followed as far as schemas read them, and not over the first kilobytes alone.
    pub all_records: bool,
}

/// Boxes kept to be filled again.
const SPARE_MAX: usize = 64;

impl Output {
    /// Puts out an industrial message, in a spare box where there is one: cyclic traffic allocates nothing. The operation
    /// before it is left out, the sensor says it.
    pub fn ics(&mut self, message: Ics) {
        let boxed = match self.spare.pop() {
            Some(mut spare) => {
                *spare = message;
                spare
            }
            None => Box::new(message),
        };
        self.events.push(Body::Ics(boxed));
    }

    /// Puts out what a device told of itself, if it names a host and says anything.
    pub(crate) fn asset(&mut self, asset: Asset) {
        if teller::tells(&asset) {
            self.events.push(Body::Asset(Box::new(asset)));
        }
    }

    /// Takes back the box of a message that is not needed any more.
    pub fn reuse(&mut self, message: Box<Ics>) {
        if self.spare.len() < SPARE_MAX {
            self.spare.push(message);
        }
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.malformed.clear();
        self.facts.clear();
        self.misbehaved = 0;
        self.unreported = 0;
        self.exchanged = false;
        self.named = None;
    }
}
