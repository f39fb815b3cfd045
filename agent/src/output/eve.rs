//! Events as EVE JSON lines through one reused buffer.

use crate::sensor::Sink;
use picket_event::{AgentId, Event, Kind, Site, eve};
use std::io::{self, Write};

/// Bytes collected before they are written.
const BUFFER: usize = 64 * 1024;

/// Which kinds of events leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    /// All of them.
    pub const ALL: Self = Self(u32::MAX);

    /// Those named; all where none is named.
    ///
    /// # Errors
    /// The first name that is no event kind.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut bits = 0;
        for name in names {
            bits |= Self::bit(Kind::from_name(name).ok_or(name)?);
        }
        Ok(if bits == 0 { Self::ALL } else { Self(bits) })
    }

    /// Whether a kind leaves.
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    const fn bit(kind: Kind) -> u32 {
        1 << (kind as u32)
    }
}

/// Writes events as lines. After a failure nothing more is written; [`EveSink::result`] tells it.
pub struct EveSink<W: Write> {
    out: W,
    buffer: Vec<u8>,
    kinds: Kinds,
    agent: Option<AgentId>,
    site: Option<Site>,
    /// Events made, whatever their kind.
    events: u64,
    failure: Option<io::Error>,
}

impl<W: Write> EveSink<W> {
    /// Writes the events of these kinds to `out`.
    pub fn new(out: W, kinds: Kinds) -> Self {
        let buffer = Vec::with_capacity(BUFFER + BUFFER / 4);
        Self { out, buffer, kinds, agent: None, site: None, events: 0, failure: None }
    }

    /// Writes who made the events into every line.
    #[must_use]
    pub fn named(mut self, agent: Option<AgentId>, site: Option<Site>) -> Self {
        self.agent = agent;
        self.site = site;
        self
    }

    /// Events made so far, whatever their kind.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Whether writing failed, so that going on is of no use.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Writes out what is buffered.
    pub fn flush(&mut self) {
        if self.failure.is_none() {
            let written = self.out.write_all(&self.buffer).and_then(|()| self.out.flush());
            self.failure = written.err();
        }
        self.buffer.clear();
    }

    /// Flushes and says how it went. A closed pipe is success: the reader had enough.
    ///
    /// # Errors
    /// The first failed write.
    pub fn result(mut self) -> io::Result<()> {
        self.flush();
        match self.failure {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

impl<W: Write> Sink for EveSink<W> {
    fn event(&mut self, event: Event) {
        self.events += 1;
        if self.failure.is_some() || !self.kinds.contains(event.kind()) {
            return;
        }
        eve::write_line(&mut self.buffer, &event, self.agent.as_ref(), self.site.as_ref());
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_event::body::Anomaly;
    use picket_event::{Body, Source, Timestamp};

    fn event(body: Body) -> Event {
        Event {
            time: Timestamp::EPOCH,
            source: Source::Agent,
            vlan: Vec::new(),
            flow: None,
            redacted: Vec::new(),
            body,
        }
    }

    fn anomaly() -> Event {
        event(Body::Anomaly(Anomaly { kind: "x".into(), detail: "y".repeat(1000) }))
    }

    #[test]
    fn kinds_are_filtered_by_name() {
        assert_eq!(Kinds::named([]), Ok(Kinds::ALL));
        assert_eq!(Kinds::named(["flow", "flows"]), Err("flows"));
        let mut out = Vec::new();
        let mut sink = EveSink::new(&mut out, Kinds::named(["stats"]).unwrap());
        sink.event(anomaly());
        sink.event(event(Body::Stats(Box::default())));
        assert_eq!(sink.events(), 2);
        sink.result().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains("\"event_type\":\"stats\""), "{text}");
    }

    struct Broken(io::ErrorKind, usize);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            assert_eq!(self.1, 1, "nothing is written after a failure");
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_success_and_a_full_disk_is_not() {
        for (kind, good) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
            let mut sink = EveSink::new(Broken(kind, 0), Kinds::ALL);
            for _ in 0..200 {
                sink.event(anomaly());
            }
            assert!(sink.has_failed());
            assert_eq!(sink.result().is_ok(), good);
        }
    }
}
