//! The windows of hosts: a sensor's own, or one for all the sensors that share out an interface between its rings.
//!
//! The kernel shares out conversations, so that every ring sees a part of what each host does. Rows of all rings then count in one
//! window, which the ring that reaches its end first closes; what is left goes out with the ring that stops last. Live alone:
//! the order in which rings reach a window is the kernel's.

use super::HashKey;
use super::hosts::Hosts;
use picket_event::Timestamp;
use picket_feature::host::HostWindow;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// One ring's share in the windows of an interface.
#[derive(Clone, Debug)]
pub struct Ring {
    all: Arc<Mutex<Joined>>,
    /// Its books tell what the windows cost.
    first: bool,
}

#[derive(Debug)]
struct Joined {
    hosts: Hosts,
    /// Rings that have not stopped.
    at_work: usize,
    /// The end of the last window.
    closed: Timestamp,
}

impl Ring {
    /// The shares of so many rings of one interface.
    #[must_use]
    pub fn share(rings: usize, key: HashKey) -> Vec<Self> {
        let joined = Joined { hosts: Hosts::new(key.0[0]), at_work: rings, closed: Timestamp::EPOCH };
        let all = Arc::new(Mutex::new(joined));
        (0..rings).map(|ring| Self { all: Arc::clone(&all), first: ring == 0 }).collect()
    }
}

/// Where a sensor's rows count.
#[derive(Debug)]
pub(crate) enum Windows {
    Own(Box<Hosts>),
    Joined(Ring),
}

/// What each host did in a window, by address.
type Closed = Vec<(IpAddr, HostWindow)>;

impl Windows {
    pub(crate) fn new(ring: Option<Ring>, key: HashKey) -> Self {
        ring.map_or_else(|| Self::Own(Box::new(Hosts::new(key.0[0]))), Self::Joined)
    }

    /// The windows, to count in.
    #[inline]
    pub(crate) fn with<R>(&mut self, work: impl FnOnce(&mut Hosts) -> R) -> R {
        match self {
            Self::Own(hosts) => work(hosts),
            // A thread that died in between has left counters behind, no more.
            Self::Joined(ring) => work(&mut ring.all.lock().unwrap_or_else(PoisonError::into_inner).hosts),
        }
    }

    /// Ends the window at `end`, unless another ring has done it.
    pub(crate) fn close(&mut self, end: Timestamp) -> Closed {
        match self {
            Self::Own(hosts) => hosts.close(end).collect(),
            Self::Joined(ring) => ring.all.lock().unwrap_or_else(PoisonError::into_inner).close(end),
        }
    }

    /// The input is over at `end`: what is left, unless other rings go on.
    pub(crate) fn finish(&mut self, end: Timestamp) -> Closed {
        match self {
            Self::Own(hosts) => hosts.close(end).collect(),
            Self::Joined(ring) => {
                let mut joined = ring.all.lock().unwrap_or_else(PoisonError::into_inner);
                joined.at_work = joined.at_work.saturating_sub(1);
                if joined.at_work == 0 { joined.close(end) } else { Closed::new() }
            }
        }
    }

    /// What reached a cap; the first ring tells it for all.
    pub(crate) fn capped(&self) -> [(&'static str, u64); 3] {
        match self {
            Self::Own(hosts) => hosts.capped(),
            Self::Joined(ring) => {
                let capped = ring.all.lock().unwrap_or_else(PoisonError::into_inner).hosts.capped();
                capped.map(|(row, count)| (row, if ring.first { count } else { 0 }))
            }
        }
    }
}

impl Joined {
    fn close(&mut self, end: Timestamp) -> Closed {
        if end <= self.closed {
            return Closed::new();
        }
        self.closed = end;
        self.hosts.close(end).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::hosts::tests::row;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_parts(seconds, 0)
    }

    /// A host whose conversations come by two rings has one window, told by the ring that reaches its end first.
    #[test]
    fn rings_share_their_windows() {
        let mut rings: Vec<Windows> =
            Ring::share(2, HashKey::FILE).into_iter().map(|ring| Windows::new(Some(ring), HashKey::FILE)).collect();
        for (windows, port) in rings.iter_mut().zip([443, 8443]) {
            windows.with(|hosts| hosts.row(&row("10.0.0.1", "192.0.2.9", port, 0)));
        }
        let [one, other] = rings.as_mut_slice() else { panic!("two rings") };
        let told = other.close(at(300));
        assert_eq!(told.len(), 1);
        let (_, window) = &told[0];
        assert_eq!((window.flows, window.peers, window.ports), (2, 1, 2));
        assert!(one.close(at(300)).is_empty(), "told once");
        one.with(|hosts| hosts.row(&row("10.0.0.1", "192.0.2.9", 443, 310)));
        assert!(one.finish(at(320)).is_empty(), "the other ring goes on");
        assert_eq!(other.finish(at(330)).len(), 1);
    }
}
