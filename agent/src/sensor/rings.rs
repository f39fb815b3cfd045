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
use std::sync::Arc;

/// One ring's share in the windows of an interface.
#[derive(Clone, Debug)]
pub struct Ring {
    all: Arc<dyn Shared>,
    /// Its books tell what the windows cost.
    first: bool,
}

/// Hands the windows to one ring at a time: how is the shell's business, which has the threads.
pub trait Shared: std::fmt::Debug + Send + Sync {
    /// Does this work on them, once, while no other ring does.
    fn alone(&self, work: &mut dyn FnMut(&mut Joined));
}

/// The windows of all rings of an interface.
#[derive(Debug)]
pub struct Joined {
    hosts: Hosts,
    /// Rings that have not stopped.
    at_work: usize,
    /// The end of the last window.
    closed: Timestamp,
}

impl Ring {
    /// The shares of so many rings of one interface.
    #[must_use]
    pub fn share(rings: usize, all: &Arc<dyn Shared>) -> Vec<Self> {
        (0..rings).map(|ring| Self { all: Arc::clone(all), first: ring == 0 }).collect()
    }

    fn alone<R>(&self, work: impl FnOnce(&mut Joined) -> R) -> Option<R> {
        let (mut work, mut done) = (Some(work), None);
        self.all.alone(&mut |joined| {
            if let Some(work) = work.take() {
                done = Some(work(joined));
            }
        });
        done
    }
}

/// Where a sensor's rows count.
#[derive(Debug)]
pub(crate) enum Windows {
    Own(Box<Hosts>),
    Joined(Ring),
}

impl Windows {
    pub(crate) fn new(ring: Option<Ring>, key: HashKey) -> Self {
        ring.map_or_else(|| Self::Own(Box::new(Hosts::new(key.0[0]))), Self::Joined)
    }

    /// The windows, to count in.
    #[inline]
    pub(crate) fn with(&mut self, work: impl FnOnce(&mut Hosts)) {
        match self {
            Self::Own(hosts) => work(hosts),
            Self::Joined(ring) => ring.alone(|joined| work(&mut joined.hosts)).unwrap_or_default(),
        }
    }

    /// Ends the window at `end`, unless another ring has done it.
    pub(crate) fn close(&mut self, end: Timestamp) -> impl Iterator<Item = (IpAddr, HostWindow)> + use<> {
        let closed = match self {
            Self::Own(hosts) => Some(hosts.close(end)),
            Self::Joined(ring) => {
                ring.alone(|joined| joined.begin_next(end).then(|| joined.hosts.close(end))).flatten()
            }
        };
        closed.into_iter().flatten()
    }

    /// The input is over at `end`: what is left, unless other rings go on.
    pub(crate) fn finish(&mut self, end: Timestamp) -> impl Iterator<Item = (IpAddr, HostWindow)> + use<> {
        let is_last = match self {
            Self::Own(_) => true,
            Self::Joined(ring) => ring.alone(Joined::stop).unwrap_or(true),
        };
        is_last.then(|| self.close(end)).into_iter().flatten()
    }

    /// What reached a cap; the first ring tells it for all.
    pub(crate) fn capped(&self) -> [(&'static str, u64); 3] {
        match self {
            Self::Own(hosts) => hosts.capped(),
            Self::Joined(ring) => {
                let capped = ring.alone(|joined| joined.hosts.capped()).unwrap_or_default();
                capped.map(|(row, count)| (row, if ring.first { count } else { 0 }))
            }
        }
    }
}

impl Joined {
    /// Those of so many rings.
    #[must_use]
    pub fn new(rings: usize, key: HashKey) -> Self {
        Self { hosts: Hosts::new(key.0[0]), at_work: rings, closed: Timestamp::EPOCH }
    }

    /// A ring stops; answers whether it was the last.
    fn stop(&mut self) -> bool {
        self.at_work = self.at_work.saturating_sub(1);
        self.at_work == 0
    }

    /// Whether the window that ends at `end` is not told yet; notes that it is.
    fn begin_next(&mut self, end: Timestamp) -> bool {
        let is_due = end > self.closed;
        self.closed = self.closed.max(end);
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::hosts::tests::row;

    #[derive(Debug)]
    #[allow(clippy::disallowed_types, reason = "stands for the shell")]
    struct Locked(std::sync::Mutex<Joined>);

    impl Shared for Locked {
        fn alone(&self, work: &mut dyn FnMut(&mut Joined)) {
            work(&mut self.0.lock().unwrap());
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_parts(seconds, 0)
    }

    /// A host whose conversations come by two rings has one window, told by the ring that reaches its end first.
    #[test]
    fn rings_share_their_windows() {
        #[allow(clippy::disallowed_types, reason = "stands for the shell")]
        let all: Arc<dyn Shared> = Arc::new(Locked(std::sync::Mutex::new(Joined::new(2, HashKey::FILE))));
        let shares = Ring::share(2, &all).into_iter();
        let mut rings: Vec<Windows> = shares.map(|ring| Windows::new(Some(ring), HashKey::FILE)).collect();
        for (windows, port) in rings.iter_mut().zip([443, 8443]) {
            windows.with(|hosts| hosts.row(&row("10.0.0.1", "192.0.2.9", port, 0)));
        }
        let [one, other] = rings.as_mut_slice() else { panic!("two rings") };
        let told: Vec<_> = other.close(at(300)).collect();
        assert_eq!(told.len(), 1);
        let (_, window) = &told[0];
        assert_eq!((window.flows, window.peers, window.ports), (2, 1, 2));
        assert_eq!(one.close(at(300)).count(), 0, "told once");
        one.with(|hosts| hosts.row(&row("10.0.0.1", "192.0.2.9", 443, 310)));
        assert_eq!(one.finish(at(320)).count(), 0, "the other ring goes on");
        assert_eq!(other.finish(at(330)).count(), 1);
    }
}
