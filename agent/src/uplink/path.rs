//! Which transport to use, without a socket or a clock.
//!
//! QUIC is first. Where it gets no answer the same collector is tried over TCP at once; what worked last is tried first
//! the next time. While TCP is in use, QUIC is looked for now and then, and taken again as soon as it passes.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// First look for QUIC while TCP is in use; doubles up to [`LONGEST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_secs(5);
const LONGEST_LOOK: Duration = Duration::from_secs(600);

/// How frames travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// QUIC over UDP.
    Quic,
    /// TLS over TCP.
    Tcp,
}

impl Transport {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quic => "QUIC",
            Self::Tcp => "TCP",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Quic => Self::Tcp,
            Self::Tcp => Self::Quic,
        }
    }
}

/// Which transports may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// QUIC, and TCP where that gets no answer.
    #[default]
    Auto,
    /// QUIC alone.
    Quic,
    /// TCP alone.
    Tcp,
}

/// The choice's state.
#[derive(Clone, Debug)]
pub struct Path {
    choice: Choice,
    transport: Transport,
    /// While TCP is in use by fall-back: when to look for QUIC, and how long to wait after that.
    look: Option<(Duration, Duration)>,
}

impl Path {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new(choice: Choice) -> Self {
        let transport = match choice {
            Choice::Auto | Choice::Quic => Transport::Quic,
            Choice::Tcp => Transport::Tcp,
        };
        Self { choice, transport, look: None }
    }

    /// The transport in use, or to be tried next.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// An attempt got no answer. Answers the transport to try at once, where there is another.
    pub fn silent(&mut self) -> Option<Transport> {
        (self.choice == Choice::Auto).then(|| {
            self.transport = self.transport.other();
            self.transport
        })
    }

    /// The other one got no answer either: the collector is away, which says nothing of UDP.
    pub const fn both_silent(&mut self) {
        self.transport = Self::new(self.choice).transport;
    }

    /// A connection stands.
    pub fn connected(&mut self, now: Duration) {
        let fell_back = self.choice == Choice::Auto && self.transport == Transport::Tcp;
        self.look = fell_back.then_some((now + FIRST_LOOK, FIRST_LOOK * 2));
    }

    /// Whether to look for QUIC now; it is asked again later.
    pub fn looks(&mut self, now: Duration) -> bool {
        match &mut self.look {
            Some((at, wait)) if now >= *at => {
                *at = now + *wait;
                *wait = (*wait * 2).min(LONGEST_LOOK);
                true
            }
            _ => false,
        }
    }

    /// QUIC passes again.
    pub const fn found(&mut self) {
        self.transport = Transport::Quic;
        self.look = None;
    }

    /// The connection is gone.
    pub const fn ended(&mut self) {
        self.look = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn f27_tcp_is_taken_where_quic_is_silent_and_quic_again_when_it_passes() {
        let mut path = Path::new(Choice::Auto);
        assert_eq!(path.transport(), Transport::Quic);
        assert_eq!(path.silent(), Some(Transport::Tcp));
        path.connected(at(5));
        assert!(!path.looks(at(9)));
        assert!(path.looks(at(10)), "five seconds later");
        assert!(!path.looks(at(19)) && path.looks(at(20)), "then after twice as long");
        path.ended();
        assert_eq!(path.transport(), Transport::Tcp, "what worked is tried first");
        assert!(!path.looks(at(1_000)), "nothing is looked for without a connection");
        path.connected(at(1_000));
        path.found();
        assert_eq!(path.transport(), Transport::Quic);
        path.connected(at(1_001));
        assert!(!path.looks(at(9_999)), "over QUIC there is nothing to look for");
    }

    #[test]
    fn f27_a_collector_that_is_away_says_nothing_of_udp() {
        let mut path = Path::new(Choice::Auto);
        assert_eq!(path.silent(), Some(Transport::Tcp));
        path.both_silent();
        assert_eq!(path.transport(), Transport::Quic);
    }

    #[test]
    fn a_fixed_choice_stays() {
        for (choice, transport) in [(Choice::Quic, Transport::Quic), (Choice::Tcp, Transport::Tcp)] {
            let mut path = Path::new(choice);
            assert_eq!(path.silent(), None);
            path.connected(at(0));
            assert!(!path.looks(at(9_999)));
            assert_eq!(path.transport(), transport);
        }
    }
}
