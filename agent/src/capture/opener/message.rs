//! What the agent and its opener say to each other: one message a packet of the socket pair.

use super::super::CaptureError;
use super::super::ring::{Program, Shape};
use super::LiveOptions;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io;

/// Bytes of a message at most; a filter may be long.
pub(super) const MESSAGE_MAX: usize = 128 << 10;
/// Interfaces of one agent at most.
pub(super) const INTERFACES_MAX: usize = 256;

impl Answer {
    /// The number of the question.
    pub(super) const fn id(&self) -> u64 {
        match self {
            Self::Opened { id, .. } | Self::Filtered { id, .. } | Self::Refused { id, .. } => *id,
        }
    }
}

/// From the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Request {
    /// At the start: an interface that may be opened, and how. Numbered in their order from 0.
    May(LiveOptions),
    /// That was all; from now on only what was said may be asked for.
    Begin,
    /// Open this one.
    Open {
        /// Comes back with the answer.
        id: u64,
        /// The interface's number.
        interface: usize,
    },
    /// From now on this interface has this filter.
    Filter {
        /// Comes back with the answer.
        id: u64,
        /// The interface's number.
        interface: usize,
        /// In pcap-filter(7) syntax.
        filter: String,
    },
}

/// To the agent; a socket goes with [`Answer::Opened`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    Opened {
        id: u64,
        shape: Shape,
    },
    /// The filter's program for sockets that are open; `None` where the interface is not there to compile it for: it is opened with
    /// the filter once it comes.
    Filtered {
        id: u64,
        program: Option<Program>,
    },
    Refused {
        id: u64,
        problem: Problem,
    },
}

/// Why an interface was not opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Problem {
    Permission { interface: String, advice: String },
    Unknown { interface: String, existing: String },
    Down { interface: String },
    Filter { interface: String, filter: String, reason: String },
    Failed { interface: String, reason: String },
}

impl From<CaptureError> for Problem {
    fn from(error: CaptureError) -> Self {
        match error {
            CaptureError::Permission { interface, advice } => Self::Permission { interface, advice },
            CaptureError::UnknownInterface { interface, existing } => Self::Unknown { interface, existing },
            CaptureError::Down { interface } => Self::Down { interface },
            CaptureError::Filter { interface, filter, reason } => Self::Filter { interface, filter, reason },
            CaptureError::Interface { interface, reason } => Self::Failed { interface, reason },
            other => Self::Failed { interface: String::new(), reason: other.to_string() },
        }
    }
}

impl From<Problem> for CaptureError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Permission { interface, advice } => Self::Permission { interface, advice },
            Problem::Unknown { interface, existing } => Self::UnknownInterface { interface, existing },
            Problem::Down { interface } => Self::Down { interface },
            Problem::Filter { interface, filter, reason } => Self::Filter { interface, filter, reason },
            Problem::Failed { interface, reason } => Self::Interface { interface, reason },
        }
    }
}

/// A message as bytes.
pub(super) fn bytes(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let bytes = serde_json::to_vec(message).map_err(io::Error::other)?;
    if bytes.len() > MESSAGE_MAX {
        return Err(io::Error::other("a message to the opener is too long; shorten capture.filter"));
    }
    Ok(bytes)
}

/// Bytes as a message.
pub(super) fn message<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_arrive_as_they_were() {
        let errors = [
            CaptureError::Permission { interface: "a".into(), advice: "b".into() },
            CaptureError::UnknownInterface { interface: "a".into(), existing: "b".into() },
            CaptureError::Down { interface: "a".into() },
            CaptureError::Filter { interface: "a".into(), filter: "b".into(), reason: "c".into() },
            CaptureError::Interface { interface: "a".into(), reason: "c".into() },
        ];
        for error in errors {
            let said = error.to_string();
            let sent = bytes(&Answer::Refused { id: 3, problem: error.into() }).unwrap();
            let Answer::Refused { id: 3, problem } = message(&sent).unwrap() else { panic!("{said}") };
            assert_eq!(CaptureError::from(problem).to_string(), said);
        }
    }
}
