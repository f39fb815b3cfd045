//! What shards tell the back.

use picket_dissect::fact::ConnectionIds;
use picket_dissect::infer::Inferred;
use picket_dissect::quic::ConnectionId;
use picket_dissect::tls::Records;
use picket_event::body::{App, Body, PayloadShape, Tunnel};
use picket_event::{AppDetail, Both, FlowEnd, FlowRef, FlowState, Timestamp};
use picket_feature::{FlowDetail, FlowStats, Handshake, Polling};
use picket_packet::VlanIds;

/// One message from the front or a shard to the back.
#[derive(Debug)]
pub(crate) enum Report {
    /// An event that needs nothing more.
    Event(Said),
    /// The event of a QUIC connection with the ids its ends have chosen.
    Connection(Box<Said>, Box<ConnectionIds>),
    /// A flow begins with what may be a packet of a QUIC connection that began elsewhere.
    Bound(Bound),
    /// A conversation tells numbers that its ends have chosen for it.
    Numbered(FlowRef, Box<AppDetail>),
    /// A message of a plant's protocol contradicts itself.
    Damage(Box<Damage>),
    /// A conversation opened (told only where flows are scored).
    Opened(FlowRef, Timestamp),
    /// The capture began at this time.
    Began(Timestamp),
    /// A window of hosts is over, at this time.
    Window(Timestamp),
    /// A row of a conversation is complete.
    Row(Box<Row>),
    /// The format of an unknown conversation was inferred (told only where that is to be explained).
    Inferred(Box<Inferred>),
}

/// The first packet of a flow, by where it may go.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) flow: FlowRef,
    pub(crate) vlan: VlanIds,
    pub(crate) time: Timestamp,
    /// What its destination connection id begins with or is.
    pub(crate) id: ConnectionId,
}

/// A message that contradicts itself.
#[derive(Debug)]
pub(crate) struct Damage {
    pub(crate) time: Timestamp,
    pub(crate) vlan: VlanIds,
    pub(crate) flow: FlowRef,
    /// What does not fit.
    pub(crate) reason: &'static str,
}

/// An event of a conversation, or of none.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) time: Timestamp,
    pub(crate) vlan: VlanIds,
    pub(crate) flow: Option<FlowRef>,
    pub(crate) body: Body,
}

/// A row of a conversation, in the direction finally judged.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) flow: FlowRef,
    /// Whether the conversation had a row before.
    pub(crate) continued: bool,
    pub(crate) vlan: VlanIds,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) packets: Both<u64>,
    pub(crate) bytes: Both<u64>,
    pub(crate) tcp_flags: Both<u8>,
    pub(crate) state: FlowState,
    pub(crate) reason: FlowEnd,
    pub(crate) app: App,
    pub(crate) tunnel: Option<Box<Tunnel>>,
    /// What the payload looks like, where nobody knows what it is.
    pub(crate) payload: Option<PayloadShape>,
    /// What its messages say of it.
    pub(crate) detail: Option<Box<AppDetail>>,
    /// The first TLS records, in the first row behind them.
    pub(crate) records: Option<Box<Records>>,
    /// What the classifiers need; `None` where flows are not scored.
    pub(crate) evidence: Option<Box<Evidence>>,
}

/// What the classifiers need of a row.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) stats: FlowStats,
    /// Kept where a schema that needs it is read.
    pub(crate) detail: Option<Box<FlowDetail>>,
    /// Kept where nobody recognised what was said.
    pub(crate) polling: Option<Box<Polling>>,
    pub(crate) handshake: Option<Handshake>,
}
