//! Event types: the only thing that leaves a sensor, and the one vocabulary of the product.
//!
//! An [`Event`] is small and typed. It has two outside forms, and this crate alone knows them:
//! EVE JSON for people and other tools, and the `picket/1` wire between agent and collector.
//! Names of kinds, protocols, operations, classifiers and reasons are spelled in [`vocabulary`] and
//! [`reason`]; everything else reads them there.
//!
//! `src` is always the client and `dest` the server, as the sensor judged it.
#![forbid(unsafe_code)]

mod address;
pub mod body;
mod community;
mod detail;
pub mod eve;
mod ledger;
pub mod reason;
#[cfg(test)]
mod samples;
mod source;
mod time;
mod tls_alert;
pub mod vocabulary;
pub mod wire;

pub use address::{AgentId, Endpoints, FlowId, Mac, Site, Transport};
pub use body::Body;
pub use community::community_id;
pub use detail::{AppDetail, DETAIL_TEXT_BYTES_MAX, DETAIL_TEXTS_MAX};
pub use ledger::{Ledger, Loss};
pub use reason::{Reason, ReasonArg};
pub use source::{INTERFACE_TAGS_MAX, Interface, Source};
pub use time::{Timestamp, TimestampError};
pub use tls_alert::TlsAlert;
pub use vocabulary::{
    Classifier, Ech, FlowEnd, FlowState, Kind, MessageKind, Method, Operation, Protocol, SshBehaviour, Verdict,
};

use bincode::{Decode, Encode};

/// A value measured in both directions of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Both<T> {
    /// From the client to the server.
    pub to_server: T,
    /// From the server to the client.
    pub to_client: T,
}

/// Which way a packet or message went, as the sensor judged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    /// This way's of a pair whose first belongs to [`Self::ToServer`].
    pub const fn of_mut<T>(self, pair: &mut [T; 2]) -> &mut T {
        let [to_server, to_client] = pair;
        match self {
            Self::ToServer => to_server,
            Self::ToClient => to_client,
        }
    }

    /// 0 to the server, 1 to the client.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl<T> Both<T> {
    /// The value of one direction.
    pub const fn get(&self, direction: Direction) -> &T {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }

    /// The value of one direction, to be changed.
    pub const fn get_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    /// Exchanges the directions, when the sensor learns that it had taken the server for the client.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { to_server: self.to_client, to_client: self.to_server }
    }
}

/// A confidence or score: finite, 0 to 1. `NaN` becomes 0, and values outside are clamped.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Encode, Decode)]
pub struct Unit(f32);

impl Unit {
    /// No confidence.
    pub const ZERO: Self = Self(0.0);
    /// Certainty.
    pub const ONE: Self = Self(1.0);

    /// The nearest value of the range.
    #[must_use]
    pub const fn new(value: f32) -> Self {
        // Comparisons with NaN are false, so NaN becomes 0.
        if value >= 1.0 {
            Self(1.0)
        } else if value > 0.0 {
            Self(value)
        } else {
            Self(0.0)
        }
    }

    /// The number, 0 to 1.
    #[must_use]
    pub const fn get(self) -> f32 {
        self.0
    }
}

/// One event of one sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Capture time of what made the event: for a flow, its last packet.
    pub time: Timestamp,
    /// Where it was seen: interface name, or base name of the capture file.
    pub source: Source,
    /// VLAN ids of the frames, outermost first, at most [`VLAN_IDS_MAX`].
    pub vlan: Vec<u16>,
    /// The conversation it belongs to.
    pub flow: Option<FlowRef>,
    /// Fields that a privacy switch hashed or left out, by their EVE names.
    pub redacted: Vec<String>,
    /// What happened.
    pub body: Body,
}

impl Event {
    /// The event's kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.body.kind()
    }

    /// Whether somebody may have to be told: the sensor raised an alert, or judged a conversation, a pair or a host to be bad.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        let score = match &self.body {
            Body::Flow(flow) => flow.score.as_ref(),
            Body::Pair(pair) => pair.score.as_ref(),
            Body::Host(host) => host.score.as_ref(),
            Body::Alert(_) => return true,
            _ => None,
        };
        score.is_some_and(|score| matches!(score.verdict, Verdict::Malicious | Verdict::Suspicious))
    }
}

/// VLAN ids of one event at most.
pub const VLAN_IDS_MAX: usize = 8;

/// A reference to a conversation: its id and its two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowRef {
    /// The conversation's id, unique within a file or a run.
    pub id: FlowId,
    /// The two ends.
    pub endpoints: Endpoints,
}

/// An event with the sender's identity, as the collector and the engine see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The sensor that made it.
    pub agent: AgentId,
    /// The site the sensor belongs to.
    pub site: Site,
    /// The spool's epoch.
    pub epoch: u64,
    /// The event's number within the epoch, from 1.
    pub sequence: u64,
    /// The event.
    pub event: Event,
}
